"""How this process takes memory from the system and gives it back."""

from __future__ import annotations

import ctypes
import os

_MALLOPT = {"MALLOC_TRIM_THRESHOLD_": (-1, -1), "MALLOC_MMAP_MAX_": (-4, 0)}
"""Parameters of mallopt(3) and what they are set to, by the environment variable that sets them too."""


def keep_freed_memory() -> None:
    """Have malloc keep what is freed for what is allocated next.

    glibc gives a large block back to the system when it is freed, and has it faulted in again page by page when the
    next one is wanted: a tenth of a training on a CPU, and most of the time of a fast operation. What the environment
    says of it stands, as ``./run`` does for whatever it runs; with another C library nothing changes.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    for variable, (parameter, value) in _MALLOPT.items():
        if mallopt is not None and variable not in os.environ:
            mallopt(parameter, value)
