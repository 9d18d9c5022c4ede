"""What no file may do, so that nothing is lost and nothing of one session is another's: read from the code itself."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.repository.test_imports import APP, LIBRARY, OURS, REPO, cached_functions, calls

# msm/io/files.py: a temporary name, then a rename; the last is a whole_file of msm/evaluation/kept_space.py
WHOLE = ("whole_file", "whole_folder", "file_beside")
WRITING = ("write_text", "write_bytes", "to_parquet", "np.save", "np.savez", "np.savez_compressed", "plan.save")
WRITING += ("checkpoint.save", "torch.save", "save_array", "save_file", "write_index", "write_table", "tofile")
ELSEWHERE = {  # writes outside such a block, and why nothing is lost by it
    "msm/data/writer.py": "into the folder of the whole_folder of msm/data/catalog.py",
    "msm/data/shot_table.py:ShotTableWriter.finish": "as above",
    "msm/io/table_parts.py:TableParts.append": "a nameless temporary file of whoever made it",
    "msm/ingest/encode_title.py:_write": "into the folder of encode_title's whole_folder",
    "msm/ingest/colour.py:write_cube": "as above; removed when ffmpeg has read it",
    "msm/search/vector_index/index.py:write_index": "into the folder of whoever keeps it (msm/search/index_store.py), a whole_folder",
    "msm/io/files.py:save_array": "into the folder or file of whoever calls",
    "msm/projection/maps/store.py:_as_npy": "into memory",
    "msm/importers/parts.py:_stream": "into memory",
    "msm/io/spreadsheet.py:as_parquet": "into memory",
    "msm/ablation/ablation.py:run": "it writes through msm/io/files.py",
    "msm/ablation/search.py:Search._grow": "as above",
    "msm/training/trainer.py:Trainer.save_checkpoint": "as above",
    "msm/exports/tools/atlas.py": "into the whole_folder of msm/exports/writing.py",
    "msm/exports/tools/fiftyone.py": "into the whole_folder of msm/exports/writing.py",
    "msm/exports/tools/pgvector.py": "into the whole_folder of msm/exports/writing.py",
    "msm/exports/tools/projector.py": "into the whole_folder of msm/exports/writing.py",
    "msm/io/progress.py:ProgressFile._write": "a temporary name and a rename of its own: how far, four times a second",
    "msm/ingest/sound.py:SoundSpool.__init__": "a file of this process alone",
    "msm/runs/folder.py:RunFolder.recording_failure": "room on the disk; nobody reads it",
    "workbench/app_pages/data/uploads.py:save_uploads": "into a job's folder, before there is a job",
    "workbench/server/jobs.py:start": "what the job says, as it says it",
}
FRESH = {
    "dict",
    "list",
    "set",
    "defaultdict",
    "OrderedDict",
    "Counter",
    "deque",
    "WeakValueDictionary",
    "WeakKeyDictionary",
}
OF_THE_SERVER = {"jobs.py:_watchers"}  # threads that wait for child processes; nothing of a session


def writes(path: Path) -> Iterator[tuple[str, ast.Call, bool]]:
    """Every call that writes a file: in which function, and whether a block of WHOLE is around it."""

    def walk(node: ast.AST, where: tuple[str, ...], whole: bool) -> Iterator[tuple[str, ast.Call, bool]]:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            where = (*where, node.name)
        if isinstance(node, ast.With):
            whole = whole or any(name in ast.unparse(item.context_expr) for item in node.items for name in WHOLE)
        if isinstance(node, ast.Call) and _writes(node):
            yield ".".join(where), node, whole
        for child in ast.iter_child_nodes(node):
            yield from walk(child, where, whole)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")), (), False)


def _writes(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    if name == "open" or name.endswith(".open"):
        modes = [a.value for a in call.args[:2] if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        return any(set(mode) <= set("rwxab+t") and set(mode) & set("wx") for mode in modes)
    return name in WRITING or name.rpartition(".")[2] in WRITING


def test_whatever_is_kept_is_written_under_a_temporary_name_and_renamed():
    found = [(f"{p.relative_to(REPO)}:{where}", c) for p in LIBRARY + APP for where, c, whole in writes(p) if not whole]
    bare = [(place, ast.unparse(c)) for place, c in found]
    allowed = {place for place, _ in bare if place in ELSEWHERE or place.partition(":")[0] in ELSEWHERE}
    assert [one for one in bare if one[0] not in allowed] == []
    assert len(allowed) >= 5, "the allowed writes are found, so others would be"


def test_a_temporary_name_of_ones_own_is_renamed():
    for place in ("msm/io/progress.py", "msm/training/checkpoint.py"):
        assert "os.replace(" in (REPO / place).read_text(encoding="utf-8")


def test_nothing_from_outside_is_run_as_code():
    loose = []
    for path in OURS:
        if path == REPO / "benchmarks" / "notebooks.py":  # runs the cells of this repository's own notebooks
            continue
        for call, name in calls(path):
            given = {k.arg: ast.unparse(k.value) for k in call.keywords}
            if name in ("eval", "exec", "os.system", "yaml.load") or given.get("trust_remote_code", "False") != "False":
                loose.append(f"{path.relative_to(REPO)}:{call.lineno} {name}")
            if given.get("shell", "False") != "False":
                loose.append(f"{path.relative_to(REPO)}:{call.lineno} {name}")
    assert loose == []


def test_modules_of_the_app_keep_nothing_between_sessions():
    """A dictionary of a module is every session's; what one session chose belongs into its state."""
    kept = []
    for path in APP:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and _begins_empty(node.value):
                kept += [
                    f"{path.name}:{ast.unparse(t)}" for t in getattr(node, "targets", [getattr(node, "target", None)])
                ]
        kept += [f"{path.name}:{name}" for n in ast.walk(tree) if isinstance(n, ast.Global) for name in n.names]
    assert set(kept) == OF_THE_SERVER


