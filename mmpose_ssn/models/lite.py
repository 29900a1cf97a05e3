"""The lightweight network of three Bottleneck blocks and three feature shifting modules (paper, Section 4.2;
supplement, its Table 1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor, nn

from mmpose_ssn.models.alternatives import alternatives
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
        alternative: Arguments of :func:`mmpose_ssn.models.alternatives.alternatives` for other modules that take the
            place of the feature shifting modules, at their budget: ``kind``, as
            :func:`mmpose_ssn.models.alternatives.kind_of` takes it, and others. ``fsm`` then says which modules are
            replaced. None for no replacement.

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
        alternative: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(in_channels, base_channels, norm_groups)
        channels = [base_channels, *[base_channels * Bottleneck.expansion] * (blocks - 1)][:blocks]
        modules: Iterable[nn.Module] = (nn.Identity() for _ in channels)
        if alternative is not None:
            if fsm is None:
                raise ValueError("an alternative takes the place of modules: expected fsm to say of which, got None")
            modules = alternatives(channels=channels, fsm=fsm, **alternative)
        elif fsm is not None:
            modules = (FeatureShiftingModule(c, **fsm) for c in channels)
        self.fsms = nn.ModuleList()
        self.layer1 = nn.ModuleList()
        for c, module in zip(channels, modules, strict=True):  # in this order: a seed gives the same initial weights
            self.fsms.append(module)
            self.layer1.append(Bottleneck(c, base_channels, norm_groups=norm_groups))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        x = self.stem(x)
        for fsm, block in zip(self.fsms, self.layer1, strict=True):
            x = block(fsm(x))
        return (x,)
