"""What others do with the same vectors, for `benchmarks.scale`: pyarrow with NumPy, pandas with a DataLoader, and Hugging Face datasets.

    python -m benchmarks.scale_peers shards CATALOG OUT [--shards 100]      the shots as Parquet files, a row a shot
    python -m benchmarks.scale_peers arrow SHARDS OUT                       read with pyarrow, write with numpy.save
    python -m benchmarks.scale_peers datasets SHARDS OUT                    datasets.load_dataset and save_to_disk
    python -m benchmarks.scale_peers loader CATALOG                         pandas, numpy.load and a DataLoader: one batch of windows
    python -m benchmarks.scale_peers datasets_loader OUT                    datasets.load_from_disk and a DataLoader: one batch of shots

The readers print `first batch` when a training could begin.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

WINDOW, BATCH = 512, 4


def shards(catalog: Path, out: Path, count: int) -> None:
    """Rows in the order of the catalog, title ids and shot numbers beside the vectors."""
    from msm.data.catalog import Catalog

    opened = Catalog.open(catalog)
    out.mkdir(parents=True)
    bounds = np.linspace(0, opened.num_shots, count + 1).astype(int)
    for number, (start, stop) in enumerate(itertools.pairwise(bounds)):
        vectors = opened.read_rows(int(start), int(stop)).astype(np.float16)
        facts = opened.read_shots(int(start), int(stop), ["title_id", "shot", "start_s", "end_s", "scene"])
        lists = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), opened.shot_dim)
        table = pa.Table.from_pandas(facts, preserve_index=False).append_column("embedding", lists)
        pq.write_table(table, out / f"part-{number:05d}.parquet")


def arrow(folder: Path, out: Path) -> None:
    """The least that an import does: all vectors decoded, and written as .npy."""
    out.mkdir(parents=True)
    for file in sorted(folder.glob("*.parquet")):
        table = pq.read_table(file)
        column = table["embedding"].combine_chunks()
        np.save(out / f"{file.stem}.npy", column.flatten().to_numpy().reshape(len(table), -1))
        pq.write_table(table.drop(["embedding"]), out / file.name)


def datasets(folder: Path, out: Path) -> None:
    import datasets as hf  # type: ignore[import-untyped]

    hf.disable_progress_bars()
    hf.load_dataset(
        "parquet", data_files=str(folder / "*.parquet"), split="train", cache_dir=str(out / "cache")
    ).save_to_disk(out / "saved", num_shards=16)


def loader(catalog: Path) -> None:
    """All of the tables in memory, the vectors mapped, a window a row."""
    import pandas as pd
    import torch
    from torch.utils.data import DataLoader, Dataset

    titles = pd.read_parquet(catalog / "titles.parquet")
    pd.read_parquet(catalog / "shots.parquet")
    files = [np.load(path, mmap_mode="r") for path in sorted(catalog.glob("shots-*.npy"))]
    starts = np.cumsum([0, *map(len, files)])
    train = titles[titles["split"] == "train"]

    class Windows(Dataset):
        def __len__(self) -> int:
            return len(train)

        def __getitem__(self, row: int) -> torch.Tensor:
            first, count = int(train["first_shot"].iloc[row]), int(train["num_shots"].iloc[row])
            file = int(np.searchsorted(starts, first, side="right")) - 1
            window = files[file][first - starts[file] : first - starts[file] + min(count, WINDOW)].astype(np.float32)
            return torch.as_tensor(np.pad(window, ((0, WINDOW - len(window)), (0, 0))))

    next(iter(DataLoader(Windows(), batch_size=BATCH, shuffle=True)))
    print("first batch", file=sys.stderr, flush=True)


def datasets_loader(out: Path) -> None:
    import datasets as hf
    from torch.utils.data import DataLoader

    saved = hf.load_from_disk(str(out / "saved")).with_format("torch", columns=["embedding"])
    next(iter(DataLoader(saved, batch_size=BATCH * WINDOW, shuffle=True)))
    print("first batch", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["shards", "arrow", "datasets", "loader", "datasets_loader"])
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--shards", type=int, default=100)
    chosen = parser.parse_args()
    out = chosen.out or chosen.source
    if chosen.what == "shards":
        shards(chosen.source, out, chosen.shards)
    elif chosen.what in ("arrow", "datasets"):
        {"arrow": arrow, "datasets": datasets}[chosen.what](chosen.source, out)
    else:
        {"loader": loader, "datasets_loader": datasets_loader}[chosen.what](chosen.source)


if __name__ == "__main__":
    main()
