"""One measured number, and how the time and the memory of a step are measured."""

from __future__ import annotations

import ctypes
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Measurement:
    """One measured number.

    Attributes:
        figure: Name of what was done, such as ``start-up``.
        form: Form in which it was done, of those that are compared, or part of it.
        unit: Unit of the value: ``s`` is wall time, ``CPU s`` is the time of all threads, ``MB`` (10^6 bytes) is what
            the process's memory grew by at its peak.
        value: The value; where there are several rounds, their median.
        low, high: Values of the smallest and the largest round; None without rounds.
    """

    figure: str
    form: str
    unit: str
    value: float
    low: float | None = None
    high: float | None = None


def over_rounds(figure: str, form: str, unit: str, values: Sequence[float]) -> Measurement:
    """The median of several rounds, and their range."""
    return Measurement(figure, form, unit, median(values), min(values), max(values))


@contextmanager
def measured(figure: str, form: str) -> Iterator[list[Measurement]]:
    """A list that holds, after the block, its wall time, its CPU time, and what memory grew by at its peak.

    Memory that the process held before and gave back does not count. What Python kept of it for reuse makes the growth
    come out too small: measure what matters in a new process.
    """
    taken: list[Measurement] = []
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)  # glibc keeps what is given back, above all where ./run told it to
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak counts from now on (Linux, proc(5))
    held, wall, cpu = _memory("VmRSS"), time.perf_counter(), time.process_time()
    yield taken
    taken += [
        Measurement(figure, form, "s", time.perf_counter() - wall),
        Measurement(figure, form, "CPU s", time.process_time() - cpu),
        Measurement(figure, form, "MB", _memory("VmHWM") - held),
    ]


def _memory(entry: str) -> float:
    """Resident memory of this process in MB: ``VmRSS`` now, ``VmHWM`` at its peak.

    ``ru_maxrss`` would not do: a new process begins with its parent's, and nothing lowers it.
    """
    found = re.search(rf"^{entry}:\s*(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    if found is None:
        raise OSError(f"/proc/self/status has no {entry}: memory is measured on Linux only")
    return int(found[1]) * 1024 / 1e6
