"""The training loop: steps, validation against the baselines, checkpoints and resuming."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import torch

from msm.data.catalog import Catalog, Title
from msm.data.space import Space
from msm.data.stratified import stratified
from msm.errors import InputError
from msm.evaluation.kept_space import mean_of
from msm.models.encoder import ShotEncoder
from msm.models.transformer import compile_blocks
from msm.objectives.objective import make_objective
from msm.recipes.recipe import Recipe
from msm.runner.threads import few_threads
from msm.runs.folder import ReadOnlyRunFolder, RunFolder
from msm.training import checkpoint
from msm.training.distributed import ALONE, Processes
from msm.training.distributed_init import accelerate_option
from msm.training.fsdp import gathered, load_whole, load_whole_optimizer, shard_blocks
from msm.training.kept_start import fit_head
from msm.training.optimizers import WeightAverage, learning_rate, make_optimizers, set_learning_rate
from msm.training.prefetch import Prefetcher
from msm.training.sampler import step_rng
from msm.training.starting import VALIDATION_TITLES, make_model, make_sampler, start_run
from msm.training.step import train_step
from msm.training.validation import further_tuning_titles, tuning_seeds, validate

__all__ = ["Trainer", "make_model", "make_sampler", "pick_device", "start_run", "train"]
FIT_SHOTS = 20_000  # for the closed-form start of a head
CHECKPOINT_S = 300.0  # what a lost machine costs at most, where the recipe names no number of steps


class Trainer:
    """The state of a training: the model, its optimisers, and the number of steps done.

    keep  what the head finds before the first step, beside the catalog
    """

    def __init__(
        self,
        run: RunFolder,
        catalog: Catalog,
        device: torch.device,
        processes: Processes = ALONE,
        *,
        keep: bool = True,
    ):
        self.run, self.recipe, self.device, self.processes = run, run.recipe, device, processes
        self._check_catalog(catalog)
        self.space = self._stored_space(catalog)
        self.validation = self._chosen(catalog.split("validation"))
        self.sampler = make_sampler(self.recipe, catalog, self.space)
        processes.check_shares(self.sampler.batch_windows, self.recipe.accumulate)
        # A function and not the bound method, so that a test can replace the sampler.
        self.reader = Prefetcher(lambda step: self.sampler.batch(step), self.recipe.steps, pinned=device.type == "cuda")
        self.model = make_model(self.recipe, catalog)
        self.model.init_weights(step_rng(self.recipe.seed, "weights", 0))
        self.model.shot_mean.copy_(torch.from_numpy(self.space.mean))
        began = time.perf_counter()
        self.start_was_kept = fit_head(self.model, catalog, self.recipe, self.space, self._shots_to_fit, keep=keep)
        self.fit_s = time.perf_counter() - began
        rng = step_rng(self.recipe.seed, "terms", 0)
        self.objective = make_objective(self.recipe, self.model, catalog.modalities, rng)
        self.average = WeightAverage(self.model, self.recipe.optim.average) if self.recipe.optim.average else None
        for module in (self.model, self.objective, *([] if self.average is None else [self.average.model])):
            if processes.sharded:
                shard_blocks(module, device, processes.count)
            module.to(device)
        if self.recipe.compile:
            compile_blocks(self.model, device)
        precision = self.recipe.precision
        self.optimizers = make_optimizers(self.model, self.recipe.optim, self.objective, precision=precision)
        self.step = 0
        # Of the validation cases; they are the same at every step.
        self._baseline_scores: dict[tuple[int, str], pd.DataFrame] = {}

    def _stored_space(self, catalog: Catalog) -> Space:
        """The space of `start_run`: the mean is measured again, the baselines' parameters are those in the folder."""
        mean = mean_of(catalog, self.recipe.fusion)
        return Space(catalog.modalities, self.recipe.fusion, mean, self.run.info["bandwidth"], self.run.baselines)

    def _chosen(self, titles: list[Title]) -> list[Title]:
        """The validation titles that `start_run` chose; of a run of an older version the first ones."""
        chosen = self.run.info.get("validation")
        if chosen is None:
            return titles[:VALIDATION_TITLES]
        return stratified(titles, chosen["titles"], chosen["seed"])

    def _shots_to_fit(self) -> Iterator[np.ndarray]:
        """Shots (N, D) of titles spread over the training split, about the training mean; read when first asked for."""
        titles = self.sampler.titles
        share = min(1.0, FIT_SHOTS / max(1, sum(t.num_shots for t in titles)))
        chosen = [titles[int(i)] for i in np.linspace(0, len(titles) - 1, max(1, round(share * len(titles))))]
        longest = self.recipe.model.max_shots
        shots = [self.space.fuse(t.rows(0, min(t.num_shots, longest))) for t in chosen]
        whole = [s for s in shots if all(s[:, m.columns].any() for m in self.space.modalities)]
        yield from (self.model.about_mean(torch.from_numpy(s)).numpy() for s in whole or shots)

    def _check_catalog(self, catalog: Catalog) -> None:
        if catalog.fingerprint != self.run.info["catalog"]["fingerprint"]:
            raise InputError(f"{catalog.path} is not the catalog that {self.run.path} was started on; start a new run")

    def run_step(self) -> dict[str, Any]:
        """Train one step and return its line for metrics.jsonl."""
        started = time.perf_counter()
        lr = learning_rate(*self._stage, self.recipe.optim)
        set_learning_rate(self.optimizers, lr)
        batch = self.reader.batch(self.step)
        ours = [self.device] if self.device.type == "cuda" else []  # the default would initialise every GPU
        with torch.random.fork_rng(
            ours
        ):  # dropout has no generator argument, so the global one is seeded for this step
            torch.manual_seed(step_rng(self.recipe.seed, "dropout", self.step).initial_seed())
            rng = step_rng(self.recipe.seed, "hidden", self.step)
            report = train_step(
                self.model, self.objective, batch, self.optimizers, self.recipe, rng, self.step, self.processes
            )
        if self.average is not None:
            self.average.follow(self.model)
        self.step += 1
        seconds = time.perf_counter() - started
        return {
            "step": self.step,
            "loss": report.loss,
            "lr": lr,
            "grad_norm": report.grad_norm,
            "num_hidden": report.num_hidden,
            "shots_per_s": round(report.num_shots / seconds, 1),
            **({"terms": report.terms} if report.terms else {}),
            **({} if report.target_std is None else {"target_std": report.target_std}),
        }

    @property
    def _stage(self) -> tuple[int, int]:
        """Steps done and total steps of the current stage; the learning rate schedule starts again in each stage."""
        first = self.recipe.first_stage_steps
        return (self.step, first) if self.step < first else (self.step - first, self.recipe.steps - first)

    @property
    def kept(self) -> ShotEncoder:
        """The model that is validated and saved: the last weights, or their moving average."""
        return self.model if self.average is None else self.average.model

    def keep_best(self) -> dict[str, Any] | None:
        """Validate, and save the weights if they are the best so far. None without validation titles.

        Runs in the first process only; the others wait at the next step. With sharded blocks all processes take part.
        """
        if self.processes.index and not self.processes.sharded:
            return None
        if not self.validation:
            self._save_weights()
            return None
        measured = self.measure()
        if measured["geometry"]["alarm"] != self.run.info.get("alarm"):
            self.run.update(alarm=measured["geometry"]["alarm"])
        best = self.run.info["best"]
        level = measured.get("selection", measured["centred_cosine"])
        better = best is None or level > best.get("selection", best["centred_cosine"])
        if self.processes.from_first(better, self.device) if self.processes.sharded else better:
            self._save_weights()
            selected = {"selection": level} if "selection" in measured else {}
            self.run.update(best={"step": self.step, "centred_cosine": measured["centred_cosine"], **selected})
        return measured

    def measure(self) -> dict[str, Any]:
        """Validate the weights as they stand, and choose on the validation titles what the head lets them choose."""
        several, beside = self.recipe.validate_on == "several", self._baseline_scores
        if not self.model.head.tuned:
            return validate(self.kept, self.validation, self.space, several=several, beside=beside)
        seeds, further = tuning_seeds(self.validation), self._further_titles
        return validate(self.kept, self.validation, self.space, seeds, further, several=several, beside=beside)

    @cached_property
    def _further_titles(self) -> list[Title]:
        """Training titles to tune the head on where validation titles are few; finding them reads titles."""
        return further_tuning_titles(self.validation, self.sampler.titles)

    def _save_weights(self) -> None:
        self.run.save_weights(gathered(self.kept.state_dict(), keep=not self.processes.index))

    def save_checkpoint(self) -> None:
        """Write the state to resume from; the order of windows, hidden shots and dropout follow from the seed and the step."""
        if self.processes.index and not self.processes.sharded:
            return
        state = {
            "step": self.step,
            "best": self.run.info["best"],
            "model": self.model.state_dict(),
            "objective": self.objective.state_dict(),
            "optimizers": [o.state_dict() for o in self.optimizers],
            "average": None if self.average is None else self.average.state_dict(),
        }
        state = gathered(state, keep=not self.processes.index)
        if self.processes.index:
            return
        checkpoint.save(self.run.path / "checkpoint", state)
        self.run.update(steps_done=self.step)

    def load_checkpoint(self) -> str | None:
        """Restore the last checkpoint; returns a message if the newest one was damaged and the one before is used.

        Raises InputError if no checkpoint is intact.
        """
        folder = self.run.path / "checkpoint"
        state, message = checkpoint.load(folder, torch.device("cpu") if self.processes.sharded else self.device)
        if state is None:
            return message  # stopped before its first checkpoint: start at step 0
        try:
            load_whole(self.model, state["model"])
            load_whole(self.objective, state.get("objective", {}))
            if self.average is not None:
                self.average.load_state_dict(state["average"])
            for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
                load_whole_optimizer(optimizer, saved)
        except (KeyError, RuntimeError, ValueError) as error:
            why = str(error).splitlines()[0]
            raise InputError(f"{folder} cannot be resumed from: it is of another recipe ({why})") from None
        self.step = state["step"]
        self.run.info["best"] = state["best"]
        return message


