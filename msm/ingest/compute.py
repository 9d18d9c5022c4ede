"""Where and how the encoders of model hubs compute: device, number type, batch size.

The choice is set once for all encoders that are loaded inside `computing`, so that their functions `load(model)` need
not pass it on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from msm.errors import InputError

DTYPES = ("float32", "bfloat16", "float16")


@dataclass(frozen=True, kw_only=True)
class Compute:
    """device  of torch; "auto" is a GPU where there is one
    dtype   of weights and activations; vectors are float32 always
    batch   pictures, sounds or texts at once
    """

    device: str = "auto"
    dtype: str = "float32"
    batch: int = 32

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise InputError(f"--encoder-dtype is {self.dtype!r}, but must be one of {', '.join(DTYPES)}")
        if self.batch < 1:
            raise InputError(f"--encoder-batch is {self.batch}, but must be at least 1")

    def torch_device(self) -> str:
        """The device's name; InputError where this machine has none of that kind."""
        import torch

        if self.device == "auto":
            return "cuda" if torch.cuda.is_available() else "cpu"
        try:
            torch.empty(0, device=self.device)
        except (
            Exception
        ) as error:  # torch has several for a name that it does not know and for a device that is not here
            reason = " ".join(str(error).split())[:160]
            raise InputError(f"--encoder-device is {self.device!r}, which cannot be used here: {reason}") from None
        return self.device


DEFAULT_COMPUTE = Compute()
_chosen: ContextVar[Compute] = ContextVar("compute", default=DEFAULT_COMPUTE)


def chosen_compute() -> Compute:
    """The choice of the innermost `computing`, else the default."""
    return _chosen.get()


@contextmanager
def computing(compute: Compute) -> Iterator[None]:
    """Encoders that are loaded inside compute so."""
    token = _chosen.set(compute)
    try:
        yield
    finally:
        _chosen.reset(token)
