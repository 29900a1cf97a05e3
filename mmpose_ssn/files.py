"""Files written so that a reader never finds half of one, each as a draft that then takes its place, and told apart by
their digests.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path


@contextmanager
def draft(file: Path) -> Iterator[Path]:
    """Give the path of a draft to write, which replaces ``file`` in one step at the end.

    It is in ``file``'s folder, which is made where it is missing. After an error the draft is removed, and ``file``
    stays as it is.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    # The process's number stands after the last dot: torch.save writes a file's name up to there into the file.
    unfinished = file.with_name(f".{file.name}.part{os.getpid()}")
    try:
        yield unfinished
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


def write_together(contents: Mapping[Path, str | bytes]) -> None:
    """Write files, text in UTF-8, each replaced in one step, and none of them before all are on disk.

    They take their places in reverse order, so that the first one, such as a manifest, says that the others are there.
    Folders are made where they are missing. If a file cannot be written, the old ones stay as they are.
    """
    with ExitStack() as drafts:
        for file, content in contents.items():
            unfinished = drafts.enter_context(draft(file))
            unfinished.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def is_draft(file: Path) -> bool:
    """Whether a file is a draft, by its name; a draft that stays was left by a killed process."""
    return re.fullmatch(r"\..+\.part\d+", file.name) is not None


def sha256(file: Path, progress: Callable[[int], object] = lambda read: None) -> str:
    """SHA-256 of a file's bytes in hexadecimal; the file may be larger than the memory.

    Args:
        file: Path of the file.
        progress: Function that is called with the number of bytes of each piece that was read.

    Raises:
        OSError: If the file cannot be read.
    """
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
            progress(len(piece))
    return digest.hexdigest()


class RefusedInput(ValueError):
    """A file that nothing can be made from; the message names the file, the field, and what was expected."""
