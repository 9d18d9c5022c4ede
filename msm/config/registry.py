"""A registry of interchangeable parts, found from the module names in a package folder."""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from msm.errors import InputError, did_you_mean


class Registry:
    """Every module of a package folder, by name; adding a part means adding a file.

    Listing the names imports nothing from the folder, nor the packages above it except the top one.

    package    dotted name of the folder, such as "msm.masking.policies"
    noun       what one module implements, for messages: "masking policy"
    attribute  the object that each module defines, returned by `get`; None returns the module itself
    order      names listed first, in this order; the others follow alphabetically
    """

    def __init__(self, package: str, noun: str, attribute: str | None = None, *, order: Sequence[str] = ()):
        self.package, self.noun, self.attribute, self.order = package, noun, attribute, tuple(order)

    def names(self) -> tuple[str, ...]:
        """The names of the modules. Those that start with an underscore are private and left out."""
        return self._names

    def get(self, name: str) -> Any:
        """Import one module and return its object. Raises InputError for an unknown name, with the closest one."""
        if name not in self._names:
            raise InputError(f"there is no {self.noun} {name!r}; {did_you_mean(name, self._names)}")
        module = import_module(f"{self.package}.{name}")
        return module if self.attribute is None else getattr(module, self.attribute)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        top, *below = self.package.split(".")
        spec = find_spec(top)
        places = (spec and spec.submodule_search_locations) or ()
        folders = [str(Path(place, *below)) for place in places]
        found = {m.name for m in pkgutil.iter_modules(folders) if not m.name.startswith("_")}
        first = [name for name in self.order if name in found]
        return (*first, *sorted(found.difference(first)))
