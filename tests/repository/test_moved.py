"""Notebooks and scripts written for version 0.1 find every module and every name where it is now."""

from __future__ import annotations

import subprocess
import sys
import warnings
from importlib import import_module

import pytest

from msm.moved import MODULES, NAMES

# What the notebooks, the copied cells and the documents of version 0.1 import. The one name of the past that has no
# successor is the function of a baseline: `msm.baselines.linear` is now the module.
IMPORTED = """
msm Catalog Run Title TitleData FillIn InputError Modality Recipe
msm.ablate ablation
msm.ablate.table read_table
msm.assess assess weights_fingerprint
msm.attention attention
msm.baselines predict_all NAMES BANDWIDTHS distance_to_visible
msm.catalog Catalog Title TitleData modalities_of
msm.catalog_rules FORMAT Modality
msm.catalog_writer TitleData
msm.describe describe
msm.errors InputError
msm.evaluate Space evaluate_run fitted_space score_titles score_fill_in hide_titles report SEEDS RATIO
msm.expected nearest_shots
msm.fill Run FillIn embed_catalog
msm.fusion unit fuse
msm.geometry pair_cosine rankme
msm.guess deal Round
msm.hiding parse_ranges random_hidden
msm.importers ImportOptions import_embeddings
msm.influence influence
msm.ingest IngestOptions TitleFacts ingest ShotInput
msm.ingest.encoders load_encoders
msm.launching start_processes
msm.maps make_maps open_map
msm.maps.making make_maps
msm.maps.stored open_map
msm.metrics cosine centred_cosine rank_of_truth skill resampled_means
msm.model ShotEncoder
msm.muon Muon
msm.neighbour NeighbourHead
msm.objectives cosine_distance
msm.optim make_optimizers
msm.parts parse_parts
msm.presets CATALOGUE preset
msm.probes Label Rows probe_label read_labels
msm.probing probe_run
msm.processes Processes
msm.projection ProjectionOptions project trustworthiness
msm.ranges format_ranges
msm.recipe Recipe ModelConfig MaskConfig
msm.recipe.hiding MaskConfig
msm.recipe.model ModelConfig
msm.recipe.objective ObjectiveConfig
msm.recipe.optimiser OptimConfig
msm.report report by_part
msm.retrieval.exact TopK
msm.runs RunFolder versions
msm.sample copy_sample
msm.search.asking nearest row_of rank_of
msm.search.clips like_clip
msm.search.contextual contextual_space
msm.search.fills expected_vector fill_space
msm.search.measure measure
msm.search.shelf Finder find_index index_folder make_index open_index
msm.search.spaces RawSpace
msm.selection Selection
msm.step train_step uses_bfloat16
msm.surprise agreement peaks peaks_at_scenes surprise
msm.terms make_objective
msm.train Trainer make_sampler pick_device start_run train
msm.watching Tail look listed
msm.what_if context_curve
msm.windows Batch step_rng
workbench.views.ablation cells_table knob_figure
workbench.views.ablation_words interval_words knob_sentence
workbench.views.attention attention_figure
workbench.views.found agreement measures_figure measures_sentence measures_table same_as_query
workbench.views.holdings modalities_table present_sentence splits_table
workbench.views.influence influence_figure
workbench.views.map_figure map_figure
workbench.views.map_labels map_labels
workbench.views.map_words overlap_of together
workbench.views.probes best_gain probes_figure probes_sentence probes_table probes_wide
workbench.views.report_figures geometry_figure predictors_figure part_figure
workbench.views.scaling scaling_figure scaling_sentence scaling_table
workbench.views.surprise surprise_figure
workbench.views.timeline timeline
workbench.views.training progress_curve
workbench.views.verdict verdict
workbench.views.what_if context_figure
""".strip().splitlines()


@pytest.mark.parametrize("line", IMPORTED, ids=lambda line: line.split()[0])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_version_0_1_imported_can_still_be_imported(line):
    module, *names = line.split()
    for name in names:
        found: dict[str, object] = {}
        exec(f"from {module} import {name}", found)
        assert found[name] is not None


@pytest.mark.parametrize("old", [*MODULES, *NAMES])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_line_of_the_tables_leads_somewhere(old):
    """A package that has an old module's name is itself; the names that it lacks are looked up in these modules."""
    module, _, name = old.rpartition(".")
    if old in NAMES:
        found: dict[str, object] = {}
        exec(f"from {module} import {name}", found)
        assert found[name] is not None
    else:
        assert import_module(old) is not None
        assert all(import_module(new) for new in MODULES[old].split())


def test_an_old_name_warns_and_says_the_new_one():
    sys.modules.pop("msm.assess", None)
    with pytest.warns(DeprecationWarning, match=r"msm\.assess has moved to msm\.evaluation\.evaluate_run") as caught:
        exec("from msm.assess import assess")
    assert caught[0].filename == "<string>"  # the line that imports it


@pytest.mark.parametrize("line", ["from msm.evaluate import nothing", "from msm.runs import nothing", "import msm.fil"])
def test_a_name_that_never_was_is_an_import_error(line):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ImportError):
            exec(line)


def test_without_an_old_name_nothing_is_imported_for_it():
    code = "import sys, msm; print({'numpy', 'torch', 'importlib.abc', *map(str, sys.argv[1:])} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code, *MODULES], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
