"""The answers of the service for one run and one catalog, without HTTP.

Shape letters: N shots of a title, D width of a shot, G width of a metadata embedding, C width of a contextual embedding.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from msm.data.catalog import Catalog, Title
from msm.data.told import Told, known_times
from msm.errors import InputError
from msm.inference.masked_title import MaskedTitle
from msm.inference.run import Run
from msm.inference.together import Embeddable, embed_together, predict_together
from msm.interpret.surprise import surprise
from msm.search.contextual_space import contextual_space
from msm.search.filters import Filters
from msm.search.index_store import Finder, find_index
from msm.search.query import as_records, nearest, row_of
from msm.search.reconstructions import predicted_vector, prediction_space
from msm.search.spaces import RawSpace
from msm.search.text_query import encode_text, find_words, text_encoder
from msm.serving.batching import Batcher
from msm.serving.figures import Figures
from msm.serving.limits import Limits, Refused
from msm.serving.questions import Question
from msm.serving.requests import EmbedRequest, FillInRequest, SearchRequest, SurpriseRequest, Titled

QUERIES = ("like", "text", "words", "fill", "vector")
GOES_WITH = {"unlike": ("like",), "contextual": ("like",), "only": ("like", "text")}


class Service:
    """What `msm serve` answers. Its methods may be called by several threads; those that wait share forward passes.

    They raise Refused for a request over a limit or of an unknown title, and InputError for one that is wrong.
    """

    def __init__(self, run: Run, catalog: Catalog, limits: Limits | None = None):
        run.check_fits(catalog)
        self.run, self.catalog, self.limits, self.figures = run, catalog, limits or Limits(), Figures()
        self._predicting: Batcher[MaskedTitle, np.ndarray] = self._batcher(
            partial(predict_together, run.model), "fill_in"
        )
        self._embedding: Batcher[Embeddable, np.ndarray] = self._batcher(partial(embed_together, run.model), "embed")
        self._finders: dict[str, Finder] = {}
        self._encoders: dict[str, Any] = {}
        self._opening = threading.Lock()  # of indexes and encoders: the first request makes one, the others wait

    def _batcher(self, answer: Callable[[Sequence[Any]], Sequence[Any]], kind: str) -> Batcher[Any, Any]:
        note = self.figures.batches.labels(kind=kind).observe
        return Batcher(answer, together=self.limits.together, wait_s=self.limits.wait_s, on_batch=note)

    def close(self) -> None:
        """End the threads."""
        self._predicting.close()
        self._embedding.close()

    def facts(self) -> dict[str, Any]:
        """For /health: state, run, catalog, titles, shots, shot_dim, device."""
        return {
            "state": "ok",
            "run": self.run.path.name,
            "recipe": self.run.recipe.name,
            "catalog": self.catalog.path.absolute().name,
            "titles": len(self.catalog),
            "shots": self.catalog.num_shots,
            "shot_dim": self.catalog.shot_dim,
            "device": str(self.run.model.device),
        }

    def embed(self, asked: EmbedRequest) -> dict[str, Any]:
        """{width, embeddings}: N lists of C numbers."""
        shots, metadata, times = self._shots(asked, "embed")
        embedded = self._embedding.ask((shots, Told(metadata, known_times(times))))
        return {"width": embedded.shape[1], "embeddings": embedded.astype(float).round(6).tolist()}

    def fill_in(self, asked: FillInRequest) -> dict[str, Any]:
        """The scores of `msm fill --json`, with candidates and predicted vectors where they are asked for."""
        question = Question.of(asked.hidden, asked.modality)
        masked = self._mask(asked, question)
        fill = self.run.reconstruct(masked, self._predicting.ask(masked))
        answer: dict[str, Any] = {
            "title": asked.title,
            "centred_cosine": fill.centred_cosine,
            "best_baseline": fill.best_baseline_name,
            "best_baseline_centred_cosine": fill.best_baseline,
            "skill": fill.skill,
            "shots": records(fill.table),
        }
        if asked.candidates:
            answer["candidates"] = records(fill.candidates(asked.candidates))
        if asked.vectors:
            answer["predicted"] = fill.predicted.astype(float).round(6).tolist()
        return answer

    def surprise(self, asked: SurpriseRequest) -> dict[str, Any]:
        """A row a shot, as `msm surprise --json` has them."""
        title = self._title(asked.title, "surprise")
        if asked.exact:
            self.limits.check_shots(title.num_shots, self.limits.exact_shots)
        found = surprise(self.run, title, exact=asked.exact)
        return {"title": asked.title, "exact": found.exact, "passes": found.passes, "shots": records(found.table)}

    def search(self, asked: SearchRequest) -> dict[str, Any]:
        """The results of `msm search --json`."""
        named = [name for name in QUERIES if getattr(asked, name)]
        if len(named) != 1:
            raise InputError(
                f"give exactly one of {', '.join(QUERIES)}" + (f"; not {', '.join(named)}" if named else "")
            )
        for option, goes_with in GOES_WITH.items():
            if getattr(asked, option) and named[0] not in goes_with:
                raise InputError(f"{option} goes with {' or '.join(goes_with)}, not with {named[0]}")
        if asked.count > self.limits.results:
            raise Refused(413, f"{asked.count} results are asked for, but one request may have {self.limits.results}")
        filters = Filters(
            tuple(asked.titles),
            tuple(asked.splits),
            tuple(asked.labels.items()),
            asked.not_same_title,
            asked.not_same_scene,
        )
        if asked.words:
            found = find_words(self.catalog, asked.words, filters=filters, k=asked.count)
            return {"in_all": found.in_all, "results": records(found.table)}
        return as_records(self._nearest(asked, filters))

    def _nearest(self, asked: SearchRequest, filters: Filters) -> Any:
        common: dict[str, Any] = {"filters": filters, "k": asked.count}
        if asked.like:
            like, unlike = ([row_of(self.catalog, one) for one in names] for names in (asked.like, asked.unlike))
            return nearest(
                self._finder("contextual" if asked.contextual else "raw", asked.only), like, unlike, **common
            )
        if asked.fill:
            row, finder = row_of(self.catalog, asked.fill), self._finder("predicted")
            title_id, _, number = asked.fill.rpartition(":")
            vector = predicted_vector(self.run, finder.space, self.catalog[title_id], int(number))
            return nearest(finder, vector=vector, about=[row], **common)
        if asked.vector:
            finder = self._finder("raw")
            return nearest(finder, vector=finder.space.project(self._checked([asked.vector]))[0], **common)
        modality = asked.only or "text"
        finder, encoder = self._finder("raw", modality), self._encoder(modality)
        return nearest(finder, vector=encode_text(encoder, finder.space, asked.text or ""), **common)

    def _finder(self, kind: str, only: str | None = None) -> Finder:
        """The index of a space, opened or built once."""
        if kind == "contextual" and only:
            raise InputError("contextual embeddings have no modalities: contextual and only cannot be used together")
        with self._opening:
            key = f"{kind} {only}"
            if key not in self._finders:
                make = {
                    "raw": lambda: RawSpace(self.catalog, modality=only),
                    "contextual": lambda: contextual_space(self.catalog, self.run),
                    "predicted": lambda: prediction_space(self.catalog, self.run),
                }
                self._finders[key] = find_index(make[kind](), save=False)
            return self._finders[key]

    def _encoder(self, modality: str) -> Any:
        with self._opening:
            if modality not in self._encoders:
                self._encoders[modality] = text_encoder(self.catalog, None, modality)
            return self._encoders[modality]

    def _title(self, title_id: str, route: str) -> Title:
        if title_id not in self.catalog:
            raise Refused(404, f"there is no title {title_id!r} in the catalog {self.catalog.path.absolute().name}")
        title = self.catalog[title_id]
        self.limits.check_shots(title.num_shots)
        self.figures.shots.labels(route=route).inc(title.num_shots)
        return title

    def _mask(self, asked: FillInRequest, question: Question) -> MaskedTitle:
        if asked.title is not None and asked.shots is None and asked.metadata is None:
            title = self._title(asked.title, "fill_in")
            return self.run.mask(title, question.hidden, modalities=question.parts, use_global=asked.use_global)
        shots, metadata, times = self._shots(asked, "fill_in")
        given = metadata if asked.use_global else None
        return self.run.mask_shots(shots, question.hidden, times, "the title", question.parts, given)

    def _shots(self, asked: Titled, route: str) -> tuple[np.ndarray, np.ndarray | None, pd.DataFrame]:
        """(N, D) fused shots, (G,) metadata or None, and N rows of start_s and end_s."""
        if (asked.title is None) == (asked.shots is None):
            raise InputError("give either title, of the catalog, or shots, of another one")
        if asked.title is not None:
            if asked.metadata is not None:
                raise InputError("metadata goes with shots: a title of the catalog has its own")
            title = self.run.adapt_title(self._title(asked.title, route))
            return self.run.space.fuse(title.embeddings), title.global_embedding, title.shots[["start_s", "end_s"]]
        shots = asked.shots or []
        self.limits.check_shots(len(shots))
        embeddings = self._checked(shots)
        self.figures.shots.labels(route=route).inc(len(shots))
        times = pd.DataFrame({"start_s": np.full(len(shots), np.nan), "end_s": np.nan})
        return self.run.space.fuse(embeddings), self._metadata(asked.metadata), times

    def _checked(self, vectors: list[list[float]]) -> np.ndarray:
        """(N, D) float32; InputError where a vector has another length or a number too large for float32."""
        wrong = next((i for i, v in enumerate(vectors) if len(v) != self.catalog.shot_dim), None)
        if wrong is not None:
            raise InputError(
                f"shot {wrong} has {len(vectors[wrong])} numbers, but shots of this run have {self.catalog.shot_dim}"
            )
        return _single(vectors, "shots")

    def _metadata(self, vector: list[float] | None) -> np.ndarray | None:
        wanted = self.run.model.global_dim
        if vector is not None and len(vector) != wanted:
            raise InputError(f"metadata has {len(vector)} numbers, but this run was trained with {wanted or 'none'}")
        return None if vector is None else _single(vector, "metadata")


def _single(numbers: Any, what: str) -> np.ndarray:
    """Finite numbers as float32; InputError where one is too large for that."""
    with np.errstate(over="ignore"):
        found = np.asarray(numbers, dtype=np.float32)
    if not np.isfinite(found).all():
        raise InputError(f"{what} have a number that is too large for float32")
    return found


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A dictionary a row, with null for what is not a number."""
    return json.loads(table.to_json(orient="records"))
