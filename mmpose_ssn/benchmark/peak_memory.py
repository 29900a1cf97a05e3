"""How much memory a call holds at its peak, as PyTorch's allocator sees it."""

from __future__ import annotations

from collections.abc import Callable

from torch.profiler import ProfilerActivity, profile


def peak_bytes(call: Callable[[], object]) -> int:
    """The most bytes of tensors that a call holds at once on the CPU, its result among them.

    What was allocated before, such as weights, does not count, nor does what a library below PyTorch allocates for
    itself. Unlike the process's resident memory it depends neither on the machine nor on what ran before.
    """
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        result = call()
    del result
    events = [event for event in recorded.profiler.kineto_results.events() if event.name() == "[memory]"]
    held = peak = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()
        peak = max(peak, held)
    return peak
