"""Both widgets in a real kernel, spoken to as VS Code, JupyterLab and Colab do: by messages of its protocol."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from tests.browser.small_world import write_trio

PATIENCE_S = 120

OPENED = """
from msm import Catalog, Run
from msm import projection
catalog, run = Catalog.open("catalog"), Run.open("runs/mediafm")
title = catalog["title-test"]
"""
FLAT = """
def flat(rows, options, *, classes=None, tell=lambda stage, share: None):
    reduced = projection.pca.principal_components(rows, options.components, seed=0)
    near = projection.layout.nearest_rows(reduced, options.neighbours)[0]
    return projection.Projection(reduced[:, :2].copy(), near[:, 1:], "pca", "principal components")

projection.project = flat  # umap would take half a minute
from msm.projection.maps import make_maps
(stored,) = make_maps(catalog)
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory) -> Iterator[BlockingKernelClient]:
    folder = write_trio(tmp_path_factory.mktemp("kernel"), 12)
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(folder))
    try:
        run(client, OPENED)
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def run(client: BlockingKernelClient, code: str) -> list[dict[str, Any]]:
    """What the kernel publishes while a cell runs; an error fails the test."""
    heard: list[dict[str, Any]] = []
    reply = client.execute_interactive(code, output_hook=heard.append, timeout=PATIENCE_S)
    assert reply["content"]["status"] == "ok", reply["content"]
    return heard


def shown(heard: list[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    """(comm of the widget that the cell shows, its first state)."""
    views = [m["content"]["data"] for m in heard if m["msg_type"] in ("execute_result", "display_data")]
    (view,) = [
        d["application/vnd.jupyter.widget-view+json"] for d in views if "application/vnd.jupyter.widget-view+json" in d
    ]
    comm = view["model_id"]
    (opened,) = [m["content"] for m in heard if m["msg_type"] == "comm_open" and m["content"]["comm_id"] == comm]
    return comm, opened["data"]["state"]


def gesture(client: BlockingKernelClient, comm: str, **state: Any) -> dict[str, Any]:
    """Send what a front end sends after a gesture, and return the traits that the kernel sends back."""
    message = client.session.msg(
        "comm_msg", {"comm_id": comm, "data": {"method": "update", "state": state, "buffer_paths": []}}
    )
    client.shell_channel.send(message)
    back: dict[str, Any] = {}
    while True:
        heard = client.get_iopub_msg(timeout=PATIENCE_S)
        if heard["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            continue
        if heard["msg_type"] == "comm_msg" and heard["content"]["data"].get("method") == "update":
            back |= heard["content"]["data"]["state"]
        if heard["msg_type"] == "status" and heard["content"]["execution_state"] == "idle":
            return back


def printed(heard: list[dict[str, Any]]) -> str:
    return "".join(m["content"]["text"] for m in heard if m["msg_type"] == "stream").strip()


def test_a_gesture_on_the_filmstrip_fills_in_anew(kernel):
    comm, state = shown(run(kernel, "from workbench.components.filmstrip_widget import Filmstrip\nstrip = Filmstrip(run.fill_in(title, [3, 4]), title, run)\nstrip"))  # fmt: skip
    assert state["hidden"] == [3, 4] and "export default" in state["_esm"] and ".filmstrip" in state["_css"]
    back = gesture(kernel, comm, hidden=[7, 8, 9])
    assert back["answer"]["shots"] == [7, 8, 9]
    assert printed(run(kernel, "print(strip.fill.hidden.tolist())")) == "[7, 8, 9]"


def test_a_lasso_a_click_and_a_histogram_of_the_map_reach_python(kernel):
    comm, state = shown(run(kernel, FLAT + "from workbench.components.map_widget import ShotMap\nmap_ = ShotMap(catalog, stored)\nmap_"))  # fmt: skip
    assert state["constant"]["about"]["count"] == 36 and "export default" in state["_esm"]
    assert state["colours"]["palette"] and len(state["constant"]["facets"]) >= 2
    back = gesture(kernel, comm, points="3-5,30", pin=4, brushes={})
    assert back["pinned"]["point"] == 4 and len(back["pinned"]["near"]) == 8
    told = printed(run(kernel, "print(map_.rows, map_.table['shot'].tolist(), map_.table['title_id'].nunique())"))
    assert told == "[3, 4, 5, 30] [3, 4, 5, 6] 2"
    label = next(f["label"] for f in state["constant"]["facets"] if f["kind"] == "category")
    back = gesture(kernel, comm, points="3-5,30", pin=4, brushes={label: [0]})
    assert back["shown"] is not None
    back = gesture(kernel, comm, points="", pin=None, brushes={})
    assert back["shown"] is None and back["pinned"] is None
    run(kernel, "map_.label = 'split'; map_.rows = [1, 2]; assert map_.points == '1-2', map_.points")


def test_a_label_that_no_point_has_is_refused(kernel):
    heard = run(kernel, "from msm import InputError\ntry:\n    ShotMap(catalog, stored, label='nope')\nexcept InputError as error:\n    print(error)")  # fmt: skip
    assert "no label 'nope'" in printed(heard)


def test_the_widgets_carry_their_front_end_whole():
    from workbench.components.filmstrip_widget import Filmstrip
    from workbench.components.map_widget import ShotMap

    for widget in (Filmstrip, ShotMap):
        assert "import " not in [line[:7] for line in str(widget._esm).splitlines()]
