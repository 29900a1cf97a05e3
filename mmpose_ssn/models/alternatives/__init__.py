"""Other ways for information to cross the map, each in the place of a feature shifting module and at its budget."""

from mmpose_ssn.models.alternatives.budget import Match, ModuleCost, alternatives, cost, matched_width
from mmpose_ssn.models.alternatives.context import NonLocal, SqueezeExcitation
from mmpose_ssn.models.alternatives.convolutions import ActiveConvolution, Convolution, DeformableConvolution
from mmpose_ssn.models.alternatives.frame import Alternative
from mmpose_ssn.models.alternatives.kinds import KINDS, OPERATORS, Kind, kind_of

__all__ = [
    "KINDS",
    "OPERATORS",
    "ActiveConvolution",
    "Alternative",
    "Convolution",
    "DeformableConvolution",
    "Kind",
    "Match",
    "ModuleCost",
    "NonLocal",
    "SqueezeExcitation",
    "alternatives",
    "cost",
    "kind_of",
    "matched_width",
]
