"""The bodies of requests, as OpenAPI describes them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Vector = Annotated[list[float], Field(min_length=1)]
Vectors = Annotated[list[Vector], Field(min_length=1)]
ShotName = Annotated[str, Field(description="TITLE:NUMBER, shots counted from 0", examples=["harbour-lights:40"])]


class Strict(BaseModel):
    """A body without unknown keys, without NaN, and without a text or a truth value where a number belongs."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True)


class Titled(Strict):
    """A title of the catalog, or the shots of one that is not in it."""

    title: str | None = Field(None, description="The id of a title of the catalog.")
    shots: Vectors | None = Field(None, description="Instead of it, its shot embeddings: N lists of D numbers.")
    metadata: Vector | None = Field(None, description="With `shots`, the metadata embedding of the title.")


class EmbedRequest(Titled):
    """Contextual embeddings of every shot of a title."""


class FillInRequest(Titled):
    """A reconstruction of hidden shots."""

    hidden: Annotated[list[int], Field(min_length=1, description="The hidden shots, counted from 0.")]
    modality: str | dict[str, list[int]] = Field(
        "", description='Hide only this modality: "audio", or {"audio": [40, 41]}.'
    )
    use_global: bool = Field(True, description="False withholds the metadata of the title.")
    candidates: int = Field(0, ge=0, le=50, description="Nearest real shots to list for each prediction.")
    vectors: bool = Field(False, description="Also the predicted shots, fused.")


class SurpriseRequest(Strict):
    """Surprise of every shot of a title of the catalog."""

    title: str
    exact: bool = Field(False, description="Hide every shot alone; else a twelfth of the forward passes.")


class SearchRequest(Strict):
    """The nearest shots to exactly one of: like, text, words, fill, vector."""

    like: list[ShotName] = []
    unlike: list[ShotName] = Field([], description="With `like`, shots to be unlike.")
    text: str | None = Field(None, description="Encoded by the text encoder of the catalog.")
    words: str | None = Field(None, description="Shots whose text contains these words.")
    fill: ShotName | None = Field(None, description="The prediction of this shot.")
    vector: Vector | None = Field(None, description="A shot embedding, D numbers.")
    contextual: bool = Field(False, description="With `like`, compare contextual embeddings.")
    only: str | None = Field(None, description="With `like` or `text`, compare only this modality.")
    titles: list[str] = []
    splits: list[str] = []
    labels: dict[str, str] = {}
    not_same_title: bool = False
    not_same_scene: bool = False
    count: int = Field(10, ge=1, description="Number of results.")
