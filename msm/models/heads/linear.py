"""The linear head: the output layer reads the encodings (BERT's and MediaFM's without a transform)."""

from __future__ import annotations

from msm.models.head import Head


class LinearHead(Head):
    """The output layer alone."""


HEAD = LinearHead
