"""Loading a part of a model by transformers' from_pretrained, from a local folder or by its hub name."""

from __future__ import annotations

from typing import Any

from msm.errors import InputError


def load_pretrained(model: str, kind: str) -> Any:
    """kind is a class of transformers, such as AutoModel. InputError where it cannot be loaded; no code of a hub is run."""
    try:
        import transformers
    except ImportError:
        raise InputError("these encoders need transformers: pip install 'msm-workbench[encoders]'") from None
    try:
        loaded = getattr(transformers, kind).from_pretrained(model, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{model} cannot be loaded as {kind} by transformers: {reason}") from None
    return loaded.eval() if hasattr(loaded, "eval") else loaded