def train(
    run: RunFolder,
    catalog: Catalog,
    *,
    device: torch.device,
    resume: bool = False,
    on_step: Callable[[dict[str, Any]], None] = lambda line: None,
    should_stop: Callable[[], bool] = lambda: False,
    on_note: Callable[[str], None] = lambda sentence: None,
    processes: Processes = ALONE,
) -> RunFolder:
    """Train a run to its last step, or until `should_stop()` is true; all results are in its folder.

    on_step    called with each line of metrics.jsonl after it is written
    on_note    called with a message for the user: what was done before the first step, or a damaged checkpoint
    processes  the processes of this training; only the first one writes
    """
    run = run if processes.index == 0 else ReadOnlyRunFolder.of(run)
    with run.only_trainer(), run.recording_failure(), step_threads(run.recipe):
        trainer = Trainer(run, catalog, device, processes)
        if trainer.start_was_kept is not None:
            how = "kept beside the catalog" if trainer.start_was_kept else f"found in {trainer.fit_s:.1f} s"
            on_note(f"start: components, kernel weights and small networks of the head; {how}")
        on_note(f"model: {sum(p.numel() for p in trainer.model.parameters()):,} parameters on {device}")
        processes.wait()  # the first process has written the checkpoint of a training that it has just stopped
        if resume and (message := trainer.load_checkpoint()):
            on_note(message)
        processes.wait()  # every process has read the checkpoint before the first one writes another
        run.truncate_metrics(trainer.step)
        run.update(state="running", device=str(device), processes=processes.count)
        try:
            _train_to_the_end(trainer, on_step, should_stop, on_note)
        finally:
            trainer.reader.close()
    return run


