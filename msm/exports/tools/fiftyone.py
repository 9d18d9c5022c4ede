"""FiftyOne's CSVDataset: frames in `data/`, a row a shot in `labels.csv`, vectors in `embeddings.npy`, and a script that opens it.

FiftyOne's dependencies (Plotly below 7, a MongoDB server) exclude those of this project, so the folder is opened in an environment
of its own; nothing of ours is needed there.
"""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pyarrow as pa
from numpy.lib.format import open_memmap
from PIL import Image

from msm.exports.shots import Shots
from msm.exports.tool import Tool

GREY_SIZE = (16, 9)
PARSERS = {"int": pa.types.is_integer, "float": pa.types.is_floating}
OPEN = '''"""Open these shots in FiftyOne: python open_in_fiftyone.py"""

from pathlib import Path

import fiftyone as fo
import fiftyone.brain as fob
import numpy as np

HERE = Path(__file__).parent
FIELDS = {fields}


def parsers():
    kinds = {{"int": int, "float": float, "str": None}}
    return {{name: kinds[kind] for name, kind in FIELDS.items()}}


def dataset():
    shots = fo.Dataset.from_dir(dataset_dir=str(HERE), dataset_type=fo.types.CSVDataset, fields=parsers())
    vectors = np.load(HERE / "embeddings.npy")
    shots.set_values("embedding", [vectors[row] for row in shots.values("vector_row")])
    fob.compute_visualization(shots, embeddings="embedding", method="pca", brain_key="shots")
    return shots


if __name__ == "__main__":
    fo.launch_app(dataset()).wait()
'''
RESERVED = ("id", "filepath", "tags", "metadata", "text")  # names of FiftyOne's own fields, and of a field type


def write(shots: Shots, folder: Path) -> None:
    """A shot without a thumbnail gets a grey picture: FiftyOne's importer refuses rows without a file."""
    names = {f.name: f"msm_{f.name}" if f.name in RESERVED else f.name for f in shots.schema}
    kinds = {"vector_row": "int"} | {names[f.name]: kind(f.type) for f in shots.schema}
    vectors = open_memmap(folder / "embeddings.npy", "w+", "float32", (len(shots), shots.width))
    row = 0
    with open(folder / "labels.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, ["filepath", "vector_row", *names.values()])
        table.writeheader()
        for batch in shots:
            vectors[row : row + len(batch.vectors)] = batch.vectors
            for values, picture in zip(batch.table.to_pylist(), batch.thumbnails, strict=True):
                path = Path(f"{batch.title.index:06}") / f"{values['shot']:06}.webp"
                (folder / "data" / path).parent.mkdir(parents=True, exist_ok=True)
                if picture is None:
                    Image.new("RGB", GREY_SIZE, "grey").save(folder / "data" / path)
                else:
                    shutil.copyfile(picture, folder / "data" / path)
                known = {names[k]: v for k, v in values.items() if v is not None and v == v}
                table.writerow({"filepath": path.as_posix(), "vector_row": row, **known})
                row += 1
    vectors.flush()
    (folder / "open_in_fiftyone.py").write_text(
        OPEN.format(fields=json.dumps(kinds, ensure_ascii=False)), encoding="utf-8"
    )


def kind(type_: pa.DataType) -> str:
    """int, float or str."""
    return next((name for name, is_kind in PARSERS.items() if is_kind(type_)), "str")


TOOL = Tool(write=write, opens="python {out}/open_in_fiftyone.py, in an environment with fiftyone")
