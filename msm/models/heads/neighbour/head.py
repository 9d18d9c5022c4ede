"""The network of the neighbour head; the package's docstring says how it works.

Shape letters: B windows, S shots of a window, H hidden shots of the window with most of them, N shots of a title, K kernels,
R principal components, C width of a contextual embedding, P features of a pair, D width of a shot, W width inside the encoder.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from msm.baselines import Parameters
from msm.data.fusion import unit
from msm.data.space import Space
from msm.models.encoder import ShotEncoder, touched_shots, whole_shots
from msm.models.head import Case, Encoded, Head, PartlyHidden, Predict, mean_by_protocol, present_modalities
from msm.models.heads.neighbour.closed_form import kernel_weights, principal_components
from msm.models.heads.neighbour.contextual import embed, embedding_width, predict_by_fold
from msm.models.heads.neighbour.known_modalities import NEVER, KnownModalities
from msm.models.heads.neighbour.known_network import FEWEST, Examples, KnownNetwork, draw_parts
from msm.models.heads.neighbour.kriging import Kriging
from msm.models.heads.neighbour.mixture import Filled, KnownColumns, Measured, Mixture, Windows
from msm.models.heads.neighbour.pair_features import (
    AMOUNTS,
    CELLS,
    PAIR_FEATURES,
    ROW_FEATURES,
    HiddenIndex,
    amounts,
    features_of,
    hidden_cell,
    pair_scores,
)
from msm.models.heads.neighbour.sharpening import choose_sharpening, sharpen_hidden
from msm.models.heads.neighbour.time_features import TIME_FEATURES, time_features
from msm.models.heads.neighbour.tuning import TRUSTS, Parts, choose_departure
from msm.models.heads.neighbour.window_cache import NeighbourWindowCache
from msm.models.packing import Part
from msm.models.transformer import only_shapes
from msm.recipes.model import ModelConfig

BANDWIDTHS = (0.7, 1.0, 1.5, 2.0, 4.0, 8.0, 16.0, 64.0)  # shots; initial bandwidths of the kernels
MAX_COMPONENTS = 256  # R: those beyond share one weight a kernel
ROUNDS = 2  # the second computes the pair features from the estimate of the first
HIDDEN_UNITS = 32
KEY_WIDTH = 16
WITH_ENCODER = 0.5  # share of the batches in which the encoder's output counts
# Of the way from kriging to the learned means, where a training starts: at 0 the weights of the visible shots would have no
# gradient, and of three trainings on a set one began to learn them hundreds of steps after the others.
DEPARTURE = 0.25
ENCODER_ALONE = 0.25  # the same of a head that starts from kriging, where nothing else learns from these batches
# Shots of which a part is hidden, that the networks for known modalities are fitted on.
KNOWN_RATIO, KNOWN_WINDOW = 0.3, 128  # share of a window's shots, shots of a window
HELD_OUT = 8  # one title in so many chooses the epochs
MOST_EXAMPLES, MOST_TIMES = 12_000, 6  # of each modality; how often a window is drawn anew
AT_ONCE = 8  # sets of hidden shots of one window


class NeighbourHead(Head):
    """Predicts hidden shots, about the training mean, from the visible ones; see the package's docstring."""

    positionwise = False
    whole_shots = True
    fills_in_first = True
    tuned = True
    encodes_context = False
    small_operations = True
    components: Tensor
    gram: Tensor
    whitening: Tensor
    trust: Tensor
    share: Tensor
    sharpening: Tensor

    def __init__(self, cfg: ModelConfig, shot_dim: int, modality_dims: Sequence[int] | None = None):
        super().__init__(cfg, shot_dim, modality_dims)
        kernels, kept, width = len(BANDWIDTHS), min(MAX_COMPONENTS, shot_dim), cfg.width
        self.feature_width, self.chooses_sharpening = shot_dim, cfg.sharpen == "chosen"
        self.contextual_width = embedding_width(shot_dim, kept, kernels)
        of_pair = PAIR_FEATURES + (TIME_FEATURES if cfg.times else 0)
        self.reads_times = cfg.times
        self.log_bandwidths = nn.Parameter(torch.tensor([math.log(b) for b in BANDWIDTHS]))
        self.component_weights = nn.Parameter(torch.full((kernels, kept + 1), 1 / kernels))  # the last: all the others
        self.pair_scores = nn.ModuleList(_perceptron(of_pair, HIDDEN_UNITS, kernels) for _ in range(ROUNDS))
        self.kriging = Kriging(shot_dim) if cfg.start == "kriging" else None
        of_row = (ROW_FEATURES, kernels) if self.kriging is None else (ROW_FEATURES + AMOUNTS, kernels + 1)
        self.row_gates = nn.ModuleList(_perceptron(of_row[0], HIDDEN_UNITS // 2, of_row[1]) for _ in range(ROUNDS))
        self.modality_dims = tuple(modality_dims or (shot_dim,))
        several = len(self.modality_dims) > 1
        starts = several and self.kriging is not None
        self.known_modalities = KnownModalities(self.modality_dims) if starts else None
        rounds = ROUNDS if several else 0
        self.part_scores = nn.ModuleList(_perceptron(of_pair + 1, HIDDEN_UNITS, kernels) for _ in range(rounds))
        self.part_gates = nn.ModuleList(_perceptron(of_row[0], HIDDEN_UNITS // 2, of_row[1]) for _ in range(rounds))
        if self.kriging is not None:
            self.departure = nn.Parameter(
                torch.zeros(kept + 1)
            )  # from kriging, of each component; the last: all others
            self.register_buffer("share", torch.ones(CELLS))
        self._drawn: Tensor | None = None
        self._recorded: list[Parts] | None = None
        self.query = nn.Linear(width, kernels * KEY_WIDTH, bias=False)
        self.key = nn.Linear(width, kernels * KEY_WIDTH, bias=False)
        self.correction = nn.Linear(width, shot_dim)
        self.weigh = nn.Softmax(dim=-1)  # a module, so that msm.interpret.attention can hook it
        # Computed from the training data or chosen on the validation titles; saved with the weights.
        self.register_buffer("components", _identity(shot_dim, kept))  # (D, R)
        self.register_buffer("gram", _identity(kept, kept), persistent=False)  # (R, R) their scalar products
        self.register_buffer("whitening", torch.ones(kept))
        self.register_buffer("trust", torch.ones(()))
        self.register_buffer("sharpening", torch.tensor([cfg.sharpness, 0.0]))  # as `sharpen` takes it

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *more: Any) -> None:
        """Old weights without `sharpening` get that of their recipe; those without networks for parts, or their start, get new ones."""
        for name, value in self.state_dict().items():
            if name == "sharpening" or name.startswith(("part_", "known_modalities.")):
                state_dict.setdefault(f"{prefix}{name}", value.detach().clone())
        super()._load_from_state_dict(state_dict, prefix, *more)
        self._measure_components()

    @torch.no_grad()
    def _measure_components(self) -> None:
        self.gram.copy_(self.components.T @ self.components)

    def make_output(self, shot_dim: int) -> nn.Module:
        """The features are the predicted shots."""
        return nn.Identity()

    def reset(self) -> None:
        """Start as the distance-weighted means, or a share `DEPARTURE` of the way from kriging to them. Draws nothing."""
        with torch.no_grad():
            self.log_bandwidths.copy_(torch.tensor(BANDWIDTHS).log())
            self.component_weights.fill_(1 / len(BANDWIDTHS))
            networks = (*self.pair_scores, *self.row_gates, *self.part_scores, *self.part_gates)
            for last in (*(m[-1] for m in networks), self.correction):
                last.weight.zero_()
                last.bias.zero_()
            self.query.weight.zero_()
            if self.known_modalities is not None:
                self.known_modalities.strength.fill_(1.0)
                for network in self.known_modalities.networks:
                    cast(KnownNetwork, network).clear()
            if self.kriging is not None:
                self.departure.fill_(DEPARTURE)

    @torch.no_grad()
    def fit(
        self,
        titles: Iterable[np.ndarray],
        ratio: float,
        rng: torch.Generator,
        fitted: Parameters,
        mean: np.ndarray | None = None,
    ) -> None:
        """Find the principal components of the titles, (N, D) each, the kernel weights that fit them best, and what known modalities tell.

        The first components are those of `fitted["kriging"]` in a head that starts from it.
        """
        films = [torch.from_numpy(t).float() for t in titles]
        first = (
            None
            if self.kriging is None or not fitted.get("kriging")
            else self.kriging.set_parameters(fitted["kriging"])
        )
        if self.known_modalities is not None and fitted.get("known_modalities"):
            self.known_modalities.set_parameters(fitted["known_modalities"])
        found = principal_components(films, self.components.shape[1], first)
        self.components.copy_(found.components)
        self.whitening.copy_(found.whitening)
        self._measure_components()
        weights = kernel_weights(films, found.basis, self.components.shape[1], self._nearness, ratio, rng)
        if weights is not None:
            self.component_weights.copy_(weights)
        if self.known_modalities is not None and self.known_modalities.fitted:
            about = None if mean is None else torch.from_numpy(mean).float()
            if of_windows := list(self._partly_hidden(films, rng, about)):
                of_modalities = zip(*of_windows, strict=True)
                for network, examples in zip(self.known_modalities.networks, of_modalities, strict=True):
                    cast(KnownNetwork, network).fit(Examples.joined(examples), rng)

    def _partly_hidden(
        self, films: Sequence[Tensor], rng: torch.Generator, mean: Tensor | None
    ) -> Iterator[list[Examples]]:
        """Shots of the titles (N, D) with some modalities hidden, window by window, for each modality; every eighth title is held out."""
        each = KNOWN_RATIO * sum(map(len, films))
        times = min(MOST_TIMES, max(1, round(MOST_EXAMPLES / max(1, each))))
        if each * times < HELD_OUT * FEWEST:
            return
        for number, film in enumerate(films):
            for shots in film.split(KNOWN_WINDOW):
                raw = shots if mean is None else shots + mean
                present = present_modalities(raw, self.modality_dims)
                hidden = torch.cat([draw_parts(present, KNOWN_RATIO, rng) for _ in range(times)])
                touched = hidden.any(dim=-1)
                hidden = hidden[touched.any(dim=1) & ~touched.all(dim=1)]
                for some in hidden.split(AT_ONCE) if len(hidden) else ():
                    found = self._examples_of(shots, some, present.expand(len(some), -1, -1))
                    yield [
                        e._replace(held_out=torch.full_like(e.held_out, number % HELD_OUT == HELD_OUT - 1))
                        for e in found
                    ]

    def _examples_of(self, shots: Tensor, hidden: Tensor, present: Tensor) -> list[Examples]:
        """The hidden ones of one window's shots (S, D), for each modality; hidden modalities and those that a shot has are (B, S, M) bool."""
        touched = hidden.any(dim=-1)
        at, windows = HiddenIndex.of(touched, torch.ones_like(touched)), self.windows(shots)
        known = KnownColumns.of(windows, at, PartlyHidden(hidden, present), self.modality_dims, self.known_modalities)
        assert known is not None
        return known.examples(self.fill_in(windows, at, known).mix, windows, at, self.modality_dims)

    def _nearness(self, at: HiddenIndex) -> Tensor:
        """(B, K, H, S): each kernel's weights of the visible shots, by distance alone."""
        return self.prior_logits(at).softmax(dim=-1)

    def estimate(
        self,
        shots: Tensor,
        hidden: Tensor,
        valid: Tensor,
        parts: PartlyHidden | None = None,
        times: Tensor | None = None,
    ) -> Filled:
        """Windows (B, S, D) with what the head starts from at the hidden places; the arguments are those of `Head.estimate`."""
        at = HiddenIndex.of(hidden & valid, valid)
        windows = self.windows(shots, times)
        known = None
        if parts is not None and len(self.modality_dims) > 1:
            known = KnownColumns.of(windows, at, parts, self.modality_dims, self.known_modalities)
        return self.fill_in(windows, at, known)

    def windows(self, shots: Tensor, times: Tensor | None = None) -> Windows:
        """(B, S, D) or (S, D) about the training mean → what follows from the shots, whichever of them are hidden.

        times  (B, S, 2) or (S, 2), as `Head.estimate` takes them
        """
        return Windows.of(shots, self.components, self.gram, self.whitening, times)

    def fill_in(self, windows: Windows, at: HiddenIndex, known: KnownColumns | None = None) -> Filled:
        """Kriging, or the distance-weighted means, in the hidden shots' places; in partly hidden ones' what the known modalities say."""
        if self.kriging is None:
            return Filled(windows, at, self.weighted_mean(self._nearness(at), windows, at), known)
        tables = [windows.in_components]
        if known is not None and known.fitted and known.in_components is not windows.in_components:
            tables.append(known.in_components)
        whole = torch.stack([table.expand(len(at.visible), -1, -1) for table in tables])
        start, *lacking = self.posterior(whole * at.visible.unsqueeze(-1), at)
        if known is not None and known.fitted:
            start = known.start(start, lacking[0] if lacking else start)
        return Filled(windows, at, start, known)

    def features(
        self,
        encoded: Encoded,
        hidden: Tensor,
        valid: Tensor,
        order: Tensor | None = None,
        part: Part | None = None,
    ) -> Tensor:
        """Predict the hidden shots, (B, S, D), in float32; elsewhere the shots. The arguments are those of `Head.features`."""
        return encoded.estimate.scatter(self._predicted(encoded))

    def features_of(
        self,
        where: Tensor,
        encoded: Encoded,
        hidden: Tensor,
        valid: Tensor,
        order: Tensor | None = None,
        part: Part | None = None,
    ) -> Tensor:
        """The same of some places, (B, S) bool → (H, D); of the hidden shots without a table of all."""
        at = encoded.estimate.at
        if torch.equal(where & valid, at.valid & ~at.visible):
            return self._predicted(encoded)[at.real]
        return super().features_of(where, encoded, hidden, valid, order, part)

    def _predicted(self, encoded: Encoded) -> Tensor:
        """(B, H, D), in float32."""
        with torch.autocast(encoded.shots.device.type, enabled=False):
            return self(encoded.estimate, encoded.shots.float())

    def forward(self, filled: Filled, encodings: Tensor) -> Tensor:
        """(B, H, D): the predictions of the hidden shots, about the training mean; known columns are returned unchanged.

        filled     as `estimate` returned it
        encodings  (B, S, W) the encoder's output for it
        """
        windows, at, start, known = filled
        trust, self._drawn = self.current_trust(), None
        # What the encoder adds to kriging does not change what is predicted without it.
        with torch.set_grad_enabled(
            torch.is_grad_enabled() and not (self.kriging is not None and self.training and bool(trust))
        ):
            mix = self._departed(filled, encodings, trust)
        correction = self.correction(at.gather(encodings))
        if self._recorded is not None:
            self._recorded.append(Parts(*(t[at.real] for t in (start.shots(windows), mix.shots(windows), correction))))
        share: float | Tensor = 1.0
        if self.kriging is not None:
            share = self.share[hidden_cell(at)]
            if known is not None and known.fitted:  # `share` was chosen on shots that were hidden whole
                share = share.masked_fill(known.partly, 1.0)
            share = share.unsqueeze(-1)
            mix = start.towards(mix, share)
        return filled.estimates(mix, share * trust * correction)

    def _departed(self, filled: Filled, encodings: Tensor, trust: Tensor) -> Mixture:
        """The means whose weights are learned, or where the way from kriging to them leads; `ROUNDS` times."""
        windows, at, start, known = filled
        among_visible = windows.similarity(at)
        prior = self.prior_logits(at)
        if known is not None:
            prior = prior.masked_fill(known.useless.unsqueeze(1), NEVER)
        if self.kriging is None:
            prior = prior + trust * self.attention_logits(encodings, at)
        mix, first = start, Measured.of(start, windows, known, at)
        of_times = time_features(windows.times, at) if self.reads_times else []
        for number in range(ROUNDS):
            measured = Measured.of(mix, windows, known, at) if number else first
            scores, gates = self._scores_and_gates(number, measured, among_visible, known, at, of_times)
            mix = self.weighted_mean(self.weights_of(prior, scores, gates), windows, at, known)
            if self.kriging is not None:
                shared, own = self.departures(gates, known)
                change = mix.in_components(windows) - first.in_components
                towards = start.towards(mix, shared)
                mix = towards._replace(added=towards.added + own * change)
        return mix

    def _scores_and_gates(
        self,
        number: int,
        measured: Measured,
        among_visible: Tensor,
        known: KnownColumns | None,
        at: HiddenIndex,
        of_times: list[Tensor],
    ) -> tuple[Tensor, Tensor]:
        """(B, K, H, S) and (B, H, K) of one round, from the current estimates and the tables (B, H, S) of `time_features`."""
        pairs, row = features_of(measured.rows, measured.whitened_rows, measured.length, among_visible, at)
        pairs = pairs + of_times
        row = row if self.kriging is None else torch.cat([row, amounts(at)], dim=-1)
        scores, gates = pair_scores(self.pair_scores[number], pairs), self.row_gates[number](row)
        if known is not None:
            partly = known.partly
            some = torch.cat([torch.stack([table[partly] for table in pairs], dim=-1), known.similarity], dim=-1)
            window, place = partly.nonzero(as_tuple=True)
            partly_scored = self.part_scores[number](some).mT  # (Q, K, S)
            scores = scores.transpose(1, 2).index_put((window, place), partly_scored).transpose(1, 2)
            gates = gates.index_put((window, place), self.part_gates[number](row[partly]))
        return scores, gates

    def weights_of(self, prior: Tensor, scores: Tensor, gates: Tensor) -> Tensor:
        """Logits (B, K, H, S), scores (B, K, H, S) and gates (B, H, K) → (B, K, H, S), the weights of the visible shots."""
        weights = self.weigh(prior + scores)
        return weights * gates[..., : len(self.log_bandwidths)].tanh().mul(2).exp().permute(0, 2, 1).unsqueeze(-1)

    def posterior(self, in_components: Tensor, at: HiddenIndex) -> list[Mixture]:
        """The posterior means of kriging, for each set of known shots.

        in_components  (T, B, S, R) of the visible shots, zero elsewhere
        """
        assert self.kriging is not None
        count = self.kriging.num_components
        leading, rest = self.kriging(in_components[..., :count], at)
        added = F.pad(leading - rest @ in_components[..., :count], (0, in_components.shape[-1] - count))
        return [Mixture(rest, own) for own in added]

    def departures(self, gates: Tensor, known: KnownColumns | None = None) -> tuple[Tensor, Tensor]:
        """How far a prediction departs from where it starts: (B, H, 1) in every direction, (R,) or (B, H, R) what each component adds.

        gates  (B, H, K + 1)
        """
        shared, own = self.departure[-1], self.departure[:-1] - self.departure[-1]
        if known is not None and known.fitted:
            whole = ~known.partly.unsqueeze(-1)
            shared, own = shared * whole, own * whole
        return shared + gates[..., -1:], own

    def prior_logits(self, at: HiddenIndex) -> Tensor:
        """(B, K, H, S) logits by distance, at each kernel's bandwidth; −∞ in effect for shots that are not visible."""
        distance = at.offset.abs().unsqueeze(1)
        nearness = -distance / self.log_bandwidths.exp()[:, None, None]
        return nearness.masked_fill(~at.visible[:, None, None, :], NEVER)

    def attention_logits(self, encodings: Tensor, at: HiddenIndex) -> Tensor:
        """(B, K, H, S) logits from the encoder's output (B, S, W)."""
        query = self.query(at.gather(encodings)).unflatten(-1, (-1, KEY_WIDTH)).transpose(1, 2)
        key = self.key(encodings).unflatten(-1, (-1, KEY_WIDTH)).transpose(1, 2)
        return query @ key.transpose(-1, -2) / KEY_WIDTH**0.5

    def shared_and_own(self) -> tuple[Tensor, Tensor]:
        """(K,) each kernel's weight for every direction, (K, R) what each component's own weight adds to it."""
        shared = self.component_weights[:, -1]
        return shared, self.component_weights[:, :-1] - shared[:, None]

    def weighted_mean(
        self, weights: Tensor, windows: Windows, at: HiddenIndex, known: KnownColumns | None = None
    ) -> Mixture:
        """Weighted means of the visible shots, each component of each kernel with its own weight; weights (B, K, H, S)."""
        weights = weights * at.visible[:, None, None]
        shared, own = self.shared_and_own()
        means = (weights.flatten(1, 2) @ windows.in_components).unflatten(1, weights.shape[1:3])  # (B, K, H, R)
        # Not einsum, which makes a matrix product of each component: a tenth of the time of a fill-in.
        added = (means * own[:, None, :]).sum(dim=1)
        if known is not None:
            some = known.rows.unsqueeze(1) @ weights  # (B, K, Q, S)
            added = known.put(((some @ known.in_components.unsqueeze(1)) * own[:, None, :]).sum(dim=1), added)
        return Mixture((weights * shared[:, None, None]).sum(dim=1), added)

    def needs_encoder(self) -> bool:
        """Draws, in training, whether the next pass counts the encoder's output: a head that starts from kriging does in some."""
        if self.kriging is None:
            return True
        if self.training:
            self._drawn = self._draw_trust(ENCODER_ALONE)
        return bool(self.current_trust())

    def current_trust(self) -> Tensor:
        """(), 0 to 1: the share of the encoder's output that counts; in training 1 for a share of the batches, 0 for the others."""
        if not self.training:
            return self.trust
        if self.kriging is None:
            return self._draw_trust(WITH_ENCODER)
        return self._draw_trust(ENCODER_ALONE) if self._drawn is None else self._drawn

    def _draw_trust(self, share: float) -> Tensor:
        # Drawn on the CPU, so that every device leaves it out of the same batches.
        return (torch.rand(()) < share).to(self.trust)

    def tune(self, predict: Predict, cases: Sequence[Case], further: Sequence[Case], space: Space) -> list[np.ndarray]:
        """Choose `trust` and `share` by the cosine on the cases, and the sharpening by the ranks on these and the further ones.

        Returns each case's predictions (H, D), not sharpened. The sharpening is chosen on the protocol of the first case alone.
        """
        if self.kriging is None:
            predictions = self._choose_trust(predict, cases, space)
        else:
            self._choose_departure(predict, cases, space)
            predictions = predict(cases)
        if self.chooses_sharpening:
            ranked = [i for i, case in enumerate(cases) if case.protocol == cases[0].protocol]
            about = [p - space.mean for p in (*(predictions[i] for i in ranked), *predict(further))]
            self.sharpening.copy_(
                torch.tensor(choose_sharpening(about, [*(cases[i] for i in ranked), *further], space))
            )
        return predictions

    def sharpen(self, predicted: np.ndarray, shots: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """Sharpen predictions (H, D), as `msm.models.heads.neighbour.sharpening` does; the arguments are those of `Head.sharpen`."""
        if not self.sharpening.any():
            return predicted
        return sharpen_hidden(predicted, shots, hidden, self.sharpening.cpu())

    def _choose_trust(self, predict: Predict, cases: Sequence[Case], space: Space) -> list[np.ndarray]:
        """Set `trust` to the value with the highest cosine, the mean over the protocols of the cases."""
        tried = []
        for trust in TRUSTS:
            self.trust.fill_(trust)
            predictions = predict(cases)
            level = float(np.mean(list(mean_by_protocol(predictions, cases, space).values())))
            tried.append((level, trust, predictions))
        _, best, predictions = max(tried, key=lambda t: t[0])
        self.trust.fill_(best)
        return predictions

    def _choose_departure(self, predict: Predict, cases: Sequence[Case], space: Space) -> None:
        """Set `trust` and `share` as `msm.models.heads.neighbour.tuning` chooses them, from one pass over the cases."""
        self.trust.fill_(1.0)
        self.share.fill_(1.0)
        self._recorded = []
        try:
            predict(cases)
            parts = Parts.joined(self._recorded)
        finally:
            self._recorded = None
        trust, shares = choose_departure(parts, cases, space.mean)
        self.trust.fill_(trust)
        self.share.copy_(torch.tensor(shares))

    def contextual(
        self,
        encoder: ShotEncoder,
        encoded: Encoded,
        shots: Tensor,
        global_: Tensor | None = None,
        times: Tensor | None = None,
    ) -> Tensor:
        """(S, D) → (S, C), as `msm.models.heads.neighbour.contextual` defines it; the arguments are those of `Head.contextual`."""
        cache = NeighbourWindowCache(self, encoder, shots, None if times is None else times[0])
        expected = predict_by_fold(shots, lambda hidden: cache.restore(hidden, global_))
        return embed(shots, expected, self.components, self.log_bandwidths.exp())

    def contextual_alone(self, shots: Tensor) -> Tensor:
        """(N, D) about the training mean → (N, C): the shot itself; from nothing, the prediction is the mean."""
        alone = torch.from_numpy(unit(shots.cpu().numpy()))
        return F.pad(alone, (0, self.contextual_width - alone.shape[1]))

    def can_cache(self, hidden: Tensor | None = None) -> bool:
        """Whether the hidden shots, (B, S) or (B, S, M) bool, are hidden whole; others are no mixture of visible shots."""
        return hidden is None or torch.equal(whole_shots(hidden), touched_shots(hidden))

    def cache_window(self, encoder: ShotEncoder, shots: Tensor, times: Tensor | None = None) -> NeighbourWindowCache:
        """(S, D) fused, (S, 2) seconds or None → its cache."""
        return NeighbourWindowCache(self, encoder, encoder.about_mean(shots), times)

    @property
    def reads_encoder(self) -> bool:
        """Whether `trust` is above 0."""
        return bool(self.trust)

    def attention_layer(self) -> nn.Module:
        """The softmax over the visible shots, (B, K, H, S)."""
        return self.weigh


def _identity(rows: int, columns: int) -> Tensor:
    return torch.empty(rows, columns) if only_shapes() else torch.eye(rows, columns)


def _perceptron(given: int, units: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(given, units), nn.GELU(), nn.Linear(units, units), nn.GELU(), nn.Linear(units, out))