def step_threads(recipe: Recipe) -> AbstractContextManager[object]:
    """Within it torch has the threads that the steps of a recipe are fastest with: all, or few where they are many small operations."""
    return few_threads() if recipe.model.head_class().small_operations else nullcontext()


def _train_to_the_end(trainer: Trainer, on_step: Callable, should_stop: Callable, on_note: Callable) -> None:
    run, recipe, first = trainer.run, trainer.recipe, trainer.step
    every, kept_at = recipe.checkpoint_every, time.monotonic()
    while trainer.step < recipe.steps:
        if trainer.processes.any(should_stop(), trainer.device):
            trainer.save_checkpoint()
            run.update(state="stopped")
            return
        line = trainer.run_step()
        if trainer.step == first + 1:
            on_note(f"step {trainer.step} of {recipe.steps} is done")
        due = trainer.step % recipe.validate_every == 0 or trainer.step == recipe.steps
        measured = trainer.keep_best() if due else None
        if measured is not None:
            line["validation"] = measured
        run.append_metrics(line)
        late = not every and time.monotonic() - kept_at > CHECKPOINT_S
        if trainer.processes.sharded:  # all take part in gathering a checkpoint, and clocks differ
            late = trainer.processes.any(late, trainer.device)
        if due or late or (every and trainer.step % every == 0):
            trainer.save_checkpoint()
            kept_at = time.monotonic()
        on_step(line)
    run.update(state="done", reason=None)


def pick_device(name: str) -> torch.device:
    """The device of a name. `auto` is a GPU if there is one, except under `accelerate launch --cpu`.

    Raises InputError for a device that this machine does not have.
    """
    if name == "auto":
        if accelerate_option("USE_CPU"):
            return torch.device("cpu")
        mps = torch.backends.mps.is_available()
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if mps else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
        return device
    except (RuntimeError, AssertionError):
        raise InputError(f"this machine has no device {name!r}; use auto or cpu") from None
