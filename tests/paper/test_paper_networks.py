"""What the paper prints of its networks, against the networks themselves: layers, modules and formulas."""

from collections import Counter

import pytest
import torch

from mmpose_ssn.claims import claims
from mmpose_ssn.models import FeatureShiftingModule
from mmpose_ssn.models.globalnet import StageFeatures
from mmpose_ssn.models.lite import SSNLite
from mmpose_ssn.models.predictors import StagePredictors
from mmpose_ssn.models.resnet import Bottleneck
from mmpose_ssn.models.ssn import SSN
from mmpose_ssn.paper import formulas, supplement


def parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.fixture(scope="module")
def value():
    ledger = claims()
    return lambda claim: float(ledger[claim].value)


@pytest.mark.parametrize(("channels", "shift_channels"), [(64, 256), (256, 512), (1024, 512), (3, 7)])
def test_a_module_has_the_printed_parameters_besides_biases_and_bn(channels, shift_channels):
    module = FeatureShiftingModule(channels, shift_channels)
    biases = 2 * shift_channels + channels
    assert parameters(module) - biases - parameters(module.norm) == formulas()["fsm-parameters"].evaluate(
        C=channels, K=shift_channels
    )


def test_a_deformable_convolution_has_the_printed_parameters_if_a_1x1_regresses_its_offsets():
    torchvision_ops = pytest.importorskip("torchvision.ops")
    channels = 8
    convolution = torchvision_ops.DeformConv2d(channels, channels, kernel_size=3, bias=False)
    offsets = torch.nn.Conv2d(channels, 2 * 9, 1, bias=False)
    printed = formulas()["deformable-convolution-parameters"].evaluate(C=channels, K=9)
    assert parameters(convolution) + parameters(offsets) == printed


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("fsm-parameters", 3 * 512 * 256 + 2 * 512),
        ("active-convolution-parameters", 512 * 256 * 256 + 2 * 512),
        ("deformable-convolution-parameters", 512 * 256 * 256 + 2 * 512 * 256),
    ],
)
def test_formulas_evaluate_to_what_they_say(formula, expected):
    assert formulas()[formula].evaluate(C=256, K=512) == expected


@pytest.mark.parametrize("symbols", [{}, {"K": 1}, {"C": 1, "K": 1, "M": 1}])
def test_a_formula_without_its_symbols_names_them(symbols):
    with pytest.raises(ValueError, match="fsm-parameters has the symbols C, K, got "):
        formulas()["fsm-parameters"].evaluate(**symbols)


def test_ssn_has_the_printed_blocks_modules_and_channels(value):
    with torch.device("meta"):
        built, small = (SSN(fsm=dict(shift_channels=channels)) for channels in (512, 256))
    modules = [m for m in built.modules() if isinstance(m, FeatureShiftingModule)]
    blocks = [m for m in built.modules() if isinstance(m, Bottleneck)]
    assert len(blocks) == value("bottleneck-blocks")
    assert len(modules) == value("modules")
    first, *others = (module.offsets.shape[0] for module in modules)
    assert first == value("shifting-channels-of-the-first")
    assert set(others) == {value("shifting-channels")}
    smallest = next(m for m in small.modules() if isinstance(m, FeatureShiftingModule))
    assert smallest.offsets.shape[0] == value("shifting-channels-of-the-first-halved")


@torch.no_grad()
def test_the_lite_network_has_the_supplements_layers_and_sizes(value):
    seen = []

    def note(_, __, output):
        seen.append(tuple(output.shape[1:]))

    backbone = SSNLite(fsm=dict(shift_channels=8, attention="sigmoid")).eval()
    head = StagePredictors(17, pyramid_levels=1).eval()
    backbone.gn1.register_forward_hook(note)
    backbone.fsms[0].register_forward_pre_hook(lambda module, inputs: note(module, None, inputs[0]))  # the max pool's
    interleaved = [module for pair in zip(backbone.fsms, backbone.layer1, strict=True) for module in pair]
    for module in [*interleaved, head.predictors["P"].features, head.predictors["P"].norm]:
        module.register_forward_hook(note)
    image = torch.zeros(1, 3, 256, 192)
    head(StageFeatures((), backbone(image)))
    layers = supplement()
    assert [tuple(image.shape[1:]), *seen] == [layer.output for layer in layers]
    printed = Counter(layer.layer for layer in layers)
    assert printed["FSM"] == printed["Bottleneck"] == value("lite-blocks-and-modules") == len(backbone.fsms)
