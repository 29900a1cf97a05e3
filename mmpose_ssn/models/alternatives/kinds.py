"""The alternatives by name, the feature shifting module with learned and with frozen offsets among them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from mmpose_ssn.models.alternatives.context import NonLocal, SqueezeExcitation
from mmpose_ssn.models.alternatives.convolutions import ActiveConvolution, Convolution, DeformableConvolution
from mmpose_ssn.models.alternatives.frame import Alternative
from mmpose_ssn.models.fsm import FeatureShiftingModule, GatedResidual


@dataclass(frozen=True)
class Kind:
    """One way for information to cross the map.

    Attributes:
        title: Its name in tables and pictures.
        build: From C, the width K, and the other settings of the feature shifting module whose place it takes, to the
            module.
        window: By how many pixels it reaches at most along either axis; None where nothing but the map bounds it.
    """

    title: str
    build: Callable[[int, int, Mapping[str, Any]], GatedResidual]
    window: int | None = None


def _replacing(operator: type[Alternative], **own: Any) -> Callable[[int, int, Mapping[str, Any]], Alternative]:
    def build(channels: int, width: int, fsm: Mapping[str, Any]) -> Alternative:
        shared = {name: fsm[name] for name in ("attention", "norm_groups", "norm_shift", "zero_init") if name in fsm}
        return operator(channels, width, **own, **shared)

    return build


def _shifting(learn_offsets: bool) -> Callable[[int, int, Mapping[str, Any]], FeatureShiftingModule]:
    def build(channels: int, width: int, fsm: Mapping[str, Any]) -> FeatureShiftingModule:
        return FeatureShiftingModule(channels, width, **{**fsm, "learn_offsets": learn_offsets})

    return build


@torch.no_grad()
def _shifting_by_integers(channels: int, width: int, fsm: Mapping[str, Any]) -> FeatureShiftingModule:
    module = _shifting(learn_offsets=False)(channels, width, fsm)
    assert module.offsets is not None
    module.offsets.round_()
    return module


KINDS = {
    "conv3x3": Kind("3x3 convolution", _replacing(Convolution, kernel=3), window=1),
    "conv5x5": Kind("5x5 convolution", _replacing(Convolution, kernel=5), window=2),
    "conv7x7": Kind("7x7 convolution", _replacing(Convolution, kernel=7), window=3),
    "dilated3x3": Kind("3x3 convolution, dilation 6", _replacing(Convolution, kernel=3, dilation=6), window=6),
    "depthwise31x31": Kind("31x31 depthwise", _replacing(Convolution, kernel=31, depthwise=True), window=15),
    "deformable": Kind("deformable 3x3, v2", _replacing(DeformableConvolution)),
    "active": Kind("active convolution, 9 taps", _replacing(ActiveConvolution)),
    "non-local": Kind("non-local block", _replacing(NonLocal)),
    "squeeze-excitation": Kind("squeeze-and-excitation", _replacing(SqueezeExcitation)),
    "fsm-integer": Kind("FSM, frozen integer offsets", _shifting_by_integers),
    "fsm-random": Kind("FSM, frozen random offsets", _shifting(learn_offsets=False)),
    "fsm": Kind("FSM, learned offsets", _shifting(learn_offsets=True)),
}
"""All alternatives. A dilation of 6 is the smallest of DeepLab's ASPP (https://arxiv.org/abs/1606.00915)."""


OPERATORS = {
    operator.__name__: operator
    for operator in (ActiveConvolution, Convolution, DeformableConvolution, NonLocal, SqueezeExcitation)
}
"""What an alternative of one's own can be made of: these, with arguments that no name in :data:`KINDS` stands for."""


def kind_of(which: str | Mapping[str, Any]) -> Kind:
    """The alternative that a config asks for.

    Args:
        which: A name in :data:`KINDS`; or ``operator``, a name in :data:`OPERATORS`, and arguments that this class has
            of its own, such as ``dict(operator="Convolution", kernel=9)``.

    Raises:
        ValueError: If there is no such alternative or operator; names those that there are.
    """
    if isinstance(which, str):
        if which not in KINDS:
            raise ValueError(f"unknown alternative {which!r}, expected one of: {', '.join(KINDS)}")
        return KINDS[which]
    own = dict(which)
    operator = own.pop("operator", None)
    if operator not in OPERATORS:
        raise ValueError(f"unknown operator {operator!r} of an alternative, expected one of: {', '.join(OPERATORS)}")
    given = ", ".join(f"{name}={value}" for name, value in own.items())
    return Kind(f"{operator}({given})", _replacing(OPERATORS[operator], **own))
