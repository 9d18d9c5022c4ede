"""What stands in the place of a hidden shot: [MASK], another shot or the shot itself."""

import pytest
import torch

from msm.masking import choose_hidden, choose_masked
from msm.recipes.masking import MaskConfig


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_bert_shows_80_masks_10_others_and_10_themselves():
    cfg = MaskConfig(other=0.1, unchanged=0.1)
    hidden = choose_hidden(torch.ones(200, 200).bool(), MaskConfig(ratio=0.5), generator(0))
    masked, other = choose_masked(hidden, cfg, generator(1))
    assert not (masked & other).any() and not ((masked | other) & ~hidden).any()
    shares = [(m.sum() / hidden.sum()).item() for m in (masked, other)]
    assert shares == pytest.approx([0.8, 0.1], abs=0.01)


def test_a_span_is_replaced_as_one():
    cfg = MaskConfig(policy="span", ratio=0.3, other=0.3, unchanged=0.3)
    hidden = choose_hidden(torch.ones(20, 300).bool(), cfg, generator(0))
    masked, other = choose_masked(hidden, cfg, generator(1))
    kind = masked.int() + 2 * other.int()
    together = hidden[:, 1:] & hidden[:, :-1]
    assert torch.equal(kind[:, 1:][together], kind[:, :-1][together])
    assert len(kind[hidden].unique()) == 3
