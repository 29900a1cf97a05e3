"""Time and memory of the full-size networks as Markdown, from one run in which all of them took turns."""

from __future__ import annotations

from collections.abc import Sequence

from mmpose_ssn.report.baselines import FullSize, Latency
from mmpose_ssn.report.inputs import RefusedInput
from mmpose_ssn.report.markup import Columns, escape_markdown, markdown_list, markdown_table
from mmpose_ssn.report.table1 import distinct
from mmpose_ssn.variants import REFERENCE


def to_markdown(networks: Sequence[FullSize]) -> str:
    """The page.

    Args:
        networks: Those that were timed are shown.

    Raises:
        RefusedInput: If :data:`mmpose_ssn.variants.REFERENCE` was not timed.
    """
    timed = [(one, one.latency) for one in networks if one.latency]
    reference = next((latency for one, latency in timed if one.id == REFERENCE), None)
    if reference is None:
        raise RefusedInput(f"{REFERENCE} was not timed, and all others are compared with it; time it with them")
    machine = distinct(latency.machine for _, latency in timed)
    columns: Columns = {
        ("Network",): [one.id for one, _ in timed],
        ("Crop",): [one.input_size for one, _ in timed],
        ("MACs, G",): [f"{one.deployed.macs / 1e9:.2f}" for one, _ in timed],
        **{
            key: cells
            for threads in sorted(reference.wall_ms)
            for key, cells in _times(timed, reference, threads).items()
        },
        ("Weights, MB",): [f"{one.deployed.params * 4 / 1e6:.1f}" for one, _ in timed],
        ("Peak of", "maps, MB"): [f"{latency.peak_mb:.1f}" for _, latency in timed],
    }
    notes = {
        "Time": (
            "Median wall time of one image through the network with its answer alone: batch 1, float32, random "
            "weights, without decoding and flip test. All networks took turns in one process, so that what else the "
            f"machine did slowed all alike: the ratios to {REFERENCE} are what to go by."
        ),
        "Memory": (
            "Weights in float32, and the most bytes of maps that are held at once, as PyTorch's allocator sees them: "
            "without what a library below it allocates for itself."
        ),
        "Machine": f"{machine}.",
    }
    return "\n".join(
        [
            f"# Time and memory of the full-size networks on {escape_markdown(machine)}",
            "",
            markdown_table(columns),
            "",
            *markdown_list(notes),
            "",
        ]
    )


def _times(timed: Sequence[tuple[FullSize, Latency]], reference: Latency, threads: int) -> Columns:
    """Milliseconds, ratio, and milliseconds a billion multiply-accumulates, for one number of threads."""
    named = f"{threads} thread{'s' * (threads > 1)}"
    walls = [(one, latency.wall_ms[threads]) for one, latency in timed]
    return {
        (named, "ms"): [f"{wall:.1f}" for _, wall in walls],
        (named, f"/ {REFERENCE}"): [f"{wall / reference.wall_ms[threads]:.2f}" for _, wall in walls],
        (named, "ms / G MACs"): [f"{wall / (one.deployed.macs / 1e9):.1f}" for one, wall in walls],
    }
