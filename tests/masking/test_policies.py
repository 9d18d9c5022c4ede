import hashlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from msm.errors import InputError
from msm.masking import choose_hidden
from msm.masking.policies import POLICIES as REGISTRY
from msm.masking.policies.mixed import AT_RATIO, IN_SPANS, LEAST, MOST
from msm.recipes.recipe import MaskConfig

TO_THE_COUNT = ("span", "block", "tube", "semantic", "prefix", "suffix")  # policies that meet the ratio in every window
POLICIES = tuple(name for name in REGISTRY.names() if name != "hand_picked")  # a new module is tested too
AT_A_RATIO = tuple(name for name in POLICIES if name not in ("mixed", "modality_tube"))
NAMES = ("video", "audio", "text")
unhurried = settings(deadline=None)  # a busy machine is no bug
seeds = st.integers(0, 2**31 - 1)
ratios = st.floats(0.01, 0.95)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def windows(lengths: list[int]) -> torch.Tensor:
    return torch.arange(max(lengths))[None] < torch.tensor(lengths)[:, None]


def scenes_of(valid: torch.Tensor, seed: int, longest: int = 6) -> torch.Tensor:
    """Scenes of 1 to `longest` shots for every window; −1 where there is no shot."""
    rng = np.random.default_rng(seed)
    rows = [np.repeat(np.arange(valid.shape[1]), rng.integers(1, longest + 1, valid.shape[1])) for _ in valid]
    return torch.from_numpy(np.stack([row[: valid.shape[1]] for row in rows])).masked_fill(~valid, -1)


def hide(valid: torch.Tensor, seed: int = 0, **choices) -> torch.Tensor:
    """(B, S) or (B, S, M): what any policy hides, every modality being there."""
    present = valid.unsqueeze(-1).expand(*valid.shape, len(NAMES))
    scenes, shots = scenes_of(valid, seed), torch.randn(*valid.shape, 8, generator=generator(seed))
    return choose_hidden(
        valid, MaskConfig(**choices), generator(seed), scenes=scenes, present=present, names=NAMES, shots=shots
    )


def shots_of(hidden: torch.Tensor) -> torch.Tensor:
    return hidden if hidden.ndim == 2 else hidden.any(dim=-1)


def runs(hidden: torch.Tensor) -> list[int]:
    """Lengths of the runs of hidden shots in one window, (S,) bool."""
    edges = torch.diff(torch.nn.functional.pad(hidden.int(), (1, 1)))
    return ((edges == -1).nonzero() - (edges == 1).nonzero())[:, 0].tolist()


@unhurried
@given(
    policy=st.sampled_from([*POLICIES, "hand_picked"]),
    lengths=st.lists(st.integers(1, 30), min_size=1, max_size=6),
    ratio=ratios,
    length=st.integers(1, 40),
    seed=seeds,
)
def test_padding_is_never_hidden_and_something_always_is_hidden_and_visible(policy, lengths, ratio, length, seed):
    valid = windows(lengths)
    choices = {
        "policy": policy,
        "ratio": ratio,
        "length": length,
        "ranges": "0-3, 8" if policy == "hand_picked" else "",
    }
    hidden = shots_of(hide(valid, seed, **choices))
    assert not (hidden & ~valid).any()
    assert hidden.any(dim=1).all()
    if policy != "modality_tube":  # of every shot a modality
        assert (valid & ~hidden).any(dim=1)[valid.sum(dim=1) > 1].all()


@unhurried
@given(policy=st.sampled_from(POLICIES), ratio=ratios, seed=seeds)
def test_the_same_seed_hides_the_same_shots(policy, ratio, seed):
    valid = windows([20, 13])
    first, second = (hide(valid, seed, policy=policy, ratio=ratio) for _ in range(2))
    assert torch.equal(first, second)


def test_independent_hiding_draws_what_it_always_drew():
    hidden = choose_hidden(windows([12, 8]), MaskConfig(ratio=0.2), generator(3))
    assert [row.nonzero()[:, 0].tolist() for row in hidden] == [[0, 1, 3, 5], [0, 2, 4]]


