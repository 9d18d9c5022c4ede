"""The scores of the baselines on a split, which all trainings of an ablation with the same space share.

    OUT/baselines/KEY.parquet   the table of `msm.evaluation.scoring.score_titles` without a predictor

The first training that ends computes them. KEY tells apart catalogs, splits, spaces, and the code that computes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from msm.data.catalog import Title
from msm.data.space import Space
from msm.errors import InputError, reading
from msm.evaluation.kept_space import code_digest, update_with_space
from msm.evaluation.scoring import score_titles
from msm.io import files

COLUMNS = {"shot", "distance", "predictor", "cosine", "centred_cosine", "rank", "rank_share", "seed", "title_id"}


def baseline_scores(folder: Path, titles: Sequence[Title], split: str, space: Space) -> pd.DataFrame:
    """The scores of the baselines on the titles of a split: as they are kept in a folder, else computed and kept there.

    Raises InputError where no shot gets hidden.
    """
    path = folder / f"{_key(titles, split, space)}.parquet"
    if path.exists():
        try:
            return _read(path)
        except InputError:  # cut short, or not ours: it is computed again
            pass
    scores = score_titles(None, titles, space)
    folder.mkdir(parents=True, exist_ok=True)
    with files.whole_file(path) as temporary:
        scores.to_parquet(temporary, index=False)
    return scores


def _read(path: Path) -> pd.DataFrame:
    with reading(path, "the scores of the baselines"):
        scores = pd.read_parquet(path)
    if not set(scores) >= COLUMNS:
        raise InputError(f"{path} does not hold the scores of the baselines")
    return scores


def _key(titles: Sequence[Title], split: str, space: Space) -> str:
    """16 hexadecimal digits of the hash of all that decides the scores."""
    catalog = titles[0].catalog
    about = [catalog.fingerprint, split, len(titles), code_digest(), version("msm-workbench")]
    digest = hashlib.sha256(json.dumps(about).encode())
    update_with_space(digest, space)
    return digest.hexdigest()[:16]
