"""What stands in the modules' place is counted as its closed form has it, so that it can be scored like any network."""

from __future__ import annotations

import pytest
import torch
from torchvision.ops import deform_conv2d

from mmpose_ssn.complexity.count import count
from mmpose_ssn.complexity.full_size import count_network
from mmpose_ssn.models.alternatives import KINDS, kind_of
from mmpose_ssn.models.alternatives.frame import Alternative
from mmpose_ssn.networks import config_file, of_groups

C, K, H, W = 8, 4, 6, 5


@pytest.mark.parametrize("kind", KINDS)
def test_macs_of_a_module_are_its_closed_form(kind: str) -> None:
    with torch.device("meta"):
        module = kind_of(kind).build(C, K, dict(attention="sigmoid"))
    counted = count(module, [module], (1, C, H, W)).macs
    pointwise = 2 * C * module.reduce.out_channels + module.attention.conv.weight.numel()
    operator = module.operator_macs(H * W) if isinstance(module, Alternative) else 0
    assert counted == pointwise * H * W + operator


def test_reading_between_pixels_and_softmax_are_operations() -> None:
    values, offsets, weight = torch.zeros(1, C, H, W), torch.zeros(1, 18, H, W), torch.zeros(K, C, 3, 3)
    reading = count(lambda x: deform_conv2d(x, offsets, weight, padding=1), [], (1, C, H, W))
    assert reading.macs == K * C * 9 * H * W and reading.ops - reading.macs == 8 * C * 9 * H * W
    attending = count(lambda x: x.softmax(-1) @ values.transpose(-2, -1), [], (1, C, H, W))
    assert attending.macs == C * H * H * W and attending.ops - attending.macs == 3 * C * H * W


@pytest.mark.parametrize("network", of_groups("alternative"))
def test_every_alternative_to_the_modules_is_counted_at_full_size(network: str) -> None:
    whole, deployed = count_network(config_file(network))
    assert whole == deployed and whole.params > 0 and whole.macs > 0
