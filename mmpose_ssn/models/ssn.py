"""The backbone of SSN: a ResNet with a feature shifting module before its Bottleneck blocks (paper, Section 3.3, Figure
2 right).

Where the modules stand follows from the paper's text and its parameter counts: before every block, except right after
pooling, which is before the second block of a stage that begins with a stride. So the stages of ResNet-50 have 3, 3, 5
and 2 modules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from mmpose_ssn.models.fsm import FeatureShiftingModule
from mmpose_ssn.models.resnet import Bottleneck, StemBackbone


class SSN(StemBackbone):
    """ResNet of Bottleneck blocks with GN, and feature shifting modules between them.

    Without ``fsm`` it is the paper's "Backbone", and its parameters carry the names of a plain ResNet: inserting the
    modules adds keys under ``fsms.`` and changes no other.

    Args:
        fsm: Arguments of :class:`FeatureShiftingModule` besides ``channels``, the same for every module; None for no
            modules at all.
        first_shift_channels: K of the first module, whose input has 64 channels only; by default half the K of the
            others (Section 4).
        every_block: Whether the second block of a stage with a stride has a module before it too, which makes 16
            modules in a ResNet-50; the paper advises against it.
        stage_blocks: Number of Bottleneck blocks of each stage; (3, 4, 6, 3) for ResNet-50.
        base_channels: Channels of the stem and of the first stage's 3x3 convolutions; each later stage has twice those
            of the stage before.
        norm_groups: Groups of every GN.
        in_channels: Channels of the image.

    Shape:
        - input: [B, in_channels, H, W]
        - output: one map for each stage i from 0, [B, 4 * base_channels * 2**i, H / (4 * 2**i), W / (4 * 2**i)]
    """

    def __init__(
        self,
        fsm: Mapping[str, Any] | None = None,
        first_shift_channels: int | None = None,
        every_block: bool = False,
        stage_blocks: Sequence[int] = (3, 4, 6, 3),
        base_channels: int = 64,
        norm_groups: int = 32,
        in_channels: int = 3,
    ) -> None:
        super().__init__(in_channels, base_channels, norm_groups)
        self.fsms = nn.ModuleDict()
        self.stage_blocks = tuple(stage_blocks)
        channels = base_channels
        for stage, blocks in enumerate(self.stage_blocks):
            layer = nn.ModuleList()
            for block in range(blocks):
                if fsm is not None and (every_block or not (stage > 0 and block == 1)):
                    self.fsms[f"layer{stage + 1}_{block}"] = self._fsm(channels, fsm, first_shift_channels)
                mid_channels = base_channels * 2**stage
                layer.append(Bottleneck(channels, mid_channels, 2 if stage > 0 and block == 0 else 1, norm_groups))
                channels = mid_channels * Bottleneck.expansion
            self.add_module(f"layer{stage + 1}", layer)

    def _fsm(self, channels: int, fsm: Mapping[str, Any], first_shift_channels: int | None) -> FeatureShiftingModule:
        arguments = {"shift_channels": 512, **fsm}
        if not self.fsms:
            arguments["shift_channels"] = first_shift_channels or arguments["shift_channels"] // 2
        return FeatureShiftingModule(channels, **arguments)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        x = self.stem(x)
        stages = []
        for stage, blocks in enumerate(self.stage_blocks):
            layer = self.get_submodule(f"layer{stage + 1}")
            for block in range(blocks):
                site = f"layer{stage + 1}_{block}"
                if site in self.fsms:
                    x = self.fsms[site](x)
                x = layer[block](x)  # type: ignore[index]
            stages.append(x)
        return tuple(stages)
