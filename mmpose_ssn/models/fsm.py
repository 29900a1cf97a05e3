r"""The feature shifting module: information crosses the map in one step (paper, Section 3.1 and 3.2, Figure 2 left).

.. math::
    R &= w^\alpha P + b^\alpha \\
    S_k(x, y) &= R^*_k(x - \Delta x_k, y - \Delta y_k) && \text{(Eq. 1)} \\
    Q &= \mathrm{ReLU}(\mathrm{BN}(P + w^\beta (F \odot S) + b^\beta)) && \text{(Eq. 4)}

with P [B, C, H, W] the input, R and S [B, K, H, W] the maps before and after the shift, F [B, K, H, W] the correlation
attention and Q [B, C, H, W] the output. Seen as a convolution its window lies at *minus* the offsets, with weights
:math:`w^{FSM}_{c,k,c'}(x, y) = w^\beta_{c,k} w^\alpha_{k,c'} F_k(x, y)` (Eq. 5).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpose_ssn.models.group_norm import group_norm
from mmpose_ssn.ops import attention, gated_shift, shift
from mmpose_ssn.ops.normalization import Normalization, check_normalization

if TYPE_CHECKING:
    from typing_extensions import Self


class CorrelationAttention(nn.Module):
    r"""Predict from the input map where each shifting channel is to have a say (paper, Section 3.2, Eq. 6).

    .. math:: F_k(x, y) = f_k(x, y) \Big/ \sum_{(x', y') \in \Omega} f_k(x', y'),
        \quad f = \mathrm{softplus}(w^f P + b^f)

    Softplus and its sum are taken in float32 whatever the precision of the input.

    Args:
        channels: Channels of what it is predicted from; C for the module's input.
        shift_channels: K, channels of the attention.
        normalization: ``"softplus-l1"`` is Eq. 6, each channel of the map sums to 1. ``"softplus-mean"`` is the same
            times H*W, each channel has mean 1: for small networks, which Eq. 6 starts out almost silent
            (docs/silences.md, attention-scale). ``"sigmoid"`` is the lite networks' (supplement, Section 3), without
            spatial normalisation.

    Shape:
        - input: [B, C, H, W]
        - output: [B, K, H, W], in the dtype of the convolution's output
    """

    def __init__(self, channels: int, shift_channels: int, normalization: Normalization = "softplus-l1") -> None:
        super().__init__()
        check_normalization(normalization)
        self.normalization = normalization
        self.conv = nn.Conv2d(channels, shift_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return attention(self.conv(x), self.normalization)

    def extra_repr(self) -> str:
        return f"normalization={self.normalization!r}"


class GatedResidual(nn.Module, ABC):
    """Eq. 4 around any spatial operator, which subclasses define: :meth:`cross`. They override nothing else.

    Args:
        reduce: The first 1x1 convolution, from C to K channels.
        attention: Correlation attention of K channels; None leaves it out.
        norm_groups: As for :class:`FeatureShiftingModule`, and so are the others.
        norm_shift: Likewise.
        zero_init: Likewise.

    Attributes:
        offsets: [N, 2] (dx, dy) in pixels of this map, which a training moves at a rate of their own and records; None
            where the operator has none.
        inserted: As for :class:`FeatureShiftingModule`.

    Shape:
        - input: [B, C, H, W]
        - output: [B, C, H, W]
    """

    def __init__(
        self,
        reduce: nn.Conv2d,
        attention: CorrelationAttention | None,
        norm_groups: int | None,
        norm_shift: float,
        zero_init: bool,
    ) -> None:
        super().__init__()
        self.inserted = True
        self.offsets: nn.Parameter | None = None
        self.reduce = reduce  # w^alpha
        self.attention = attention
        channels = reduce.in_channels
        self.expand = nn.Conv2d(reduce.out_channels, channels, 1)  # w^beta
        self.norm = nn.BatchNorm2d(channels) if norm_groups is None else group_norm(norm_groups, channels)
        nn.init.constant_(self.norm.bias, norm_shift)
        if zero_init:
            nn.init.zeros_(self.expand.weight)
            nn.init.zeros_(self.expand.bias)  # type: ignore[arg-type]
        self._register_load_state_dict_pre_hook(_inserted_unless_said)

    def forward(self, x: Tensor) -> Tensor:
        if not self.inserted:
            return x
        return F.relu(self.norm(x + self.expand(self.cross(x, self.reduce(x)))))

    @abstractmethod
    def cross(self, x: Tensor, maps: Tensor) -> Tensor:
        """What the operator makes of the maps [B, K, H, W], gated by the attention; x is the input [B, C, H, W]."""

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Move or convert the module, as ``to``, ``half`` and others do; the offsets are never given less than float32,
        which knows an offset of 20 to 2^-20 of a pixel; bfloat16 knows it to 2^-4.
        """
        offsets = self.offsets

        def applied(tensor: Tensor) -> Tensor:
            result = fn(tensor)
            if offsets is None or not (tensor is offsets or tensor is offsets.grad):
                return result
            narrowed = result.is_floating_point() and torch.finfo(result.dtype).bits < 32
            return tensor.to(result.device) if narrowed else result

        return super()._apply(applied, recurse)

    def get_extra_state(self) -> Tensor:
        return torch.tensor(self.inserted)  # a tensor, as whatever moves or averages a state dict expects

    def set_extra_state(self, state: Tensor) -> None:
        self.inserted = bool(state)


