"""The one exception a user is meant to see, and how a broken file becomes it."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

LONGEST = 500  # characters of a sentence; what a file put into it may be a novel
FULL = (errno.ENOSPC, errno.EDQUOT)


class InputError(ValueError):
    """What a user gave cannot be used; the message is one sentence that says what and where.

    The command line prints it and exits with status 2; the app shows it. Anything else that is
    raised is our own mistake and keeps its traceback.
    """

    def __init__(self, sentence: str = ""):
        line = " ".join(printable(sentence).splitlines())
        half = LONGEST // 2
        super().__init__(line if len(line) <= LONGEST else f"{line[:half]} … {line[-half:]}")


class InputErrors(InputError):
    """Several files of one command cannot be used; the command line prints a line for each, however many there are."""

    def __init__(self, sentences: Iterable[str]):
        self.sentences = [str(InputError(sentence)) for sentence in sentences]
        ValueError.__init__(self, "; ".join(self.sentences))


def printable(name: str | Path) -> str:
    r"""Text that every encoding of Unicode can hold: bytes of a file name that are not UTF-8 are written as \xNN.

    Python reads such a byte as half a surrogate pair, which no JSON, Parquet or terminal takes.
    """
    text = str(name)
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # halves of another kind, as JSON may hold
        return text.encode("utf-8", "backslashreplace").decode()


class ShotError(InputError):
    """One shot of a title breaks a rule of the format."""

    def __init__(self, title_id: str, shot: int, rule: str):
        self.title_id, self.shot = title_id, shot
        super().__init__(f"title {title_id!r}, shot {shot}: {rule}")


NO_MEMORY = "there is not enough memory for this"
_MEMORY_WORDS = ("out of memory", "enough memory", "allocate memory", "bad_alloc", "failed to map segment")


def lacks_memory(error: BaseException) -> bool:
    """Was it memory that was missing? torch, FAISS and FFmpeg have exceptions of their own for that."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    words = str(error).lower() if isinstance(error, RuntimeError | ImportError) else ""
    return isinstance(error, MemoryError) or any(word in words for word in _MEMORY_WORDS)


def did_you_mean(word: str, known: Iterable[str], *, at_most: int | None = None) -> str:
    """The end of a sentence about a name that nobody knows: the one that was probably meant, else those that there are."""
    names = list(known)
    if near := difflib.get_close_matches(word, names, n=1):
        return f"did you mean {near[0]!r}?"
    more = " …" if at_most is not None and len(names) > at_most else ""
    return f"there are {', '.join(names[:at_most])}{more}"


class FullDiskError(InputError):
    """There is no space left: whatever else is asked for would fail too."""


@contextmanager
def reading(path: Path | str, what: str) -> Iterator[None]:
    """Nothing but another's decoder runs inside: whatever it raises means that `path` is no good `what`, an InputError.

    Decoders raise what they like for a corrupted file (a TokenError for a header, a UnicodeDecodeError for a name, a
    RuntimeError for an address), so no list of exceptions would be whole. A full disk stays what it is.
    """
    try:
        yield
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{path} is missing") from None
    except Exception as error:
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        reason = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
        raise InputError(f"{path} is not readable as {what}: {reason}") from error
