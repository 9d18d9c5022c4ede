"""The steps of a first hour without MSM Workbench: what a user of PyTorch, Transformers, scikit-learn, UMAP and FAISS writes.

    python -m benchmarks.first_hour.by_hand STEP --source FOLDER --out FOLDER [--steps N] [--seed N]

FOLDER holds one TITLE.npz a title (arrays of vectors, one row a shot) and titles.csv with the columns `title_id` and `split`. Each step
reads what the one before wrote, in a process of its own, as a command of `msm` does.

Shape letters: B titles of a batch, S shots of the longest, N shots of a title, D width of a shot.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

WIDTH, DEPTH, HEADS, TITLES, LONGEST, RATIO = 192, 4, 4, 8, 512, 0.2  # those of the recipe mediafm
MODALITIES = ("video", "audio", "text", "gaze", "speech")


class Folder:
    """What `read` wrote: the shots of all titles one after the other, and a table of the titles."""

    def __init__(self, out: Path):
        self.out = out
        self.titles = pd.read_parquet(out / "titles.parquet")
        self.shots = np.load(out / "shots.npy", mmap_mode="r")

    def of(self, split: str) -> list[np.ndarray]:
        """The shots (N, D) of each title of a split."""
        chosen = self.titles[self.titles["split"] == split]
        return [np.asarray(self.shots[f : f + n]) for f, n in zip(chosen["first"], chosen["count"], strict=True)]


def read(source: Path, out: Path) -> None:
    """Every title's arrays side by side, of unit length, in one file."""
    out.mkdir(parents=True, exist_ok=True)
    told = pd.read_csv(source / "titles.csv")
    parts, rows, first = [], [], 0
    for row in told.itertuples():
        path = source / f"{row.title_id}.npz"
        if not path.exists():
            continue
        with np.load(path) as arrays:
            vectors = np.concatenate([arrays[m].astype(np.float32) for m in MODALITIES if m in arrays], axis=1)
        parts.append(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9))
        rows.append({"title_id": row.title_id, "split": row.split, "first": first, "count": len(vectors)})
        first += len(vectors)
    np.save(out / "shots.npy", np.concatenate(parts))
    pd.DataFrame(rows).to_parquet(out / "titles.parquet")


def model_of(dim: int) -> Any:
    """A padded transformer encoder that restores masked shots, as `transformers.Trainer` takes it."""
    import torch
    from torch import Tensor, nn
    from torch.nn import functional as F

    class Restorer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, 0.1, batch_first=True, norm_first=True)
            self.encoder = nn.TransformerEncoder(layer, DEPTH, enable_nested_tensor=False)
            self.shot_in, self.shot_out = nn.Linear(dim, WIDTH), nn.Linear(WIDTH, dim)
            self.position = nn.Embedding(LONGEST, WIDTH)
            self.mask_vector = nn.Parameter(torch.zeros(WIDTH))

        def forward(self, shots: Tensor, hidden: Tensor, valid: Tensor) -> dict[str, Tensor]:
            """shots (B, S, D), hidden and valid (B, S) → the loss and the predictions (B, S, D)."""
            x = torch.where(hidden.unsqueeze(-1), self.mask_vector, self.shot_in(shots * dim**0.5))
            x = x + self.position.weight[: x.shape[1]]
            predicted = self.shot_out(self.encoder(x, src_key_padding_mask=~valid))
            return {
                "loss": (1 - F.cosine_similarity(predicted[hidden], shots[hidden], dim=-1)).mean(),
                "shots": predicted,
            }

    return Restorer()


