"""The verb that serves a run over HTTP: serve."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from msm.cli.program import app, open_catalog

TOKEN = "MSM_SERVE_TOKEN"


@app.command()
def serve(
    run: Annotated[Path, typer.Argument(help="A trained run.")],
    catalog: Annotated[Path, typer.Argument(help="A catalog of the same kind of shots.")],
    port: Annotated[int, typer.Option(help="0 takes a free one.", min=0, max=65535)] = 8600,
    address: Annotated[str, typer.Option(help="0.0.0.0 also serves other machines.")] = "127.0.0.1",
    name: Annotated[
        list[str], typer.Option(help="A public host name under which the service is asked; repeat for more.")
    ] = [],  # noqa: B006
    device: Annotated[str, typer.Option(help="auto, cpu, cuda …")] = "auto",
    max_body_mb: Annotated[float, typer.Option(help="Size of a request.", min=0.001)] = 16.0,
    max_shots: Annotated[int, typer.Option(help="Shots of a request.", min=1)] = 4096,
    max_waiting: Annotated[int, typer.Option(help="Requests at one time; one more is answered 429.", min=1)] = 64,
    batch: Annotated[int, typer.Option(help="Requests that share a forward pass.", min=1)] = 16,
) -> None:
    """Serve embed, fill-in, surprise and search over HTTP; /docs describes the routes. MSM_SERVE_TOKEN sets a token."""
    import importlib.util

    from msm.errors import InputError

    lacking = [one for one in ("fastapi", "uvicorn", "prometheus_client") if importlib.util.find_spec(one) is None]
    if lacking:
        raise InputError(f"serving needs {', '.join(lacking)}: pip install 'msm-workbench[serve]'")
    from msm.inference.run import Run
    from msm.serving.app import make_app
    from msm.serving.limits import Limits
    from msm.serving.server import serve as answer
    from msm.serving.server import take_port
    from msm.serving.service import Service
    from msm.training.trainer import pick_device

    with take_port(address, port) as bound:
        limits = Limits(body_bytes=int(max_body_mb * 1e6), shots=max_shots, waiting=max_waiting, together=batch)
        service = Service(Run.open(run, device=str(pick_device(device))), open_catalog(catalog), limits)
        if address not in ("127.0.0.1", "localhost", "::1") and not os.environ.get(TOKEN):
            print(f"msm: {address} is open to other machines without a token; set {TOKEN}", file=sys.stderr)
        routes = make_app(service, token=os.environ.get(TOKEN) or None, names=name)
        answer(routes, bound, f"{run.absolute().name} with {catalog.absolute().name}")
