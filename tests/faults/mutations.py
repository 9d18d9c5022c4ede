"""Spoils a file: bytes flipped, cut off, doubled, numbers in headers made huge; each a function of the generator alone."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np

HUGE = [b"0", b"-1", b"999999999999", b"18446744073709551615", b"1e308"]
WORDS = ["", "\x00", "../../etc/passwd", "<script>alert(1)</script>", "\u202eabc", "NaN", "9" * 400, "[" * 3000]


def spoil_bytes(content: bytes, rng: np.random.Generator) -> bytes:
    """One to four changes of a file's bytes."""
    for _ in range(int(rng.integers(1, 5))):
        content = _ONE_CHANGE[int(rng.integers(len(_ONE_CHANGE)))](content, rng)
    return content


def _flip(content: bytes, rng: np.random.Generator) -> bytes:
    spoiled = bytearray(content)
    for _ in range(int(rng.integers(1, 9))):
        if spoiled:
            spoiled[int(rng.integers(len(spoiled)))] = int(rng.integers(256))
    return bytes(spoiled)


def _flip_near_an_end(content: bytes, rng: np.random.Generator) -> bytes:
    """Formats keep what matters in their first or last bytes."""
    spoiled = bytearray(content)
    edge = min(200, len(spoiled))
    for _ in range(int(rng.integers(1, 5)) if edge else 0):
        place = int(rng.integers(edge))
        spoiled[place if rng.random() < 0.5 else -1 - place] = int(rng.integers(256))
    return bytes(spoiled)


def _cut(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: int(rng.integers(len(content) + 1))]


def _drop(content: bytes, rng: np.random.Generator) -> bytes:
    start = int(rng.integers(len(content) + 1))
    return content[:start] + content[start + int(rng.integers(1, 64)) :]


def _double(content: bytes, rng: np.random.Generator) -> bytes:
    start = int(rng.integers(len(content) + 1))
    stop = start + int(rng.integers(1, 4096))
    return content[:stop] + content[start:stop] + content[stop:]


def _huge_number(content: bytes, rng: np.random.Generator) -> bytes:
    """A declared size that no file could have."""
    found = list(re.finditer(rb"\d+", content[:4096]))
    if not found:
        return content
    one = found[int(rng.integers(len(found)))]
    return content[: one.start()] + HUGE[int(rng.integers(len(HUGE)))] + content[one.end() :]


_ONE_CHANGE = (_flip, _flip_near_an_end, _cut, _drop, _double, _huge_number)


def spoil_json(content: bytes, rng: np.random.Generator) -> bytes:
    """One value of a JSON document replaced by one of another kind, or one key left out."""
    document = json.loads(content)
    places = list(_places(document))
    holder, key = places[int(rng.integers(len(places)))]
    if rng.random() < 0.25:
        del holder[key]
    else:
        others = [None, True, -1, 0, 10**18, 1.5, "", [], {}, [[]], WORDS[int(rng.integers(len(WORDS)))]]
        holder[key] = others[int(rng.integers(len(others)))]
    return json.dumps(document).encode("utf-8", "surrogatepass")


def _places(document: object):
    """(holder, key) of every value inside."""
    items = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in items:
        yield document, key
        yield from _places(value)


def spoil_folder(source: Path, target: Path, files: list[Path], rng: np.random.Generator) -> str:
    """Copy a folder and spoil one of its files (or remove it); what was done, for a person to read.

    files  relative paths of those that may be spoiled
    """
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    chosen = files[int(rng.integers(len(files)))]
    path = target / chosen
    if rng.random() < 0.05:
        path.unlink()
        return f"{chosen} removed"
    spoil = spoil_json if path.suffix == ".json" and rng.random() < 0.6 else spoil_bytes
    path.write_bytes(spoil(path.read_bytes(), rng))
    return f"{chosen} through {spoil.__name__}"
