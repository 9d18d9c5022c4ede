"""A trained run at work: hide shots of a title by hand and see what the model makes of them.

Shape letters: N shots of a title, H hidden shots, D width of a shot, M modalities, W width inside the encoder.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from msm import baselines, metrics
from msm.data.catalog import Catalog, Title, TitleData, modalities_of
from msm.data.fusion import unit
from msm.data.schema import Modality, in_words
from msm.data.space import Space
from msm.errors import InputError
from msm.inference.predict import Kept, contextual_embeddings, predict_hidden
from msm.masking.parts import Parts, simplest
from msm.metrics.fast import block_cosines, rank_of_truth
from msm.models.encoder import ShotEncoder
from msm.recipes.recipe import Recipe
from msm.runs.folder import RunFolder


@dataclass(frozen=True)
class FillIn:
    """What a run makes of the hidden shots of one title, against the baselines and the truth."""

    title_id: str
    hidden: np.ndarray  # (H,) int, the hidden shots in order
    predicted: np.ndarray  # (H, D) what the model expects, fused; only hidden modalities were asked for
    shots: np.ndarray  # (N, D) the title's shots, fused: the truth
    space: Space
    times: pd.DataFrame  # N rows with start_s and end_s
    asked: np.ndarray  # (H, M) bool, the modalities that were hidden of each shot

    @property
    def parts(self) -> Parts:
        """The same in words: empty where whole shots are hidden, `msm.masking.parts` says the rest."""
        some = [i for i in range(len(self.hidden)) if not self.asked[i].all()]
        named = {
            m.name: [int(self.hidden[i]) for i in some if self.asked[i, k]] for k, m in enumerate(self.space.modalities)
        }
        return simplest({name: shots for name, shots in named.items() if shots}, self.hidden.tolist())

    @property
    def modalities(self) -> tuple[str, ...]:
        """Those that were hidden of every one of the shots; () for whole shots, and where shots lost different ones."""
        return tuple(name for name, shots in self.parts.items() if shots is None)

    @cached_property
    def scores(self) -> pd.DataFrame:
        """A row a hidden shot.

        shot, start_s, end_s, distance (shots to the nearest visible one), cosine, centred_cosine,
        centred_MODALITY and its best baseline best_MODALITY (NaN where the shot lacks it or it was not hidden), each
        baseline's centred cosine under its name, best_baseline (of the baseline that is best on average over this
        fill-in), its raw best_baseline_cosine, skill

        Where only some modalities of a shot were hidden, everything is about their columns alone.
        """
        truth, best = self.shots[self.hidden], self._baselines[self.best_baseline_name]
        raw = block_cosines({"model": self.predicted, "best": best}, truth, self._blocks, self.asked)
        baseline = self._centred[self.best_baseline_name][0]
        model = self._centred["model"][0]
        return pd.DataFrame(
            {
                "shot": self.hidden,
                "start_s": self.times["start_s"].to_numpy()[self.hidden],
                "end_s": self.times["end_s"].to_numpy()[self.hidden],
                "distance": baselines.distance_to_visible(self._mask),
                "cosine": raw["model"][0],
                "centred_cosine": model,
                **self._by_modality(),
                **{name: self._centred[name][0] for name in self._baselines},
                "best_baseline": baseline,
                "best_baseline_cosine": raw["best"][0],
                "skill": (model - baseline) / (1 - baseline).clip(1e-6),
            }
        )

    @cached_property
    def table(self) -> pd.DataFrame:
        """The `scores`, and how the true shot ranks among the title's, which takes as long as all of them.

        rank (1 = no shot of the title is nearer to the prediction than the true one), num_shots
        """
        table = self.scores.copy()
        place = table.columns.get_loc("centred_cosine") + 1
        table.insert(place, "rank", self.rank_of(self.predicted))
        table.insert(place + 1, "num_shots", len(self.shots))
        return table

    @cached_property
    def best_baseline_name(self) -> str:
        """The baseline with the highest mean centred cosine over these very shots: chosen in its favour."""
        return max(self._baselines, key=lambda name: self._centred[name][0].mean())

    @property
    def columns(self) -> np.ndarray:
        """(H, D) bool: the columns of each shot that were hidden, and that everything here is about."""
        asked = np.zeros((len(self.hidden), self.shots.shape[1]), dtype=bool)
        for i, block in enumerate(self._blocks):
            asked[:, block] = self.asked[:, i : i + 1]
        return asked

    @cached_property
    def _baselines(self) -> dict[str, np.ndarray]:
        return baselines.predict_all(
            self.shots, self._mask, self.space.mean, self.space.bandwidth, self.space.baselines
        )

    @cached_property
    def _centred(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Centred cosine of the model and of each baseline: (H,) over what was hidden, (H, M) by modality."""
        about = {n: guess - self.space.mean for n, guess in {"model": self.predicted, **self._baselines}.items()}
        return block_cosines(about, self.shots[self.hidden] - self.space.mean, self._blocks, self.asked)

    @property
    def _blocks(self) -> list[slice]:
        return [m.columns for m in self.space.modalities]

    def rank_of(self, guesses: np.ndarray) -> np.ndarray:
        """(H, D) guesses → (H,): the place of each true shot among the title's by likeness to its guess; ties count half."""
        rank, mean = np.zeros(len(self.hidden)), self.space.mean
        for rows, columns in self._alike():
            guess, shots = (guesses[rows] - mean)[:, columns], (self.shots - mean)[:, columns]
            rank[rows] = rank_of_truth(guess, shots, self.hidden[rows])
        return rank

    def _alike(self) -> Iterator[tuple[np.ndarray, np.ndarray | slice]]:
        """Rows of the hidden shots that lost the same, and what they lost: (D,) bool, or all of it."""
        kinds, kind = np.unique(self.asked, axis=0, return_inverse=True)
        for number, lost in enumerate(kinds):
            rows = np.flatnonzero(kind.ravel() == number)
            yield rows, slice(None) if lost.all() else self.columns[rows[0]]

    def _by_modality(self) -> dict[str, np.ndarray]:
        """centred_MODALITY and best_MODALITY, that of the baseline which is best on average in this modality."""
        columns = {}
        for i, m in enumerate(self.space.modalities):
            known = self.shots[self.hidden][:, m.columns].any(axis=1) & self.asked[:, i]
            guesses = [np.where(known, self._centred[name][1][:, i], np.nan) for name in self._baselines]
            columns[f"centred_{m.name}"] = np.where(known, self._centred["model"][1][:, i], np.nan)
            columns[f"best_{m.name}"] = max(guesses, key=lambda g: np.nansum(g))
        return columns

    def baseline(self, name: str) -> np.ndarray:
        """(H, D): what a baseline predicts of these shots."""
        return self._baselines[name]

    @property
    def centred_cosine(self) -> float:
        """The model's, averaged over the hidden shots."""
        return float(self.scores["centred_cosine"].mean())

    @property
    def best_baseline(self) -> float:
        """Mean centred cosine of the baseline that is best over these very shots."""
        return float(self.scores["best_baseline"].mean())

    @property
    def skill(self) -> float:
        """Of the mean centred cosine, against the best baseline's mean."""
        return metrics.skill(self.centred_cosine, self.best_baseline)

    def candidates(self, count: int = 5) -> pd.DataFrame:
        """The title's real shots nearest to what the model expected, `count` for each hidden shot.

        columns  shot (hidden), place (1 = nearest), candidate (shot), centred_cosine, is_truth
        """
        likeness, mean = np.zeros((len(self.hidden), len(self.shots))), self.space.mean  # (H, N)
        for rows, columns in self._alike():
            guess, shots = (self.predicted[rows] - mean)[:, columns], (self.shots - mean)[:, columns]
            likeness[rows] = unit(guess) @ unit(shots).T
        order = np.argsort(-likeness, axis=1, kind="stable")[:, :count]
        return pd.DataFrame(
            {
                "shot": np.repeat(self.hidden, order.shape[1]),
                "place": np.tile(np.arange(order.shape[1]) + 1, len(order)),
                "candidate": order.ravel(),
                "centred_cosine": np.take_along_axis(likeness, order, axis=1).ravel(),
                "is_truth": (order == self.hidden[:, None]).ravel(),
            }
        )

    @property
    def _mask(self) -> np.ndarray:
        mask = np.zeros(len(self.shots), dtype=bool)
        mask[self.hidden] = True
        return mask


