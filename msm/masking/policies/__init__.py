"""Masking policies, one module each: its `policy` implements `msm.masking.policy.Policy`.

A new module is a new value of the recipe's key `mask.policy`, under the module's name.
"""

from msm.data.ranges import format_ranges, parse_ranges
from msm.masking.bernoulli import random_hidden
from msm.recipes.masking import POLICIES

__all__ = ["POLICIES", "format_ranges", "parse_ranges", "random_hidden"]
