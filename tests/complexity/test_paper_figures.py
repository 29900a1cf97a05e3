"""The ten networks have the parameters and FLOPs that the paper prints, on the modules that their configs really
build.
"""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest
import torch
from fvcore.nn import FlopCountAnalysis
from mmengine.config import Config
from torch import nn

from mmpose_ssn.__main__ import main
from mmpose_ssn.complexity import POLICY, full_size
from mmpose_ssn.networks import config_file, of_groups
from mmpose_ssn.paper import PrintedNumber

# The paper's Table 1, and Table 3 for the last: parameters in millions, FLOPS in billions.
PRINTED = {
    "backbone": ("25.1", "5.1"),
    "backbone-esp": ("25.8", "5.9"),
    "ssn-wo-ca": ("35.6", "10.8"),
    "ssn-wo-shift": ("40.5", "13.2"),
    "ssn-wo-esp": ("39.8", "12.5"),
    "ssn-k256": ("33.2", "9.6"),
    "ssn": ("40.5", "13.3"),
    "lite-k256": ("0.8", "2.5"),
    "lite-k512": ("1.2", "3.9"),
    "ssn-384x288": ("40.5", "29.9"),
}


@pytest.mark.parametrize("network", PRINTED)
def test_parameters_and_flops_round_to_the_printed_digits(network, counted):
    whole = counted[network].whole
    assert (f"{whole.params / 1e6:.1f}", f"{whole.ops / 1e9:.1f}") == PRINTED[network]
    assert counted[network].params_match and counted[network].flops_match


def test_every_network_is_counted_in_its_order(counted):
    assert tuple(counted) == of_groups("paper") == tuple(PRINTED)


@pytest.mark.parametrize("network", ["backbone-esp", "ssn", "lite-k256"])
@torch.no_grad()
def test_macs_equal_fvcores_count_of_convolutions(network, counted):
    import mmpose.models  # noqa: F401  registers the pose estimators
    from mmengine.registry import DefaultScope
    from mmpose.registry import MODELS

    with DefaultScope.overwrite_default_scope("mmpose"):
        model = MODELS.build(Config.fromfile(config_file(network)).model).eval()

    class AllPredictors(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, image):
            return tuple(self.model.head.stage_predictors(self.model.extract_feat(image)).values())

    analysis = FlopCountAnalysis(AllPredictors(), torch.zeros(1, 3, 256, 192))
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    assert counted[network].whole.macs == analysis.by_operator()["conv"]
    assert counted[network].whole.params == sum(p.numel() for p in model.parameters() if p.requires_grad)


def test_deployed_networks_have_no_early_stage_predictors(counted):
    with_esp, without = (counted[name].deployed for name in ("ssn", "ssn-wo-esp"))
    assert with_esp == without
    for entry in counted.values():
        assert entry.deployed.params <= entry.whole.params and entry.deployed.ops <= entry.whole.ops
    # P1, P2 and P3: 1x1 convolution with GN, 3x3 convolution, BN
    predictor = 256 * 256 + 2 * 256 + 256 * 17 * 9 + 2 * 17
    assert counted["ssn-wo-esp"].whole.params - without.params == 3 * predictor


def test_the_shift_is_all_that_without_shift_saves(counted):
    whole, ablated = counted["ssn"].whole, counted["ssn-wo-shift"].whole
    shifting, pixels = [256] + [512] * 12, [3072] * 4 + [768] * 3 + [192] * 5 + [48]
    assert whole.params - ablated.params == 2 * sum(shifting)
    assert whole.macs == ablated.macs
    assert whole.ops - ablated.ops == 7 * sum(k * p for k, p in zip(shifting, pixels, strict=True))


def test_a_row_holds_exact_counts_prints_and_policy(counted):
    entry = counted["ssn"]
    assert entry.as_row() == {
        "network": "ssn",
        "params": entry.whole.params,
        "macs": entry.whole.macs,
        "ops": entry.whole.ops,
        "deployed_params": entry.deployed.params,
        "deployed_macs": entry.deployed.macs,
        "deployed_ops": entry.deployed.ops,
        "paper_params_m": "40.5",
        "paper_flops_g": "13.3",
        "params_match": True,
        "flops_match": True,
        "policy": POLICY,
    }


@pytest.fixture
def already_counted(counted, monkeypatch):
    """The command takes the session's counts, so that the networks are built once."""
    entries = list(counted.values())
    monkeypatch.setattr(full_size, "count_papers_networks", lambda: entries)
    return entries


def test_check_exits_0_where_every_figure_matches(already_counted, capsys, tmp_path):
    assert main(["complexity", "--check", "--out", str(tmp_path / "complexity.csv")]) == 0
    assert "parameters 10/10, FLOPs 10/10" in capsys.readouterr().out
    with (tmp_path / "complexity.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows == [{name: str(value) for name, value in entry.as_row().items()} for entry in already_counted]


@pytest.mark.parametrize(
    ("figure", "printed", "summary"),
    [
        ("params_m", "40.6", "parameters 9/10, FLOPs 10/10"),
        ("flops_g", "13.2", "parameters 10/10, FLOPs 9/10"),
    ],
)
def test_check_exits_1_where_a_figure_differs(figure, printed, summary, already_counted, capsys):
    index = list(PRINTED).index("ssn")
    entry = already_counted[index]
    already_counted[index] = replace(entry, paper=replace(entry.paper, **{figure: PrintedNumber(printed)}))
    assert main(["complexity", "--check"]) == 1
    output = capsys.readouterr()
    assert summary in output.out and "✗" in output.out
    assert "differs from the paper's" in output.err
    assert main(["complexity"]) == 0, "without --check a difference is shown, not an error"


def test_one_config_counts_at_its_own_input_size(counted):
    small, large = counted["ssn"].whole, counted["ssn-384x288"].whole
    assert small.params == large.params
    assert large.macs / small.macs == (384 * 288) / (256 * 192)


def test_an_unknown_network_is_refused_by_name():
    with pytest.raises(ValueError, match="'ssn-k1024'"):
        config_file("ssn-k1024")


def test_what_was_rejected_because_it_does_not_fit_the_prints(counted) -> None:
    """As docs/silences.md lists it, under predictor-layout and counting."""

    def fitting(params) -> int:
        return sum(
            entry.paper.params_m.matches(params(name, entry.whole.params) / 1e6) for name, entry in counted.items()
        )

    def predictors(name: str) -> int:
        early = 0 if name in ("backbone", "ssn-wo-esp") or name.startswith("lite") else 3
        return early + (1 if name.startswith("lite") else 4)

    inner = 256 * 256 + 2 * 256  # a 1x1 convolution and its GN
    assert fitting(lambda name, params: params - inner * predictors(name)) == 1
    assert fitting(lambda name, params: params + 8 * 256 * 256 * predictors(name)) == 0
    assert fitting(lambda name, params: params - 8 * 256 * 17 * predictors(name)) == 1
    assert fitting(lambda name, params: params + inner * (predictors(name) == 7)) == 8
    assert fitting(lambda name, params: params - 2 * 17 * predictors(name)) == 10, "the last norms"
    for ops in (lambda entry: entry.whole.macs, lambda entry: entry.deployed.ops):
        assert sum(entry.paper.flops_g.matches(ops(entry) / 1e9) for entry in counted.values()) == 2
