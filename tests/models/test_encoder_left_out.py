"""In training, a neighbour head goes without its encoder in half of the batches, so that the rest stands by itself."""

from __future__ import annotations

import pytest
import torch

from msm.models.heads.neighbour import NeighbourHead
from msm.recipes.model import ModelConfig

BATCHES = 200


@pytest.fixture
def head() -> NeighbourHead:
    made = NeighbourHead(ModelConfig(width=8, heads=2, head="neighbour", centred=True), 6)
    made.reset()
    torch.nn.init.normal_(made.correction.weight, generator=torch.Generator().manual_seed(0))
    return made


def answers(head: NeighbourHead, encodings: torch.Tensor, batches: int = BATCHES) -> list[torch.Tensor]:
    shots = torch.randn(1, 12, 6, generator=torch.Generator().manual_seed(1))
    hidden = torch.arange(12)[None] % 4 == 1
    valid = torch.ones_like(hidden)
    torch.manual_seed(5)
    with torch.no_grad():
        guess = head.estimate(shots, hidden, valid)
        return [head(guess, encodings) for _ in range(batches)]


def encodings(seed: int) -> torch.Tensor:
    return torch.randn(1, 12, 8, generator=torch.Generator().manual_seed(seed))


def test_half_of_the_training_batches_go_without_the_encoder_and_the_others_with_all_of_it(head):
    head.train()
    said = answers(head, encodings(2))
    (without,) = answers(head.eval(), torch.zeros(1, 12, 8) * 0, 1)
    head.trust.fill_(0.0)
    (alone,) = answers(head, encodings(2), 1)
    head.trust.fill_(1.0)
    (whole,) = answers(head, encodings(2), 1)
    left_out = [torch.equal(s, alone) for s in said]

    assert not torch.equal(alone, whole) and without.shape == alone.shape
    assert all(out or torch.equal(s, whole) for s, out in zip(said, left_out, strict=True))
    assert 0.4 * BATCHES < sum(left_out) < 0.6 * BATCHES


def test_outside_of_training_the_encoder_counts_as_far_as_the_validation_titles_said(head):
    head.eval()
    for trust in (0.0, 0.5, 1.0):
        head.trust.fill_(trust)
        assert {float(head.current_trust()) for _ in range(20)} == {trust}
    head.train()
    assert {float(head.current_trust()) for _ in range(50)} == {0.0, 1.0}


def test_a_batch_without_the_encoder_teaches_it_nothing(head):
    head.train()
    seen, shots = set(), torch.randn(1, 12, 6, generator=torch.Generator().manual_seed(1))
    hidden = torch.arange(12)[None] % 4 == 1
    torch.manual_seed(0)
    for _ in range(20):
        given = encodings(2).requires_grad_()
        head(head.estimate(shots, hidden, torch.ones_like(hidden)), given).sum().backward()
        seen.add(bool(given.grad.any()))

    assert seen == {False, True}
