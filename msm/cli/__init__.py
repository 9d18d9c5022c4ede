"""The command `msm`: each verb parses its arguments, calls one function of the library, and prints the result.

Only `main` turns errors of the user into one sentence and exit status 2. Slow imports stand inside the verbs, so that
`msm --help` starts at once. `program` holds what the verbs share; `tables`, `reports` and `describe` format text.
"""

# ruff: noqa: E402 — the verbs take half a second to import
from msm.cli.early_interrupt import expect_interrupts

expect_interrupts()

from msm.cli.main import main
from msm.cli.program import app, stop_signals, to_json

__all__ = ["app", "main", "stop_signals", "to_json"]
