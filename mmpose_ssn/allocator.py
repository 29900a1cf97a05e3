"""How this process takes memory from the system and gives it back."""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # of mallopt(3)


def keep_freed_memory() -> None:
    """Have malloc keep what is freed for what is allocated next.

    glibc gives a large block back to the system when it is freed, and has it faulted in again page by page when the
    next one is wanted: a tenth of a training on a CPU, and most of the time of a fast operation. With another C library
    nothing changes. ``./run`` sets the same in the environment, for what is no command of this package.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
