"""Check JSON values against msgspec structs, with one sentence for the first thing that is wrong.

    class Header(msgspec.Struct):
        rows: Count
        model: Text

    header = check(Header, read_json(path), path)   # InputError: index.json: rows is -3, but must be a whole number from 0 on

A value of another kind is described by its type's `Meta(description=…)`, else by its Python type.
"""

from __future__ import annotations

import re
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from msm.errors import InputError

Count = Annotated[int, Meta(ge=0, description="a whole number from 0 on")]
Number = Annotated[float, Meta(ge=-1.7e308, le=1.7e308, description="a number")]  # neither NaN nor infinite
Text = Annotated[str, Meta(min_length=1, description="text")]

T = TypeVar("T")
_ERROR = re.compile(r"(?P<reason>.*?)(?: - at (?:`key` in )?`\$(?P<path>.*)`)?", re.DOTALL)
_STEP = re.compile(r"\.(?P<field>[^.\[]+)|\[(?P<index>\d+|\.\.\.)\]")
_WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
    NoneType: "null",
}


def check(kind: type[T], value: Any, where: Path | str) -> T:
    """Convert a value that was read from JSON to a msgspec type. InputError, starting with `where`, if it does not fit."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise InputError(f"{where}: {sentence(error, kind, value)}") from None


def sentence(error: msgspec.ValidationError, kind: Any, value: Any) -> str:
    """The sentence for an error of `msgspec.convert(value, kind)`: the key, its value, and what it must be."""
    match = _ERROR.fullmatch(str(error))
    reason, path = (match["reason"], match["path"] or "") if match else (str(error), "")
    key, found, wanted = _follow(path, kind, value)
    if missing := re.fullmatch(r"Object missing required field `(.*)`", reason):
        return f"{_join(key, missing[1])} is missing"
    if unknown := re.fullmatch(r"Object contains unknown field `(.*)`", reason):
        return f"{_join(key, unknown[1])} is not a known key"
    return f"{key or 'the content'} is {found!r}, but must be {_describe(wanted)}"


def _follow(path: str, kind: Any, value: Any) -> tuple[str, Any, Any]:
    """The dotted key, the value and the type at a path of msgspec, such as `.catalog.modalities[0].name`."""
    key = ""
    for step in _STEP.finditer(path):
        kind = _arm_of(kind, value)
        if step["field"]:
            key, kind, value = _join(key, step["field"]), _field_types(kind)[step["field"]], value[step["field"]]
        elif step["index"] == "...":  # msgspec does not say which value of a dictionary
            kind = get_args(kind)[-1]
            name = next((n for n in value if not _fits(value[n], kind)), next(iter(value)))
            key, value = _join(key, str(name)), value[name]
        else:
            index = int(step["index"])
            key, kind, value = f"{key}[{index}]", _item_types(kind, len(value))[index], value[index]
    return key, value, kind


def _fits(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _field_types(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    return {field.encode_name: hints[field.name] for field in msgspec.structs.fields(kind)}


def _arms(kind: Any) -> tuple[Any, ...]:
    """The alternatives of a union; the type itself where it is none."""
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def _arm_of(kind: Any, value: Any) -> Any:
    """The alternative of a union that holds `value`, an object or a list of JSON; without annotations."""
    arms = [_bare(arm) for arm in _arms(_bare(kind))]
    return next(arm for arm in arms if (_is_list(arm) if isinstance(value, list) else _is_object(arm)))


def _is_list(kind: Any) -> bool:
    return get_origin(kind) in (list, tuple)


def _is_object(kind: Any) -> bool:
    return get_origin(kind) is dict or (isinstance(kind, type) and issubclass(kind, Struct))


def _item_types(kind: Any, length: int) -> tuple[Any, ...]:
    """The type of each item of a list or a tuple."""
    given = get_args(kind)
    fixed = get_origin(kind) is tuple and given[-1] is not Ellipsis
    return given if fixed else given[:1] * length


def _bare(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _describe(kind: Any) -> str:
    """What a value of a type must be, in words."""
    if get_origin(kind) is Annotated:
        for extra in get_args(kind)[1:]:
            if isinstance(extra, Meta) and extra.description:
                return extra.description
        kind = get_args(kind)[0]
    arms = _arms(kind)
    if len(arms) > 1:
        return " or ".join(_describe(arm) for arm in arms)
    if get_origin(kind) is Literal:
        return f"one of {', '.join(str(choice) for choice in get_args(kind))}"
    if _is_object(kind):
        return "an object"
    return _WORDS.get(get_origin(kind) or kind, "of another type")


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name