@unhurried
@given(policy=st.sampled_from(TO_THE_COUNT), n=st.integers(2, 120), ratio=ratios, seed=seeds)
def test_a_policy_of_runs_meets_the_ratio_in_every_window_but_for_rounding(policy, n, ratio, seed):
    count = int(hide(windows([n]), seed, policy=policy, ratio=ratio).sum())
    low, high = (min(n - 1, max(1, int(bound))) for bound in (np.floor(n * ratio), np.ceil(n * ratio)))
    assert low <= count <= high


@pytest.mark.parametrize("ratio", [0.15, 0.43, 0.9])
@pytest.mark.parametrize("policy", AT_A_RATIO)
def test_the_share_hidden_is_the_ratio(policy, ratio):
    # 300 windows of 97 shots: the mean of independent draws has a deviation of 0.003; that of scenes of up to 6
    # shots one of 0.001 a window's worth of rounding. 0.01 is far outside either.
    hidden = shots_of(hide(windows([97] * 300), policy=policy, ratio=ratio, length=4))
    assert hidden.float().mean().item() == pytest.approx(ratio, abs=0.01)


def test_span_lengths_are_spanberts():
    # geometric with p = 0.2, at most 10: 3.8 on average; one cut span in 3000 / 3.8 × 0.15 changes that little
    lengths = [n for row in hide(windows([3000] * 20), policy="span", ratio=0.15) for n in runs(row)]
    assert max(lengths) == 10 and np.mean(lengths) == pytest.approx(3.8, abs=0.15)
    share_of_ones = 0.2 / (1 - 0.8**10)
    assert np.mean(np.array(lengths) == 1) == pytest.approx(share_of_ones, abs=0.03)


@unhurried
@given(n=st.integers(2, 200), ratio=st.floats(0.01, 0.45), length=st.integers(1, 12), seed=seeds)
def test_no_span_is_longer_than_the_longest_nor_touches_the_next(n, ratio, length, seed):
    hidden = hide(windows([n]), seed, policy="span", ratio=ratio, length=length)[0]
    assert max(runs(hidden)) <= length


@unhurried
@given(n=st.integers(2, 200), ratio=ratios, length=st.integers(1, 12), seed=seeds)
def test_every_block_is_whole_but_the_last_that_was_drawn(n, ratio, length, seed):
    hidden = hide(windows([n]), seed, policy="block", ratio=ratio, length=length)[0]
    shortest = min(length, int(hidden.sum()))
    assert sum(run < shortest for run in runs(hidden)) <= 1


@unhurried
@given(n=st.integers(2, 200), ratio=ratios, length=st.integers(1, 12), seed=seeds)
def test_a_tube_covers_whole_stretches_of_a_grid_but_for_one(n, ratio, length, seed):
    hidden = hide(windows([n]), seed, policy="tube", ratio=ratio, length=length)[0]

    def broken(offset):
        stretch = (torch.arange(n) + offset) // length
        return sum(bool(hidden[stretch == i].any() and not hidden[stretch == i].all()) for i in stretch.unique())

    assert min(broken(offset) for offset in range(length)) <= 1


@unhurried
@given(n=st.integers(2, 60), ratio=ratios, seed=seeds)
def test_a_scene_is_hidden_whole_or_not_at_all(n, ratio, seed):
    valid = windows([n])
    scenes = scenes_of(valid, seed)[0]
    if len(scenes.unique()) > 1:
        hidden = hide(valid, seed, policy="scene", ratio=ratio)[0]
        assert all(len(hidden[scenes == i].unique()) == 1 for i in scenes.unique())


def test_shots_of_unknown_scenes_are_scenes_by_themselves():
    valid = windows([40])
    scenes = torch.full((1, 40), -1)
    hidden = choose_hidden(valid, MaskConfig(policy="scene", ratio=0.3), generator(1), scenes=scenes)
    assert int(hidden.sum()) == 12 and max(runs(hidden[0])) < 12


def test_a_window_that_is_one_scene_is_hidden_shot_by_shot():
    scenes = torch.zeros(1, 50, dtype=torch.long)
    hidden = choose_hidden(windows([50]), MaskConfig(policy="scene", ratio=0.3), generator(1), scenes=scenes)
    assert 5 < int(hidden.sum()) < 30


def test_scenes_need_their_label():
    with pytest.raises(InputError, match="the label `scene`"):
        choose_hidden(windows([9]), MaskConfig(policy="scene"), generator(0))


