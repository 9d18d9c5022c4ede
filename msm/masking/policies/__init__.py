"""Masking policies, one module each: its `policy` implements `msm.masking.policy.Policy`.

A new module is a new value of the recipe's key `mask.policy`, under the module's name.
"""

from msm.recipes.masking import POLICIES

__all__ = ["POLICIES"]
