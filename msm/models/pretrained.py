"""The shot encoder on the Hugging Face hub and in folders of its format: `ShotEncoder.from_pretrained` and `save_pretrained`.

A separate class, because importing huggingface_hub takes a quarter of a second that no other use needs.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import PyTorchModelHubMixin, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError
from safetensors import SafetensorError
from safetensors.torch import load_file

from msm.config.settings import build
from msm.errors import InputError
from msm.io import files
from msm.io.hub_errors import hub_in_one_sentence
from msm.models.encoder import ShotEncoder
from msm.recipes.model import ModelConfig
from msm.recipes.recipe import Recipe

LIBRARY = "msm-workbench"
RUN_FILES = ("recipe.json", "run.json")
WEIGHTS = "model.safetensors"


class PretrainedShotEncoder(  # type: ignore[misc]  # ShotEncoder's methods lead to those of the mixin
    PyTorchModelHubMixin,
    ShotEncoder,
    library_name=LIBRARY,
    tags=["masked-shot-modeling", "video", "representation-learning"],
    pipeline_tag="feature-extraction",
):
    """A shot encoder whose constructor's arguments are saved as config.json beside model.safetensors."""

    @classmethod
    def _from_pretrained(
        cls,
        *,
        model_id: str,
        revision: str | None = None,
        cache_dir: str | Path | None = None,
        force_download: bool = False,
        local_files_only: bool = False,
        token: str | bool | None = None,
        map_location: str = "cpu",
        **arguments: Any,
    ) -> Any:
        folder = Path(model_id)
        if "shot_dim" not in arguments:
            raise InputError(f"{model_id}: there is no config.json of a shot encoder")
        if isinstance(arguments.get("cfg"), dict):
            arguments["cfg"] = build(ModelConfig, arguments["cfg"], "model.")
        if folder.is_dir():
            weights = folder / WEIGHTS
        else:
            weights = Path(hf_hub_download(
                model_id, WEIGHTS, revision=revision, cache_dir=cache_dir, force_download=force_download,
                local_files_only=local_files_only, token=token,
            ))  # fmt: skip
        return cls.from_files(weights, map_location=map_location, **arguments)

    @classmethod
    def from_files(cls, weights: Path, *, map_location: str = "cpu", **arguments: Any) -> PretrainedShotEncoder:
        """A model of these arguments with the weights of a file. InputError where they do not fit each other."""
        try:
            model = cls(**arguments)
            model.load_state_dict(load_file(weights, device=map_location))
        except (TypeError, RuntimeError, SafetensorError, OSError) as error:
            raise InputError(f"{weights}: these are not weights of a shot encoder of this version: {error}") from None
        return model.to(map_location).eval()


def load(name: str | Path, **options: Any) -> ShotEncoder:
    """A shot encoder from a run folder, a folder of `save_pretrained`, or a repository of the hub, in evaluation mode. InputError where it is none.

    options  of huggingface_hub: revision, token, cache_dir, force_download, local_files_only; and map_location
    """
    folder = Path(name)
    if folder.is_dir() and not (folder / "config.json").exists() and all((folder / f).exists() for f in RUN_FILES):
        arguments = arguments_of(files.read_json(folder / "recipe.json"), files.read_json(folder / "run.json"))
        arguments["cfg"] = build(ModelConfig, arguments["cfg"], "model.")
        return PretrainedShotEncoder.from_files(folder / WEIGHTS, **arguments, **options)
    if not folder.is_dir() and (folder.is_absolute() or len(folder.parts) > 2 or not str(name).strip()):
        raise InputError(f"there is no folder {str(name)!r}, and the name of a model on a hub is USER/NAME")
    with hub_in_one_sentence(str(name)):
        try:
            return PretrainedShotEncoder.from_pretrained(name, **options)
        except (ValueError, AttributeError) as error:  # of a config.json that is no JSON object
            if isinstance(error, InputError) or type(error).__module__.startswith("huggingface_hub"):
                raise
            if isinstance(error.__cause__, HfHubHTTPError | OSError):  # "Force download failed due to the above error"
                raise error.__cause__ from None
            raise InputError(f"{name}: config.json is not that of a shot encoder: {error}") from None


def arguments_of(recipe: dict[str, Any], info: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a run's shot encoder, as config.json has them, from recipe.json and run.json."""
    facts = info["catalog"]
    return {
        "shot_dim": facts["shot_dim"],
        "global_dim": facts["global_dim"],
        "cfg": dataclasses.asdict(Recipe.from_dict(recipe).model),
        "modality_dims": [m["dim"] for m in facts["modalities"]],
    }


def as_pretrained(model: ShotEncoder) -> PretrainedShotEncoder:
    """The same model with the methods of huggingface_hub; its weights are shared, not copied."""
    if isinstance(model, PretrainedShotEncoder):
        return model
    with torch.device("meta"):
        shell = PretrainedShotEncoder(model.shot_dim, model.global_dim, model.cfg, list(model.modality_dims))
    shell.__dict__.update({k: v for k, v in model.__dict__.items()})
    return shell
