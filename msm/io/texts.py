"""Text files of unknown encoding."""

from __future__ import annotations

import codecs

from msm.errors import InputError, printable


def decode_text(raw: bytes) -> str:
    """UTF-8, UTF-16 with its mark, else Windows-1252, which spreadsheets and older programs write; InputError for no text."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = raw.decode("utf-16", "replace")
    else:
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("cp1252", "replace")
    if "\0" in text:
        raise InputError("it is no text")
    return printable(text)
