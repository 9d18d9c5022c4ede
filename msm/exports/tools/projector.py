"""TensorBoard's Embedding Projector: tensors, metadata, a sprite of thumbnails, and the configuration that names them."""

from __future__ import annotations

import json
from pathlib import Path

from PIL import Image

from msm.exports.shots import Shots
from msm.exports.tool import Tool

CELL = (64, 36)
MOST_IN_SPRITE = 16_000  # thumbnails; browsers draw pictures of 8192 pixels at most in each direction
ACROSS = 128


def write(shots: Shots, folder: Path) -> None:
    """tensors.bytes (N × W float32), metadata.tsv, sprite.png where there are thumbnails, projector_config.pbtxt."""
    names = [n for n in shots.schema.names if n != "id"]
    pictures: list[Path | None] = []
    with (
        open(folder / "tensors.bytes", "wb") as tensors,
        open(folder / "metadata.tsv", "w", encoding="utf-8") as metadata,
    ):
        metadata.write("\t".join(["label", *map(cell, names)]) + "\n")
        for batch in shots:
            tensors.write(batch.vectors.astype("<f4").tobytes())
            for row in batch.table.to_pylist():
                label = f"{row['title_id']}:{row['shot']}"
                metadata.write("\t".join([cell(label), *(cell(row[n]) for n in names)]) + "\n")
            pictures += batch.thumbnails
    sprite = any(pictures) and len(pictures) <= MOST_IN_SPRITE
    if sprite:
        write_sprite(pictures, folder / "sprite.png")
    (folder / "projector_config.pbtxt").write_text(configuration(shots, sprite=bool(sprite)), encoding="utf-8")


def cell(value: object) -> str:
    """A value in one cell: without tabs and line ends."""
    return " ".join(("" if value is None else str(value)).split()) or " "


def write_sprite(pictures: list[Path | None], path: Path) -> None:
    """All thumbnails in one picture, row after row; black where a shot has none."""
    across = min(ACROSS, len(pictures))
    sheet = Image.new("RGB", (across * CELL[0], -(-len(pictures) // across) * CELL[1]))
    for number, picture in enumerate(pictures):
        if picture is not None:
            with Image.open(picture) as opened:
                place = number % across * CELL[0], number // across * CELL[1]
                sheet.paste(opened.convert("RGB").resize(CELL), place)
    sheet.save(path)


def configuration(shots: Shots, *, sprite: bool) -> str:
    """ProjectorConfig in the text form of protocol buffers."""
    lines = [
        f"tensor_name: {json.dumps(shots.described)}",
        'tensor_path: "tensors.bytes"',
        f"tensor_shape: {len(shots)}",
        f"tensor_shape: {shots.width}",
        'metadata_path: "metadata.tsv"',
    ]
    if sprite:
        size = f"single_image_dim: {CELL[0]} single_image_dim: {CELL[1]}"
        lines.append(f'sprite {{ image_path: "sprite.png" {size} }}')
    return "embeddings {\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


TOOL = Tool(write=write, opens="tensorboard --logdir {out}")
