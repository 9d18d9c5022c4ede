"""Check what the workbench needs on this machine, and name what to install.

Of the heavy packages only torch is imported, which knows the devices; others are looked up in the package metadata.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from msm.io.portable import SYSTEMS, TESTED, num_cores, unsupported

PACKAGE = "msm-workbench"
GOOD, NOTE, MISSING, BROKEN = "good", "note", "missing", "broken"  # note: works, with a remark
LITTLE_GB = 5.0
EXTRAS = {
    "cpu": "nearest-shot search on the CPU",
    "gpu": "nearest-shot search on a GPU",
    "notebooks": "JupyterLab, for the notebooks",
    "trained": "encoders and a shot detector with trained weights, without a network",
    "encoders": "encoders of model hubs, and OpenAI's for text",
    "search": "searching hyperparameters with Optuna",
    "serve": "serving a run over HTTP",
    "tools": "exports to LanceDB, Qdrant and Rerun",
    "export": "writing a model that embeds shots as ONNX",
    "track": "curves of a training in TensorBoard and other trackers",
    "scale": "training on several GPUs or machines, ablations on a Ray cluster",
    "sample": "drawing the sample films again",
    "bench": "the benchmarks",
    "login": "a login for a team",
    "docs": "making the documents",
    "dev": "the tests",
}
DECODED = {"h264": "H.264", "hevc": "HEVC", "vp9": "VP9", "av1": "AV1"}


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    state    good, note, missing (an optional part is not installed) or broken (a part is installed and does not work)
    install  the command that repairs it; empty where there is none or nothing to repair
    """

    part: str
    state: str
    sentence: str
    install: str = ""


def examine() -> list[Finding]:
    """Run every check; one that raises is reported as broken and does not stop the others."""
    return [finding for check in _CHECKS for finding in _safely(check)]


def as_dict(findings: Iterable[Finding]) -> dict[str, Any]:
    """For --json: {"sound": whether nothing is broken, "findings": […]}."""
    found = list(findings)
    return {"sound": not any(f.state == BROKEN for f in found), "findings": [asdict(f) for f in found]}


def as_text(findings: Iterable[Finding]) -> str:
    """A line a finding, followed by what to install."""
    marks = {GOOD: "✓", NOTE: "·", MISSING: "–", BROKEN: "✗"}
    found = list(findings)
    width = max(len(f.part) for f in found)
    lines = []
    for f in found:
        lines.append(f"{marks[f.state]} {f.part:<{width}}  {f.sentence}")
        lines += [f"  {'':<{width}}  → {f.install}"] if f.install else []
    return "\n".join(lines)


