"""Runs and catalogs on a Hugging Face hub: `push`, `pull`, and the cards that describe them there."""

from __future__ import annotations

from msm.hub.cards import catalog_card, model_card
from msm.hub.transfer import pull, push

__all__ = ["catalog_card", "model_card", "pull", "push"]
