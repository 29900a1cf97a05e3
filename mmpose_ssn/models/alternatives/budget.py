"""How wide an alternative may be to cost what the feature shifting module costs whose place it takes.

Parameters are all weights and biases, offsets too, learned or not. MACs are multiply-accumulates of convolutions and
of matrix products; reading between pixels, gates, sums and normalisations are none, for any of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch

from mmpose_ssn.models.alternatives.frame import Alternative
from mmpose_ssn.models.alternatives.kinds import kind_of
from mmpose_ssn.models.fsm import GatedResidual

_WIDEST = 1 << 20


@dataclass(frozen=True)
class ModuleCost:
    """Parameters of a module, and its multiply-accumulates on one map."""

    params: int
    macs: int


@dataclass(frozen=True)
class Match:
    """The width that comes nearest to a budget.

    Attributes:
        width: K of the alternative.
        cost: What it then costs.
        budget: What the feature shifting module costs.
    """

    width: int
    cost: ModuleCost
    budget: ModuleCost

    @property
    def params_ratio(self) -> float:
        """Parameters, over the budget's."""
        return self.cost.params / self.budget.params

    @property
    def macs_ratio(self) -> float:
        """MACs, over the budget's."""
        return self.cost.macs / self.budget.macs


def cost(module: GatedResidual, size: tuple[int, int]) -> ModuleCost:
    """What a feature shifting module or an alternative costs on one map of ``size`` (H, W)."""
    positions = size[0] * size[1]
    everywhere = [module.reduce, module.expand] + ([module.attention.conv] if module.attention is not None else [])
    macs = positions * sum(conv.weight.numel() for conv in everywhere)
    if isinstance(module, Alternative):
        macs += module.operator_macs(positions)
    return ModuleCost(sum(parameter.numel() for parameter in module.parameters()), macs)


def matched_width(
    kind: str | Mapping[str, Any],
    channels: int,
    shift_channels: int,
    size: tuple[int, int] = (64, 48),
    by: Literal["params", "macs"] = "params",
    *,
    fsm: Mapping[str, Any] | None = None,
    carried: int = 0,
) -> Match:
    """The width at which an alternative costs what a feature shifting module does.

    Widths are whole numbers, so that a narrow module can miss its budget by some percent: ``Match`` says by how much.

    Args:
        kind: As :func:`kind_of` takes it.
        channels: C of both.
        shift_channels: K of the feature shifting module.
        size: (H, W) of the map. It bears on the width only where ``by`` is ``"macs"``.
        by: What is matched.
        fsm: Other arguments of the feature shifting module.
        carried: What modules before this one have left of their budgets, in units of ``by``; negative where they have
            taken more.

    Raises:
        ValueError: If there is no such alternative or no such budget.
    """
    if by not in ("params", "macs"):
        raise ValueError(f"unknown budget {by!r}, expected 'params' or 'macs'")
    settings, alternative, reference = fsm or {}, kind_of(kind).build, kind_of("fsm").build
    with torch.device("meta"):
        budget = cost(reference(channels, shift_channels, settings), size)
        target = getattr(budget, by) + carried

        def cost_at(width: int) -> ModuleCost:
            return cost(alternative(channels, width, settings), size)

        def amount(width: int) -> int:
            return int(getattr(cost_at(width), by))

        reaching = 1 + bisect_left(range(1, _WIDEST), target, key=amount)
        width = min(max(1, reaching - 1), reaching, key=lambda width: abs(amount(width) - target))
        return Match(width, cost_at(width), budget)


def alternatives(
    kind: str | Mapping[str, Any],
    channels: Sequence[int],
    fsm: Mapping[str, Any],
    by: Literal["params", "macs"] = "params",
    size: tuple[int, int] = (64, 48),
) -> list[GatedResidual]:
    """One alternative for each feature shifting module of a network, together at the budget of them all.

    What a whole number of channels leaves of one module's budget goes to the next.

    Args:
        kind: As :func:`kind_of` takes it.
        channels: C of each module.
        fsm: Arguments of the feature shifting modules besides ``channels``.
        by: As for :func:`matched_width`.
        size: (H, W) of the map that all modules see; only where ``by`` is ``"macs"``.
    """
    settings = {"shift_channels": 512, **fsm}
    shift_channels = settings.pop("shift_channels")
    modules, carried = [], 0
    for c in channels:
        match = matched_width(kind, c, shift_channels, size, by, fsm=settings, carried=carried)
        carried += getattr(match.budget, by) - getattr(match.cost, by)
        modules.append(kind_of(kind).build(c, match.width, settings))
    return modules