class IntermediateMaps(NamedTuple):
    """What a feature shifting module computes on its way from input to output (Eq. 1, 2, 4 and 6).

    Attributes:
        input: P [B, C, H, W].
        reduced: R [B, K, H, W], the maps before the shift.
        shifted: S [B, K, H, W], the maps after it; R itself where the module shifts nothing.
        attention: F [B, K, H, W]; None for a module without attention.
        gated: F * S [B, K, H, W]; S itself for a module without attention.
        nonlocal_maps: N [B, C, H, W], what the last 1x1 convolution makes of F * S, with its bias (Section 4.1).
        output: Q [B, C, H, W].
    """

    input: Tensor
    reduced: Tensor
    shifted: Tensor
    attention: Tensor | None
    gated: Tensor
    nonlocal_maps: Tensor
    output: Tensor


class FeatureShiftingModule(GatedResidual):
    """A feature shifting module (FSM): 1x1 convolution, per-channel shift, attention gate, 1x1 convolution, residual,
    BN, ReLU.

    A plain module on any [B, C, H, W] map; needs PyTorch alone. 3KC + 2K weights and offsets (Section 3.1), 2K + C
    biases, 2C of BN.

    Args:
        channels: C, channels of input and output.
        shift_channels: K, shifting channels.
        shift: False leaves the shift and its offsets out ("SSN, w/o shifting").
        attention: Normalisation of the correlation attention, see :class:`CorrelationAttention`; None leaves the
            attention out ("SSN, w/o CA").
        attention_from: ``"input"`` predicts the attention from P (Eq. 6); ``"both"`` from R and S, the maps before and
            after the shift, which the paper found no better (Section 3.2).
        norm_groups: Groups of a GN in the place of the module's BN, which the paper advises against (Section 4,
            "Implementation Details"); None for BN.
        learn_offsets: False keeps the offsets where they start: random reach instead of learned.
        offset_std: Standard deviation in pixels of the normal distribution that the offsets start from (silence:
            offset-init).
        norm_shift: Initial shift of the BN. At 0 BN and ReLU cut off half of the residual stream at the start; at 1 the
            module starts as a nearly affine identity (silence: fsm-start).
        zero_init: Start the second 1x1 convolution at zero, so that the residual branch begins silent (silence:
            fsm-start).
        backend: Back end of :func:`mmpose_ssn.ops.shift`.

    Attributes:
        offsets: [K, 2] (dx, dy) in pixels of this map, float32; absent where ``shift`` is False.
        inserted: False makes the module an identity, as it is before its insertion (Section 4); kept in the state dict,
            so that a network restored from that time is the network of that time.

    Shape:
        - input: [B, C, H, W]
        - output: [B, C, H, W]

    Example:
        >>> module = FeatureShiftingModule(channels=64, shift_channels=128)
        >>> module(torch.randn(2, 64, 32, 24)).shape
        torch.Size([2, 64, 32, 24])
    """

    def __init__(
        self,
        channels: int,
        shift_channels: int = 512,
        *,
        shift: bool = True,
        attention: Normalization | None = "softplus-l1",
        attention_from: Literal["input", "both"] = "input",
        norm_groups: int | None = None,
        learn_offsets: bool = True,
        offset_std: float = 1.0,
        norm_shift: float = 0.0,
        zero_init: bool = False,
        backend: str = "auto",
    ) -> None:
        if channels < 1 or shift_channels < 1:
            raise ValueError(
                f"expected at least one channel of each kind, got channels={channels}, shift_channels={shift_channels}"
            )
        if attention_from not in ("input", "both"):
            raise ValueError(f"attention_from is {attention_from!r}, expected 'input' or 'both'")
        reduce = nn.Conv2d(channels, shift_channels, 1)  # in this order: a seed gives the same initial weights
        offsets = torch.randn(shift_channels, 2) * offset_std if shift else None
        gate = None
        if attention is not None:
            source = channels if attention_from == "input" else 2 * shift_channels
            gate = CorrelationAttention(source, shift_channels, attention)
        super().__init__(reduce, gate, norm_groups, norm_shift, zero_init)
        if offsets is not None:
            self.offsets = nn.Parameter(offsets, requires_grad=learn_offsets)
        self.attention_from, self.backend = attention_from, backend

    def cross(self, x: Tensor, maps: Tensor) -> Tensor:
        offsets, attention = self.offsets, self.attention
        if attention is not None and self.attention_from == "input":
            return gated_shift(maps, attention.conv(x), offsets, attention.normalization, self.backend)
        shifted = maps if offsets is None else shift(maps, offsets, self.backend)
        if attention is None:
            return shifted
        logits = attention.conv(torch.cat([maps, shifted], dim=1))
        return gated_shift(shifted, logits, None, attention.normalization, self.backend)

    def intermediates(self, x: Tensor, *, hold_attention: bool = False) -> IntermediateMaps:
        """Compute the output map by map, in the order of the equations, for a look at what lies between.

        The output is that of ``forward`` but for rounding: shift and gate are two operations here, and one there.

        Args:
            x: Input of the module, [B, C, H, W].
            hold_attention: True lets no gradient flow through F, as if it were a constant.

        Returns:
            The maps, all of one autograd graph. They are not clones: where the module has no shift or no attention,
            one tensor stands in two places.

        Raises:
            ValueError: If the module is not inserted, and so an identity.
        """
        if not self.inserted:
            raise ValueError("expected an inserted module, got one that is still an identity (inserted=False)")
        reduced = self.reduce(x)
        shifted = reduced if self.offsets is None else shift(reduced, self.offsets, self.backend)
        attention, gated = None, shifted
        if self.attention is not None:
            attention = self.attention(x if self.attention_from == "input" else torch.cat([reduced, shifted], dim=1))
            attention = attention.detach() if hold_attention else attention
            gated = shifted * attention
        nonlocal_maps = self.expand(gated)
        output = F.relu(self.norm(x + nonlocal_maps))
        return IntermediateMaps(x, reduced, shifted, attention, gated, nonlocal_maps, output)

    def extra_repr(self) -> str:
        return ", ".join(
            ([] if self.offsets is not None else ["shift=False"]) + ([] if self.inserted else ["inserted=False"])
        )


def _inserted_unless_said(state: dict[str, Any], prefix: str, *_: Any) -> None:
    """Have weights from elsewhere, which say nothing of an insertion, load strictly: their network has the module."""
    if any(name.startswith(prefix) for name in state):
        state.setdefault(f"{prefix}_extra_state", torch.tensor(True))
