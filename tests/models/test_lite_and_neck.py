"""The lightweight network of the supplement, and FSMs on the maps of any other backbone."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpose_ssn.models import FeatureShiftingModule, FeatureShiftingNeck, SSNLite, StagePredictors

FSM = dict(shift_channels=256, attention="sigmoid")


@pytest.mark.parametrize("shift_channels", [256, 512])
def test_lite_is_three_modules_of_equal_width_and_three_blocks_at_stride_4(shift_channels):
    with torch.device("meta"):
        network = SSNLite(fsm=dict(FSM, shift_channels=shift_channels))
    assert [(f.reduce.in_channels, f.reduce.out_channels) for f in network.fsms] == [
        (64, shift_channels),
        (256, shift_channels),
        (256, shift_channels),
    ]
    shapes = []
    for block in network.layer1:
        block.register_forward_hook(lambda _, x, y: shapes.append((tuple(x[0].shape), tuple(y.shape))))
    [output] = network(torch.zeros(1, 3, 256, 192, device="meta"))
    assert shapes == [((1, c, 64, 48), (1, 256, 64, 48)) for c in (64, 256, 256)]
    assert output.shape == (1, 256, 64, 48)


@pytest.mark.parametrize(("shift_channels", "printed"), [(256, 0.8), (512, 1.2)])
def test_lite_has_the_printed_parameters(shift_channels, printed):
    with torch.device("meta"):
        parts = SSNLite(fsm=dict(FSM, shift_channels=shift_channels)), StagePredictors(17, pyramid_levels=1)
    assert round(sum(p.numel() for part in parts for p in part.parameters()) / 1e6, 1) == printed


@torch.no_grad()
def test_each_module_of_lite_runs_before_its_block(lived_in):
    network = lived_in(SSNLite(fsm=dict(FSM, shift_channels=6), base_channels=8, norm_groups=4))
    image = torch.randn(2, 3, 48, 36)
    x = network.stem(image)
    for fsm, block in zip(network.fsms, network.layer1, strict=True):
        x = block(fsm(x))
    assert torch.equal(network(image)[0], x)
    assert not torch.allclose(network(image)[0], plain_lite(network)(image)[0], atol=1e-3)


def plain_lite(network):
    """The same blocks without modules."""
    plain = SSNLite(base_channels=8, norm_groups=4).eval()
    plain.load_state_dict({n: t for n, t in network.state_dict().items() if not n.startswith("fsms.")})
    return plain


def test_lite_trains_under_bfloat16_autocast():
    network = SSNLite(fsm=dict(FSM, shift_channels=6), base_channels=8, norm_groups=4)
    with torch.autocast("cpu", torch.bfloat16):
        [output] = network(torch.randn(2, 3, 32, 24))
        loss = output.float().square().mean()
    loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


@pytest.mark.parametrize(
    ("indices", "with_module"),
    [(None, [True, True, True]), ((0, 2), [True, False, True]), ((-1,), [False, False, True]), ((), [False] * 3)],
    ids=["all", "two", "the last", "none"],
)
@torch.no_grad()
def test_neck_shifts_the_chosen_maps_and_passes_the_others_through(indices, with_module):
    neck = FeatureShiftingNeck([4, 8, 3], fsm=dict(shift_channels=6), indices=indices).eval()
    maps = [torch.randn(2, 4, 9, 7), torch.randn(2, 8, 1, 1), torch.randn(2, 3, 2, 12)]
    outputs = neck(maps)
    assert [isinstance(fsm, FeatureShiftingModule) for fsm in neck.fsms] == with_module
    assert isinstance(outputs, tuple) and [o.shape for o in outputs] == [m.shape for m in maps]
    for fsm, x, output, chosen in zip(neck.fsms, maps, outputs, with_module, strict=True):
        assert torch.equal(output, fsm(x)) if chosen else output is x


def test_neck_hands_its_arguments_to_every_module():
    neck = FeatureShiftingNeck([4, 8], fsm=dict(shift_channels=6, attention=None, shift=False))
    assert all(f.offsets is None and f.attention is None and f.reduce.out_channels == 6 for f in neck.fsms)


def test_one_number_stands_for_a_single_map():
    neck = FeatureShiftingNeck(4, fsm=dict(shift_channels=6))
    [output] = neck((torch.randn(2, 4, 5, 5),))
    assert output.shape == (2, 4, 5, 5)


def test_neck_refuses_another_number_of_maps():
    with pytest.raises(ValueError, match=r"2 maps.*got 1"):
        FeatureShiftingNeck([4, 8])([torch.randn(1, 4, 3, 3)])


def test_neck_fits_a_backbone_that_is_not_ours():
    backbone = nn.ModuleList([nn.Conv2d(3, 4, 3, stride=2), nn.Conv2d(4, 8, 3, stride=2)])
    first = backbone[0](torch.randn(1, 3, 33, 29))
    maps = [first, backbone[1](first)]
    sum(o.sum() for o in FeatureShiftingNeck([4, 8], fsm=dict(shift_channels=6))(maps)).backward()
    assert backbone[0].weight.grad.isfinite().all()
