"""A device that no machine needs to have: its tensors are computed by the CPU and say that they are elsewhere.

A tensor `Elsewhere` wraps one of the CPU and has the device `meta`, which autograd serves without a driver. Inside of
`pretended_device()` whatever is made on or moved to that device is such a tensor. What a GPU refuses is refused here too: an
operation on tensors of two devices. What makes a GPU wait is counted: values that are read by the CPU.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any
from unittest import mock

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map_only

DEVICE = torch.device("meta")
aten = torch.ops.aten
MOVES = {aten._to_copy.default, aten.copy_.default, aten._copy_from.default}
WAITS = {aten._local_scalar_dense.default, aten.nonzero.default, aten.masked_select.default, aten.equal.default}
PACKAGE = "/msm/"
INDEXED = {aten.index.Tensor, aten.index_put_.default, aten.index_put.default, aten._unsafe_index.Tensor}


class Elsewhere(torch.Tensor):
    """A tensor that says that it is on another device; `inner` is the one that is computed with."""

    inner: torch.Tensor

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> Elsewhere:
        return torch.Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=DEVICE,
        )

    def __init__(self, inner: torch.Tensor):
        self.inner = inner

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    def tolist(self) -> Any:
        return self.to("cpu").tolist()

    def __reduce_ex__(self, protocol: Any) -> Any:  # saved as the CPU's
        return self.inner.__reduce_ex__(protocol)

    def numpy(self, **_: Any) -> Any:
        raise TypeError("can't convert a tensor of the pretended device to numpy; use Tensor.cpu() first")

    @classmethod
    def __torch_dispatch__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise AssertionError(f"{function} on a tensor of the pretended device outside of pretended_device()")


class Device(TorchDispatchMode):
    """Computes on the CPU what is asked of the pretended device; `waits` counts what reads values from it, by line."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: Counter[str] = Counter()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if torch.is_inference_mode_enabled():  # whose tensors cannot be wrapped, and whose operations come whole
            with torch.inference_mode(False), torch.no_grad(), self:
                whole = function.has_kernel_for_dispatch_key(torch._C.DispatchKey.CompositeImplicitAutograd)
                return function.decompose(*args, **kwargs) if whole else function(*args, **kwargs)
        tensors = [t for t in tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)]
        ours = [t for t in tensors if isinstance(t, Elsewhere)]
        wanted = kwargs.get("device")
        if not ours and (wanted is None or torch.device(wanted) != DEVICE):
            return function(*args, **kwargs)
        self._refuse_two_devices(function, args, tensors, ours)
        to_cpu = function is aten._to_copy.default and wanted is not None and torch.device(wanted).type == "cpu"
        into_cpu = function is aten.copy_.default and not isinstance(args[0], Elsewhere)
        if function in WAITS or to_cpu or into_cpu:
            self.waits[_line()] += 1
        inner_args, inner_kwargs = tree_map_only(Elsewhere, lambda t: t.inner, (args, kwargs))
        if wanted is not None:
            inner_kwargs["device"] = torch.device("cpu")
        out = function(*inner_args, **inner_kwargs)
        if into_cpu:
            return args[0]
        if to_cpu:
            return out
        out = tree_map_only(torch.Tensor, lambda t: t if isinstance(t, Elsewhere) else Elsewhere(_resolved(t)), out)
        return return_and_correct_aliasing(function, args, kwargs, out) if ours else out

    @staticmethod
    def _refuse_two_devices(function: Any, args: Any, tensors: list[torch.Tensor], ours: list[Elsewhere]) -> None:
        """As CUDA does: numbers without dimensions, and indices, may come from the CPU."""
        if function in MOVES:
            return
        if function in INDEXED:
            tensors = [t for t in args if isinstance(t, torch.Tensor)]
        strangers = [t for t in tensors if not isinstance(t, Elsewhere) and t.dim()]
        assert not (ours and strangers), f"{function} mixes tensors of two devices at {_line()}"


class FromValues(TorchFunctionMode):
    """What is made from Python's values is made on the CPU and moved: torch drops the values of a tensor on `meta`."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        device = kwargs.get("device")
        if function in (torch.tensor, torch.as_tensor) and device is not None and torch.device(device) == DEVICE:
            return function(*args, **{**kwargs, "device": "cpu"}).to(DEVICE)
        return function(*args, **kwargs)


@contextmanager
def pretended_device() -> Iterator[Device]:
    """Whatever is made on or moved to `DEVICE` in this block is computed by the CPU, without autocast, which `meta` lacks."""
    with (
        Device() as device,
        FromValues(),
        mock.patch("torch.autocast", lambda *_, **__: nullcontext()),
        mock.patch("torch.is_autocast_enabled", lambda *_: False),
    ):
        yield device


def _resolved(tensor: torch.Tensor) -> torch.Tensor:
    """Without the bits of a lazy conjugation or negation, which the tensor around it would lack."""
    return tensor.resolve_conj().resolve_neg()


def _line() -> str:
    """Where in our package this is asked for: the innermost line."""
    frame = sys._getframe()
    while frame is not None and PACKAGE not in frame.f_code.co_filename:
        frame = frame.f_back  # type: ignore[assignment]
    return f"{frame.f_code.co_filename.rsplit(PACKAGE, 1)[1]}:{frame.f_lineno}" if frame else "elsewhere"
