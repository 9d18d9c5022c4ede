"""A trained run: its weights, and predictions for the titles of a catalog.

Shape letters: N shots of a title, H hidden shots, D width of a shot, M modalities, G width of a metadata embedding, C width of a
contextual embedding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, overload

import numpy as np
import pandas as pd
import torch

from msm import baselines
from msm.data.catalog import Catalog, Title
from msm.data.schema import Modality, in_words
from msm.data.space import Space
from msm.data.told import NOTHING, Told
from msm.errors import InputError
from msm.inference.draws import takes_draws
from msm.inference.masked_title import MaskedTitle
from msm.inference.metadata import read_as_trained
from msm.inference.predict import Caches, contextual_embeddings, predict_draws, predict_hidden, sharpened
from msm.inference.reconstruction import FillIn, predict_baselines
from msm.masking.parts import Parts
from msm.models.encoder import ShotEncoder
from msm.recipes.recipe import Recipe
from msm.runs.folder import RunFolder

MAX_MISSING = 2**23  # numbers, 32 MB, that weights of an older version may lack; their modules set them when loading


class Run:
    """A trained run with its weights loaded; `Run.open` makes one."""

    def __init__(self, folder: RunFolder, model: ShotEncoder, space: Space):
        self.folder, self.model, self.space = folder, model, space
        self._last: tuple[Title, np.ndarray, pd.DataFrame, Caches, dict[str, Any]] | None = None
        self._adapted: tuple[Catalog, Catalog] | None = None

    @classmethod
    def open(cls, path: str | Path, *, device: str = "cpu") -> Run:
        """Load a run. Raises InputError where the folder is broken or has no weights yet."""
        folder = RunFolder.open(path)
        facts = folder.info["catalog"]
        dims = [m["dim"] for m in facts["modalities"]]
        sizes = facts["shot_dim"], facts["global_dim"], folder.recipe.model, dims
        weights = folder.load_weights()
        with torch.device("meta"):  # a recipe may need more memory than there is, so nothing is allocated yet
            wanted, kept = (sum(t.numel() for t in w.values()) for w in (ShotEncoder(*sizes).state_dict(), weights))
        misfit = InputError(f"{folder.path}: the weights do not fit its recipe")
        if wanted - kept > MAX_MISSING:
            raise misfit
        model = ShotEncoder(*sizes)
        try:
            model.load_state_dict(weights)  # modules add what an older version lacks
        except RuntimeError:
            raise misfit from None
        model.to(device).eval()
        modalities = tuple(Modality(**m) for m in facts["modalities"])
        mean = model.shot_mean.cpu().numpy()
        fitted = float(folder.info["bandwidth"]), folder.baselines
        if wrong := baselines.misfit(fitted[1], len(mean)):
            raise InputError(f"{folder.path}: the parameters of the baseline {wrong} do not fit its catalog")
        return cls(folder, model, Space(modalities, folder.recipe.fusion, mean, *fitted))

    @property
    def path(self) -> Path:
        """The folder of the run."""
        return self.folder.path

    @property
    def recipe(self) -> Recipe:
        """The recipe it was trained with."""
        return self.folder.recipe

    @property
    def info(self) -> dict[str, Any]:
        """The content of run.json: state, device, seed, facts of the catalog, the best step."""
        return self.folder.info

    @property
    def evaluation(self) -> dict[str, Any] | None:
        """The last report of `msm evaluate`, or None."""
        return self.folder.evaluation

    def check_fits(self, catalog: Catalog) -> None:
        """Raise InputError unless the catalog has the modalities and widths that the run was trained on."""
        self.adapt(catalog)

    def adapt(self, catalog: Catalog) -> Catalog:
        """The catalog as this run reads it: itself, or with metadata embeddings by the run's vocabulary and scaling.

        Raises InputError where its modalities, widths or metadata are not those that the run was trained on.
        """
        ours = [(m.name, m.dim) for m in self.space.modalities]
        theirs = [(m.name, m.dim) for m in catalog.modalities]
        if ours != theirs:
            raise InputError(
                f"{self.path} was trained on shots of {in_words(ours)}; those of {catalog.path} are {in_words(theirs)}"
            )
        last = self._adapted  # read once: several threads may call this at the same time
        if last is None or last[0] is not catalog:
            last = self._adapted = (catalog, read_as_trained(catalog, self.path, self.info["catalog"]))
        return last[1]

    def adapt_title(self, title: Title) -> Title:
        """A title of the catalog as this run reads it."""
        return replace(title, catalog=self.adapt(title.catalog))

    @overload
    def predict(self, shots: np.ndarray, hidden: np.ndarray, told: Told = ...) -> np.ndarray: ...

    @overload
    def predict(self, shots: np.ndarray, hidden: list[np.ndarray], told: Told = ...) -> list[np.ndarray]: ...

    @takes_draws
    def predict(
        self, shots: np.ndarray, hidden: np.ndarray | list[np.ndarray], told: Told = NOTHING
    ) -> np.ndarray | list[np.ndarray]:
        """(N, D) fused, (N,) bool or (N, M), what is told beside them → (H, D); the signature of `msm.evaluation.protocol`.

        For a list of several such sets of hidden shots, a list of predictions, in much less time than one after the other.
        """
        if isinstance(hidden, list):
            return predict_draws(self.model, shots, hidden, told)
        return predict_hidden(self.model, shots, hidden, told)

    def sharpen(self, shots: np.ndarray, hidden: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        """(N, D), (N,) bool and predictions (H, D) → (H, D), as ranks and lists of candidates compare them."""
        return sharpened(self.model, shots, hidden, predicted)

    @property
    def sees_rest(self) -> bool:
        """Whether the model reads the visible modalities of a shot of which another modality is hidden.

        Only where it was trained to (mask.parts, mask.policy=modality). Other runs have never seen part of a shot and predict
        worse from it than from nothing, so the whole shot is hidden from them.
        """
        return self.recipe.mask.by_modality

    def fill_in(
        self,
        title: Title,
        hidden: Iterable[int],
        *,
        modalities: Sequence[str] | Parts = (),
        use_global: bool = True,
        metadata_of: Title | None = None,
        beside: ThreadPoolExecutor | None = None,
    ) -> FillIn:
        """Hide these shots of a title and reconstruct them.

        hidden       shot numbers, counted from 0; InputError for none, or for one the title lacks
        modalities   hide only these of each shot, and score only them; or others of each shot, `{"audio": [3, 4],
                     "video": [9]}`, and whole shots where none is named. Shots that have none of the modalities to hide are
                     left out
        use_global   False withholds the title's metadata
        metadata_of  another title, whose metadata replaces that of this one
        beside       threads in which the baselines predict at the same time as the model; None = when they are asked for
        """
        masked = self.mask(title, hidden, modalities=modalities, use_global=use_global, metadata_of=metadata_of)
        baselines = None if beside is None else beside.submit(self._predict_baselines, masked)
        predicted = predict_hidden(self.model, masked.shots, masked.given, masked.told, masked.caches)
        return self.reconstruct(masked, predicted, baselines)

    def mask(
        self,
        title: Title,
        hidden: Iterable[int],
        *,
        modalities: Sequence[str] | Parts = (),
        use_global: bool = True,
        metadata_of: Title | None = None,
    ) -> MaskedTitle:
        """Hide shots of a title without predicting them yet; arguments and errors as of `fill_in`."""
        adapted = self.adapt_title(metadata_of or title)
        self.check_fits(title.catalog)
        metadata = adapted.global_embedding if use_global else None
        shots, times, caches, kept = self._read(title)
        masked = self.mask_shots(shots, hidden, times, title.title_id, modalities, metadata, caches)
        return replace(masked, kept=kept)

    def mask_shots(
        self,
        shots: np.ndarray,
        hidden: Iterable[int],
        times: pd.DataFrame,
        name: str = "the title",
        modalities: Sequence[str] | Parts = (),
        metadata: np.ndarray | None = None,
        caches: Caches | None = None,
    ) -> MaskedTitle:
        """As `mask`, of shots (N, D) that are fused already and need not be in a catalog.

        times  N rows of start_s and end_s
        Raises InputError where `fill_in` does.
        """
        asked = sorted({int(shot) for shot in hidden})
        if not asked:
            raise InputError("no shot is hidden; name at least one")
        if asked[0] < 0 or asked[-1] >= len(shots):
            wrong = asked[0] if asked[0] < 0 else asked[-1]
            raise InputError(f"there is no shot {wrong}: {name} has shots 0 to {len(shots) - 1}")
        where = np.array(asked)
        parts = self._hidden_parts(modalities, where)  # (H, M)
        if not parts.all():
            there = (self._has(shots[where]) & parts).any(axis=1)
            where, parts = where[there], parts[there]
        if not len(where):
            raise InputError(f"none of these shots has any {' or '.join(modalities)}, so there is nothing to hide")
        return MaskedTitle(name, where, parts, shots, times, metadata, self.sees_rest, caches)

    def reconstruct(
        self, masked: MaskedTitle, predicted: np.ndarray, baselines: Future[dict[str, np.ndarray]] | None = None
    ) -> FillIn:
        """The fill-in of a masked title, from the predictions of its hidden shots, (H, D), and of the baselines where they are
        on their way."""
        ranked = self.sharpen(masked.shots, masked.given, predicted) if masked.whole else predicted
        return FillIn(
            masked.title_id,
            masked.hidden,
            predicted,
            masked.shots,
            self.space,
            masked.times,
            masked.parts,
            not masked.whole,
            ranked,
            baselines,
        )

    def _predict_baselines(self, masked: MaskedTitle) -> dict[str, np.ndarray]:
        rest_known = not masked.whole
        return predict_baselines(masked.shots, masked.hidden, masked.parts, rest_known, self.space, masked.kept)

    def _hidden_parts(self, modalities: Sequence[str] | Parts, where: np.ndarray) -> np.ndarray:
        """(H,) hidden shots → (H, M) bool: the modalities to hide of each; all where none is named."""
        known = [m.name for m in self.space.modalities]
        named = modalities if isinstance(modalities, Mapping) else dict.fromkeys(modalities)
        parts = np.zeros((len(where), len(known)), dtype=bool)
        for name, shots in named.items():
            if name not in known:
                raise InputError(f"there is no modality {name!r}: the shots have {', '.join(known)}")
            parts[:, known.index(name)] |= True if shots is None else np.isin(where, list(shots))
        parts[~parts.any(axis=1)] = True
        return parts

    def _has(self, shots: np.ndarray) -> np.ndarray:
        """(H, D) → (H, M) bool: the modalities that each shot has."""
        return np.stack([shots[:, m.columns].any(axis=1) for m in self.space.modalities], axis=1)

    def _read(self, title: Title) -> tuple[np.ndarray, pd.DataFrame, Caches, dict[str, Any]]:
        """A title's fused shots and times, and what its windows and the baselines keep for the next call with the same title."""
        last = self._last  # read once: several threads may call this at the same time
        if last is None or last[0] != title:
            fused = self.space.fuse(title.embeddings)
            last = self._last = (title, fused, title.shots[["start_s", "end_s"]], {}, {})
        return last[1:]

    def contextual(self, title: Title) -> np.ndarray:
        """(N, C) float32: the contextual embedding of each shot; `msm.inference.predict` says what C is."""
        title = self.adapt_title(title)
        return contextual_embeddings(self.model, self.space.fuse(title.embeddings), Told.of(title))[0]
