"""The costs on docs/baselines.md are those that counting gives, and bold ones those that MMPose prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mmengine.config import Config

from mmpose_ssn.complexity import Complexity
from mmpose_ssn.complexity.compared import ComparedComplexity, count_compared, published_figures
from mmpose_ssn.complexity.full_size import count_network
from mmpose_ssn.experiment.presets import load_preset
from mmpose_ssn.experiment.resolved_config import resolve
from mmpose_ssn.networks import config_file, network, of_groups
from mmpose_ssn.paper import PrintedNumber

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "baselines.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(title: str) -> dict[str, dict[str, str]]:
    """The cells of a section's table, by the network of the row and the head of the column."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    head, _, *body = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    return {cells[0]: dict(zip(head[1:], cells[1:], strict=True)) for cells in body}


FULL_SIZE, SMALL = rows("What they cost at full size"), rows("Small, for the drawn figures")


def as_counted(cell: str, counted: float) -> None:
    """The cell is the count, rounded to its digits."""
    figure = cell.strip("*")
    assert figure == f"{counted:.{len(figure.partition('.')[2])}f}", f"{counted} was counted"


def marked(cell: str, printed: PrintedNumber | None, match: bool | None) -> None:
    """The cell is bold where the count rounds to the printed figure, and there alone; a bold one is that figure."""
    bold = cell.startswith("**") and cell.endswith("**")
    assert bold == bool(match)
    if bold:
        assert float(cell.strip("*")) == float(printed)


@pytest.fixture(scope="module")
def counted() -> dict[str, ComparedComplexity]:
    return {one.name: one for one in count_compared(FULL_SIZE)}


def test_full_size_table_has_every_baseline_that_needs_no_other_package() -> None:
    assert list(FULL_SIZE) == [name for name in of_groups("baseline") if network(name).package is None]


@pytest.mark.parametrize("name", FULL_SIZE)
def test_full_size_costs_are_those_that_are_counted(name: str, counted: dict[str, ComparedComplexity]) -> None:
    row, one = FULL_SIZE[name], counted[name]
    assert row["crop"] == one.input_size
    as_counted(row["params"], one.counted.params / 1e6)
    as_counted(row["MACs"], one.counted.macs / 1e9)
    as_counted(row["ops"], one.counted.ops / 1e9)
    as_counted(row["MMPose's FLOPs"], one.counted.mmpose_flops / 1e9)
    marked(row["params"], one.published.params_m, one.params_match)
    marked(row["MMPose's FLOPs"], one.published.flops_g, one.flops_match)
    assert row["AP printed"] == published_figures()[name].ap.text


def small(name: str) -> Complexity:
    """What a network costs in the preset ``figures``, with all its predictors."""
    return count_network(resolve(load_preset("figures"), name, 0, Path("data")))[0]


def test_small_table_has_every_baseline_with_a_small_form() -> None:
    configs = {name: Config.fromfile(config_file(name)) for name in of_groups("baseline")}
    assert list(SMALL) == [name for name, config in configs.items() if "small" in config]


@pytest.mark.parametrize("name", SMALL)
def test_small_costs_are_those_that_are_counted(name: str) -> None:
    cost = small(name)
    as_counted(SMALL[name]["params, k"], cost.params / 1e3)
    as_counted(SMALL[name]["MACs, M"], cost.macs / 1e6)


def test_what_the_small_ones_are_held_to_is_said_as_it_is_counted() -> None:
    text = " ".join(section("Small, for the drawn figures").split())
    of_ssn = re.search(r"the deep small SSN with all its predictors \((\d+) k and ([\d.]+) M\)", text)
    of_lite = re.search(r"The lite SSN has as many MACs \(([\d.]+) M\) and (\d+) k parameters", text)
    for (params, macs), cost in ((of_ssn.groups(), small("ssn")), (of_lite.groups()[::-1], small("lite-k256"))):
        as_counted(params, cost.params / 1e3)
        as_counted(macs, cost.macs / 1e6)
