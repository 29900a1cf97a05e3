"""How long all trainings of a workflow will still take: each one keeps its progress in its folder, the plan says which
there are.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from mmpose_ssn import paper
from mmpose_ssn.experiment.presets import Preset
from mmpose_ssn.files import write_together
from mmpose_ssn.variants import HELD_AGAINST

PROGRESS = "progress.json"
"""What a training writes beside its weights: iterations ``done`` and in ``total``, and its ``seconds`` so far."""


def relative_cost(preset: Preset, variant: str) -> float:
    """The cost of one training step of a variant under a preset in a unit that all of them share.

    It is the printed FLOPs at full size over the square of the preset's width divisor: good enough to start the longest
    first and to guess at those that have not begun. A network that the paper does not have counts as the one that it is
    held against, whose budget it has.
    """
    printed = float(paper.table1()[HELD_AGAINST.get(variant, variant)].flops_g.text)
    return printed / preset.width_divisor(variant) ** 2


@dataclass(frozen=True)
class Plan:
    """The trainings of one workflow.

    Attributes:
        costs: Relative cost of each training, by its folder.
        side_by_side: How many run at a time.
    """

    costs: dict[Path, float]
    side_by_side: int

    def write(self, file: Path) -> None:
        """Write the plan for the trainings to read."""
        costs = {folder.as_posix(): cost for folder, cost in self.costs.items()}
        write_together({file: json.dumps({"side_by_side": self.side_by_side, "costs": costs}, indent=2) + "\n"})

    @classmethod
    def read(cls, file: Path) -> Plan:
        """Read what :meth:`write` wrote."""
        content = json.loads(file.read_text(encoding="utf-8"))
        return cls({Path(folder): cost for folder, cost in content["costs"].items()}, content["side_by_side"])

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
