"""Loading a part of a model by transformers' from_pretrained, from a local folder or by its hub name."""

from __future__ import annotations

from typing import Any

from msm.errors import InputError
from msm.ingest.compute import Compute
from msm.ingest.weights import Source

INSTALL = "these encoders need transformers: pip install 'msm-workbench[encoders]'"


def load_part(source: Source, kind: str) -> Any:
    """kind is a class of transformers, such as AutoTokenizer. InputError where it cannot be loaded; no code of a hub is run."""
    return _from_pretrained(source, kind)


def load_model(source: Source, compute: Compute, kind: str = "AutoModel") -> Any:
    """A model ready to encode, on its device."""
    import_transformers()
    import torch

    device = compute.torch_device()
    model = _from_pretrained(source, kind, dtype=getattr(torch, compute.dtype))
    return model.eval().to(device)


def load_pretrained(model: str, kind: str) -> Any:
    """As `load_part`, of a name alone."""
    loaded = _from_pretrained(Source(model), kind)
    return loaded.eval() if hasattr(loaded, "eval") else loaded


def import_transformers() -> Any:
    try:
        import transformers
    except ImportError:
        raise InputError(INSTALL) from None
    return transformers


def commit_of(model: Any) -> str | None:
    """The commit of the hub at which a model of transformers was loaded; None for one of a folder."""
    return getattr(model.config, "_commit_hash", None)


def _from_pretrained(source: Source, kind: str, **more: Any) -> Any:
    transformers = import_transformers()
    if source.revision:
        more["revision"] = source.revision
    try:
        return getattr(transformers, kind).from_pretrained(source.place, trust_remote_code=False, **more)
    except (OSError, ValueError, KeyError, ImportError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{source.place} cannot be loaded as {kind} by transformers: {reason}") from None
