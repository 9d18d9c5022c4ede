"""Which modality of which shot is hidden is drawn from the generator that is given, and from nothing else."""

from __future__ import annotations

import pytest
import torch

from msm.masking import choose_hidden, choose_masked
from msm.recipes.recipe import MaskConfig

VALID = torch.arange(40)[None] < torch.tensor([[40], [25], [2]])
PRESENT = VALID.unsqueeze(-1) & (torch.rand(3, 40, 3, generator=torch.Generator().manual_seed(9)) < 0.8)


def draw(cfg: MaskConfig, seed: int) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    torch.rand(int(torch.randint(5, ()) + 1))  # the state of torch itself is another one at each call
    return choose_hidden(VALID, cfg, rng, present=PRESENT, names=["video", "audio", "text"])


@pytest.mark.parametrize(
    "cfg",
    [MaskConfig(parts=0.4), MaskConfig(policy="modality", ratio=0.5), MaskConfig(policy="span", parts=0.3, ratio=0.3)],
    ids=["parts", "modality", "span with parts"],
)
def test_the_same_seed_hides_the_same_modalities_and_another_seed_others(cfg):
    first, again, other = draw(cfg, 1), draw(cfg, 1), draw(cfg, 2)

    assert first.shape == (3, 40, 3)
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_what_stands_in_a_hidden_shots_place_is_drawn_from_the_seed_too():
    hidden, cfg = VALID & (torch.arange(40) % 2 == 0), MaskConfig(other=0.4, unchanged=0.3)
    first, again = (choose_masked(hidden, cfg, torch.Generator().manual_seed(1)) for _ in range(2))
    masked, other = first

    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not (masked & other).any() and not ((masked | other) & ~hidden).any()


def test_of_a_window_that_is_picked_whole_the_first_shot_stays_visible_and_of_one_that_is_not_its_last_is_hidden():
    rng, valid = torch.Generator().manual_seed(0), torch.arange(6)[None] < torch.tensor([[6], [3], [2]])
    whole = choose_hidden(valid, MaskConfig(policy="hand_picked", ranges="0-9"), rng)
    none = choose_hidden(valid, MaskConfig(policy="hand_picked", ranges="8"), rng)

    assert [row.nonzero()[:, 0].tolist() for row in whole] == [[1, 2, 3, 4, 5], [1, 2], [1]]
    assert [row.nonzero()[:, 0].tolist() for row in none] == [[5], [2], [1]]


def test_of_shots_with_two_modalities_parts_are_hidden_and_of_shots_with_one_they_are_not():
    cfg = MaskConfig(ratio=0.1, parts=0.5)
    two, one = (
        choose_hidden(VALID, cfg, torch.Generator().manual_seed(3), present=VALID.unsqueeze(-1).expand(-1, -1, m))
        for m in (2, 1)
    )

    assert two.shape == (3, 40, 2) and (two.sum(dim=-1) == 1).any() and one.shape == (3, 40)
