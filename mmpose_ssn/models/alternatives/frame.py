r"""What all alternatives share: Eq. 4 of the feature shifting module around another spatial operator than the shift.

.. math:: Q = \mathrm{ReLU}(\mathrm{BN}(P + w^\beta (F \odot O(w^\alpha P + b^\alpha)) + b^\beta))

The correlation attention F stays, so that a difference between two of them is one between their spatial operators O.
"""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor, nn

from mmpose_ssn.models.fsm import CorrelationAttention, GatedResidual
from mmpose_ssn.ops import gated_shift
from mmpose_ssn.ops.normalization import Normalization


class Alternative(GatedResidual):
    """What an alternative is but for its operator, which subclasses define: :meth:`reach` and :meth:`operator_macs`.

    Args:
        channels: C, channels of input and output.
        width: K, channels that the operator works on.
        attention: As for :class:`mmpose_ssn.models.FeatureShiftingModule`, and so are the others.
        norm_groups: Likewise.
        norm_shift: Likewise.
        zero_init: Likewise.

    Shape:
        - input: [B, C, H, W]
        - output: [B, C, H, W]
    """

    def __init__(
        self,
        channels: int,
        width: int,
        *,
        attention: Normalization | None = "softplus-l1",
        norm_groups: int | None = None,
        norm_shift: float = 0.0,
        zero_init: bool = False,
    ) -> None:
        reduce = nn.Conv2d(channels, width, 1)
        gate = None if attention is None else CorrelationAttention(channels, width, attention)
        super().__init__(reduce, gate, norm_groups, norm_shift, zero_init)

    @abstractmethod
    def reach(self, x: Tensor, maps: Tensor) -> Tensor:
        """What the operator makes of the maps [B, K, H, W], of the same shape; x is the module's input [B, C, H, W]."""

    @abstractmethod
    def operator_macs(self, positions: int) -> int:
        """Multiply-accumulates of the operator on one map with ``positions`` = H*W places."""

    def cross(self, x: Tensor, maps: Tensor) -> Tensor:
        crossed = self.reach(x, maps)
        if self.attention is None:
            return crossed
        return gated_shift(crossed, self.attention.conv(x), None, self.attention.normalization)

    def extra_repr(self) -> str:
        return "" if self.inserted else "inserted=False"
