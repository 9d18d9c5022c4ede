"""What the site does to a page beyond Markdown: links that leave docs/ become paths; decisions and verbs list themselves."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from workbench.server.documents import completed


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:
    return completed(markdown, PurePosixPath(page.file.src_uri), Path(config["docs_dir"]))
