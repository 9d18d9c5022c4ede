"""Which shots are hidden: by chance in training and evaluation, by hand in the masking lab.

Shape letters: B windows of a batch, S shots of a window, M modalities, n shots of one window.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from msm.data.ranges import format_ranges, parse_ranges
from msm.errors import InputError
from msm.recipes.recipe import MAX_WINDOW, MaskConfig

__all__ = ["choose_hidden", "choose_masked", "format_ranges", "parse_ranges", "random_hidden", "ratio_at"]

HIDE_RUNS = ("span", "block", "scene", "tube", "prefix", "suffix")  # policies whose hidden shots stand together


def choose_hidden(
    valid: Tensor,
    cfg: MaskConfig,
    rng: torch.Generator,
    *,
    scenes: Tensor | None = None,
    present: Tensor | None = None,
    names: Sequence[str] = (),
) -> Tensor:
    """Hide `cfg.ratio` of each window's shots by `cfg.policy`, on the CPU, so that every device agrees.

    valid    (B, S) bool, True = a real shot
    scenes   (B, S) int, the number of each shot's scene; for the policy scene
    present  (B, S, M) bool, True = the shot has the modality; for the policy modality and for `cfg.parts`
    names    of the M modalities, where `cfg.modality` names one
    returns  (B, S) bool, True = hidden, or (B, S, M) for the policy modality and where parts are hidden. At least one
             shot hidden and, where a window has two, one of which nothing is hidden; padding never.

    independent  each shot by itself (MediaFM, BERT)
    span         runs of geometric length, at most `length`, that don't touch (SpanBERT, section 3.1)
    block        runs of `length` shots that may overlap (data2vec, wav2vec 2.0)
    scene        whole scenes
    tube         the window cut into stretches of `length` shots; a stretch is hidden from end to end in all its
                 modalities (VideoMAE, section 3.3: what is hidden at one moment is not given away by the next)
    modality     shots as by `independent`, but only one modality of each
    prefix       the first shots of the window; suffix: the last
    hand_picked  the shots of `ranges`

    Of a share `cfg.parts` of the shots that are left and have two modalities or more, one is hidden besides.

    The ratio is met exactly up to rounding, which is drawn so that it holds on average; by `independent` and
    `modality` on average; by `scene` on average where a scene is short against the shots to hide.
    """
    valid = valid.cpu()
    if cfg.policy == "modality":
        return _one_modality(valid, cfg, rng, present, names)
    hidden = _whole_shots(valid, cfg, rng, scenes)
    if not cfg.parts or present is None or present.shape[-1] < 2:
        return hidden
    return hidden.unsqueeze(-1) | _parts(valid & ~hidden, present.cpu(), cfg.parts, rng)


def _whole_shots(valid: Tensor, cfg: MaskConfig, rng: torch.Generator, scenes: Tensor | None) -> Tensor:
    """(B, S) by every policy but modality."""
    if cfg.policy == "independent":
        return _independent(valid, cfg.ratio, rng)
    hidden = torch.zeros_like(valid)
    for i in range(len(valid)):
        where = valid[i].nonzero()[:, 0]
        if len(where):
            of_scene = None if scenes is None else scenes[i, where].cpu()
            hidden[i, where] = _hide_window(len(where), cfg, rng, of_scene)
    return hidden


def ratio_at(step: int, steps: int, cfg: MaskConfig) -> float:
    """The share to hide at a step: from `start_ratio` to `ratio`, by `cfg.schedule`.

    linear and cosine arrive at the last step; curriculum goes up in four equal stages.
    """
    done = step / max(1, steps - 1)
    share = {
        "constant": 1.0,
        "linear": done,
        "cosine": 0.5 - 0.5 * math.cos(math.pi * done),
        "curriculum": min(3, 4 * step // steps) / 3,
    }[cfg.schedule]
    return cfg.start_ratio + (cfg.ratio - cfg.start_ratio) * share if share < 1 else cfg.ratio


def at_step(step: int, steps: int, cfg: MaskConfig) -> MaskConfig:
    """The choices as they stand at a step of the ratio's schedule."""
    return cfg if cfg.schedule == "constant" else replace(cfg, ratio=ratio_at(step, steps, cfg))


def _independent(valid: Tensor, ratio: float, rng: torch.Generator) -> Tensor:
    draw = torch.rand(valid.shape, generator=rng).masked_fill(~valid, 2.0)
    hidden = draw < ratio
    hidden |= (draw == draw.amin(dim=1, keepdim=True)) & ~hidden.any(dim=1, keepdim=True)
    everything = (hidden == valid).all(dim=1, keepdim=True) & (valid.sum(dim=1, keepdim=True) > 1)
    last = draw == draw.masked_fill(~valid, -1.0).amax(dim=1, keepdim=True)
    return hidden & valid & ~(everything & last)


