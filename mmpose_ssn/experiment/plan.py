"""How long all trainings of a workflow will still take: each one keeps its progress in its folder, the plan says which
there are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mmpose_ssn import paper
from mmpose_ssn.experiment.presets import Preset
from mmpose_ssn.files import write_together
from mmpose_ssn.networks import network, split_run

PROGRESS = "progress.json"
"""Name of the file that a training writes beside its weights: iterations ``done`` and in ``total``, and its ``seconds``
so far.
"""


def relative_cost(preset: Preset, run: str) -> float:
    """The cost of one training step of a run under a preset, in a unit that all runs share.

    It is the printed FLOPs at full size over the square of the preset's width divisor: good enough to start the longest
    first and to guess at those that have not begun. A network that the paper does not have counts as the one that it is
    held against, whose budget it has, times its own ``relative_cost`` in the registry.
    """
    one = network(split_run(run)[0])
    printed = float(paper.table1()[one.against or one.id].flops_g)
    return printed / preset.width_divisor(one.id) ** 2 * one.relative_cost


@dataclass(frozen=True)
class Plan:
    """The trainings that one page asks for.

    Attributes:
        costs: Relative cost of each training, by its folder.
        side_by_side: Number of trainings that run at the same time.
    """

    costs: dict[Path, float]
    side_by_side: int

    @classmethod
    def read(cls, file: Path, folder: Path) -> Plan | None:
        """The plan that a training is in, of those that :func:`write_plans` wrote; None where it is in none."""
        content = json.loads(file.read_text(encoding="utf-8"))
        for plan in content["plans"]:
            if folder.as_posix() in plan:
                return cls({Path(name): cost for name, cost in plan.items()}, content["side_by_side"])
        return None

    def left(self) -> tuple[int, float | None]:
        """How many trainings are not over, and the seconds until all are; None before any has made a step.

        A training that has begun goes on at its own speed, the others at the mean speed of those.
        """
        unfinished, seconds, spent, done_cost, waiting = 0, [], 0.0, 0.0, []
        for folder, cost in self.costs.items():
            try:
                progress = json.loads((folder / PROGRESS).read_text(encoding="utf-8"))
                share, took = progress["done"] / progress["total"], progress["seconds"]
            except FileNotFoundError:
                share, took = 0.0, 0.0
            spent, done_cost, unfinished = spent + took, done_cost + cost * share, unfinished + (share < 1)
            if share == 0:
                waiting.append(cost)
            else:
                seconds.append(took / share * (1 - share))
        if done_cost == 0:
            return unfinished, None
        seconds += [spent / done_cost * cost for cost in waiting]
        return unfinished, max(sum(seconds) / self.side_by_side, *seconds)


def write_plans(file: Path, plans: Iterable[Mapping[Path, float]], side_by_side: int) -> None:
    """Write the plans of one workflow for its trainings to read.

    Args:
        file: Path of the file to write.
        plans: Relative cost of each training, by its folder, for each page; a training that an earlier page asks for is
            left out.
        side_by_side: Number of trainings that run at the same time.
    """
    costs = [{folder.as_posix(): cost for folder, cost in plan.items()} for plan in plans]
    write_together({file: json.dumps({"side_by_side": side_by_side, "plans": costs}, indent=2) + "\n"})
