"""Group normalisation that says which argument to change where channels and groups do not fit."""

from __future__ import annotations

import math

from torch import nn


def group_norm(groups: int, channels: int) -> nn.GroupNorm:
    """GN of so many groups.

    Raises:
        ValueError: If the channels cannot be divided among the groups.
    """
    if groups < 1 or channels % groups:
        raise ValueError(
            f"got norm_groups={groups} for a map of {channels} channels, expected a divisor of {channels}: set "
            f"norm_groups of the backbone, the neck and the head, to {math.gcd(max(groups, 1), channels)} for example, "
            "or choose other widths"
        )
    return nn.GroupNorm(groups, channels)