def _begins_empty(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Dict | ast.List):
        return not (value.keys if isinstance(value, ast.Dict) else value.elts)
    return isinstance(value, ast.Call) and ast.unparse(value.func).rpartition(".")[2] in FRESH and not value.args


def test_a_cached_function_asks_no_session():
    """What it reads there is no part of its key: the next session would get this one's answer."""
    asked = ("state.", "st.session_state", "st.query_params", "st.context", "st.user", "read_arguments(", "people.")
    assert [
        f"{path.name}:{node.name}"
        for path, node, _ in cached_functions()
        if any(word in ast.unparse(statement) for statement in node.body for word in asked)
    ] == []


def test_what_functools_keeps_in_the_app_has_a_bound():
    loose = []
    for path in APP:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for mark in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
                written = ast.unparse(mark)
                endless = written in ("cache", "functools.cache") or "maxsize=None" in written
                if endless and node.args.args and path.name not in ("front_end.py", "export.py"):
                    loose.append(f"{path.name}:{node.name}")  # our own few files, and a command that ends
    assert loose == []


def test_whoever_may_upload_may_upload_so_much():
    asked = [
        (p, call, {k.arg for k in call.keywords})
        for p in APP
        for call, name in calls(p)
        if name.endswith("file_uploader")
    ]
    assert asked and all("max_upload_size" in given for _, _, given in asked)


def test_the_server_is_this_machines_alone_and_its_own_guards_are_on():
    config = tomllib.loads((REPO / "workbench" / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["server"]["address"] == "localhost"
    assert config["client"]["showErrorDetails"] == "none"
    assert not {"enableCORS", "enableXsrfProtection", "enableStaticServing"} & set(config["server"])


def test_what_an_error_or_a_job_says_is_never_read_as_markdown():
    """It quotes files and links: a picture in it would be fetched from wherever its address says."""
    shown, loose = ("error", "warning", "info", "markdown", "caption", "success", "expander", "progress"), []
    for path in APP:
        for call, name in calls(path):
            if not (name.startswith("st.") and name.removeprefix("st.") in shown):
                continue
            for value in (v for a in call.args for v in ast.walk(a) if isinstance(v, ast.FormattedValue)):
                said = ast.unparse(value.value)
                if said in (
                    "error",
                    "job.title",
                    "job.sentence",
                    "note",
                    "one.problem",
                    "state.range_error()",
                    "complaint",
                    "alarm",
                ):
                    loose.append(f"{path.name}:{call.lineno} {said}")
    assert loose == []