@unhurried
@given(ratio=ratios, seed=seeds, named=st.sampled_from(["", *NAMES]))
def test_of_a_hidden_shot_one_modality_is_hidden_and_one_that_it_has(ratio, seed, named):
    valid = windows([25, 14])
    present = valid.unsqueeze(-1) & (torch.rand(2, 25, 3, generator=generator(seed + 1)) < 0.8)
    cfg = MaskConfig(policy="modality", ratio=ratio, modality=named)
    hidden = choose_hidden(valid, cfg, generator(seed), present=present, names=NAMES)
    assert not (hidden & ~present).any()
    assert set(hidden.sum(dim=-1).unique().tolist()) <= {0, 1}
    if named:
        assert hidden.nonzero()[:, -1].unique().tolist() == [NAMES.index(named)]


@unhurried
@given(parts=st.floats(0.05, 0.9), ratio=ratios, seed=seeds)
def test_parts_are_hidden_of_visible_shots_that_keep_another_and_never_of_all(parts, ratio, seed):
    valid = windows([25, 14, 2])
    present = valid.unsqueeze(-1) & (torch.rand(3, 25, 3, generator=generator(seed + 1)) < 0.8)
    cfg = MaskConfig(ratio=ratio, parts=parts)
    hidden = choose_hidden(valid, cfg, generator(seed), present=present, names=NAMES)
    whole, partly = hidden.all(dim=-1), hidden.any(dim=-1) & ~hidden.all(dim=-1)
    assert torch.equal(whole, choose_hidden(valid, MaskConfig(ratio=ratio), generator(seed)))
    assert not (hidden & ~present)[partly].any() and (hidden[partly].sum(dim=-1) == 1).all()
    assert ((present & ~hidden)[partly]).any(dim=-1).all() and (valid & ~hidden.any(dim=-1)).any(dim=1).all()


def test_parts_are_hidden_of_as_many_shots_as_asked_for_on_average():
    valid = torch.ones(64, 200, dtype=torch.bool)
    hidden = hide(valid, ratio=0.2, parts=0.1)
    partly = hidden.any(dim=-1) & ~hidden.all(dim=-1)
    assert partly.float().mean() == pytest.approx(0.8 * 0.1, abs=0.01)
    assert hidden[partly].float().mean(dim=0).tolist() == pytest.approx([1 / 3] * 3, abs=0.05)


@unhurried
@given(ratio=ratios, lacking=st.sampled_from([0.0, 0.3]), seed=seeds)
def test_a_tube_of_modalities_hides_the_same_ones_in_every_shot_that_has_them_and_never_all_of_a_window(
    ratio, lacking, seed
):
    valid = windows([25, 14, 2])
    present = valid.unsqueeze(-1) & (torch.rand(3, 25, 3, generator=generator(seed + 1)) >= lacking)
    present[:, 0] = True
    cfg = MaskConfig(policy="modality_tube", ratio=ratio)
    hidden = choose_hidden(valid, cfg, generator(seed), present=present, names=NAMES)
    assert not (hidden & ~present).any()
    for row, has in zip(hidden, present, strict=True):
        tube = row.any(dim=0)
        assert 1 <= int(tube.sum()) <= 2 and torch.equal(row, has & tube)


def test_the_tubes_of_shots_with_one_modality_are_stretches():
    valid = windows([40, 7])
    for present in (None, valid.unsqueeze(-1)):
        tubes = MaskConfig(policy="modality_tube", ratio=0.5, length=4)
        stretches = MaskConfig(policy="tube", ratio=0.5, length=4)
        hidden = choose_hidden(valid, tubes, generator(3), present=present, names=NAMES[:1])
        assert torch.equal(hidden, choose_hidden(valid, stretches, generator(3)))


def test_mixed_hides_the_ratio_another_ratio_or_spans_a_batch_at_a_time():
    valid = windows([100] * 30)
    drawn = [hide(valid, seed, policy="mixed", ratio=0.2, length=14, span_p=0.1) for seed in range(200)]
    shares = np.array([row.float().mean().item() for row in drawn])
    in_spans = np.array([np.mean(runs(row[0])) > 3 and abs(row.float().mean() - 0.2) < 0.005 for row in drawn])
    at_ratio = ~in_spans & (abs(shares - 0.2) < 0.025)
    assert in_spans.mean() == pytest.approx(IN_SPANS, abs=0.08)
    assert at_ratio.mean() == pytest.approx(AT_RATIO + (1 - AT_RATIO - IN_SPANS) * 0.05 / (MOST - LEAST), abs=0.1)
    others = shares[~in_spans & ~at_ratio]
    assert others.min() > LEAST - 0.03 and MOST - 0.1 < others.max() < MOST + 0.03


