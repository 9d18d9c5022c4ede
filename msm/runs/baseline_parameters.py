"""The parameters of fitted baselines in a run folder: JSON values in run.json, arrays in baselines.safetensors."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from msm.errors import InputError
from msm.io import files

FILE = "baselines.safetensors"

Parameters = Mapping[
    str, Mapping[str, Any]
]  # name of a baseline → its parameters, as `msm.baselines.fit_all` returns them


def json_values(parameters: Parameters) -> dict[str, dict[str, Any]]:
    """What run.json keeps: everything but the arrays; a baseline that has only arrays is left out."""
    plain = {
        name: {key: value for key, value in own.items() if not isinstance(value, np.ndarray)}
        for name, own in parameters.items()
    }
    return {name: own for name, own in plain.items() if own or not parameters[name]}


def save_arrays(folder: Path, parameters: Parameters) -> None:
    """Write the arrays as FILE, named `baseline.parameter`; no file where there are none."""
    arrays = {
        f"{name}.{key}": np.ascontiguousarray(value)
        for name, own in parameters.items()
        for key, value in own.items()
        if isinstance(value, np.ndarray)
    }
    if not arrays:
        (folder / FILE).unlink(missing_ok=True)
        return
    with files.whole_file(folder / FILE) as temporary:
        save_file(arrays, temporary)
        shutil.copymode(folder / "run.json", temporary)  # safetensors creates files that only their owner can read


def load(folder: Path, plain: Parameters) -> dict[str, dict[str, Any]]:
    """The parameters as they were saved; `plain` from run.json. Raises InputError where the file is damaged."""
    path = folder / FILE
    if not path.exists():  # a run of a version that had no such baseline
        return merged(plain, {})
    try:
        arrays = load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"{path} is not readable as safetensors: {error}") from None
    return merged(plain, arrays)


def merged(plain: Parameters, arrays: Mapping[str, np.ndarray]) -> dict[str, dict[str, Any]]:
    """The parameters from their JSON values and the arrays named `baseline.parameter`."""
    parameters = {name: dict(own) for name, own in plain.items()}
    for name, array in arrays.items():
        baseline, _, key = name.partition(".")
        parameters.setdefault(baseline, {})[key] = array
    return parameters
