"""LV-MAE's own code beside our recipes: the same shots, the same processor time, the same hidden shots.

    PYTHONPATH=LV-MAE python -m benchmarks.peers.lvmae CATALOG… --seconds 300 --seeds 3

LV-MAE is a clone of the repository amazon-science/lv-mae.

Each system is trained for the same CPU seconds; its learning rate schedule is set by the steps that fit into them. The
kept weights of ours are the best on validation; of LV-MAE, the better of its last epochs on validation, as it has no
choice of its own. Writes benchmarks/results/peers_lvmae.json and a table beside it.
Shape letters: N shots of a title, H hidden shots, D width of a shot, L places of a batch.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import math
import resource
import sys
import tempfile
import time
import types
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from msm.data.catalog import Catalog
from msm.data.space import Space
from msm.data.windows import split_windows
from msm.evaluation.protocol import SEEDS, SPAN, Hide, hide_at_random, hide_in_spans
from msm.evaluation.report import report
from msm.evaluation.scoring import score_titles
from msm.evaluation.space import fit_space
from msm.inference.run import Run
from msm.io import files
from msm.recipes.presets import preset
from msm.runs.folder import versions
from msm.training.trainer import start_run, train

RESULTS = Path(__file__).parents[1] / "results" / "peers_lvmae.json"
OURS = ("lvmae", "neighbour")
PLACES = 256  # LV-MAE's num_patches
EPOCHS, WARMUP = 151, 40  # of its recommended command; the schedule's shape, whatever the number of steps
BATCH, GLOBAL_BATCH, BASE_LR, DECAY = 16, 128, 1e-3, 0.05  # 16 on each of 8 GPUs
CHECKS = 5  # validations in the second half of a training
PROTOCOLS: dict[str, Hide] = {
    "20 %": hide_at_random(0.2),
    "50 %": hide_at_random(0.5),
    "80 %": hide_at_random(0.8),
    f"spans of {SPAN}": hide_in_spans,
}


@dataclass(frozen=True)
class Peer:
    """Their modules."""

    models: Any  # models_mae.py
    masking: Any  # an instance of their dataset, for its way of masking
    schedule: Any  # util/lr_sched.py


def load_peer(mask_ratio: float) -> Peer:
    """Import LV-MAE's modules, which PYTHONPATH names. Two layers that it takes from timm are stood in for, if timm is not there."""
    if importlib.util.find_spec("timm") is None:
        layers = types.ModuleType("timm.models.layers")
        layers.Mlp, layers.DropPath = Mlp, nn.Identity  # type: ignore[attr-defined]
        sys.modules |= {"timm": types.ModuleType("timm"), "timm.models": types.ModuleType("timm.models")}
        sys.modules["timm.models.layers"] = layers
    dataset = importlib.import_module("data.CombinedData").CombinedData
    masking = dataset.__new__(dataset)
    masking.mask_ratio = mask_ratio
    return Peer(importlib.import_module("models_mae"), masking, importlib.import_module("util.lr_sched"))


class Mlp(nn.Module):
    """timm's, as far as LV-MAE uses it: two linear layers with an activation between them."""

    def __init__(self, in_features: int, hidden_features: int, act_layer: type[nn.Module], drop: float):
        super().__init__()
        self.fc1, self.act = nn.Linear(in_features, hidden_features), act_layer()
        self.fc2, self.drop = nn.Linear(hidden_features, in_features), nn.Dropout(drop)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.drop(self.fc2(self.drop(self.act(self.fc1(x)))))


def make_peer_model(peer: Peer, dim: int, depth: int, decoder_depth: int) -> Any:
    """Their model for shots of this width, which is also the model's; heads as many as divide it, up to 16."""
    heads = math.gcd(dim, 16)
    args = types.SimpleNamespace(num_patches=PLACES, cos_loss=True)
    return peer.models.MaskedAutoencoderViT(
        args=args, embed_dim=dim, depth=depth, num_heads=heads, decoder_embed_dim=512, decoder_depth=decoder_depth,
        decoder_num_heads=16, mlp_ratio=4, norm_layer=partial(nn.LayerNorm, eps=1e-6),
    )  # fmt: skip


