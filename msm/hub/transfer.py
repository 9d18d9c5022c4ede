"""Upload a run or a catalog to a repository of the hub, and download one.

Tokens, the address of the hub (HF_ENDPOINT), proxies and the cache are those of huggingface_hub. A token never enters a message.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from huggingface_hub import CommitOperationAdd, HfApi, snapshot_download

from msm.data.catalog import Catalog
from msm.errors import InputError
from msm.hub.cards import catalog_card, model_card
from msm.inference.run import Run
from msm.io import files
from msm.io.hub_errors import hub_in_one_sentence
from msm.models.pretrained import LIBRARY, arguments_of

RUN_FILES = (
    "recipe.json",
    "run.json",
    "model.safetensors",
    "metrics.jsonl",
    "evaluation.json",
    "baselines.safetensors",
)
CATALOG_FILES = ("catalog.json", "titles.parquet", "shots.parquet", "shots-*.npy", "global.npy", "statistics/*")
MEDIA = "media/**/*"
CARD, CONFIG = "README.md", "config.json"
NAMING_PATHS = ("run.json", "evaluation.json")


def push(
    path: str | Path,
    name: str,
    *,
    private: bool | None = None,
    branch: str | None = None,
    message: str | None = None,
    licence: str | None = None,
    media: bool = False,
) -> str:
    """Upload a run or a catalog in one commit to the repository `name` (`USER/NAME`), which is created if there is none.

    private  of a new repository; None = as the account has it
    branch   to commit to, created if there is none; None = main
    message  of the commit
    licence  an identifier such as `apache-2.0`, for the card
    media    also the thumbnails and playable copies of a catalog

    A run becomes a model repository with a card made from its recipe and report, a catalog a dataset repository. Returns the
    address of the commit. InputError where the path is neither, the repository's name is none, or the hub refuses.
    """
    path = Path(path)
    kind, uploads = kind_of(path), contents(path, name, licence=licence, media=media)
    operations = [CommitOperationAdd(where, content) for where, content in uploads.items()]
    with hub_in_one_sentence(name):
        api = HfApi(library_name=LIBRARY)
        repository = api.create_repo(name, repo_type=kind, private=private, exist_ok=True).repo_id
        if branch is not None:
            api.create_branch(repository, branch=branch, repo_type=kind, exist_ok=True)
        commit = api.create_commit(
            repository, operations, repo_type=kind, revision=branch, commit_message=message or f"Push {path.name}"
        )
    return str(commit.commit_url)


def kind_of(path: Path) -> str:
    """`model` for a run, `dataset` for a catalog; InputError for anything else."""
    if (path / "run.json").is_file():
        return "model"
    if (path / "catalog.json").is_file():
        return "dataset"
    raise InputError(f"{path} is neither a run nor a catalog: there is no run.json or catalog.json in it")


def contents(path: Path, name: str, *, licence: str | None = None, media: bool = False) -> dict[str, Path | bytes]:
    """What is uploaded, by its path in the repository: files as they are, or bytes.

    InputError for a catalog that is not valid, and for a run that has no weights or is being trained.
    """
    if kind_of(path) == "dataset":
        catalog = Catalog.open(path)
        catalog.validate()
        uploads = _files(path, (*CATALOG_FILES, MEDIA) if media else CATALOG_FILES)
        return {**uploads, CARD: catalog_card(catalog, name, licence).encode()}
    run = Run.open(path)
    if run.info["state"] == "running":
        raise InputError(f"{path} is being trained; push it when it has ended, or stop it first")
    uploads = _files(path, RUN_FILES)
    uploads |= {file: _without_path(path / file) for file in NAMING_PATHS if file in uploads}
    config = json.dumps(arguments_of(files.read_json(path / "recipe.json"), run.info), indent=2)
    return {**uploads, CONFIG: config.encode(), CARD: model_card(run, name, licence).encode()}


def pull(name: str, into: str | Path, *, revision: str | None = None) -> Path:
    """Download a run or a catalog to the folder `into`/NAME, checked before it appears there under its name.

    revision  a branch, tag or commit; None = main

    Returns the folder. InputError where it exists, there is no such repository, or its files are not a run or a catalog.
    """
    path = Path(into) / name.rpartition("/")[2]
    with files.whole_folder(path) as temporary, hub_in_one_sentence(name):
        kind = _kind_on_hub(name, revision)
        wanted = RUN_FILES if kind == "model" else (*CATALOG_FILES, "media/*")
        snapshot_download(
            name, repo_type=kind, revision=revision, local_dir=temporary, allow_patterns=[*wanted, CARD, CONFIG]
        )
        shutil.rmtree(temporary / ".cache", ignore_errors=True)
        if kind == "model":
            Run.open(temporary)
        else:
            Catalog.open(temporary).validate()
    return path


def _kind_on_hub(name: str, revision: str | None) -> str:
    api = HfApi(library_name=LIBRARY)
    found = [kind for kind in ("model", "dataset") if api.repo_exists(name, repo_type=kind)]
    if not found:
        raise InputError(f"there is no repository {name!r} on the hub, or it is private and you are not logged in")
    for kind, needed in (("model", "run.json"), ("dataset", "catalog.json")):
        if kind in found and api.file_exists(name, needed, repo_type=kind, revision=revision):
            return kind
    where = name if revision is None else f"{name} at {revision}"
    raise InputError(f"{where} on the hub is neither a run nor a catalog: there is no run.json or catalog.json in it")


def _files(path: Path, patterns: tuple[str, ...]) -> dict[str, Path | bytes]:
    found = (file for pattern in patterns for file in sorted(path.glob(pattern)) if file.is_file())
    return {file.relative_to(path).as_posix(): file for file in found}


def _without_path(path: Path) -> bytes:
    """A JSON file in which of the catalog's path only the last name is left: folders of this machine are nobody's business."""
    found = files.read_json(path)
    if isinstance(found.get("catalog"), dict) and "path" in found["catalog"]:
        found["catalog"]["path"] = Path(found["catalog"]["path"]).name
    return json.dumps(found, indent=1).encode()