def _safely(check: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return check()
    except Exception as error:  # a library that is half installed may raise anything
        part = check.__name__.strip("_").replace("_", " ").capitalize()
        return [Finding(part, BROKEN, " ".join(f"{type(error).__name__}: {error}".split())[:200])]


def installed(package: str) -> str | None:
    """A package's version, None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _install(extra: str) -> str:
    return f"pip install '{PACKAGE}[{extra}]'"


def _program() -> list[Finding]:
    ours = installed(PACKAGE)
    where = Path(__file__).resolve().parents[2]
    sentence = f"{PACKAGE} {ours or 'not installed, run from'} ({where}), Python {platform.python_version()} on {platform.machine()}"
    found = [Finding("Program", GOOD if ours else NOTE, sentence)]
    if why := unsupported():
        found.append(Finding("Platform", BROKEN, why))
    elif sys.platform not in TESTED:
        found.append(Finding("Platform", NOTE, f"{SYSTEMS[sys.platform]}: the tests run on Linux (docs/install.md)"))
    return found


def _device() -> list[Finding]:
    import torch

    cores = num_cores()
    memory = _memory_gb()
    cpu = f"{cores} cores, {memory:.0f} GB of memory" if memory else f"{cores} cores"
    found = [Finding("Processor", GOOD, f"{cpu}; torch {torch.__version__} uses {torch.get_num_threads()} threads")]
    if torch.cuda.is_available():
        for i in range(torch.cuda.device_count()):
            facts = torch.cuda.get_device_properties(i)
            half = "bfloat16" if torch.cuda.is_bf16_supported() else "no bfloat16"
            size = facts.total_memory / 2**30
            sentence = (
                f"cuda:{i} is {facts.name}, {size:.0f} GiB, compute capability {facts.major}.{facts.minor}, {half}"
            )
            found.append(Finding("GPU", GOOD, sentence))
    elif torch.backends.mps.is_available():
        found.append(Finding("GPU", GOOD, "Apple's, through mps"))
    elif shutil.which("nvidia-smi"):
        sentence = f"nvidia-smi is here, but torch {torch.__version__} sees no GPU: it is a CPU build, or the driver is too old"
        found.append(Finding("GPU", MISSING, sentence, "pip install --force-reinstall torch"))
    else:
        found.append(Finding("GPU", NOTE, "none; training on the CPU is fine up to tens of thousands of shots"))
    return found


def _memory_gb() -> float:
    import psutil

    return psutil.virtual_memory().total / 1e9


def _search() -> list[Finding]:
    builds = {name: found for name in ("faiss-cpu", "faiss-gpu") if (found := installed(name))}
    if len(builds) > 1:
        sentence = "faiss-cpu and faiss-gpu are both installed and overwrite one another"
        return [Finding("Search", BROKEN, sentence, "pip uninstall -y faiss-cpu faiss-gpu && " + _install("gpu"))]
    if not builds:
        return [Finding("Search", MISSING, "FAISS is not installed", _install("cpu"))]
    name, found = next(iter(builds.items()))
    return [Finding("Search", GOOD, f"FAISS {found}, the {name.removeprefix('faiss-').upper()} build")]


def _maps() -> list[Finding]:
    found = installed("umap-learn")
    if found is None:
        return [Finding("Maps", MISSING, "umap-learn is not installed", f"pip install {PACKAGE}")]
    return [Finding("Maps", GOOD, f"umap-learn {found}, on the CPU")]


def _video() -> list[Finding]:
    import av

    known = {name: label for name, label in DECODED.items() if name in av.codecs_available}
    lacking = [label for name, label in DECODED.items() if name not in known]
    codec = ".".join(map(str, av.library_versions.get("libavcodec", ())))
    sentence = f"PyAV {av.__version__} with FFmpeg's libavcodec {codec} reads {', '.join(known.values())}"
    if lacking:
        return [Finding("Video", NOTE, f"{sentence}, but not {', '.join(lacking)}")]
    return [Finding("Video", GOOD, sentence)]


def _playable_copies() -> list[Finding]:
    from msm.io.ffmpeg import INSTALL, ffmpeg_programs

    programs = list(ffmpeg_programs())
    usable = next((p for p in programs if not p.problem), None)
    problems = [
        Finding("ffmpeg", NOTE, f"{p.path} {p.origin} makes no playable copies: {p.problem}")
        for p in programs
        if p.problem
    ]
    if usable is None:
        sentence = "no ffmpeg program that makes playable copies of films; only files that browsers play are linked"
        return [*problems, Finding("ffmpeg", MISSING, sentence, INSTALL)]
    sentence = f"ffmpeg {usable.version} {usable.origin} ({usable.path}) makes playable copies of films"
    return [Finding("ffmpeg", GOOD, sentence), *problems]


def _encoders() -> list[Finding]:
    found = [Finding("Encoders", GOOD, "descriptors: built in, nothing to download")]
    transformers, openai = installed("transformers"), installed("openai")
    if transformers is None:
        found.append(Finding("Encoders", MISSING, "open weights need transformers", _install("encoders")))
    else:
        home = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
        kept = sorted(p.name.removeprefix("models--").replace("--", "/") for p in (home / "hub").glob("models--*"))
        sentence = f"open weights through transformers {transformers}; {len(kept)} models are downloaded already"
        found.append(Finding("Encoders", GOOD, sentence))
    if openai is None:
        found.append(Finding("Encoders", MISSING, "OpenAI's text embeddings need openai", _install("encoders")))
    elif not os.environ.get("OPENAI_API_KEY"):
        found.append(Finding("Encoders", NOTE, f"openai {openai} is here, but OPENAI_API_KEY is not set"))
    else:
        found.append(Finding("Encoders", GOOD, f"openai {openai}, with a key"))
    return found


def _browser() -> list[Finding]:
    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        return [Finding("Browser", NOTE, "no Chromium: the app needs none here, its browser tests do")]
    return [Finding("Browser", GOOD, f"{path}, for the browser tests")]


def _extras() -> list[Finding]:
    found = []
    for extra, purpose in EXTRAS.items():
        wanted = packages_of(extra)
        lacking = [name for name in wanted if installed(name) is None]
        if not wanted or extra in ("cpu", "gpu"):
            continue  # reported as Search
        if lacking:
            sentence = f"[{extra}] for {purpose}: {', '.join(lacking)} not installed"
            found.append(Finding("Extras", MISSING, sentence, _install(extra)))
        else:
            found.append(Finding("Extras", GOOD, f"[{extra}] for {purpose}"))
    return found


def packages_of(extra: str) -> list[str]:
    """The packages that an extra of this project installs; none where the project itself is not installed."""
    try:
        lines = requires(PACKAGE) or []
    except PackageNotFoundError:
        return []
    of_extra = (line for line in lines if re.search(rf"extra == ['\"]{extra}['\"]", line))
    return sorted({re.split(r"[^\w.-]", line, maxsplit=1)[0].lower() for line in of_extra})


def _disk() -> list[Finding]:
    found = []
    for what, path in (("here", Path.cwd()), ("for temporary files", Path(tempfile.gettempdir()))):
        free = shutil.disk_usage(path).free / 1e9
        little = free < LITTLE_GB
        sentence = f"{free:.0f} GB free {what} ({path})" + (": little for catalogs and checkpoints" if little else "")
        found.append(Finding("Disk", NOTE if little else GOOD, sentence))
    return found


def _encoding() -> list[Finding]:
    name = (sys.stdout.encoding or "").lower().replace("-", "")
    if name == "utf8":
        return []
    return [Finding("Terminal", NOTE, f"its encoding is {name or 'unknown'}: some names may be shown with escapes")]


_CHECKS = (_program, _device, _search, _maps, _video, _playable_copies, _encoders, _extras, _browser, _disk, _encoding)
