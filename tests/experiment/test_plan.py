"""The time that all trainings of a workflow will take, from what each of them keeps of its progress."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmpose_ssn.experiment.plan import PROGRESS, Plan, relative_cost, write_plans
from mmpose_ssn.experiment.presets import Preset, load_preset


def keep(folder: Path, done: int, total: int, seconds: float) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PROGRESS).write_text(json.dumps({"done": done, "total": total, "seconds": seconds}))


def test_trainings_under_way_go_on_at_their_speed_and_the_others_at_the_mean(tmp_path: Path) -> None:
    over, under_way, waiting = (tmp_path / name for name in ("over", "under_way", "waiting"))
    plan = Plan({over: 2.0, under_way: 4.0, waiting: 3.0}, side_by_side=2)
    keep(over, 10, 10, 20.0)
    keep(under_way, 5, 10, 40.0)  # 40 s to go
    # 60 s so far for 2 + 4 / 2 units of cost: 15 s a unit, so 45 s for the one that waits
    assert plan.left() == (2, pytest.approx(45.0))  # more than (40 + 45) / 2
    assert Plan({**plan.costs, tmp_path / "another": 3.0}, 2).left() == (3, pytest.approx((40 + 45 + 45) / 2))


def test_nothing_is_said_before_the_first_step_and_nothing_is_left_at_the_end(tmp_path: Path) -> None:
    plan = Plan({tmp_path / "a": 1.0, tmp_path / "b": 1.0}, side_by_side=1)
    assert plan.left() == (2, None)
    for name in ("a", "b"):
        keep(tmp_path / name, 7, 7, 3.0)
    assert plan.left() == (0, 0.0)


def test_written_plan_reads_back(tmp_path: Path) -> None:
    ssn, beside = Path("results/figures/ssn/seed0"), Path("results/figures/hrnet-w32/seed0")
    write_plans(tmp_path / "plan.json", [{ssn: 1.5}, {beside: 2.5}], side_by_side=3)
    assert Plan.read(tmp_path / "plan.json", ssn) == Plan({ssn: 1.5}, 3)
    assert Plan.read(tmp_path / "plan.json", beside) == Plan({beside: 2.5}, 3)
    assert Plan.read(tmp_path / "plan.json", Path("results/figures/unplanned/seed0")) is None


def test_cost_follows_the_printed_flops_and_the_width() -> None:
    paper = load_preset("paper")
    assert relative_cost(paper, "ssn") == 13.3 and relative_cost(paper, "lite-k256-frozen") == 2.5
    scaled = Preset("scaled", {**paper.settings, "network": {"width_divisor": 8, "lite_width_divisor": 4}})
    assert relative_cost(scaled, "ssn") == pytest.approx(13.3 / 64)
    assert relative_cost(scaled, "lite-k512") == pytest.approx(3.9 / 16)
