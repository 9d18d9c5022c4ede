"""Shots through a model that takes several frames at once: VideoMAE, X-CLIP, V-JEPA 2 and the like, by transformers.

Shape letters: N shots, K pictures of a shot, T frames that the model takes, H and W of a picture, S its side in the model.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from msm.errors import InputError
from msm.ingest.compute import Compute, chosen_compute
from msm.ingest.encoder import Encoder, ShotInput
from msm.ingest.encoders._transformers import commit_of, import_transformers, load_model, load_part
from msm.ingest.encoders.clip import text_features, unit_rows
from msm.ingest.weights import Source, source_of

DEFAULT = "MCG-NJU/videomae-base"  # 768 wide
PREPARATION = ("video_preprocessor_config.json", "preprocessor_config.json")
IMAGENET = {"image_mean": (0.485, 0.456, 0.406), "image_std": (0.229, 0.224, 0.225)}


class VideoModel:
    """A vector of the frames of a shot: X-CLIP's unit vector, else the mean of the last layer over its tokens."""

    modality, shared = "video", True

    def __init__(self, model: str, compute: Compute):
        self._source, self._compute = source_of(model), compute
        self._model = load_model(self._source, compute)
        self._tokenizer: Any = None
        seen = getattr(self._model.config, "vision_config", self._model.config)
        frames, side = _first(seen, "num_frames", "frames_per_clip"), _first(seen, "image_size", "crop_size")
        if frames is None or side is None:
            kind = self._model.config.model_type
            raise InputError(
                f"{model} is of the kind {kind!r}, which does not say how many frames it takes; clip takes single pictures"
            )
        self._frames, self._side = frames, side
        told = _preparation(self._source)
        self._mean, self._deviation = (np.array(told[k], np.float32) for k in IMAGENET)
        self.name = self._source.name("video", commit_of(self._model))
        self.dim = len(self._features(np.zeros((1, self._frames, self._side, self._side, 3), np.uint8))[0])

    def encode(self, shots: Sequence[ShotInput]) -> np.ndarray:
        size = max(1, self._compute.batch // 8)  # clips of many frames
        parts = [shots[i : i + size] for i in range(0, len(shots), size)]
        return np.concatenate([self._features(np.stack([self._clip(s.pictures) for s in part])) for part in parts])

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        """(T, dim) of texts in the space of the shots; InputError where the model has no text tower."""
        if not hasattr(self._model, "get_text_features"):
            raise InputError(f"{self.name} has no text tower, so its shots cannot be found by words")
        if self._tokenizer is None:
            self._tokenizer = load_part(self._source, "AutoTokenizer")
        return text_features(self._model, self._tokenizer, texts)

    def _clip(self, pictures: np.ndarray) -> np.ndarray:
        """(T, S, S, 3) uint8: frames spread over the shot, some of them twice where it has few; the middle of each."""
        chosen = np.linspace(0, len(pictures) - 1, self._frames).round().astype(int)
        return np.stack([_middle(pictures[i], self._side) for i in chosen])

    def _features(self, clips: np.ndarray) -> np.ndarray:
        """(N, dim) of (N, T, S, S, 3) uint8 RGB."""
        import torch

        scaled = (clips.astype(np.float32) / 255 - self._mean) / self._deviation
        frames = torch.from_numpy(scaled).permute(0, 1, 4, 2, 3).to(self._model.device, self._model.dtype)
        with torch.inference_mode():
            if hasattr(self._model, "get_video_features"):
                return unit_rows(self._model.get_video_features(pixel_values=frames))
            if self._model.config.model_type == "vjepa2":
                states = self._model(pixel_values_videos=frames, skip_predictor=True).last_hidden_state
            else:
                states = self._model(pixel_values=frames).last_hidden_state
        return states.float().mean(dim=1).cpu().numpy()


def load(model: str) -> list[Encoder]:
    """The encoder of a local folder or a hub name; InputError where it cannot be loaded."""
    return [loaded(model or DEFAULT, chosen_compute())]


def choice_of(model: str) -> str:
    """The option of --encoders that loads the model of this name."""
    return "video" if DEFAULT.endswith(f"/{model}") else f"video={model}"


# Kept: every title asks for its encoders anew, and loading takes seconds.
@lru_cache(maxsize=2)
def loaded(model: str, compute: Compute) -> VideoModel:
    return VideoModel(model, compute)


def _first(config: Any, *names: str) -> int | None:
    return next((int(getattr(config, name)) for name in names if getattr(config, name, None)), None)


def _preparation(source: Source) -> dict[str, Any]:
    """Mean and deviation of the colours, as the model's files say; transformers' own code for it needs torchvision."""
    found = {}
    for name in PREPARATION:
        path = import_transformers().utils.cached_file(
            source.place, name, revision=source.revision, _raise_exceptions_for_missing_entries=False
        )
        if path is not None:
            found = json.loads(Path(path).read_text(encoding="utf-8"))
            break
    return {key: found.get(key, default) for key, default in IMAGENET.items()}


def _middle(picture: np.ndarray, side: int) -> np.ndarray:
    """(H, W, 3) → (side, side, 3): scaled so that the shorter side fits, and the middle of the longer one."""
    height, width = picture.shape[:2]
    scale = side / min(height, width)
    size = max(side, round(width * scale)), max(side, round(height * scale))
    scaled = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    return scaled[top : top + side, left : left + side]