def batch_of(titles: list[np.ndarray]) -> dict[str, Any]:
    """Pad titles to the longest, and hide a fifth of the shots of each."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    cut = [torch.from_numpy(t[:LONGEST]) for t in titles]
    shots = pad_sequence(cut, batch_first=True)
    valid = torch.arange(shots.shape[1]) < torch.tensor([len(t) for t in cut])[:, None]
    hidden = (torch.rand(valid.shape) < RATIO) & valid
    hidden[:, 0] |= ~hidden.any(dim=1)
    return {"shots": shots, "hidden": hidden, "valid": valid}


def train(out: Path, steps: int, seed: int = 0, name: str = "model") -> None:
    """Train with `transformers.Trainer`; the validation loss every 50 steps."""
    import torch
    from transformers import Trainer, TrainingArguments, set_seed

    set_seed(seed)
    folder = Folder(out)
    model = model_of(folder.shots.shape[1])
    options = TrainingArguments(
        output_dir=str(out / name),
        max_steps=steps,
        per_device_train_batch_size=TITLES,
        per_device_eval_batch_size=TITLES,
        learning_rate=1e-3,
        lr_scheduler_type="cosine",
        warmup_steps=steps // 10,
        eval_strategy="steps",
        eval_steps=50,
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        remove_unused_columns=False,
        label_names=["shots"],
        prediction_loss_only=True,
        disable_tqdm=True,
        logging_steps=50,
        seed=seed,
    )
    trainer = Trainer(model, options, batch_of, folder.of("train"), folder.of("validation"))
    trainer.train()
    torch.save(model.state_dict(), out / f"{name}.pt")


def evaluate(out: Path) -> None:
    """The cosine of the model, of the mean of the visible shots and of linear interpolation, on the test titles, three draws."""
    import torch

    folder = Folder(out)
    model = model_of(folder.shots.shape[1])
    model.load_state_dict(torch.load(out / "model.pt", weights_only=True))
    model.eval()
    found: dict[str, list[np.ndarray]] = {"model": [], "mean": [], "linear": []}
    for seed in range(3):
        torch.manual_seed(seed)
        for title in folder.of("test"):
            batch = batch_of([title])
            with torch.inference_mode():
                predicted = model(**batch)["shots"][0].numpy()
            hidden, shots = batch["hidden"][0].numpy(), batch["shots"][0].numpy()
            where, seen = np.flatnonzero(hidden), np.flatnonzero(~hidden)
            linear = np.stack([np.interp(where, seen, column) for column in shots[seen].T], axis=1)
            mean = np.broadcast_to(shots[seen].mean(axis=0), linear.shape)
            for kind, guess in (("model", predicted[where]), ("mean", mean), ("linear", linear)):
                lengths = np.linalg.norm(guess, axis=1) * np.linalg.norm(shots[where], axis=1)
                found[kind].append((guess * shots[where]).sum(axis=1) / lengths)
    print(json.dumps({kind: round(float(np.concatenate(v).mean()), 4) for kind, v in found.items()}))


def probe(out: Path, source: Path) -> None:
    """A logistic regression of scene starts from each shot and its predecessor, fitted on training titles."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import average_precision_score

    folder = Folder(out)
    tables: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for row in folder.titles.itertuples():
        with np.load(source / f"{row.title_id}.npz") as arrays:
            if "scene" not in arrays:
                continue
            starts = np.diff(arrays["scene"].astype(int)) != 0
        shots = np.asarray(folder.shots[row.first : row.first + row.count])
        both = np.concatenate([shots[:-1] * shots[1:], np.abs(np.diff(shots, axis=0))], axis=1)
        tables.setdefault(row.split, []).append((both, starts))
    if not {"train", "test"} <= set(tables):
        return
    (x, y), (x_test, y_test) = ([np.concatenate(t) for t in zip(*tables[s], strict=True)] for s in ("train", "test"))
    fitted = LogisticRegression(max_iter=1000).fit(x, y)
    print(
        json.dumps(
            {"average precision": round(float(average_precision_score(y_test, fitted.decision_function(x_test))), 4)}
        )
    )


def project(out: Path) -> None:
    """Two coordinates of every shot."""
    import umap

    shots = np.asarray(Folder(out).shots)
    np.save(out / "map.npy", umap.UMAP(n_neighbors=15, min_dist=0.1, metric="cosine").fit_transform(shots))


def index(out: Path) -> None:
    """An exact index of every shot."""
    import faiss

    shots = np.ascontiguousarray(Folder(out).shots)
    made = faiss.IndexFlatIP(shots.shape[1])
    made.add(shots)
    faiss.write_index(made, str(out / "index.faiss"))


def ablate(out: Path, steps: int) -> None:
    """Six trainings one after the other."""
    for seed in range(6):
        train(out, steps, seed, f"cell-{seed}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("import", "train", "evaluate", "probe", "map", "index", "ablate"))
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=200)
    given = parser.parse_args()
    steps: dict[str, Callable[[], None]] = {
        "import": lambda: read(given.source, given.out),
        "train": lambda: train(given.out, given.steps),
        "evaluate": lambda: evaluate(given.out),
        "probe": lambda: probe(given.out, given.source),
        "map": lambda: project(given.out),
        "index": lambda: index(given.out),
        "ablate": lambda: ablate(given.out, given.steps),
    }
    steps[given.step]()


if __name__ == "__main__":
    main()
