"""The lightweight network of three Bottleneck blocks and three feature shifting modules (paper, Section 4.2;
supplement, its Table 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from mmpose_ssn.models.fsm import FeatureShiftingModule
from mmpose_ssn.models.resnet import Bottleneck, StemBackbone


class SSNLite(StemBackbone):
    """A ResNet stem, then [FSM, Bottleneck] times ``blocks``, all at stride 4.

    Args:
        fsm: Arguments of :class:`FeatureShiftingModule` besides ``channels``, the same for every module; None for no
            modules at all.
        blocks: Bottleneck blocks, each with a module before it.
        base_channels: Channels of the stem and of the blocks' 3x3 convolutions; the blocks put out four times as many.
        norm_groups: Groups of every GN.
        in_channels: Channels of the image.

    Shape:
        - input: [B, in_channels, H, W]
        - output: a tuple of one map, [B, 4 * base_channels, H / 4, W / 4]
    """

    def __init__(
        self,
        fsm: Mapping[str, Any] | None = None,
        blocks: int = 3,
        base_channels: int = 64,
        norm_groups: int = 32,
        in_channels: int = 3,
    ) -> None:
        super().__init__(in_channels, base_channels, norm_groups)
        self.fsms = nn.ModuleList()
        self.layer1 = nn.ModuleList()
        channels = base_channels
        for _ in range(blocks):
            self.fsms.append(nn.Identity() if fsm is None else FeatureShiftingModule(channels, **fsm))
            self.layer1.append(Bottleneck(channels, base_channels, norm_groups=norm_groups))
            channels = base_channels * Bottleneck.expansion

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        x = self.stem(x)
        for fsm, block in zip(self.fsms, self.layer1, strict=True):
            x = block(fsm(x))
        return (x,)
