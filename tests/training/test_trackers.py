"""Curves in the trackers that people have: read back with each tool's own reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from msm import cli
from msm.data.catalog import Catalog, modalities_of
from msm.errors import InputError
from msm.runs.folder import RunFolder
from msm.training.tracked_figures import curves, picture, report_figure
from msm.training.trackers import Trackers, check_names, scalars
from tests.conftest import tiny_titles
from tests.repository.test_documents import TINY
from tests.small_runs import rising, write_run
from tests.tool_environments import run_in

SETTINGS = [w for setting in TINY for w in ("--set", setting)]


def test_tensorboard_reads_the_curves_of_a_run_from_its_folder(tiny_catalog: Catalog, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = tmp_path / "runs" / "first"
    with pytest.raises(SystemExit) as ended:
        cli.main(["train", str(tiny_catalog.path), str(run), *SETTINGS, "--device", "cpu", "--track", "tensorboard"])
    assert not ended.value.code

    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    lines = RunFolder.open(run).metrics()
    assert [e.value for e in events.Scalars("train/loss")] == pytest.approx([line["loss"] for line in lines])
    assert [e.step for e in events.Scalars("train/loss")] == [1, 2]
    assert events.Scalars("validation/centred_cosine")[0].value == pytest.approx(
        lines[-1]["validation"]["centred_cosine"]
    )
    assert "validation/baselines/kriging/centred_cosine" in events.Tags()["scalars"]
    assert "best/centred_cosine" in events.Tags()["scalars"]
    assert events.Tags()["images"] == ["curves/loss", "curves/validation"]
    assert events.Images("curves/loss")[0].width == 700


def msm(*words: object) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([str(word) for word in words])
    assert not ended.value.code


@pytest.fixture(scope="module")
def tracked(tmp_path_factory) -> tuple[RunFolder, dict[str, Any]]:
    """A run that was stopped, resumed and evaluated under three trackers, and what each has of it; in their environment, offline."""
    place = tmp_path_factory.mktemp("tracked")
    modalities = modalities_of({"video": 4, "text": 3})
    Catalog.write(place / "tiny", tiny_titles(modalities), modalities=modalities, dtype="float32")
    folder, run = place / "kept", place / "runs" / "first"
    folder.mkdir()
    settings = {"WANDB_MODE": "offline", "WANDB_DIR": str(folder), "TRACKIO_DIR": str(folder / "trackio")}
    settings |= {"MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}", "WANDB_SILENT": "true"}
    run_in("trackers", folder, "-m", "tests.training.tracked_run", place / "tiny", run, folder, **settings)
    return RunFolder.open(run), json.loads((folder / "found.json").read_text())


@pytest.mark.slow
@pytest.mark.tool
@pytest.mark.parametrize("tracker", ["wandb", "mlflow", "trackio"])
def test_a_tracker_has_recipe_curves_figures_and_report_of_a_resumed_run_as_one_run(tracker, tracked):
    """With the real libraries, which are in an environment of their own (`make tools`)."""
    run, found = tracked[0], tracked[1][tracker]
    lines, report = run.metrics(), run.evaluation

    assert [name_and_project for _, *name_and_project in found["runs"]] == [["first", "films"]]
    assert found["losses"] == pytest.approx([line["loss"] for line in lines]) and len(lines) == 4
    assert {"model.width", "mask.ratio", "catalog.fingerprint"} <= set(found["params"])
    values = found["metrics"]
    best = lines[-1]["validation"]["baselines"]["kriging"]["centred_cosine"]
    assert values["validation/baselines/kriging/centred_cosine"] == pytest.approx(best)
    assert report and values["evaluation/test/skill"] == pytest.approx(report["skill"])
    assert set(found["figures"]) == {"curves/loss", "curves/validation", "evaluation/test/figure"}
    assert "kriging predictor" in found["report"] and "modality" in found["report"]
    assert "evaluation.json" in found["files"] or tracker == "trackio"


def test_the_figures_show_the_numbers_of_the_run(tmp_path):
    pytest.importorskip("matplotlib")
    path = write_run(tmp_path, "run", rising())
    drawn = dict(curves(RunFolder.open(path).metrics()))
    loss = drawn["curves/loss"].axes[0].lines[0]
    linear, model = drawn["curves/validation"].axes[0].lines
    scores = {"model": 0.6, "linear": 0.5, "global_mean": None}
    baselines = {name: {"centred_cosine": score} for name, score in scores.items() if name != "model"}
    report = {"split": "test", "centred_cosine": 0.6, "best_baseline": "linear", "baselines": baselines}
    axes = report_figure(report).axes[0]

    assert list(loss.get_ydata()) == [1 / step for step in range(1, 41)]
    assert list(model.get_xdata()) == [10, 20, 30, 40] and model.get_ydata()[-1] == pytest.approx(0.6)
    assert set(linear.get_ydata()) == {0.5}
    assert [t.get_text() for t in axes.get_yticklabels()] == ["line between the neighbours", "model"]
    assert [line.get_xdata()[0] for line in axes.lines] == [0.5, 0.6]
    assert picture(drawn["curves/loss"]).size == (700, 360)
    assert list(curves([])) == []


def test_a_tracker_that_fails_on_the_way_is_told_no_more_and_the_training_goes_on(tmp_path):
    run, notes, told = RunFolder.open(write_run(tmp_path, "run", rising())), [], []

    class Tracker:
        def log(self, values, step):
            told.append(step)
            if step == 2:
                raise OSError("no space left\non the device")

        def finish(self):
            told.append("end")

    tracked = Trackers([], run, on_note=notes.append)
    with tracked:
        tracked._started["comet_ml"] = Tracker()
        for line in run.metrics()[:3]:
            tracked.log(line)

    assert told == [1, 2] and notes == ["--track comet_ml: it is told no more (no space left)"]


def test_the_report_of_a_run_is_in_its_tensorboard(tiny_catalog: Catalog, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = tmp_path / "first"
    msm("train", tiny_catalog.path, run, *SETTINGS, "--device", "cpu")
    msm("evaluate", run, tiny_catalog.path, "--device", "cpu", "--track", "tensorboard")
    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    report = RunFolder.open(run).evaluation
    assert report is not None

    assert events.Scalars("evaluation/test/centred_cosine")[0].value == pytest.approx(report["centred_cosine"])
    assert events.Tags()["images"] == ["evaluation/test/figure"]
    assert b"kriging" in events.Tensors("evaluation/test/text_summary")[0].tensor_proto.string_val[0]


def test_an_unknown_tracker_is_one_sentence_before_anything_is_written(
    tiny_catalog: Catalog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError, match="tensorboard"):
        check_names(["tensorbord"])
    with pytest.raises(SystemExit) as ended:
        cli.main(["train", str(tiny_catalog.path), str(tmp_path / "run"), "--track", "nothing"])
    assert ended.value.code == 2
    assert "there is no tracker 'nothing'" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_every_number_of_a_line_has_a_name_and_what_is_no_number_is_left_out() -> None:
    line = {
        "step": 3,
        "loss": 0.5,
        "terms": {"shots": 1.0},
        "validation": {"skill": 0.1, "best_baseline": "kriging", "alarm": None},
    }
    assert dict(scalars(line)) == {"train/loss": 0.5, "train/terms/shots": 1.0, "validation/skill": 0.1}
