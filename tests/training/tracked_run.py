"""Train with trackers, stop, go on, evaluate, and write as JSON what each tracker's own reader then finds; runs in their environment.

python -m tests.training.tracked_run CATALOG RUN FOLDER
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROJECT = "films"
SETTINGS = ["steps=4", "validate_every=1", "batch_windows=2", "model.width=32", "model.depth=1", "model.heads=2"]


def msm(*words: object) -> None:
    from msm import cli

    try:
        cli.main([str(word) for word in words])
    except SystemExit as ended:
        assert ended.code in (None, 0), ended.code


def track(trackers: list[str], catalog: Path, run: Path) -> None:
    """Three steps of four, the fourth by --resume, and the report."""
    from msm.data.catalog import Catalog
    from msm.recipes.presets import preset
    from msm.runs.folder import RunFolder
    from msm.training.trackers import Trackers
    from msm.training.trainer import pick_device, start_run, train

    opened, device = Catalog.open(catalog), pick_device("cpu")
    start_run(opened, run, preset("mediafm").with_settings(SETTINGS), device=device)
    folder, seen = RunFolder.open(run), []
    with Trackers(trackers, folder, PROJECT) as tracked:

        def stepped(line: dict[str, Any]) -> None:
            seen.append(line)
            tracked.log(line)

        train(folder, opened, device=device, on_step=stepped, should_stop=lambda: len(seen) >= 3)
    assert folder.info["state"] == "stopped"
    again = ["--device", "cpu", "--track", ",".join(trackers)]
    msm("train", catalog, run, "--resume", *again)
    msm("evaluate", run, catalog, *again)


def read_wandb(folder: Path) -> dict[str, Any]:
    """Records of the files that `wandb sync` uploads."""
    from wandb.proto.wandb_internal_pb2 import Record

    found: dict[str, Any] = {
        "runs": [],
        "losses": [],
        "params": [],
        "metrics": {},
        "figures": [],
        "report": "",
        "files": [],
    }
    for file in sorted(folder.rglob("*.wandb")):
        for data in records_of(file):
            record = Record.FromString(data)
            kind = record.WhichOneof("record_type")
            if kind == "run":
                found["runs"].append([record.run.run_id, record.run.display_name, record.run.project])
                found["params"] += [item.key for item in record.run.config.update]
            elif kind == "config":
                found["params"] += [item.key for item in record.config.update]
            elif kind == "history":
                values = {
                    item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in record.history.item
                }
                found["losses"] += [values["train/loss"]] if "train/loss" in values else []
                found["figures"] += [n.removesuffix("/_type") for n, v in values.items() if v == "image-file"]
            elif kind == "summary":
                for item in record.summary.update:
                    found["metrics"][item.key or "/".join(item.nested_key)] = json.loads(item.value_json)
            elif kind == "artifact":
                found["files"] += [entry.path for entry in record.artifact.manifest.contents]
    found["report"] = "".join(p.read_text() for p in folder.rglob("*.html"))
    found["figures"] = sorted(n for n in found["figures"])
    assert len(list(folder.rglob("media/images/**/*.png"))) == len(found["figures"]), found["figures"]
    found["runs"] = sorted({tuple(run) for run in found["runs"]})
    return found


def records_of(file: Path) -> Iterator[bytes]:
    """The records of a LevelDB log in blocks of 32 KiB: a head of four bytes of checksum, length and kind, then the data."""
    data, place, held = file.read_bytes(), 7, b""  # W&B's own head has seven bytes
    while place + 7 <= len(data):
        if 32768 - place % 32768 < 7:
            place += 32768 - place % 32768
            continue
        _, length, kind = struct.unpack("<IHB", data[place : place + 7])
        if kind == 0:
            return
        held += data[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield held
            held = b""


def read_mlflow(folder: Path) -> dict[str, Any]:
    import mlflow

    client = mlflow.MlflowClient()
    (experiment,) = client.search_experiments(filter_string=f"name = '{PROJECT}'")
    runs = client.search_runs([experiment.experiment_id])
    kept, run_id = runs[0], runs[0].info.run_id
    report = client.download_artifacts(run_id, "evaluation-test.txt", str(folder))

    def below(path: str | None = None) -> Iterator[str]:
        for one in client.list_artifacts(run_id, path):
            if one.is_dir:
                yield from below(one.path)
            else:
                yield one.path

    names = sorted(below())
    return {
        "runs": [[run.info.run_id, run.info.run_name, experiment.name] for run in runs],
        "losses": [m.value for m in client.get_metric_history(run_id, "train/loss")],
        "params": list(kept.data.params),
        "metrics": kept.data.metrics,
        "figures": [name.removeprefix("figures/").removesuffix(".png") for name in names if name.endswith(".png")],
        "files": names,
        "report": Path(report).read_text(),
    }


def read_trackio(folder: Path) -> dict[str, Any]:
    import trackio
    from trackio.sqlite_storage import SQLiteStorage

    runs = list(trackio.Api().runs(PROJECT))
    logs = SQLiteStorage.get_logs(PROJECT, runs[0].name)
    media = {name: v for line in logs for name, v in line.items() if isinstance(v, dict) and "_type" in v}
    return {
        "runs": [[run.id, run.name, PROJECT] for run in runs],
        "losses": [line["train/loss"] for line in logs if "train/loss" in line],
        "params": list(runs[0].config),
        "metrics": {name: v for line in logs for name, v in line.items() if isinstance(v, float)},
        "figures": sorted(name for name, v in media.items() if v["_type"] == "trackio.image"),
        "files": [],
        "report": "".join(v.get("_value", "") for v in media.values() if v["_type"] == "trackio.markdown"),
    }


READERS = {"wandb": read_wandb, "mlflow": read_mlflow, "trackio": read_trackio}

if __name__ == "__main__":
    catalog, run, folder = map(Path, sys.argv[1:])
    track(list(READERS), catalog, run)
    found = {name: read(folder) for name, read in READERS.items()}
    (folder / "found.json").write_text(json.dumps(found))
