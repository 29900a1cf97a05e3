"""MMPose's networks cost what MMPose prints, and the small ones what the deep small SSN costs."""

from __future__ import annotations

from pathlib import Path

import mmpose
import pytest
import torch
import yaml
from torch import nn

from mmpose_ssn.complexity import count
from mmpose_ssn.complexity.compared import count_compared, published_figures
from mmpose_ssn.complexity.full_size import count_network
from mmpose_ssn.experiment.presets import load_preset
from mmpose_ssn.experiment.resolved_config import resolve
from mmpose_ssn.networks import config_file, network, of_groups

BASELINES = of_groups("baseline")
SMALL = ["simplebaseline-r50", "hrnet-w32", "vipnas-mbv3", "vipnas-r50", "litehrnet-18", "ipr-r50"]


@pytest.fixture(scope="module")
def counted():
    return {entry.name: entry for entry in count_compared(BASELINES)}


def test_all_are_counted_that_can_be_built_here(counted) -> None:
    assert list(counted) == [name for name in BASELINES if network(name).can_be_built]
    assert published_figures().keys() == set(BASELINES)


@pytest.mark.parametrize("name", [name for name, printed in published_figures().items() if printed.params_m])
def test_parameters_and_flops_are_those_that_mmpose_prints(name: str, counted) -> None:
    entry = counted[name]
    assert entry.params_match, f"{entry.counted.params / 1e6} M, printed {entry.published.params_m}"
    assert entry.flops_match, f"{entry.counted.mmpose_flops / 1e9} G, printed {entry.published.flops_g}"
    assert entry.counted.macs < entry.counted.mmpose_flops <= entry.counted.ops


def test_published_ap_is_that_of_the_installed_model_zoo() -> None:
    folder = Path(mmpose.__file__).parent / ".mim" / "configs" / "body_2d_keypoint"
    models = [model for file in folder.glob("*/coco/*.yml") for model in yaml.safe_load(file.read_text())["Models"]]
    zoo = {Path(model["Config"]).stem: model["Results"][0]["Metrics"]["AP"] for model in models}
    for name, printed in published_figures().items():
        (line,) = (line for line in config_file(name).read_text().splitlines() if line.startswith("origin = "))
        assert float(printed.ap) == pytest.approx(100 * zoo[Path(line.split('"')[1]).stem]), name


def test_what_is_not_printed_matches_nothing(counted) -> None:
    assert counted["ipr-r50"].params_match is None and counted["ipr-r50"].flops_match is None
    assert counted["ipr-r50"].as_row()["published_params_m"] is None
    assert counted["ipr-r50"].as_row()["published_ap"] == "63.3"


@pytest.mark.parametrize("name", SMALL)
def test_small_form_costs_what_the_small_ssn_costs(name: str) -> None:
    figures = load_preset("figures")
    ssn, small = (count_network(resolve(figures, one, 0, Path("data")))[0] for one in ("ssn", name))
    assert small.params == pytest.approx(ssn.params, rel=0.1)
    assert small.macs == pytest.approx(ssn.macs, rel=0.1)


N, C, H, W = 2, 6, 5, 3


@pytest.mark.parametrize(
    ("layer", "shape", "macs", "others"),
    [
        (nn.Linear(6, 4, bias=False), (N, C), N * 4 * 6, 0),
        (nn.LayerNorm(6), (N, C), 0, 2 * N * C),
        (nn.ReLU6(inplace=True), (N, C, H, W), 0, N * C * H * W),
        (nn.SiLU(inplace=True), (N, C, H, W), 0, N * C * H * W),
        (nn.Hardswish(inplace=True), (N, C, H, W), 0, N * C * H * W),
        (nn.Hardsigmoid(inplace=True), (N, C, H, W), 0, N * C * H * W),
        (nn.Softmax(dim=1), (N, C), 0, 3 * N * C),
        (nn.AdaptiveAvgPool2d((5, 1)), (N, C, H, W), 0, N * C * H * W),
        (nn.Upsample(scale_factor=2), (N, C, H, W), 0, 0),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_each_operation_of_a_baseline_by_hand(layer, shape, macs, others) -> None:
    counted = count(layer, [layer], shape)
    assert (counted.macs, counted.ops) == (macs, macs + others)


def test_batched_products_count_one_for_each_pair_of_factors() -> None:
    counted = count(lambda x: x @ x.transpose(1, 2), [], (N, H, W))
    assert counted.macs == counted.ops == N * H * H * W


def test_mmposes_flops_leave_out_additions_and_resizes() -> None:
    block = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3), nn.ReLU())
    pixels = 3 * 4 * 4
    counted = count(lambda x: torch.sigmoid(x + block(x)), [block], (1, 3, 4, 4))
    assert counted.mmpose_flops == pixels * 3 + (1 + 2 + 1) * pixels
    assert counted.ops == counted.mmpose_flops + 2 * pixels
