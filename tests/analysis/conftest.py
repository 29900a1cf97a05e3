"""A network of feature shifting modules so small that its whole Jacobian is at hand, in double precision."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpose_ssn.models import FeatureShiftingModule
from mmpose_ssn.ops import shift


class TinyNetwork(nn.Module):
    """Stem of stride 2, module, convolution, module, heatmaps; the first module is the one to be looked at."""

    def __init__(self, keypoints: int, channels: int, shift_channels: int, **fsm: object) -> None:
        super().__init__()
        self.stem = nn.Conv2d(2, channels, 3, stride=2, padding=1)
        self.first = FeatureShiftingModule(channels, shift_channels, **fsm)
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = FeatureShiftingModule(channels, shift_channels)
        self.heatmaps = nn.Conv2d(channels, keypoints, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        return self.after(self.first(self.before(images)))

    def before(self, images: Tensor) -> Tensor:
        return torch.tanh(self.stem(images))

    def after(self, q: Tensor) -> Tensor:
        return self.heatmaps(self.second(F.elu(self.conv(q), inplace=False)))


class Steps:
    """The first module by hand: from each of its maps to the heatmaps, everything before that map held fixed."""

    def __init__(self, network: TinyNetwork, images: Tensor) -> None:
        self.network, self.fsm = network, network.first
        self.p = network.before(images)
        self.s = self.shifted(self.p)
        self.f = self.attention(self.p)
        self.gated = self.s * self.f
        self.n = self.fsm.expand(self.gated)
        self.maps = {"input": self.p, "shifted": self.s, "gated": self.gated, "nonlocal_maps": self.n}
        self.to_heatmaps = {
            "input": lambda p: self.from_gated(self.shifted(p) * self.attention(p), p),
            "shifted": lambda s: self.from_gated(s * self.f, self.p),
            "gated": lambda gated: self.from_gated(gated, self.p),
            "nonlocal_maps": lambda n: self.from_sum(self.p + n),
        }
        if self.fsm.attention is not None:
            self.maps["attention"] = self.f
            self.to_heatmaps["attention"] = lambda f: self.from_gated(self.s * f, self.p)

    def shifted(self, p: Tensor) -> Tensor:
        r = torch.einsum("kc,bcyx->bkyx", self.fsm.reduce.weight[..., 0, 0], p) + self.fsm.reduce.bias[:, None, None]
        return r if self.fsm.offsets is None else shift(r, self.fsm.offsets, "reference")

    def attention(self, p: Tensor) -> Tensor:
        if self.fsm.attention is None:
            return torch.ones(())
        conv = self.fsm.attention.conv
        logits = torch.einsum("kc,bcyx->bkyx", conv.weight[..., 0, 0], p) + conv.bias[:, None, None]
        f = torch.log(1 + torch.exp(logits))
        return f / f.sum((2, 3), keepdim=True)

    def from_gated(self, gated: Tensor, p: Tensor) -> Tensor:
        return self.from_sum(p + self.fsm.expand(gated))

    def from_sum(self, total: Tensor) -> Tensor:
        return self.network.after(torch.relu(self.fsm.norm(total)))


@pytest.fixture
def tiny_network(one_thread):
    """Build one in double precision whose normalisations have a history."""

    def build(keypoints: int = 3, channels: int = 4, shift_channels: int = 5, **fsm: object) -> TinyNetwork:
        torch.manual_seed(0)
        network = TinyNetwork(keypoints, channels, shift_channels, **fsm).double()
        with torch.no_grad():
            for module in network.modules():
                if isinstance(module, nn.BatchNorm2d):
                    nn.init.normal_(module.running_mean, std=0.3)
                    nn.init.uniform_(module.running_var, 0.5, 2.0)
                    nn.init.normal_(module.bias, 0.5, 0.3)
                if isinstance(module, FeatureShiftingModule):
                    module.expand.weight.mul_(3)
        return network.eval()

    return build


@pytest.fixture
def steps():
    return Steps
