"""The effective receptive field of a non-local map at a place (Section 4.1 and Figure 7, after
https://arxiv.org/abs/1701.04128), and the energy of a module's window there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mmpose_ssn.analysis.probe import FloatArray, Probe


def receptive_field(
    probe: Probe,
    images: Tensor,
    places: npt.ArrayLike,
    channels: int | Sequence[int],
    *,
    to: Literal["input", "image"] = "input",
    hold_attention: bool = False,
) -> FloatArray:
    """How much a non-local map at a place depends on each pixel: a gradient of one at that place is taken back, squared
    and summed over channels (Section 4.1).

    Eq. 6 divides the attention by its sum over the map, so that through F every place depends a little on every pixel;
    with F held fixed the field is the window's (silence: receptive-field-attention). On the image, GN makes it global
    all the same.

    Args:
        probe: The network and one of its modules.
        images: Images that the network takes, [B, C, H, W].
        places: Q places (x, y) of each image, [B, Q, 2] whole numbers, in pixels of the module's map.
        channels: Number of the non-local map; one for all places or one for each of the Q.
        to: ``"input"`` takes the gradient back to the module's input, ``"image"`` to the image. Pixel (x, y) of a map
            at stride s stands for pixel (s x, s y) of the image.
        hold_attention: True takes the attention for a constant; on the image, that of all modules before this one too.

    Returns:
        Fields [B, Q, H, W], in pixels of the module's map or of the image.

    Raises:
        ValueError: If the places do not fit the images or the map, or the channels the places.
    """
    if to not in ("input", "image"):
        raise ValueError(f"a receptive field is taken to 'input' or 'image', got {to!r}")
    if to == "image":
        images = images.detach().requires_grad_()
        maps = probe.reach(images, hold_attention=hold_attention)
        source = images
    else:
        maps = probe.reach(images.detach(), hold_attention=hold_attention)
        source = maps.input
    where, numbers = _checked(places, channels, maps.nonlocal_maps)
    of_image = torch.arange(len(images), device=images.device)
    fields = []
    for q, channel in enumerate(numbers):
        x, y = where[:, q].to(images.device).unbind(-1)
        unit = maps.nonlocal_maps[of_image, channel, y, x].sum()
        (gradient,) = torch.autograd.grad(unit, source, retain_graph=True)
        fields.append(gradient.double().square().sum(1).cpu().numpy())
    return np.stack(fields, axis=1)


@dataclass(frozen=True, eq=False)
class WindowEnergy:
    r"""What a module's convolution weighs at each of its K window positions, at places (Eq. 5).

    Attributes:
        windows: Window positions (x, y), [K, 2], in pixels of the module's map, relative to the place.
        energy: :math:`\sum_{c'} w^{FSM}_{c,k,c'}(x, y)^2`, [B, Q, K].
        signed: :math:`\sum_{c'} w^{FSM}_{c,k,c'}(x, y)`, [B, Q, K]: the "energy" as the paper prints it, in which
            weights of opposite signs cancel (silence: window-energy).
    """

    windows: FloatArray
    energy: FloatArray
    signed: FloatArray


def window_energy(probe: Probe, images: Tensor, places: npt.ArrayLike, channels: int | Sequence[int]) -> WindowEnergy:
    r"""The window of a non-local map c at a place, with the energy of :math:`w^{FSM}` (Section 4.1 and Figure 7).

    .. math:: \sum_{c'} w^{FSM}_{c,k,c'}(x, y)^2 = \big(w^\beta_{c,k} F_k(x, y)\big)^2 \sum_{c'} (w^\alpha_{k,c'})^2

    A module without attention has F = 1, and so one window for all places. Positions outside the map, where a module
    reads zeros, keep their energy.

    Args:
        probe: The network and one of its modules.
        images: Images that the network takes, [B, C, H, W].
        places: Q places (x, y) of each image, [B, Q, 2] whole numbers, in pixels of the module's map.
        channels: Number of the non-local map; one for all places or one for each of the Q.

    Raises:
        ValueError: If the places do not fit the images or the map, or the channels the places.
    """
    maps = probe.reach(images.detach())
    where, numbers = _checked(places, channels, maps.nonlocal_maps)
    fsm = probe.fsm
    alpha = fsm.reduce.weight.detach().flatten(1).double().cpu()
    beta = fsm.expand.weight.detach().flatten(1).double().cpu()[torch.tensor(numbers)]
    outgoing = beta.expand(len(images), -1, -1)
    if maps.attention is not None:
        x, y = where.unbind(-1)
        of_image = torch.arange(len(images))[:, None]
        outgoing = outgoing * maps.attention.detach().cpu()[of_image, :, y, x].double()
    return WindowEnergy(
        probe.windows,
        (outgoing.square() * alpha.square().sum(1)).numpy(),
        (outgoing * alpha.sum(1)).numpy(),
    )


def _checked(places: npt.ArrayLike, channels: int | Sequence[int], maps: Tensor) -> tuple[Tensor, list[int]]:
    """Places [B, Q, 2] and channels [Q] that lie on maps [B, C, H, W]."""
    where = np.asarray(places)
    batch, count, height, width = maps.shape
    if where.ndim != 3 or where.shape[0] != batch or where.shape[2] != 2 or where.dtype.kind not in "iu":
        raise ValueError(
            f"expected places of shape [{batch}, Q, 2] in whole pixels, got {list(where.shape)} of {where.dtype}"
        )
    if (where < 0).any() or (where >= (width, height)).any():
        raise ValueError(f"expected places on the module's map, which is {width} wide and {height} high")
    numbers = [channels] * where.shape[1] if isinstance(channels, int) else list(channels)
    if len(numbers) != where.shape[1] or not all(0 <= number < count for number in numbers):
        raise ValueError(f"expected one channel below {count}, or {where.shape[1]} of them, got {channels}")
    return torch.from_numpy(where.astype(np.int64)), numbers
