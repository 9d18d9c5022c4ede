"""Encoders of other packages: found by an entry point, loaded and checked; a fault in one is a sentence that names it.

An entry point of the group `msm.encoders` names a function `encoders() -> list[Encoder]`, or `encoders(argument)` for
what follows `=` in the choice NAME=ARGUMENT (docs/ingest.md shows one).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from msm.errors import FULL, InputError, lacks_memory

GROUP = "msm.encoders"
MODALITIES = ("video", "audio", "text")
LONGEST_NAME = 200  # characters
# What somebody's code may raise. SystemExit as well: a plug-in that leaves must not end an ingest without a sentence.
FAULTS = (Exception, SystemExit)


def plugin_names() -> set[str]:
    """The names of the entry points of installed packages."""
    return {entry.name for entry in entry_points(group=GROUP)}


def load_plugin(name: str, argument: str) -> list[Any]:
    """The checked encoders of an entry point.

    Raises InputError, which names the plug-in and its package, where it cannot be imported, its function fails, or
    what the function gives are no encoders.
    """
    found = {entry.value: entry for entry in entry_points(group=GROUP, name=name)}
    if len(found) > 1:
        packages = " and ".join(sorted(_package(entry) for entry in found.values()))
        raise InputError(f"there are several encoder plug-ins called {name!r}, of {packages}; uninstall all but one")
    entry = next(iter(found.values()))
    who = f"the encoder plug-in {name!r} of {_package(entry)}"
    try:
        factory = entry.load()
    except FAULTS as error:
        _let_pass(error)
        raise InputError(f"{who} cannot be imported: {_missing_module(error) or reason(error)}") from error
    try:
        made = factory(*_arguments(factory, name, argument, who))
        return [_checked(encoder, name, who) for encoder in made]
    except InputError:
        raise
    except FAULTS as error:
        _let_pass(error)
        raise InputError(f"{who} failed: {_missing_module(error) or reason(error)}") from error


def reason(error: BaseException) -> str:
    """One line of an exception, with its kind; an exception of somebody else's may not even be printable."""
    try:
        line = " ".join(str(error).split())[:200]
    except Exception:
        line = ""
    return f"{type(error).__name__}: {line}".removesuffix(": ")


def _arguments(factory: Any, name: str, argument: str, who: str) -> list[str]:
    """What the function is called with: the argument of the choice, "" where it must have one and none is given."""
    if not callable(factory):
        raise InputError(f"{who} is a {type(factory).__name__}, but must be a function that gives encoders")
    if argument:
        if not _takes(factory, argument):
            raise InputError(f"{who} takes no argument, so {name}={argument} cannot be loaded")
        return [argument]
    return [] if _takes(factory) or not _takes(factory, "") else [""]


def _takes(factory: Callable[..., Any], *arguments: str) -> bool:
    try:
        inspect.signature(factory).bind(*arguments)
    except TypeError:
        return False
    except ValueError:  # of a function in C, whose signature is unknown: the call will tell
        return True
    return True


def _checked(encoder: Any, plugin: str, who: str) -> Any:
    """The encoder itself; InputError where it lacks what an encoder must have."""
    modality, name, dim = (getattr(encoder, key, None) for key in ("modality", "name", "dim"))
    if modality not in MODALITIES:
        raise InputError(f"{who} has the modality {modality!r}, but must have one of {', '.join(MODALITIES)}")
    if not isinstance(name, str) or not _is_name(name, plugin):
        raise InputError(
            f"{who} has an encoder with the name {name!r}, but the name must be {plugin!r}, or begin with "
            f"'{plugin}/' before a version or '{plugin}:' before an argument, in at most {LONGEST_NAME} letters"
        )
    if not isinstance(dim, int) or isinstance(dim, bool) or dim < 1:
        raise InputError(f"{who} has an encoder of width {dim!r}, but dim must be a whole number of at least 1")
    batch = getattr(encoder, "batch", None)
    if batch is not None and (not isinstance(batch, int) or batch < 1):
        raise InputError(f"{who} has an encoder with batch = {batch!r}, but it must be a whole number of at least 1")
    if not callable(getattr(encoder, "encode", None)):
        raise InputError(f"{who} has an encoder without a function encode(shots)")
    return encoder


def _is_name(name: str, plugin: str) -> bool:
    """Can the plug-in be found again by this name?"""
    begins = name == plugin or name.startswith((f"{plugin}/", f"{plugin}:"))
    return begins and name.isprintable() and name == name.strip() and len(name) <= LONGEST_NAME


def _missing_module(error: BaseException) -> str:
    """The sentence for a module that is not installed; empty for any other error."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"it needs the module {error.name!r}, which is not installed"
    return ""


def _let_pass(error: BaseException) -> None:
    """Raise again what is no fault of the plug-in: a full disk, or too little memory."""
    if lacks_memory(error) or (isinstance(error, OSError) and error.errno in FULL):
        raise error


def _package(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else entry.value
