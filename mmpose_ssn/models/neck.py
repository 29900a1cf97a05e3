"""Feature shifting modules on the maps of any backbone, so that a config alone puts them into a network that is not
SSN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from mmpose_ssn.models.fsm import FeatureShiftingModule


class FeatureShiftingNeck(nn.Module):
    """One feature shifting module on each chosen map of a backbone; the others pass through.

    Args:
        in_channels: Channels of the backbone's maps, in their order; one number stands for a backbone with a single
            map.
        fsm: Arguments of :class:`FeatureShiftingModule` besides ``channels``.
        indices: Indices of the maps that get a module; negative ones count from the end. By default all maps get one.

    Shape:
        - input: a sequence of maps [B, in_channels[i], H_i, W_i]
        - output: a tuple of maps of the same shapes
    """

    def __init__(
        self,
        in_channels: int | Sequence[int],
        fsm: Mapping[str, Any] | None = None,
        indices: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        channels = [in_channels] if isinstance(in_channels, int) else list(in_channels)
        chosen = range(len(channels)) if indices is None else [index % len(channels) for index in indices]
        self.fsms = nn.ModuleList(
            FeatureShiftingModule(c, **(fsm or {})) if index in chosen else nn.Identity()
            for index, c in enumerate(channels)
        )

    def forward(self, maps: Sequence[Tensor]) -> tuple[Tensor, ...]:
        if len(maps) != len(self.fsms):
            raise ValueError(f"FeatureShiftingNeck was built for {len(self.fsms)} maps (in_channels), got {len(maps)}")
        return tuple(fsm(x) for fsm, x in zip(self.fsms, maps, strict=True))
