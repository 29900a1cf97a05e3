"""The full-size networks as they are published, counted and timed here and not trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mmpose_ssn import paper
from mmpose_ssn.evaluation.scores import Cost
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.networks import network
from mmpose_ssn.pages.results import Results, read_cost, read_table
from mmpose_ssn.paper import PrintedNumber

_SIZE = "256x192"  # height and width in pixels of the crops of the paper's Table 1

KINDS = {"paper": "the paper's", "baseline": "MMPose's", "control": "alternative", "alternative": "alternative"}
"""Where a network comes from, by its group; an alternative has something else in the modules' place, or does not train
them whole.
"""


@dataclass(frozen=True)
class Latency:
    """What ``latency.csv`` says of a network: one image through it as deployed, batch 1.

    Attributes:
        wall_ms: Median wall time in milliseconds, by number of threads.
        peak_mb: Size of the maps at the peak, in millions of bytes.
        machine: The machine that it was timed on.
        commit: Commit of the code that timed it.
    """

    wall_ms: Mapping[int, float]
    peak_mb: float
    machine: str
    commit: str


@dataclass(frozen=True)
class FullSize:
    """A full-size network.

    Attributes:
        network: Its short id.
        input_size: Height and width of its crop in pixels, such as ``256x192``.
        deployed: Its cost with its final predictor alone.
        mmpose_flops: What MMPose calls its FLOPs; None for the paper's.
        params_m: Parameters in millions as MMPose prints them; None where it does not.
        flops_g: ``mmpose_flops`` in billions as MMPose prints them; None where it does not.
        latency: What it takes for one image; None where it was not timed.
        published: AP in percent on COCO val2017 as the paper or MMPose prints it; None for a network of ours.
        policy: The policy by which its operations are counted.
    """

    network: str
    input_size: str
    deployed: Cost
    mmpose_flops: int | None
    params_m: PrintedNumber | None
    flops_g: PrintedNumber | None
    latency: Latency | None
    published: PrintedNumber | None
    policy: str

    @property
    def kind(self) -> str:
        """One of :data:`KINDS`."""
        return KINDS[network(self.network).group]


def read_full_size(results: Results, timed: bool = True) -> tuple[FullSize, ...]:
    """The networks of the paper's Table 1, MMPose's, and the alternatives to the modules, as far as they are counted.

    Args:
        results: The results.
        timed: Whether to take the times from ``latency.csv``, where it is there.

    Raises:
        RefusedInput: If a file does not fit its format.
    """
    latency_file = results.folder / "latency.csv"
    latency = read_latency(latency_file) if timed and latency_file.is_file() else {}
    costs, printed = results.full_size_costs(), paper.table1()
    found = [
        FullSize(name, _SIZE, costs[name].deployed, None, None, None, latency.get(name), row.ap, costs[name].policy)
        for name, row in printed.items()
        if row.ap is not None
    ]
    file = results.folder / "compared-costs.csv"
    published = ("published_params_m", "published_flops_g", "published_ap")
    columns = ["network", "input_size", "params", "macs", "ops", "mmpose_flops", "policy", *published]
    for line in read_table(file, columns, "complexity --compared"):
        params_m, flops_g, ap = (PrintedNumber(line[key]) if line[key] else None for key in published)
        name, flops = line["network"], int(line["mmpose_flops"])
        cost = read_cost(line, file)
        found.append(
            FullSize(name, line["input_size"], cost, flops, params_m, flops_g, latency.get(name), ap, line["policy"])
        )
    return tuple(found)


def read_latency(file: Path, preset: str = "full size") -> dict[str, Latency]:
    """Read ``latency.csv``, by network.

    Args:
        file: The file.
        preset: The preset whose networks it must be of.

    Raises:
        RefusedInput: If the file is missing, lacks a column, or is of other networks.
    """
    columns = ["network", "threads", "wall_ms", "peak_mb", "preset", "machine", "commit"]
    lines = read_table(file, columns, "latency")
    if strangers := sorted({line["preset"] for line in lines} - {preset}):
        raise RefusedInput(f"{file}: column preset is {', '.join(strangers)}, expected {preset}")
    found: dict[str, Latency] = {}
    for line in lines:
        known = found.get(line["network"])
        try:
            wall_ms = {**(known.wall_ms if known else {}), int(line["threads"]): float(line["wall_ms"])}
            found[line["network"]] = Latency(wall_ms, float(line["peak_mb"]), line["machine"], line["commit"])
        except ValueError as error:
            raise RefusedInput(f"{file}: {line['network']}: {error}; run python -m mmpose_ssn latency again") from error
    return found
