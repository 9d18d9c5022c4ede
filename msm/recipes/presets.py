"""The recipes of the literature, carried over from words, patches and frames to shots.

Every preset keeps the encoder, the optimiser and the number of steps of `mediafm`, so that what differs is the idea;
every hyperparameter can be changed from there. docs/recipes.md describes what each source does and where ours differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msm.errors import InputError, did_you_mean
from msm.io import files
from msm.recipes.recipe import Recipe


@dataclass(frozen=True)
class Preset:
    """A named recipe, its source, and how it differs from it."""

    source: str
    facts: str  # what the source does, with the section
    differs: str  # what is different here, beside shots in place of words or patches
    settings: dict[str, Any]  # on top of `mediafm`

    @property
    def recipe(self) -> Recipe:
        """The complete recipe: `mediafm` with these settings."""
        return Recipe().with_values(self.settings)


CATALOGUE: dict[str, Preset] = {
    "mediafm": Preset(
        source="Netflix Technology Blog, MediaFM: The Multimodal AI Foundation for Media Understanding, 2026",
        facts="20 % of the shots hidden by one learned [MASK]; fused shot of unit length; [CLS] and [GLOBAL] in front; "
        "one linear layer; cosine distance at the hidden shots; Muon on the hidden matrices, AdamW on the rest; "
        "at most 512 shots.",
        differs="Width, depth, learning rate and steps are not published: ours fit thousands of shots. Positions are "
        "rotary, and the loss is a mean where theirs is a sum.",
        settings={},
    ),
    "bert": Preset(
        source="Devlin et al., BERT, 2018, arXiv 1810.04805",
        facts="15 % of the tokens chosen; of these 80 % become [MASK], 10 % another token, 10 % stay (section 3.1, "
        "task 1); a dense layer, GELU and norm before the output.",
        differs="The other token is a shot of the batch, since there is no vocabulary; the target is the shot by cosine "
        "distance, not a word by cross-entropy. No next-sentence task.",
        settings={"mask.ratio": 0.15, "mask.other": 0.1, "mask.unchanged": 0.1, "model.head": "transform"},
    ),
    "spanbert": Preset(
        source="Joshi et al., SpanBERT, 2019, arXiv 1907.10529",
        facts="15 % in spans of geometric length, p = 0.2, at most 10, 3.8 on average (section 3.1); each token of a "
        "span also from its two boundaries and its place in it, by two layers with GELU and norm; both losses added "
        "(section 3.2); BERT's head.",
        differs="Every hidden shot becomes [MASK]; SpanBERT keeps BERT's 80 / 10 / 10, a span at a time "
        "(mask.other=0.1 mask.unchanged=0.1). Spans don't touch. The place table is as wide as the encoder.",
        settings={
            "mask.ratio": 0.15,
            "mask.policy": "span",
            "model.head": "transform",
            "objective.span_boundary": 1.0,
        },
    ),
    "mae": Preset(
        source="He et al., Masked Autoencoders Are Scalable Vision Learners, 2021, arXiv 2111.06377",
        facts="75 % dropped, the encoder sees the rest alone; a light decoder restores the hidden patches from "
        "encodings and mask tokens with places; mean squared error against patches normalised by their own mean and "
        "deviation (section 3).",
        differs="A decoder of 2 layers, half as wide, where MAE has 8 for an encoder of 24. Standardised shots have lost "
        "their mean, so a read-out to the shot is trained behind a stop-gradient.",
        settings={
            "mask.ratio": 0.75,
            "model.tokens": "dropped",
            "model.head": "decoder",
            "objective.loss": "l2",
            "objective.standardise": True,
        },
    ),
    "videomae": Preset(
        source="Tong et al., VideoMAE, 2022, arXiv 2203.12602",
        facts="90 % in tubes: one spatial pattern for the whole clip, so that no moment gives away what another hides "
        "(section 3.3); otherwise MAE, with a decoder of 4 layers.",
        differs="Modalities take the place of space: as many of them as make 90 %, at least one and never all, are hidden in "
        "every shot of a window. Nothing is dropped, since each shot keeps a visible part. Where there is one modality, "
        "stretches of 4 shots are hidden. Each modality is a target by itself, with equal weights.",
        settings={
            "mask.ratio": 0.9,
            "mask.policy": "modality_tube",
            "mask.length": 4,
            "model.head": "decoder",
            "model.decoder_depth": 4,
            "objective.loss": "l2",
            "objective.standardise": True,
            "objective.weights": "equal",
        },
    ),
    "lvmae": Preset(
        source="Naiman et al., LV-MAE: Learning Long Video Representations through Masked-Embedding Autoencoders, 2025, "
        "arXiv 2504.03501",
        facts="Half of up to 256 five-second segments dropped, those first that differ from the segment before; unit-norm "
        "embeddings of frozen encoders; an encoder of 32 layers reads the rest, a decoder of 8 layers of half its width "
        "restores the segments; fixed sine and cosine positions; cosine distance, or squared error; AdamW with batches of 128.",
        differs="A decoder of 2 layers for an encoder of 4, shots in place of five-second segments, projected to the model's "
        "width where theirs has the width of an embedding. Shots are drawn by how much they differ, where they are ranked by it; "
        "their code, unlike their paper, keeps those that differ most and drops the rest.",
        settings={
            "model.max_shots": 256,
            "mask.ratio": 0.5,
            "mask.policy": "semantic",
            "model.tokens": "dropped",
            "model.head": "decoder",
            "model.positions": "sinusoidal",
        },
    ),
    "bassl": Preset(
        source="Mun et al., BaSSL: Boundary-aware Self-Supervised Learning, 2022, arXiv 2201.05277",
        facts="Masked shot modelling is one of its four pretext tasks: 15 % of the shots emptied and a mask embedding "
        "added, BERT's head, squared error against the detached shots (their pretext_task.py and trn.py).",
        differs="The three tasks about pseudo-boundaries are left out; windows are whole titles, not 17 shots; the "
        "shots' encoder is not trained along.",
        settings={
            "mask.ratio": 0.15,
            "model.mask_token": "added",
            "model.head": "transform",
            "objective.loss": "l2",
        },
    ),
    "hero": Preset(
        source="Li et al., HERO, 2020, arXiv 2005.00200",
        facts="15 % of the frames, at least one, become zeros plus a mask embedding (their data/mfm.py); contrastive "
        "loss (NCE) between a prediction and the true frame against others (section 3.2); a dense layer, GELU and norm before "
        "the output (FrameFeatureRegression in their model).",
        differs="Negatives are all other shots of the batch, by cosine over a temperature; HERO takes the other hidden "
        "frames and its own outputs at visible ones, by product. A read-out to the shot is trained behind a "
        "stop-gradient. Frame order modelling is an option (objective.shot_order=1); the tasks with subtitles are omitted.",
        settings={
            "mask.ratio": 0.15,
            "model.mask_token": "added",
            "model.head": "transform",
            "objective.loss": "nce",
        },
    ),
    "videoprism": Preset(
        source="Zhao et al., VideoPrism, 2024, arXiv 2402.13217",
        facts="Stage 1: contrastive between video and text. Stage 2: masked video modelling from the weights of stage 1; "
        "65 % dropped; the targets are the frozen first stage's token embeddings, at visible and hidden places, and its "
        "global embedding; the decoder gets the encoder's tokens and [MASK] shuffled together, so that it cannot copy "
        "them (section 2, appendix C.2).",
        differs="Stage 1 sets one modality against the others, or two halves of the shots where there is one modality, "
        "in one encoder, 8 shots averaged at a time, for 40 % of the steps, which is ours. Single shots are dropped, where "
        "VideoPrism drops by BEVT's pattern. A decoder of 2 layers where VideoPrism has 4; the global embedding is a mean with a linear "
        "layer, where it has a decoder and pools by attention. A read-out to the shot is trained behind a stop-gradient.",
        settings={
            "mask.ratio": 0.65,
            "model.positions": "learned",  # added to the tokens, so that a shuffled token keeps its position
            "model.tokens": "dropped",
            "model.head": "decoder",
            "objective.target": "first_stage",
            "objective.first_stage": 0.4,
            "objective.token_shuffling": True,
        },
    ),
    "data2vec": Preset(
        source="Baevski et al., data2vec, 2022, arXiv 2202.03555",
        facts="Targets are the mean of the top K feed-forward outputs of an EMA teacher that sees everything, each "
        "layer normalised; smooth L1; 60 % in blocks for images; one linear layer (section 3; section 4 for images: "
        "β = 2, K = 6 of 12).",
        differs="Blocks of 10 shots in a row, as data2vec has for sound. K = 3 of 4 layers, and τ from 0.99 to 0.999 over "
        "30 % of the steps: 0.9998 would not move in hundreds of steps. A read-out to the shot is trained behind a "
        "stop-gradient.",
        settings={
            "mask.ratio": 0.6,
            "mask.policy": "block",
            "mask.length": 10,
            "objective.target": "teacher",
            "objective.loss": "smooth_l1",
            "objective.beta": 2.0,
        },
    ),
    "neighbour": Preset(
        source="our own (msm/models/heads/neighbour, docs/findings.md)",
        facts="Starts close to kriging, the posterior mean of a Gaussian process for each principal component, and departs from it, "
        "shot by shot, towards means of the visible shots whose weights are learned from their similarities; a small encoder "
        "with decaying attention corrects it. All of this as far as it helps on the validation titles, few or many shots hidden.",
        differs="Compared about the mean of the training shots; windows run backwards half of the time; the weights are "
        "averaged over the last steps; AdamW. With model.start=distance, mask.policy=independent and validate_on=random it is "
        "the recipe of earlier versions.",
        settings={
            "steps": 400,
            "batch_windows": 4,
            "validate_every": 100,
            "validate_on": "several",
            "window": 96,
            "time_reversal": 0.5,
            "mask.policy": "mixed",
            "mask.span_p": 0.1,
            "mask.length": 14,
            "mask.parts": 0.05,
            "model.head": "neighbour",
            "model.start": "kriging",
            "model.centred": True,
            "model.sharpen": "chosen",
            "model.positions": "decay",
            "model.width": 64,
            "model.depth": 2,
            "model.dropout": 0.2,
            "optim.name": "adamw",
            "optim.lr": 6e-3,
            "optim.average": 0.98,
        },
    ),
}


def preset(name: str) -> Recipe:
    """A recipe by its name. Raises InputError with the closest name for an unknown one."""
    if name not in CATALOGUE:
        raise InputError(f"there is no recipe {name!r}; {did_you_mean(name, CATALOGUE)}")
    return CATALOGUE[name].recipe.with_values({"name": name})


def recipe_of(word: str) -> Recipe:
    """A recipe by its name, by a run folder or by a recipe.json. Raises InputError for anything else."""
    path = Path(word)
    if word not in CATALOGUE and path.exists():
        return Recipe.from_dict(files.read_json(path / "recipe.json" if path.is_dir() else path))
    return preset(word)


PRESETS: dict[str, Recipe] = {name: preset(name) for name in CATALOGUE}
