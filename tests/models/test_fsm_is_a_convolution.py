"""The FSM is the convolution that the paper says it is (Eq. 4 and 5): a window at minus the offsets, weights from both
1x1 convolutions and the attention.
"""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from mmpose_ssn.models import FeatureShiftingModule

B, C, K, H, W = 2, 3, 5, 6, 4
REACH = 8  # the window is a square of 2 * REACH + 1 pixels, wider than any offset below
OFFSETS = torch.tensor([(0.0, 0.0), (1.3, -0.6), (-2.0, 3.0), (0.25, 2.5), (-7.5, 0.5)])
ATTENTIONS = [None, "softplus-l1", "softplus-mean", "sigmoid"]


def window_positions(offsets):
    """Each channel's window position, minus its offset, split bilinearly among the pixels of a dense kernel
    [K, 2 * REACH + 1, 2 * REACH + 1].
    """
    pixels = torch.arange(-REACH, REACH + 1, dtype=torch.float64)
    dx, dy = offsets.double().unbind(1)
    from_column = torch.relu(1 - (pixels + dx[:, None]).abs())
    from_row = torch.relu(1 - (pixels + dy[:, None]).abs())
    return torch.einsum("kj,ki->kji", from_row, from_column)


def explicit_convolution(fsm, x, offsets, attention):
    """Eq. 4 and 5 in float64, position by position, with the BN folded into a scale and a shift."""
    w_alpha, w_beta = fsm.reduce.weight.double()[..., 0, 0], fsm.expand.weight.double()[..., 0, 0]
    side = 2 * REACH + 1
    window = window_positions(offsets)
    neighbours = F.unfold(x.double(), side, padding=REACH).reshape(B, C, side, side, H, W)
    w_fsm = torch.einsum("ck,kd,bkyx->bckdyx", w_beta, w_alpha, attention)
    convolved = torch.einsum("bckdyx,kji,bdjiyx->bcyx", w_fsm, window, neighbours)
    # The first bias is shifted too: it counts as far as the window position lies on the map.
    on_map = F.conv2d(torch.ones(1, 1, H, W, dtype=torch.float64), window[:, None], padding=REACH)
    first_bias = torch.einsum("ck,k,bkyx,kyx->bcyx", w_beta, fsm.reduce.bias.double(), attention, on_map[0])
    q = x.double() + convolved + first_bias + fsm.expand.bias.double()[:, None, None]
    norm = fsm.norm
    scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    shift = norm.bias.double() - scale * norm.running_mean.double()
    return torch.relu(scale[:, None, None] * q + shift[:, None, None])


def eq6(fsm, x):
    """The attention in float64, from its own formula."""
    if fsm.attention is None:
        return torch.ones(B, K, H, W, dtype=torch.float64)
    conv = fsm.attention.conv
    logits = torch.einsum("kc,bcyx->bkyx", conv.weight.double()[..., 0, 0], x.double())
    logits = logits + conv.bias.double()[:, None, None]
    if fsm.attention.normalization == "sigmoid":
        return 1 / (1 + torch.exp(-logits))
    f = torch.log(1 + torch.exp(logits))
    share = f / f.sum((2, 3), keepdim=True)
    return share if fsm.attention.normalization == "softplus-l1" else H * W * share


@pytest.mark.parametrize("attention", ATTENTIONS, ids=str)
@pytest.mark.parametrize("shift", [True, False], ids=["shift", "without shift"])
@torch.no_grad()
def test_fsm_equals_its_explicit_convolution(shift, attention, lived_in):
    fsm = lived_in(FeatureShiftingModule(C, K, shift=shift, attention=attention))
    if shift:
        fsm.offsets.copy_(OFFSETS)
    x = torch.randn(B, C, H, W)
    expected = explicit_convolution(fsm, x, OFFSETS if shift else torch.zeros(K, 2), eq6(fsm, x))
    torch.testing.assert_close(fsm(x).double(), expected, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_any_given_attention_gates_each_window_position(lived_in):
    fsm = lived_in(FeatureShiftingModule(C, K, attention="sigmoid"))
    fsm.offsets.copy_(OFFSETS)
    x, attention = torch.randn(B, C, H, W), torch.rand(B, K, H, W)
    fsm.attention.conv.forward = lambda _: torch.logit(attention)
    expected = explicit_convolution(fsm, x, OFFSETS, attention.double())
    torch.testing.assert_close(fsm(x).double(), expected, rtol=1e-5, atol=1e-5)