def forward_args(shots: torch.Tensor, hidden: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Their model's inputs for one window: (N, D), (N,) bool → visible shots first, padded to N."""
    order = torch.cat([(~hidden).nonzero()[:, 0], hidden.nonzero()[:, 0]])
    kept = int((~hidden).sum())
    shown = torch.zeros_like(shots)
    shown[:kept] = shots[order[:kept]]
    padding = torch.arange(len(shots) + 1) > kept
    return shown[None], order.argsort()[None], order[None], torch.tensor([kept]), padding[None]


@torch.inference_mode()
def predict_peer(model: Any, shots: np.ndarray, hidden: np.ndarray, metadata: np.ndarray | None) -> np.ndarray:
    """(N, D), (N,) → (H, D): their decoder's output at the hidden places, window by window."""
    model.eval()
    found = []
    for start, stop in split_windows(len(shots), PLACES):
        inside = torch.from_numpy(hidden[start:stop])
        if not inside.any():
            continue
        window = torch.from_numpy(shots[start:stop]).float()
        if inside.all():  # nothing is visible: their encoder would have nothing to read
            found.append(np.tile(shots.mean(axis=0), (int(inside.sum()), 1)))
            continue
        shown, restore, order, kept, padding = forward_args(window, inside)
        latent = model.forward_encoder(shown, padding, ids_shuffle=order, length=[len(window)])
        predicted = model.forward_decoder(latent, restore, kept, [len(window)], None)
        found.append(predicted[0, inside].numpy())
    return np.concatenate(found)


def sample(titles: list[torch.Tensor], rng: np.random.Generator) -> torch.Tensor:
    """A stretch of a title as their dataset takes it: between 2 and PLACES segments, anywhere."""
    title = titles[int(rng.integers(len(titles)))]
    length = min(len(title), int(rng.integers(2, PLACES + 1)))
    start = int(rng.integers(len(title) - length + 1))
    return title[start : start + length]


def loss_of(peer: Peer, model: Any, windows: list[torch.Tensor], *, semantic: bool) -> torch.Tensor:
    """Their loss on a batch, masked and padded by their rules."""
    most = max(len(w) for w in windows)
    rows = []
    for window in windows:
        mask = peer.masking.importance_masking if semantic else peer.masking.random_masking
        kept, hidden, restore, shuffle = mask(window)
        pad = most - len(window)
        shown = nn.functional.pad(kept, (0, 0, 0, most - len(kept)))
        padding = torch.arange(most + 1) > len(kept)
        ids = [nn.functional.pad(ids, (0, pad)) for ids in (restore, shuffle)]
        rows.append((shown, padding, *ids, len(kept), nn.functional.pad(window, (0, 0, 0, pad)),
                     nn.functional.pad(hidden, (0, pad)), len(window)))  # fmt: skip
    columns: list[Any] = list(zip(*rows, strict=True))
    shown, padding, restore, shuffle, whole, hidden = (torch.stack(columns[i]) for i in (0, 1, 2, 3, 5, 6))
    loss, _, _ = model(shown, restore, shuffle, torch.tensor(columns[4]), whole, list(columns[7]), hidden, padding)
    return loss


def train_peer(
    peer: Peer, catalog: Catalog, space: Space, seconds: float, seed: int, chosen: argparse.Namespace
) -> tuple[Any, dict[str, Any]]:
    """Their model after `seconds` of processor time, and what the training was like."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    titles = [torch.from_numpy(space.fuse(t.embeddings)).float() for t in catalog.split("train")]
    titles = [t for t in titles if len(t) >= 2]
    model = make_peer_model(peer, catalog.shot_dim, chosen.depth, chosen.decoder_depth)
    decayed = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    others = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    lr = BASE_LR * GLOBAL_BATCH / 256
    groups = [{"params": decayed, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.95))
    schedule = types.SimpleNamespace(lr=lr, min_lr=0.0, warmup_epochs=WARMUP, epochs=EPOCHS)
    began, step, shots, best = time.process_time(), 0, 0, (-1.0, 0, model.state_dict())
    done, checks, validated = 0.0, 0, 0.0
    while done < 1:
        model.train()
        peer.schedule.adjust_learning_rate(optimizer, done * EPOCHS, schedule)
        windows = [sample(titles, rng) for _ in range(BATCH)]
        loss = loss_of(peer, model, windows, semantic=chosen.semantic)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step, shots = step + 1, shots + sum(len(w) for w in windows)
        done = (time.process_time() - began - validated) / seconds
        if done >= 0.5 + 0.5 * (checks + 1) / CHECKS or done >= 1:
            checks, before = checks + 1, time.process_time()
            found = score_titles(partial(predict_peer, model), catalog.split("validation"), space, seeds=SEEDS[:1])
            held = float(found.loc[found["predictor"] == "model", "centred_cosine"].mean())
            if held > best[0]:
                best = (held, step, {k: v.clone() for k, v in model.state_dict().items()})
            validated += time.process_time() - before
    model.load_state_dict(best[2])
    spent = time.process_time() - began - validated
    return model, {"steps": step, "best_step": best[1], "shots_per_cpu_s": shots / spent, "validation": best[0]}


def train_ours(name: str, catalog: Catalog, seconds: float, seed: int, folder: Path) -> tuple[Run, dict[str, Any]]:
    """A recipe of ours with as many steps as fit into `seconds` of processor time, measured on its first ones."""
    cpu = torch.device("cpu")
    base = replace(preset(name).with_settings(["fusion=per_modality"]), seed=seed)
    rate = _seconds_a_step(catalog, base, folder / f"{name}-rate")
    steps = max(20, int(seconds / rate))
    recipe = base.with_settings([f"steps={steps}", f"validate_every={max(1, steps // 10)}"])
    run = train(start_run(catalog, folder / f"{name}-{seed}", recipe, device=cpu, replace=True), catalog, device=cpu)
    lines = run.metrics()
    per_s = float(np.median([line["shots_per_s"] for line in lines]))
    best = run.info["best"]
    facts = {"steps": steps, "best_step": best["step"], "shots_per_cpu_s": per_s, "validation": best["centred_cosine"]}
    return Run.open(run.path), facts


def _seconds_a_step(catalog: Catalog, recipe: Any, path: Path) -> float:
    cpu, times = torch.device("cpu"), []
    short = recipe.with_settings(["steps=12", "validate_every=12"])
    started = start_run(catalog, path, short, device=cpu, replace=True)
    train(started, catalog, device=cpu, on_step=lambda line: times.append(time.process_time()))
    return float(np.median(np.diff(times[2:])))


def scores_of(predict: Any, catalog: Catalog, space: Space) -> dict[str, Any]:
    """Centred cosine, rank and lead over the best baseline on the test titles, for each protocol."""
    found = {}
    for name, hide in PROTOCOLS.items():
        fits = [t for t in catalog.split("test") if hide is not hide_in_spans or t.num_shots >= SPAN + 2]
        measured = report(score_titles(predict, fits, space, hide=hide, seeds=SEEDS[:3]), "test")
        found[name] = {
            **{k: measured[k] for k in ("centred_cosine", "median_rank", "best_baseline")},
            "baseline": measured["baselines"][measured["best_baseline"]]["centred_cosine"],
            "difference": (measured["intervals"] or {}).get("difference"),
        }
    return found


def measure(peer: Peer, path: Path, seed: int, chosen: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """A row a system: their code, then our recipes."""
    catalog = Catalog.open(path)
    space = fit_space(catalog.split("train"), catalog.split("validation"), catalog.modalities, "per_modality")
    rows = []
    model, facts = train_peer(peer, catalog, space, chosen.seconds, seed, chosen)
    size = sum(p.numel() for p in model.parameters() if p.requires_grad)
    rows.append({"system": "LV-MAE's code", "parameters": size, **facts,
                 "scores": scores_of(partial(predict_peer, model), catalog, space)})  # fmt: skip
    for name in OURS:
        run, facts = train_ours(name, catalog, chosen.seconds, seed, folder)
        size = sum(p.numel() for p in run.model.parameters())
        rows.append({"system": name, "parameters": size, **facts, "scores": scores_of(run.predict, catalog, space)})
    return [{"set": path.name, "seed": seed, **row} for row in rows]


def as_table(rows: list[dict[str, Any]]) -> str:
    """Means over the seeds, a row a set and a system."""
    flat = pd.DataFrame([
        {**{k: r[k] for k in ("set", "system", "parameters", "steps", "shots_per_cpu_s")},
         **{p: s["centred_cosine"] for p, s in r["scores"].items()}}
        for r in rows
    ])  # fmt: skip
    best = pd.DataFrame([
        {"set": r["set"], "system": "best baseline", **{p: s["baseline"] for p, s in r["scores"].items()}} for r in rows
    ]).drop_duplicates(["set", "system"])  # fmt: skip
    mean = pd.concat([flat, best]).groupby(["set", "system"], sort=False).mean(numeric_only=True).reset_index()
    lines = ["| set | system | parameters | steps | shots a CPU second | " + " | ".join(PROTOCOLS) + " |"]
    lines.append("|" + " --- |" * (5 + len(PROTOCOLS)))
    for row in mean.to_dict("records"):
        numbers = ["–" if math.isnan(row[k]) else f"{row[k]:,.0f}" for k in ("parameters", "steps", "shots_per_cpu_s")]
        lines.append(
            "| " + " | ".join([row["set"], row["system"], *numbers, *(f"{row[p]:.3f}" for p in PROTOCOLS)]) + " |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalogs", type=Path, nargs="+")
    parser.add_argument("--seconds", type=float, default=300, help="of processor time for each training")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--depth", type=int, default=4, help="of their encoder; 32 in the paper")
    parser.add_argument("--decoder-depth", type=int, default=1, help="of their decoder; 8 in the paper, a quarter")
    parser.add_argument("--semantic", action="store_true", help="their masking by importance instead of at random")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    peer, rows = load_peer(0.5), []
    for path in chosen.catalogs:
        for seed in range(chosen.seeds):
            with tempfile.TemporaryDirectory() as folder:
                rows += measure(peer, path, seed, chosen, Path(folder))
            print(json.dumps([{k: r[k] for k in ("set", "seed", "system", "steps")} for r in rows[-3:]]), flush=True)
            facts = {k: getattr(chosen, k) for k in ("seconds", "seeds", "depth", "decoder_depth", "semantic")}
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            files.write_json(RESULTS, {"settings": facts, "versions": versions(), "peak_mb": round(peak), "rows": rows})
            RESULTS.with_suffix(".md").write_text(as_table(rows), encoding="utf-8")
    print(as_table(rows))


if __name__ == "__main__":
    main()
