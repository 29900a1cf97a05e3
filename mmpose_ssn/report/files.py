"""Writing a report's files so that a reader never finds half of one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def write_together(texts: Mapping[Path, str]) -> None:
    """Write text files, each replaced in one step, and none of them before all are on disk.

    Folders are made where they are missing. If a file cannot be written, the old ones stay as they are.
    """
    drafts = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in texts}
    try:
        for path, draft in drafts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(texts[path], encoding="utf-8", newline="\n")
        for path, draft in drafts.items():
            draft.replace(path)
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
