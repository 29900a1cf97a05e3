"""Paired timing: what is compared runs in turn, in one process, so that a busy machine slows all of it alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Timing:
    """Time of one call.

    Attributes:
        wall: Median wall time in seconds.
        cpu: Median time of all the process's threads in seconds.
    """

    wall: float
    cpu: float


def paired(
    functions: Mapping[str, Callable[[], object]], seconds: float, wait: Callable[[], object] = lambda: None
) -> dict[str, Timing]:
    """Time functions in turn, for about ``seconds`` in all and in at least five rounds.

    In a round each is called once untimed, and then as often as takes some 5 ms. ``wait`` returns once all work that
    was handed to a GPU is done.
    """
    calls = {}
    for name, function in functions.items():
        function()
        wait()
        start = time.perf_counter()
        function()
        wait()
        calls[name] = max(1, int(0.005 / (time.perf_counter() - start)))
    walls: dict[str, list[float]] = {name: [] for name in functions}
    cpus: dict[str, list[float]] = {name: [] for name in functions}
    start, rounds = time.perf_counter(), 0
    while rounds < 5 or time.perf_counter() - start < seconds:
        rounds += 1
        for name, function in functions.items():
            function()  # untimed: what ran before has left its own data in the caches
            wait()
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(calls[name]):
                function()
            wait()
            walls[name].append((time.perf_counter() - wall) / calls[name])
            cpus[name].append((time.process_time() - cpu) / calls[name])
    return {name: Timing(median(walls[name]), median(cpus[name])) for name in functions}
