"""A plug-in of somebody else: whatever is wrong with it is one sentence that names it, and costs nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from msm import Catalog, InputError, cli
from msm.ingest import load_encoders

MEAN = """
import numpy as np
class Mean:
    modality, name, dim = "video", "mine/1", 3
    def encode(self, shots):
        return np.stack([shot.pictures.mean(axis=(0, 1, 2)) for shot in shots])
"""
LETTERS = """
import numpy as np
class Letters:
    modality, dim = "text", 26
    def __init__(self, name="mine:abc/2"):
        self.name = name
    def encode(self, shots):
        counts = [[shot.text.lower().count(chr(97 + i)) for i in range(26)] for shot in shots]
        return np.array(counts, dtype=np.float32)
"""


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """`plugin(code)`: a package `mine` with the entry point `mine`, as pip would install it."""

    def install(code: str, package: str = "mine") -> None:
        folder = tmp_path / f"packages-{package}"
        info = folder / f"{package}-1.0.dist-info"
        info.mkdir(parents=True)
        (folder / f"{package}_code.py").write_text(code, encoding="utf-8")
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[msm.encoders]\nmine = {package}_code:encoders\n", encoding="utf-8")
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.delitem(sys.modules, f"{package}_code", raising=False)

    return install


@pytest.fixture
def msm(capfd):
    """`msm(words)`: the exit status, stdout and stderr."""

    def call(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main([str(word) for word in words])
        told = capfd.readouterr()
        return int(left.value.code), told.out, told.err

    return call


AT_LOADING = {
    "a module that is missing": ("import no_such_module", "needs the module 'no_such_module', which is not installed"),
    "an error while it is imported": ("1 / 0", "cannot be imported: ZeroDivisionError"),
    "a syntax error": ("def encoders(:", "cannot be imported: SyntaxError"),
    "leaving while it is imported": ("import sys; sys.exit(0)", "cannot be imported: SystemExit"),
    "no such function": ("x = 1", "cannot be imported: AttributeError"),
    "no function at all": ("encoders = 3", "is a int, but must be a function"),
    "a function that fails": ("def encoders(): raise RuntimeError('no\\nlicence')", "failed: RuntimeError: no licence"),
    "an error that cannot be printed": (
        "class Odd(Exception):\n def __str__(self): raise ValueError\ndef encoders(): raise Odd",
        "failed: Odd",
    ),
    "nothing": ("def encoders(): return None", "failed: TypeError"),
    "what is no encoder": ("def encoders(): return [object()]", "has the modality None"),
    "another modality": (MEAN + "Mean.modality = 'smell'\ndef encoders(): return [Mean()]", "modality 'smell'"),
    "another's name": (
        MEAN + "Mean.name = 'descriptors/1'\ndef encoders(): return [Mean()]",
        "must be 'mine', or begin",
    ),
    "no name": (MEAN + "Mean.name = None\ndef encoders(): return [Mean()]", "the name None"),
    "no width": (MEAN + "Mean.dim = 0\ndef encoders(): return [Mean()]", "width 0"),
    "an impossible batch": (MEAN + "Mean.batch = 0\ndef encoders(): return [Mean()]", "batch = 0"),
    "nothing to call": (MEAN + "Mean.encode = 3\ndef encoders(): return [Mean()]", "without a function encode"),
}


@pytest.mark.parametrize("fault", AT_LOADING)
def test_a_plugin_that_cannot_be_loaded_is_named_before_any_film_is_read(fault, plugin, put, msm, tmp_path):
    code, sentence = AT_LOADING[fault]
    plugin(code)
    status, _, said = msm("ingest", put(0, "a.mp4"), tmp_path / "catalog", "--encoders", "descriptors,mine")
    assert status == 2 and said.startswith("msm: the encoder plug-in 'mine' of mine 1.0 ")
    assert sentence in said and said.count("\n") == 1 and not (tmp_path / "catalog").exists()


WHILE_ENCODING = {
    "an exception": ("raise KeyError('weights')", "encoder mine/1 failed: KeyError: 'weights'"),
    "leaving": ("raise SystemExit(0)", "encoder mine/1 failed: SystemExit: 0"),
    "too few rows": ("return np.ones((0, 3))", "gave (0, 3) for 1 shots, expected (1, 3)"),
    "another width": ("return np.ones((len(shots), 2))", "gave (1, 2) for 1 shots, expected (1, 3)"),
    "ragged rows": ("return [[1], [2, 3]]", "encoder mine/1 failed: ValueError"),
    "nothing": ("return None", "expected (1, 3)"),
    "NaN": ("return np.full((len(shots), 3), np.nan)", "encoder mine/1 gave NaN"),
}


@pytest.mark.parametrize("fault", WHILE_ENCODING)
def test_a_plugin_that_fails_costs_the_film_at_which_it_fails_and_no_other(fault, plugin, put, msm, tmp_path):
    line, sentence = WHILE_ENCODING[fault]
    body = f"    def encode(self, shots):\n        if shots[0].pictures.mean() > LIMIT:\n            {line}\n"
    dark_first = sorted((put(n, f"{n}.mp4") for n in (0, 1)), key=_brightness)
    limit = sum(_brightness(film) for film in dark_first) / 2
    plugin(
        f"LIMIT = {limit}\n" + MEAN.replace("    def encode(self, shots):\n", body) + "def encoders(): return [Mean()]"
    )

    status, out, said = msm(
        "ingest", *dark_first, tmp_path / "catalog", "--encoders", "descriptors,mine", "--no-media", "--json"
    )
    assert status == 2 and sentence in said and said.count("\n") == 1
    assert json.loads(out)["added"] == [dark_first[0].stem]
    assert [title.title_id for title in Catalog.open(tmp_path / "catalog")] == [dark_first[0].stem]


def _brightness(film: Path) -> float:
    import av

    with av.open(str(film)) as opened:
        return float(next(opened.decode(video=0)).to_ndarray(format="rgb24").mean())


def test_what_a_plugin_prints_never_enters_the_answer_not_even_below_python(plugin, put, msm, tmp_path):
    below = "import ctypes, subprocess, sys\n"
    below += "def noise():\n    print('hello'); ctypes.CDLL(None).puts(b'hello from C')\n"
    below += "    subprocess.run([sys.executable, '-S', '-c', 'print(\"hello from a child\")'])\nnoise()\n"
    loud = LETTERS.replace("        counts", "        noise()\n        counts", 1)
    plugin(below + loud + "def encoders(argument=''):\n    noise()\n    return [Letters()]\n")
    words = ["--encoders", "descriptors,mine=abc", "--no-media", "--json"]
    status, out, said = msm("ingest", *_talking(put), tmp_path / "catalog", *words)
    assert status == 0 and json.loads(out)["added"] == ["a", "b"]
    assert said.count("hello from C") == said.count("hello from a child") >= 3
    status, out, said = msm("search", tmp_path / "catalog", "--text", "a cab", "--json")
    assert status == 0 and json.loads(out)["results"][0]["title_id"] == "a" and "hello from C" in said


def test_an_argument_reaches_the_function_of_a_plugin_and_a_search_finds_it_by_the_name(plugin, put, msm, tmp_path):
    plugin(LETTERS + "def encoders(argument): return [Letters(f'mine:{argument}/2')]\n")
    words = ["--encoders", "descriptors,mine=x/y", "--no-media"]
    assert msm("ingest", *_talking(put), tmp_path / "catalog", *words)[0] == 0
    assert Catalog.open(tmp_path / "catalog").modalities[-1].encoder == "mine:x/y/2"
    status, out, _ = msm("search", tmp_path / "catalog", "--text", "cab", "--json")
    assert status == 0 and json.loads(out)["results"][0]["title_id"] == "a"


def _talking(put) -> list[Path]:
    films = [put(0, "a.mp4"), put(1, "b.mp4")]
    for film, said in zip(films, ("abc", "xyz"), strict=True):
        film.with_suffix(".srt").write_text(f"1\n00:00:00,000 --> 00:00:00,400\n{said}\n", encoding="utf-8")
    return films


@pytest.mark.parametrize(("signature", "called"), [("", ()), ("argument", ("",)), ("argument='x'", ())])
def test_a_plugin_without_an_argument_is_called_as_its_function_allows(signature, called, plugin):
    plugin(MEAN + f"Mean.called = None\ndef encoders({signature}):\n    Mean.called = 1\n    return [Mean()]\n")
    (encoder,) = load_encoders("mine")
    assert encoder.called == 1 and encoder.name == "mine/1"


def test_a_plugin_that_takes_no_argument_refuses_one(plugin):
    plugin(MEAN + "def encoders(): return [Mean()]")
    with pytest.raises(InputError, match="takes no argument, so mine=large cannot be loaded"):
        load_encoders("mine=large")


def test_two_plugins_of_one_name_are_not_chosen_between(plugin):
    plugin(MEAN + "def encoders(): return [Mean()]")
    plugin(MEAN + "def encoders(): return [Mean()]", "other")
    with pytest.raises(InputError, match=r"several encoder plug-ins called 'mine', of mine .* and other "):
        load_encoders("mine")


def test_a_search_without_faiss_says_which_extra_is_missing(tiny_catalog):
    code = "import sys; sys.modules['faiss'] = None; from msm.cli import main; main(sys.argv[1:])"
    words = ["search", str(tiny_catalog.path), "--shot", "train-0:0"]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert done.returncode == 2 and "pip install 'msm-workbench[cpu]'" in done.stderr and done.stderr.count("\n") == 1