MOST_NEW = 8192  # numbers that an older version did not save, and that get their value when it is loaded


class Run:
    """A trained run, its weights loaded. Make one with `Run.open`."""

    def __init__(self, folder: RunFolder, model: ShotEncoder, space: Space):
        self.folder, self.model, self.space = folder, model, space
        self._last: tuple[Title, np.ndarray, pd.DataFrame, Kept] | None = None

    @classmethod
    def open(cls, path: str | Path, *, device: str = "cpu") -> Run:
        """Load a run's weights. InputError where the folder is broken or has no weights yet."""
        folder = RunFolder.open(path)
        facts = folder.info["catalog"]
        dims = [m["dim"] for m in facts["modalities"]]
        sizes = facts["shot_dim"], facts["global_dim"], folder.recipe.model, dims
        weights = folder.load_weights()
        with torch.device("meta"):  # a recipe can ask for more than there is memory, so nothing is allocated yet
            wanted = {name: tensor.shape for name, tensor in ShotEncoder(*sizes).state_dict().items()}
        misfit = InputError(f"{folder.path}: the weights do not fit its recipe")
        lacking = sum(shape.numel() for name, shape in wanted.items() if name not in weights)
        if lacking > MOST_NEW or any(weights[n].shape != shape for n, shape in wanted.items() if n in weights):
            raise misfit
        model = ShotEncoder(*sizes)
        try:
            model.load_state_dict(weights)  # names that an older version did not have get their value in there
        except RuntimeError:
            raise misfit from None
        model.to(device).eval()
        modalities = tuple(Modality(**m) for m in facts["modalities"])
        mean = model.shot_mean.cpu().numpy()
        fitted = float(folder.info["bandwidth"]), folder.info.get("baselines", {})
        return cls(folder, model, Space(modalities, folder.recipe.fusion, mean, *fitted))

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.folder.path

    @property
    def recipe(self) -> Recipe:
        """Every choice of its training."""
        return self.folder.recipe

    @property
    def info(self) -> dict[str, Any]:
        """What run.json says: state, device, seed, catalog facts, the best step."""
        return self.folder.info

    @property
    def evaluation(self) -> dict[str, Any] | None:
        """The last report of `msm evaluate`; None where there is none."""
        return self.folder.evaluation

    def check_fits(self, catalog: Catalog) -> None:
        """InputError unless the catalog's shots are of the kind that the run was trained on."""
        facts = self.info["catalog"]
        ours = [(m.name, m.dim) for m in self.space.modalities]
        theirs = [(m.name, m.dim) for m in catalog.modalities]
        if ours != theirs:
            raise InputError(
                f"{self.path} was trained on shots of {in_words(ours)}; those of {catalog.path} are {in_words(theirs)}"
            )
        if facts["global_dim"] and catalog.global_dim not in (0, facts["global_dim"]):
            raise InputError(
                f"{self.path} expects metadata of width {facts['global_dim']}, but {catalog.path} has {catalog.global_dim}"
            )

    def predict(self, shots: np.ndarray, hidden: np.ndarray, global_embedding: np.ndarray | None) -> np.ndarray:
        """(N, D) fused, (N,) bool or (N, M), (G,) or None → (H, D); the form that `msm.evaluation.protocol` expects."""
        return predict_hidden(self.model, shots, hidden, global_embedding)

    @property
    def sees_rest(self) -> bool:
        """Whether of a shot of which one modality is hidden, the model is given the others.

        Only where it learned to use them (mask.parts, mask.policy=modality). To any other run half a shot is something it has never
        seen and guesses worse from than from none, so it is shown nothing of the hidden shots.
        """
        return self.recipe.mask.by_modality

    def fill_in(
        self,
        title: Title,
        hidden: Iterable[int],
        *,
        modalities: Sequence[str] | Parts = (),
        use_global: bool = True,
        metadata_of: Title | None = None,
    ) -> FillIn:
        """Hide these shots of a title and let the model restore them.

        hidden       shot numbers, counted from 0; InputError for none, or for one the title lacks
        modalities   hide only these of each shot, and ask only about them; or of each shot others, `{"audio": [3, 4],
                     "video": [9]}`, and of those that are not named everything. Shots that have none of what they should
                     lose are left out
        use_global   False withholds the title's metadata
        metadata_of  another title, whose metadata is told in the place of its own
        """
        self.check_fits(title.catalog)
        where = np.unique(np.fromiter(hidden, dtype=int))
        if not len(where):
            raise InputError("no shot is hidden; name at least one")
        if where[0] < 0 or where[-1] >= title.num_shots:
            wrong = where[0] if where[0] < 0 else where[-1]
            raise InputError(f"there is no shot {wrong}: {title.title_id} has shots 0 to {title.num_shots - 1}")
        shots, times, kept = self._read(title)
        asked = self._asked(modalities, where)  # (H, M)
        if not asked.all():
            there = (self._has(shots[where]) & asked).any(axis=1)
            where, asked = where[there], asked[there]
        if not len(where):
            raise InputError(f"none of these shots has any {' or '.join(modalities)}, so there is nothing to hide")
        mask = np.zeros((len(shots), asked.shape[1]), dtype=bool)
        mask[where] = asked
        told = (metadata_of or title).global_embedding if use_global else None
        whole = asked.all() or not self.sees_rest
        mask = np.any(mask, axis=1) if whole else mask
        predicted = predict_hidden(self.model, shots, mask, told, kept)
        return FillIn(title.title_id, where, predicted, shots, self.space, times, asked)

    def _asked(self, modalities: Sequence[str] | Parts, where: np.ndarray) -> np.ndarray:
        """(H,) hidden shots → (H, M) bool: the modalities that each loses; all where none is named."""
        known = [m.name for m in self.space.modalities]
        named = modalities if isinstance(modalities, Mapping) else dict.fromkeys(modalities)
        asked = np.zeros((len(where), len(known)), dtype=bool)
        for name, shots in named.items():
            if name not in known:
                raise InputError(f"there is no modality {name!r}: the shots have {', '.join(known)}")
            asked[:, known.index(name)] |= True if shots is None else np.isin(where, list(shots))
        asked[~asked.any(axis=1)] = True
        return asked

    def _has(self, shots: np.ndarray) -> np.ndarray:
        """(H, D) → (H, M) bool: the modalities that each shot has."""
        return np.stack([shots[:, m.columns].any(axis=1) for m in self.space.modalities], axis=1)

    def _read(self, title: Title) -> tuple[np.ndarray, pd.DataFrame, Kept]:
        """A title's fused shots and times, and what the model makes of them, kept for the next click on the same title."""
        last = self._last  # read once: several people may click at the same time
        if last is None or last[0] != title:
            last = self._last = (title, self.space.fuse(title.embeddings), title.shots[["start_s", "end_s"]], {})
        return last[1], last[2], last[3]

    def contextual(self, title: Title) -> np.ndarray:
        """(N, C) float32: what the model makes of each shot with its whole title in view; `msm.inference.predict` says what C is."""
        self.check_fits(title.catalog)
        return contextual_embeddings(self.model, self.space.fuse(title.embeddings), title.global_embedding)[0]


def embed_catalog(
    run: Run, catalog: Catalog, out: str | Path, *, replace: bool = False, progress: Callable[[int, int], None]
) -> Catalog:
    """Contextual embeddings as a catalog of one modality, with the titles, times, text and labels kept."""

    def titles() -> Iterator[TitleData]:
        for i, title in enumerate(catalog):
            yield dataclasses.replace(title.data(), embeddings=run.contextual(title))
            progress(i + 1, len(catalog))

    made_by = f"{run.recipe.name}, {run.path.name}, step {(run.info['best'] or {}).get('step')}"
    return Catalog.write(
        out,
        titles(),
        modalities=modalities_of({"contextual": run.model.contextual_width}, {"contextual": made_by}),
        dtype="float32",
        provenance={"kind": "contextual", "catalog_fingerprint": catalog.fingerprint, "run": run.path.name},
        replace=replace,
    )
