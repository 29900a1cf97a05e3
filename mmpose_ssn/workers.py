"""Worker processes that do not outlive the process that started them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading


def follow_parent() -> None:
    """Leave interrupts to the parent, and end this process when the parent is killed.

    Otherwise it would go on holding the parent's lock. To be given to a pool as its initializer.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None, "runs in worker processes only"

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
