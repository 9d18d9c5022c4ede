"""Verbs about this machine: doctor."""

from __future__ import annotations

import typer

from msm.cli.program import AsJson, app, to_json


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """What this machine has: device, FAISS build, video, encoders, disk; and what to install for the rest."""
    from msm.cli import environment as looking

    found = looking.examine()
    answer = looking.as_dict(found)
    print(to_json(answer) if as_json else looking.as_text(found))
    if not answer["sound"]:
        raise typer.Exit(1)
