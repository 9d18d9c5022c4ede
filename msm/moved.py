"""Old names of modules, so that notebooks and scripts written for version 0.1 keep working.

Importing one gives a stand-in that looks its names up in the new modules, with a DeprecationWarning. The finder stands
last in `sys.meta_path`: Python asks it only about modules that do not exist, so it costs nothing while unused.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

# old module → the modules that hold its names now, in the order in which they are searched. Where a package has
# the old module's name, the names that it lacks are looked up in the same way.
MODULES = {
    "msm.ablate": "msm.ablation",
    "msm.ablate.ablation": "msm.ablation.ablation",
    "msm.ablate.budget": "msm.ablation.budget",
    "msm.ablate.plan": "msm.ablation.plan",
    "msm.ablate.progress": "msm.ablation.progress",
    "msm.ablate.report": "msm.ablation.report",
    "msm.ablate.runner": "msm.ablation.runner",
    "msm.ablate.statistics": "msm.ablation.statistics",
    "msm.ablate.table": "msm.ablation.table",
    "msm.ablate.training": "msm.ablation.cell",
    "msm.assess": "msm.evaluation.evaluate_run",
    "msm.attention": "msm.interpret.attention",
    "msm.catalog": "msm.data.catalog",
    "msm.catalog_reader": "msm.data.reader",
    "msm.catalog_rules": "msm.data.schema",
    "msm.catalog_writer": "msm.data.writer",
    "msm.describe": "msm.cli.describe",
    "msm.evaluate": "msm.evaluation.protocol msm.evaluation.scoring msm.evaluation.space msm.evaluation.report "
    "msm.evaluation.evaluate_titles msm.data.space",
    "msm.expected": "msm.inference.candidates",
    "msm.files": "msm.io.files",
    "msm.fill": "msm.inference.reconstruction msm.inference.run msm.inference.embed",
    "msm.fusion": "msm.data.fusion",
    "msm.geometry": "msm.evaluation.geometry",
    "msm.guess": "msm.interpret.guess",
    "msm.hidden_shot": "msm.interpret.hidden_shot",
    "msm.hiding": "msm.masking msm.data.ranges",
    "msm.influence": "msm.interpret.influence",
    "msm.ingest.encoders": "msm.ingest.encoder",
    "msm.ingest.text": "msm.ingest.subtitles",
    "msm.knobs": "msm.recipes.hyperparameters",
    "msm.launching": "msm.training.distributed_init",
    "msm.maps": "msm.projection.maps",
    "msm.maps.making": "msm.projection.maps.building",
    "msm.maps.options": "msm.projection.maps.options",
    "msm.maps.stored": "msm.projection.maps.store",
    "msm.maps.vectors": "msm.projection.maps.vectors",
    "msm.model": "msm.models.encoder",
    "msm.muon": "msm.training.muon",
    "msm.neighbour": "msm.models.heads.neighbour",
    "msm.objectives": "msm.objectives.losses",
    "msm.optim": "msm.training.optimizers",
    "msm.parts": "msm.masking.parts",
    "msm.predict": "msm.inference.predict",
    "msm.presets": "msm.recipes.presets",
    "msm.probes": "msm.evaluation.probes",
    "msm.probing": "msm.evaluation.probe_run",
    "msm.processes": "msm.training.distributed",
    "msm.progress": "msm.io.progress",
    "msm.ranges": "msm.data.ranges",
    "msm.recipe": "msm.recipes",
    "msm.recipe.hiding": "msm.recipes.masking",
    "msm.recipe.limits": "msm.config.limits",
    "msm.recipe.model": "msm.recipes.model",
    "msm.recipe.objective": "msm.recipes.objective",
    "msm.recipe.optimiser": "msm.recipes.optimizer",
    "msm.recipe.together": "msm.recipes.compatibility",
    "msm.report": "msm.evaluation.report",
    "msm.retrieval": "msm.search.vector_index",
    "msm.retrieval.exact": "msm.search.vector_index.exact",
    "msm.runs": "msm.runs.folder",
    "msm.sample": "msm.data.sample",
    "msm.scenes": "msm.data.scenes",
    "msm.search.asking": "msm.search.query",
    "msm.search.contextual": "msm.search.contextual_space",
    "msm.search.fills": "msm.search.reconstructions",
    "msm.search.measure": "msm.search.quality",
    "msm.search.shelf": "msm.search.index_store",
    "msm.search.words": "msm.search.text_query",
    "msm.selection": "msm.data.selection",
    "msm.settings": "msm.config.settings",
    "msm.sharding": "msm.training.fsdp",
    "msm.step": "msm.training.step",
    "msm.surprise": "msm.interpret.surprise",
    "msm.terms": "msm.objectives.objective",
    "msm.train": "msm.training.trainer",
    "msm.watching": "msm.runs.monitor",
    "msm.what_if": "msm.interpret.what_if",
    "msm.windows": "msm.training.sampler msm.data.windows",
    "workbench.views.ablation": "workbench.views.ablation.figures",
    "workbench.views.ablation_words": "workbench.views.ablation.sentences",
    "workbench.views.attention": "workbench.views.interpret.attention",
    "workbench.views.code": "workbench.views.notebook_code",
    "workbench.views.comparison": "workbench.views.report.comparison",
    "workbench.views.expected": "workbench.views.fill_in.expected",
    "workbench.views.fingerprint": "workbench.views.shot_colors",
    "workbench.views.found": "workbench.views.search_results",
    "workbench.views.guess": "workbench.views.fill_in.guess",
    "workbench.views.holdings": "workbench.views.catalog_tables",
    "workbench.views.influence": "workbench.views.interpret.influence",
    "workbench.views.map_figure": "workbench.views.map.figure",
    "workbench.views.map_labels": "workbench.views.map.labels",
    "workbench.views.map_parts": "workbench.views.map.component_data",
    "workbench.views.map_words": "workbench.views.map.sentences workbench.views.map.neighbours",
    "workbench.views.opening": "workbench.views.default_selection",
    "workbench.views.probes": "workbench.views.report.probes workbench.views.report.probes_figure",
    "workbench.views.report": "workbench.views.report.tables workbench.views.report.sentences workbench.views.report.reports",
    "workbench.views.report_document": "workbench.views.report.document",
    "workbench.views.report_figures": "workbench.views.report.figures workbench.views.report.geometry",
    "workbench.views.scaling": "workbench.views.ablation.scaling",
    "workbench.views.script": "workbench.views.slides.script",
    "workbench.views.shot_table": "workbench.views.fill_in.shot_table",
    "workbench.views.slide_document": "workbench.views.slides.document",
    "workbench.views.slides": "workbench.views.slides.markup",
    "workbench.views.strip": "workbench.views.fill_in.filmstrip",
    "workbench.views.surprise": "workbench.views.interpret.surprise",
    "workbench.views.timeline": "workbench.views.fill_in.timeline",
    "workbench.views.track_record": "workbench.views.report.track_record",
    "workbench.views.training": "workbench.views.training.curves",
    "workbench.views.training_words": "workbench.views.training.sentences",
    "workbench.views.verdict": "workbench.views.fill_in.verdict",
    "workbench.views.what_if": "workbench.views.interpret.what_if",
    "workbench.views.wording": "workbench.views.formatting",
}

# old name → the name that it has now
NAMES = {
    "msm.search.asking.Answer": "msm.search.query.SearchResult",
    "msm.search.fills.expected_vector": "msm.search.reconstructions.predicted_vector",
    "msm.search.fills.fill_space": "msm.search.reconstructions.prediction_space",
    "workbench.views.ablation.knob_figure": "workbench.views.ablation.figures.hyperparameter_figure",
    "workbench.views.ablation_words.knob_label": "workbench.views.ablation.sentences.hyperparameter_label",
    "workbench.views.ablation_words.knob_sentence": "workbench.views.ablation.sentences.hyperparameter_sentence",
    "workbench.views.map_words.overlap_of": "workbench.views.map.neighbours.neighbour_overlap",
    "workbench.views.map_words.together": "workbench.views.map.neighbours.label_agreement",
    "workbench.views.wording.as_text": "workbench.views.formatting.escape_markdown",
    "workbench.views.wording.plain": "workbench.views.formatting.escape_plotly",
    "workbench.views.wording.baseline_label": "msm.baselines.term",
    "workbench.views.wording.baseline_deed": "msm.baselines.action",
    "msm.assess.assess": "msm.evaluation.evaluate_run.evaluate_run",
    "msm.evaluate.evaluate_run": "msm.evaluation.evaluate_titles.evaluate_titles",
    "msm.evaluate.fitted_space": "msm.evaluation.space.fit_space",
    "msm.evaluate.score_guess": "msm.evaluation.scoring.score_prediction",
}


class _Moved:
    """Finds and loads the modules of the table, and single names that a package of the table lacks."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        if name not in MODULES:
            parent, _, attribute = name.rpartition(".")
            try:
                resolve(parent, attribute)
            except (KeyError, AttributeError):
                return None
        return ModuleSpec(name, self, is_package=name in MODULES)  # type: ignore[arg-type]  # duck-typed: no importlib.abc

    def create_module(self, spec: ModuleSpec) -> None:
        """The usual kind of module."""

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        new = MODULES.get(name) or MODULES[name.rpartition(".")[0]]
        warnings.warn(f"{name} has moved to {' and '.join(new.split())}", DeprecationWarning, stacklevel=2)
        if name in MODULES:
            module.__getattr__ = lambda attribute: resolve(name, attribute)  # type: ignore[method-assign]
        else:  # Python takes from sys.modules what `from package import name` gives
            sys.modules[name] = resolve(*name.rsplit(".", 1))


def resolve(module: str, name: str) -> Any:
    """What an old module called by this name. Raises AttributeError where there was none such."""
    if f"{module}.{name}" in NAMES:
        module, name = NAMES[f"{module}.{name}"].rsplit(".", 1)
        return getattr(import_module(module), name)
    for new in MODULES[module].split():
        if hasattr(found := import_module(new), name):
            return getattr(found, name)
    raise AttributeError(f"module {module!r} has no attribute {name!r}")


def install() -> None:
    """Ask for old names last, once in a process."""
    if not any(isinstance(finder, _Moved) for finder in sys.meta_path):
        sys.meta_path.append(_Moved())
