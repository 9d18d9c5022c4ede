"""Colours of HDR and of wide gamuts become those of a standard screen."""

from __future__ import annotations

import numpy as np
import pytest

from msm.ingest.colour import BT709, BT2020, HLG, PQ, Colour, to_standard

GRAYS = {  # signal of a gray of so many cd/m², from ITU-R BT.2100
    PQ: {50: 0.4403, 203: 0.5807, 600: 0.6964, 1000: 0.7518},
    HLG: {50: 0.4972, 203: 0.7500, 600: 0.9215, 1000: 1.0},
}


@pytest.mark.parametrize("transfer", GRAYS)
def test_dark_light_stays_and_bright_light_is_compressed(transfer):
    signal = np.array(list(GRAYS[transfer].values()), np.float32)
    shown = to_standard(np.repeat(signal[:, None], 3, axis=1), Colour("bt2020", False, transfer, BT2020))
    assert np.ptp(shown, axis=1).max() < 0.002, "a gray stays a gray"
    dark, white, bright, brightest = shown.mean(axis=1)
    assert dark == pytest.approx((50 / 203) ** (1 / 2.4), abs=0.005)
    assert 0.92 < white < bright - 0.02 < brightest == pytest.approx(1, abs=0.005)


def test_a_colour_of_bt709_inside_bt2020_is_what_it_was():
    """Red of BT.709 has these shares of the primaries of BT.2020."""
    signal = np.array([0.6274, 0.0691, 0.0164], np.float32) ** (1 / 2.4)
    shown = to_standard(signal, Colour("bt2020", False, 14, BT2020))
    np.testing.assert_allclose(shown, [1, 0, 0], atol=0.06)


def test_bright_red_stays_red():
    signal = np.array([0.75, 0.2, 0.2], np.float32)
    red, green, blue = to_standard(signal, Colour("bt709", False, PQ, BT709))
    assert red > 0.95 and green == pytest.approx(blue, abs=1e-4) and green < 0.2
