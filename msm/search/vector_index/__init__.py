"""Which vectors lie nearest to another: plain arrays in, rows and cosines out. The only folder that knows faiss.

All vectors are of unit length, or zero where there is nothing to compare; nearness is their inner product.
"""

from msm.errors import InputError

try:
    import faiss  # noqa: F401
except ModuleNotFoundError:
    raise InputError(
        "the search for shots needs FAISS: pip install 'msm-workbench[cpu]', or 'msm-workbench[gpu]' for an NVIDIA GPU"
    ) from None

from msm.search.vector_index.building import Begun, Merging, begin, build, part_of
from msm.search.vector_index.exact import exact_top, scores_of
from msm.search.vector_index.ids import shot_ids
from msm.search.vector_index.index import Built, VectorIndex, read_index, write_index
from msm.search.vector_index.plans import KINDS, Plan, choose_plan

__all__ = [
    "KINDS",
    "Begun",
    "Built",
    "Merging",
    "Plan",
    "VectorIndex",
    "begin",
    "build",
    "choose_plan",
    "exact_top",
    "part_of",
    "read_index",
    "scores_of",
    "shot_ids",
    "write_index",
]
