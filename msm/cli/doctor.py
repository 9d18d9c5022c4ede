"""The verb about this machine: doctor."""

from __future__ import annotations

import typer

from msm.cli.program import AsJson, app, to_json


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check this machine: device, FAISS build, video, encoders, disk; and list what to install."""
    from msm.cli import environment

    findings = environment.examine()
    report = environment.as_dict(findings)
    print(to_json(report) if as_json else environment.as_text(findings))
    if not report["sound"]:
        raise typer.Exit(1)
