"""SMPTE timecodes: which frame they count, with and without dropped numbers."""

from __future__ import annotations

import re

from msm.errors import InputError

PATTERN = r"\d{1,3}:[0-5]\d:[0-5]\d[:;.,]\d{2,3}"
_PARTS = re.compile(r"(\d{1,3}):([0-5]\d):([0-5]\d)([:;.,])(\d{2,3})")
DROP_FRAME_RATES = (30, 60)  # nominal: 29.97 and 59.94


def seconds_of(code: str, rate: float, *, drop_frame: bool = False) -> float:
    """Seconds from timecode zero.

    rate        frames a second of the film; a timecode counts them as if they were 24, 25, 30 … a second
    drop_frame  numbers 00 and 01 (at 59.94 also 02 and 03) are left out in each minute but every tenth; a code with `;`
                always is of this kind
    Raises InputError for a frame number or a kind that the rate does not have.
    """
    match = _PARTS.fullmatch(code)
    if match is None:
        raise InputError(f"{code!r} is no timecode")
    hours, minutes, seconds, frame = (int(match[i]) for i in (1, 2, 3, 5))
    nominal = round(rate)
    if frame >= nominal:
        raise InputError(f"timecode {code} counts frame {frame}, but the film has {rate:.3f} frames a second")
    minutes += 60 * hours
    number = (60 * minutes + seconds) * nominal + frame
    if drop_frame or match[4] != ":":
        if nominal not in DROP_FRAME_RATES:
            raise InputError(f"timecode {code} is a drop-frame code, but the film has {rate:.3f} frames a second")
        number -= nominal // 15 * (minutes - minutes // 10)
    return number / rate
