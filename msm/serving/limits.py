"""Limits of a service, and the refusal of a request that exceeds one."""

from __future__ import annotations

from collections.abc import AsyncIterable
from dataclasses import dataclass

from msm.errors import InputError


class Refused(Exception):
    """A request that is not answered: an HTTP status of 400 to 499 and one sentence."""

    def __init__(self, status: int, sentence: str):
        self.status, self.sentence = status, str(InputError(sentence))  # of a length that can be read
        super().__init__(self.sentence)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one request may ask for, and how many may wait."""

    body_bytes: int = 16_000_000  # 512 shots of 2304 numbers in JSON are some 12 MB
    body_s: float = 30.0  # time to send it
    shots: int = 4096  # of a title or of `shots`
    results: int = 1000  # of a search
    exact_shots: int = 512  # of a title whose surprise is asked for exactly: so many forward passes
    waiting: int = 64  # requests that are answered or wait at one time
    together: int = 16  # requests that share a forward pass
    wait_s: float = 0.004  # how long the first request of a forward pass waits for others

    def check_shots(self, count: int, most: int | None = None) -> None:
        """Refuse a title with more shots than `most`, or than the limit."""
        allowed = self.shots if most is None else most
        if count > allowed:
            raise Refused(413, f"{count} shots are asked for, but one request may have {allowed}; ask for fewer")


async def read_body(pieces: AsyncIterable[bytes], most: int) -> bytes:
    """The body of a request. Raises Refused with status 413 as soon as it is longer than `most` bytes."""
    body = bytearray()
    async for piece in pieces:
        body += piece
        if len(body) > most:
            raise Refused(413, f"the body has more than {most} bytes; send fewer shots at a time")
    return bytes(body)
