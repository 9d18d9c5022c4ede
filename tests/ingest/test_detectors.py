"""A shot detector is a file in msm/ingest/detectors, chosen by its file name."""

from __future__ import annotations

import sys
import types
from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest

from msm import Catalog, InputError
from msm.ingest import IngestOptions, ingest
from msm.ingest.detector import DEFAULT, DETECTORS, Frame
from msm.ingest.detectors.adaptive import AdaptiveCuts


class EveryTenth:
    """A shot begins at every tenth frame, known three frames later."""

    delay = 3

    def __init__(self) -> None:
        self.seen: list[Frame] = []

    def push(self, frame: Frame) -> int | None:
        self.seen.append(frame)
        at = frame.number - self.delay
        return at if at > 0 and at % 10 == 0 else None

    def finish(self, num_frames: int) -> set[int]:
        return set(range(10, num_frames, 10))


def test_the_default_detector_comes_first():
    assert DETECTORS.names() == (DEFAULT, "transnetv2")


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        ({"detector": "magic"}, "--detector is 'magic', but must be one of adaptive, transnetv2"),
        ({"detector_weights": "weights.pth"}, "--detector adaptive takes no weights"),
    ],
)
def test_an_unknown_detector_and_weights_that_nobody_reads_are_refused(choices, sentence):
    with pytest.raises(InputError, match=sentence):
        IngestOptions(**choices)


@pytest.fixture
def made(monkeypatch) -> list[EveryTenth]:
    """A module `tenth` among the detectors; the detectors that it makes are added to this list."""
    module, made = types.ModuleType("msm.ingest.detectors.tenth"), []
    module.DESCRIPTION, module.NEEDS_WEIGHTS = "every tenth frame", False
    module.make = lambda weights: made.append(EveryTenth()) or made[-1]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(DETECTORS.__dict__, "_names", (*DETECTORS.names(), "tenth"))
    return made


def test_a_film_is_cut_where_a_detector_of_another_file_says(film, made):
    ingest([film], film.parent / "catalog", IngestOptions(detector="tenth", media=False))

    (title,) = catalog = Catalog.open(film.parent / "catalog")
    frames = made[-1].seen
    np.testing.assert_allclose(title.shots["start_s"], [frame.time_s for frame in frames[::10]], atol=1e-6)
    assert frames[0].scaled(48, 27).shape == (27, 48, 3)
    assert catalog.provenance["ingest"]["detector"] == "every tenth frame"


def cuts_at(levels: Sequence[float], rate: float) -> list[int]:
    """Cuts of a film whose frames are one picture, so bright."""
    picture = 2 * np.random.default_rng(0).integers(50, 127, (36, 64, 3))
    detector, cuts = AdaptiveCuts(), []
    for number, level in enumerate(levels):
        image = (picture * level).astype(np.uint8)
        scaled = partial(np.zeros, dtype=np.uint8)  # not asked for
        cuts.append(detector.push(Frame(number, number / rate, image, float(image.mean()), scaled)))
    told = [cut for cut in cuts if cut is not None]
    later = detector.finish(len(levels))
    assert all(cut < len(levels) - detector.delay for cut in told) and not later.intersection(told)
    return told + sorted(later)


@pytest.mark.parametrize("rate", [12, 24, 50])
@pytest.mark.parametrize("fade", [1, 2, 8, 24])
@pytest.mark.parametrize("rest", [3, 60])
def test_a_picture_that_comes_back_from_black_is_cut_at_half_its_brightness(rate, fade, rest):
    shown, black = 3 * rate, rate
    levels = [1.0] * shown + [0.0] * black + [(i + 1) / fade for i in range(fade)] + [1.0] * rest
    back = next(cut for cut in cuts_at(levels, rate) if cut > shown)
    assert levels[back] >= 0.5 > levels[back - 1]
    assert [cut for cut in cuts_at(levels, rate) if cut > back] == []


@pytest.mark.parametrize("fade", [4, 24])
def test_a_film_that_begins_with_a_fade_has_no_cut_in_it(fade):
    assert cuts_at([0.0] * 8 + [(i + 1) / fade for i in range(fade)] + [1.0] * 48, 24) == []