def _one_modality(
    valid: Tensor, cfg: MaskConfig, rng: torch.Generator, present: Tensor | None, names: Sequence[str]
) -> Tensor:
    """(B, S, M): of each hidden shot one modality that it has, the one that `cfg.modality` names or one drawn."""
    if present is None or present.shape[-1] < 2:
        raise InputError("mask.policy=modality needs shots of two modalities or more")
    present = present.cpu() & valid.unsqueeze(-1)
    if cfg.modality:
        if cfg.modality not in names:
            raise InputError(f"mask.modality is {cfg.modality!r}, but the modalities are {', '.join(names)}")
        wanted = torch.tensor([name == cfg.modality for name in names])
        able = (present & wanted).any(dim=-1)
        # A window in which no shot has the modality hides another, so that every window asks something.
        present = torch.where(able.any(dim=1)[:, None, None], present & wanted, present)
    shots = _independent(present.any(dim=-1), cfg.ratio, rng)
    return _drawn_modality(present, rng) & shots.unsqueeze(-1)


def _parts(visible: Tensor, present: Tensor, share: float, rng: torch.Generator) -> Tensor:
    """(B, S, M): one modality of a share of the visible shots that have others too; one visible shot keeps all."""
    draw = torch.rand(visible.shape, generator=rng)
    touched = visible & (present.sum(dim=-1) > 1) & (draw < share)
    last = draw == draw.masked_fill(~visible, -1.0).amax(dim=1, keepdim=True)
    touched &= ~(last & (touched == visible).all(dim=1, keepdim=True))
    return _drawn_modality(present, rng) & touched.unsqueeze(-1)


def _drawn_modality(present: Tensor, rng: torch.Generator) -> Tensor:
    """(B, S, M) → the same with one True a shot, of those that it has."""
    draw = torch.rand(present.shape, generator=rng).masked_fill(~present, -1.0)
    return torch.nn.functional.one_hot(draw.argmax(dim=-1), present.shape[-1]).bool()


def _hide_window(n: int, cfg: MaskConfig, rng: torch.Generator, scenes: Tensor | None) -> Tensor:
    """(n,) bool for one window by any policy that hides whole shots together."""
    count = _how_many(n, cfg.ratio, rng)
    if n < 2:
        return torch.ones(n, dtype=torch.bool)
    if cfg.policy == "scene":
        if scenes is None:
            raise InputError("mask.policy=scene needs the label `scene` in the catalog's shots.parquet")
        return _scenes(scenes, count, cfg.ratio, rng)
    return POLICIES_OF_RUNS[cfg.policy](n, count, cfg, rng)


def _how_many(n: int, ratio: float, rng: torch.Generator) -> int:
    """n × ratio, rounded up or down by chance so that it holds on average; at least 1, at most n − 1."""
    whole, rest = divmod(n * ratio, 1)
    return max(1, min(n - 1, int(whole) + int(_uniform(rng) < rest)))


def _spans(n: int, count: int, cfg: MaskConfig, rng: torch.Generator) -> Tensor:
    """Runs of geometric length until `count` shots are hidden, the last one cut to what is left.

    Every arrangement in which no two touch is equally likely; where too little is left visible to keep them
    apart, they may touch.
    """
    odds = (1 - cfg.span_p) ** torch.arange(cfg.length)  # torch brings them to sum to 1
    drawn = torch.multinomial(odds, count, replacement=True, generator=rng) + 1
    ends = drawn.cumsum(dim=0).clamp(max=count)
    lengths = torch.diff(ends, prepend=ends.new_zeros(1))
    lengths = lengths[lengths > 0]
    lengths = lengths[torch.randperm(len(lengths), generator=rng)]  # the cut one stands anywhere
    gaps = n - count + 1  # before, between and after the visible shots
    if len(lengths) <= gaps:
        places = torch.randperm(gaps, generator=rng)[: len(lengths)].sort().values
    else:
        places = torch.randint(gaps, (len(lengths),), generator=rng).sort().values
    # A hidden shot stands behind as many visible ones as its gap says, and behind the hidden ones before it.
    hidden = torch.zeros(n, dtype=torch.bool)
    hidden[places.repeat_interleave(lengths) + torch.arange(count)] = True
    return hidden


