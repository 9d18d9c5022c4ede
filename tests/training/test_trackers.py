"""Curves in the trackers that people have: read back with each tool's own reader."""

from __future__ import annotations

from pathlib import Path

import pytest

from msm import cli
from msm.data.catalog import Catalog
from msm.errors import InputError
from msm.runs.folder import RunFolder
from msm.training.trackers import check_names, scalars
from tests.repository.test_documents import TINY

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


def test_wandb_keeps_an_offline_run_with_the_recipe(
    tiny_catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.setenv("WANDB_SILENT", "true")
    run = tmp_path / "runs" / "first"
    with pytest.raises(SystemExit) as ended:
        cli.main(["train", str(tiny_catalog.path), str(run), *SETTINGS, "--device", "cpu", "--track", "wandb"])
    assert not ended.value.code
    kept = b"".join(f.read_bytes() for f in tmp_path.rglob("*.wandb"))
    assert b"validation/centred_cosine" in kept
    assert b"model.width" in kept


def msm(*words: object) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([str(word) for word in words])
    assert not ended.value.code


def test_mlflow_keeps_recipe_curves_and_report_of_a_run_that_is_trained_on_in_one_run(
    tiny_catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.chdir(tmp_path)
    run = tmp_path / "runs" / "first"
    msm("train", tiny_catalog.path, run, *SETTINGS, "--device", "cpu", "--track", "mlflow")
    msm("evaluate", run, tiny_catalog.path, "--device", "cpu", "--track", "mlflow")
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("msm")
    (kept,) = client.search_runs([experiment.experiment_id])
    losses = [m.value for m in client.get_metric_history(kept.info.run_id, "train/loss")]
    report = client.download_artifacts(kept.info.run_id, "evaluation-test.txt", str(tmp_path))

    assert kept.info.run_name == "first" and kept.data.params["model.width"]
    assert losses == pytest.approx([line["loss"] for line in RunFolder.open(run).metrics()])
    assert "evaluation/test/centred_cosine" in kept.data.metrics
    assert "validation/baselines/kriging/centred_cosine" in kept.data.metrics
    assert Path(report).read_text().strip() in capsys.readouterr().out


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
    assert b"Kriging" in events.Tensors("evaluation/test/text_summary")[0].tensor_proto.string_val[0] or any(
        "kriging" in name for name in events.Tags()["scalars"]
    )


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
