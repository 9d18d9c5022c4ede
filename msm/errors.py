"""The one exception a user is meant to see."""


class InputError(ValueError):
    """What a user gave cannot be used; the message is one sentence that says what and where.

    The command line prints it and exits with status 2; the app shows it. Anything else that is
    raised is our own mistake and keeps its traceback.
    """


class FullDiskError(InputError):
    """There is no space left: whatever else is asked for would fail too."""
