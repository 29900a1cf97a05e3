"""Time and memory of the full-size networks, from one run in which all of them took turns."""

from __future__ import annotations

from collections.abc import Sequence

from mmpose_ssn.experiment.presets import is_meaningless
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.networks import REFERENCE
from mmpose_ssn.pages.blocks import Columns, Page, Table
from mmpose_ssn.pages.full_size_networks import FullSize, Latency, read_full_size, read_latency
from mmpose_ssn.pages.results import Results
from mmpose_ssn.pages.study import MEANINGLESS
from mmpose_ssn.pages.wording import distinct


def page(results: Results) -> Page:
    """The page of the networks that were timed.

    Raises:
        RefusedInput: If a file does not fit its format, or :data:`mmpose_ssn.networks.REFERENCE` was not timed.
    """
    file = results.folder / "latency.csv"
    if REFERENCE not in read_latency(file):
        raise RefusedInput(f"{file}: {REFERENCE} was not timed, and all others are compared with it; time it with them")
    timed = [(one, one.latency) for one in read_full_size(results) if one.latency]
    reference = next(latency for one, latency in timed if one.network == REFERENCE)
    machine = distinct(latency.machine for _, latency in timed)
    columns: Columns = {
        ("Network",): [one.network for one, _ in timed],
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
            "Median wall time of one image through the network with its final predictor alone: batch 1, float32, "
            "random weights, without decoding and flip test. All networks took turns in one process, so that what else "
            f"the machine did slowed all alike: the ratios to {REFERENCE} are what to go by."
        ),
        "Memory": (
            "Weights in float32, and the most bytes of maps that are held at once, as PyTorch's allocator sees them: "
            "without what a library below it allocates for itself."
        ),
        "Machine": f"{machine}.",
    }
    meaningless = is_meaningless(results.preset)
    return Page(
        title=f"Time and memory of the full-size networks on {machine}",
        blocks=[Table(columns, notes)],
        notices=[MEANINGLESS] if meaningless else [],
        meaningless=meaningless,
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
