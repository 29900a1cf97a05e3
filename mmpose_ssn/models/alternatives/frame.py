r"""What all alternatives share: a feature shifting module (Eq. 4) whose shift is replaced, and nothing else.

.. math:: Q = \mathrm{ReLU}(\mathrm{BN}(P + w^\beta (F \odot O(w^\alpha P + b^\alpha)) + b^\beta))

The correlation attention F stays, so that a difference between two of them is one between their spatial operators O.
"""

from __future__ import annotations

from torch import Tensor

from mmpose_ssn.models.fsm import FeatureShiftingModule
from mmpose_ssn.ops import gated_shift
from mmpose_ssn.ops.normalization import Normalization


class Alternative(FeatureShiftingModule):
    """A feature shifting module with another spatial operator than the shift; subclasses define :meth:`reach`.

    Being one, it takes part in delayed insertion, and where it has ``offsets`` they are in the offsets' own parameter
    group and on their record.

    Args:
        channels: C, channels of input and output.
        width: K, channels that the operator works on.
        attention: As for :class:`FeatureShiftingModule`, and so are the others.
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
        super().__init__(
            channels,
            width,
            shift=False,
            attention=attention,
            norm_groups=norm_groups,
            norm_shift=norm_shift,
            zero_init=zero_init,
        )

    def reach(self, x: Tensor, maps: Tensor) -> Tensor:
        """What the operator makes of the maps [B, K, H, W], of the same shape; x is the module's input [B, C, H, W]."""
        raise NotImplementedError

    def operator_macs(self, positions: int) -> int:
        """Multiply-accumulates of the operator on one map with ``positions`` = H*W places."""
        raise NotImplementedError

    def _shifted(self, x: Tensor, maps: Tensor) -> Tensor:
        crossed = self.reach(x, maps)
        if self.attention is None:
            return crossed
        return gated_shift(crossed, self.attention.conv(x), None, self.attention.normalization, self.backend)

    def extra_repr(self) -> str:
        return "" if self.inserted else "inserted=False"
