"""Fully sharded data parallelism: torch's `fully_shard` over the blocks of every encoder.

Each process keeps a shard of every block's weights, gradients and optimiser state. A block is gathered when it runs and freed
afterwards; its gradients are reduced and scattered. What is outside the blocks (projections in and out, learned tokens: a
few per cent) is replicated, and its gradients are summed as without sharding. Every process must run the blocks in the
same order.

Run folders do not depend on it: weights and checkpoints are saved whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from msm.models.transformer import Block


def shard_blocks(module: nn.Module, device: torch.device, count: int) -> None:
    """Shard every block over `count` processes, each shard on the device; nothing else is moved."""
    from torch.distributed.fsdp import fully_shard  # a second of imports, for trainings that are sharded

    mesh = torch.distributed.init_device_mesh(device.type, (count,))
    for block in [m for m in module.modules() if isinstance(m, Block)]:
        trained = next(block.parameters()).requires_grad  # else it is a copy, such as a teacher or an average
        sharded = fully_shard(block, mesh=mesh, reshard_after_forward=True)
        if trained:
            sharded.set_gradient_divide_factor(1.0)  # sum, since each process's loss is a share of the whole
            sharded.set_force_sum_reduction_for_comms(True)  # gloo supports no other reduction


def is_sharded(tensor: Any) -> bool:
    """Whether this process holds only a shard of a tensor of any shape: a `DTensor`, whose module is only imported to shard."""
    return hasattr(tensor, "full_tensor")


def whole(tensor: Tensor) -> Tensor:
    """A tensor of any shape, gathered if it is sharded; every process must call this."""
    return tensor.full_tensor() if is_sharded(tensor) else tensor  # type: ignore[attr-defined]


def gathered(state: Any, keep: bool) -> Any:
    """A state of dictionaries and lists with every sharded tensor whole, on the CPU; every process must call this.

    keep  whether this process needs the result: the others only take part, and get None for such tensors
    """
    if isinstance(state, dict):
        return {key: gathered(value, keep) for key, value in state.items()}
    if isinstance(state, list | tuple):
        return [gathered(value, keep) for value in state]
    if not is_sharded(state):
        return state
    full = state.full_tensor()
    return full.cpu() if keep else None


def shard_like(tensor: Tensor, like: Tensor) -> Tensor:
    """A whole tensor of any shape, sharded as `like` is, without communication."""
    if not is_sharded(like) or is_sharded(tensor):
        return tensor
    from torch.distributed.tensor import DTensor, distribute_tensor

    assert isinstance(like, DTensor)
    return distribute_tensor(tensor.to(like.device), like.device_mesh, like.placements, src_data_rank=None)


def load_whole(module: nn.Module, state: dict[str, Tensor]) -> None:
    """`load_state_dict` of whole tensors of any shape into a module that may be sharded; the same RuntimeErrors."""
    own = module.state_dict()
    fitting = {k: shard_like(v, own[k]) if k in own and own[k].shape == v.shape else v for k, v in state.items()}
    module.load_state_dict(fitting)


def load_whole_optimizer(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """`load_state_dict` of whole tensors into an optimiser of parameters that may be sharded; the same errors."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    known = {
        i: {k: shard_like(v, parameters[i]) if v.shape == parameters[i].shape else v for k, v in moments.items()}
        for i, moments in state["state"].items()
        if i < len(parameters)
    }
    optimizer.load_state_dict({**state, "state": known})


def clip_gradients(parameters: Sequence[nn.Parameter], longest: float) -> Tensor:
    """`clip_grad_norm_` of parameters of any shape that may be sharded; returns () the norm of all gradients together."""
    sharded, rest = _split(parameters)
    if not sharded:
        return nn.utils.clip_grad_norm_(rest, longest)
    norms = [nn.utils.get_total_norm([p.grad for p in some if p.grad is not None]) for some in (sharded, rest) if some]
    norm = torch.linalg.vector_norm(torch.stack([whole(n) for n in norms]))
    for some in (sharded, rest):
        nn.utils.clip_grads_with_norm_(some, longest, norm)
    return norm


def _split(parameters: Iterable[nn.Parameter]) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    sharded: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for parameter in parameters:
        (sharded if is_sharded(parameter) else rest).append(parameter)
    return sharded, rest
