"""How this process takes memory from the system and gives it back."""

from __future__ import annotations

import ctypes
import os

_MALLOPT = {"MALLOC_TRIM_THRESHOLD_": (-1, -1), "MALLOC_MMAP_MAX_": (-4, 0)}
"""Parameters of mallopt(3) and their values, by the environment variable that sets the parameter too."""


def keep_freed_memory() -> None:
    """Have malloc keep freed memory for the next allocation.

    glibc gives a large block back to the system when it is freed, and the next one is faulted in again page by page.
    This takes a tenth of the time of a training on a CPU, and most of the time of a fast operation. A variable that the
    environment sets takes precedence; ``./run`` sets both for whatever it runs. With another C library nothing changes.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    for variable, (parameter, value) in _MALLOPT.items():
        if mallopt is not None and variable not in os.environ:
            mallopt(parameter, value)