def test_one_modality_alone_or_of_another_name_cannot_be_hidden():
    valid = windows([9])
    for present, cfg, sentence in (
        (valid.unsqueeze(-1), MaskConfig(policy="modality"), "two modalities"),
        (valid.unsqueeze(-1).expand(1, 9, 3), MaskConfig(policy="modality", modality="smell"), "'smell'.*video, audio"),
    ):
        with pytest.raises(InputError, match=sentence):
            choose_hidden(valid, cfg, generator(0), present=present, names=NAMES)


def test_semantic_masking_hides_what_changes_and_never_the_first_shot():
    """Each of ten scenes begins with a cut to something else; within a scene shots stay nearly the same."""
    scenes = torch.randn(10, 16, generator=generator(0)).repeat_interleave(5, dim=0)
    shots = (scenes + 0.1 * torch.randn(50, 16, generator=generator(1)))[None]
    cfg, valid = MaskConfig(policy="semantic", ratio=0.1), windows([50])
    drawn = torch.cat([choose_hidden(valid, cfg, generator(seed), shots=shots) for seed in range(50)]).float()
    assert (drawn.sum(dim=1) == 5).all() and not drawn[:, 0].any()
    assert drawn[:, torch.arange(5, 50, 5)].sum() / drawn.sum() > 0.8  # nine of 50 shots begin a scene
    assert drawn.unique(dim=0).shape[0] > 40


def test_semantic_masking_of_equal_shots_keeps_the_first():
    cfg = MaskConfig(policy="semantic", ratio=0.95)
    assert choose_hidden(windows([4]), cfg, generator(0), shots=torch.ones(1, 4, 3)).tolist() == [[False] + 3 * [True]]


@unhurried
@given(n=st.integers(2, 50), ratio=ratios, seed=seeds)
def test_a_prefix_is_the_beginning_and_a_suffix_the_end(n, ratio, seed):
    first, last = (hide(windows([n]), seed, policy=p, ratio=ratio)[0] for p in ("prefix", "suffix"))
    assert len(runs(first)) == len(runs(last)) == 1 and first[0] and last[-1]


def test_hand_picked_shots_are_hidden_where_a_window_has_them():
    hidden = hide(windows([12, 5, 3]), policy="hand_picked", ranges="4-6, 11")
    assert [row.nonzero()[:, 0].tolist() for row in hidden] == [[4, 5, 6, 11], [4], [2]]


@pytest.mark.parametrize("policy", ["span", "block", "tube", "scene"])
def test_a_title_shorter_than_a_span_keeps_a_visible_shot(policy):
    for seed in range(20):
        hidden = hide(windows([2, 3, 4]), seed, policy=policy, ratio=0.9, length=10)
        assert hidden.any(dim=1).all() and hidden.sum(dim=1).tolist() < [2, 3, 4]


DRAWS = {
    "independent": "c725f4afe9e0",
    "span": "96d8b5dcd809",
    "block": "0af1e3034544",
    "scene": "92de2076f31d",
    "tube": "f0c1b469eca1",
    "semantic": "c9b3dad03110",
    "modality": "5914b362fa36",
    "prefix": "2c37545b90d7",
    "suffix": "3e8e823c325b",
    "hand_picked": "36aead6a10af",
}


@pytest.mark.parametrize("policy", DRAWS)
def test_a_policy_draws_the_shots_that_it_has_always_drawn(policy):
    choices = {"ranges": "0-3, 8" if policy == "hand_picked" else "", "length": 4, "ratio": 0.3}
    hidden = b"".join(
        hide(windows([37, 20, 9, 3, 2, 1]), seed, policy=policy, **choices).numpy().tobytes() for seed in range(5)
    )
    assert hashlib.sha256(hidden).hexdigest()[:12] == DRAWS[policy]


def test_the_policies_are_offered_in_the_order_of_the_documentation():
    assert REGISTRY.names() == (
        "independent", "mixed", "span", "block", "scene", "tube", "modality_tube", "semantic", "modality", "prefix", "suffix", "hand_picked"
    )  # fmt: skip