def _blocks(n: int, count: int, cfg: MaskConfig, rng: torch.Generator) -> Tensor:
    """Runs of `length` shots from starts drawn without repeating, until `count` are hidden; the last is cut."""
    length = min(cfg.length, count)
    hidden = np.zeros(n, dtype=bool)
    left = count
    for start in torch.randperm(n - length + 1, generator=rng).tolist():
        fresh = start + np.flatnonzero(~hidden[start : start + length])[:left]
        hidden[fresh] = True
        left -= len(fresh)
        if not left:
            break
    return torch.from_numpy(hidden)


def _tubes(n: int, count: int, cfg: MaskConfig, rng: torch.Generator) -> Tensor:
    """Whole stretches of a grid that begins anywhere, until `count` shots are hidden; the last is cut."""
    offset = int(torch.randint(cfg.length, (), generator=rng))
    stretch = (torch.arange(n) + offset) // cfg.length
    turn = torch.randperm(int(stretch[-1]) + 1, generator=rng)[stretch]  # when each shot's stretch is hidden
    hidden = torch.zeros(n, dtype=torch.bool)
    hidden[turn.argsort(stable=True)[:count]] = True
    return hidden


def _scenes(scenes: Tensor, count: int, ratio: float, rng: torch.Generator) -> Tensor:
    """Whole scenes in random order; the one that would pass `count` is taken with the odds that keep the average.

    A scene is a run of shots with one number; a negative number is unknown, and its shot a scene by itself.
    A window that is one scene is hidden shot by shot.
    """
    new = torch.ones(len(scenes), dtype=torch.bool)
    new[1:] = (scenes[1:] != scenes[:-1]) | (scenes[1:] < 0)
    number = new.cumsum(dim=0) - 1
    if not number[-1]:
        return _independent(torch.ones(1, len(scenes), dtype=torch.bool), ratio, rng)[0]
    lengths = number.bincount().tolist()
    chosen: list[int] = []
    left, most = count, len(scenes) - 1  # one shot at least stays visible
    for i in torch.randperm(len(lengths), generator=rng).tolist():
        fits = lengths[i] <= left
        wanted = fits or _uniform(rng) < left / lengths[i] or not chosen
        if wanted and lengths[i] <= most:
            chosen.append(i)
            left, most = left - lengths[i], most - lengths[i]
        if not fits:
            break
    return torch.isin(number, torch.tensor(chosen))


def _prefix(n: int, count: int, cfg: MaskConfig, rng: torch.Generator) -> Tensor:
    return torch.arange(n) < count


def _suffix(n: int, count: int, cfg: MaskConfig, rng: torch.Generator) -> Tensor:
    return torch.arange(n) >= n - count


def _hand_picked(n: int, count: int, cfg: MaskConfig, rng: torch.Generator) -> Tensor:
    """The shots of `cfg.ranges` that the window has; its last shot where it has none of them."""
    hidden = torch.zeros(n, dtype=torch.bool)
    hidden[[shot for shot in parse_ranges(cfg.ranges, MAX_WINDOW) if shot < n] or [n - 1]] = True
    if hidden.all():
        hidden[0] = False
    return hidden


POLICIES_OF_RUNS: dict[str, Callable[[int, int, MaskConfig, torch.Generator], Tensor]] = {
    "span": _spans,
    "block": _blocks,
    "tube": _tubes,
    "prefix": _prefix,
    "suffix": _suffix,
    "hand_picked": _hand_picked,
}


def choose_masked(hidden: Tensor, cfg: MaskConfig, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Which hidden shots show [MASK], and which show another shot (BERT's 80 / 10 / 10, section 3.1).

    hidden   (B, S) bool; what is in neither of the answers shows itself
    returns  masked, other: (B, S) bool each. Drawn once for each run of hidden shots where the policy hides runs,
             as SpanBERT does, else for each shot.
    """
    draw = torch.rand(hidden.shape, generator=rng)
    if cfg.policy in HIDE_RUNS:
        starts = hidden.clone()
        starts[:, 1:] &= ~hidden[:, :-1]
        draw = draw.gather(1, torch.where(starts, torch.arange(hidden.shape[1]), 0).cummax(dim=1).values)
    other = hidden & (draw < cfg.other)
    return hidden & (draw >= cfg.other + cfg.unchanged), other


def _uniform(rng: torch.Generator) -> float:
    return float(torch.rand((), generator=rng))


def random_hidden(num_shots: int, ratio: float, rng: np.random.Generator) -> np.ndarray:
    """(num_shots,) bool: each shot hidden with probability `ratio`, the protocol of every evaluation.

    One draw a shot and nothing else, so that anyone can repeat it: `rng.random(num_shots) < ratio`.
    """
    return rng.random(num_shots) < ratio
