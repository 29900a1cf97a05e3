"""A long command's full log goes to a file, and to the terminal only what a person watches."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


def log_to(file: Path | None) -> TextIO:
    """Send everything that this process prints to ``file``; return a stream to where its standard error went before.

    Done on the file descriptors, so that what libraries and child processes print follows. Where ``file`` is None,
    nothing is redirected.
    """
    if file is None:
        return sys.stderr
    file.parent.mkdir(parents=True, exist_ok=True)
    terminal = os.fdopen(os.dup(2), "w", buffering=1)
    sys.stdout.flush()
    sys.stderr.flush()
    with file.open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    return terminal


@contextmanager
def errors_to_log(file: Path | None, terminal: TextIO) -> Iterator[None]:
    """Let an error's traceback go to the log ``file``, and print the error and the log's path to the terminal."""
    try:
        yield
    except Exception as error:
        if file is not None:
            print(f"{type(error).__name__}: {error}\nfull log: {file}", file=terminal)
        raise
