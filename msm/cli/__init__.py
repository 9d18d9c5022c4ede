"""The command `msm`: each verb parses, calls one function of the library, and prints.

What a user did wrong becomes one sentence and exit status 2 in `main`, and nowhere else. Imports
that cost time stand inside the verbs, so that `msm --help` answers at once. A file holds the verbs of
one kind; `program.py` what they share.
"""

from msm.cli.main import main
from msm.cli.program import app, stop_signals, to_json

__all__ = ["app", "main", "stop_signals", "to_json"]
