"""How far energy reaches, where most of it is, and how much two spreads of it differ."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mmpose_ssn.analysis.probe import FloatArray


def half_energy_radius(energy: FloatArray, displacements: FloatArray) -> FloatArray:
    """Radius of the smallest disc around the centre that holds half of the energy.

    Args:
        energy: Energies [..., N], not negative.
        displacements: Where each lies relative to the centre, (x, y), [..., N, 2] or [N, 2]; window positions, say.

    Returns:
        Radii [...], in the unit of the displacements; NaN where there is no energy.
    """
    _check_energy(energy)
    distances = np.broadcast_to(np.linalg.norm(displacements, axis=-1), energy.shape)
    order = np.argsort(distances, axis=-1, kind="stable")
    held = np.cumsum(np.take_along_axis(energy, order, axis=-1), axis=-1)
    first = (held >= held[..., -1:] / 2).argmax(axis=-1, keepdims=True)
    radii = np.take_along_axis(np.take_along_axis(distances, order, axis=-1), first, axis=-1)[..., 0]
    return np.where(held[..., -1] > 0, radii, np.nan)


def field_radius(fields: FloatArray, centres: npt.ArrayLike) -> FloatArray:
    """Half-energy radius of receptive fields around their places.

    Args:
        fields: Fields [..., H, W].
        centres: Centre (x, y) of each in the fields' pixels, [..., 2].

    Returns:
        Radii [...] in the fields' pixels; NaN where a field is zero everywhere.
    """
    height, width = fields.shape[-2:]
    y, x = np.divmod(np.arange(height * width), width)
    displacements = np.stack([x, y], axis=-1) - np.asarray(centres, np.float64)[..., None, :]
    return half_energy_radius(fields.reshape(*fields.shape[:-2], -1), displacements)


def half_energy_positions(energy: FloatArray) -> npt.NDArray[np.bool_]:
    """The fewest positions that together hold half of the energy, the largest first; of equals the first.

    Args:
        energy: Energies [..., N], not negative.

    Returns:
        Whether each position is one of them, [..., N]; none where there is no energy.
    """
    _check_energy(energy)
    order = np.argsort(-energy, axis=-1, kind="stable")
    ranked = np.take_along_axis(energy, order, axis=-1)
    before = np.cumsum(ranked, axis=-1) - ranked
    chosen = before < ranked.sum(axis=-1, keepdims=True) / 2
    out = np.zeros(energy.shape, dtype=bool)
    np.put_along_axis(out, order, chosen, axis=-1)
    return out


def overlap(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> FloatArray:
    """Jaccard index of two sets: what they share, over what either has.

    Args:
        first: Whether each of N things is in the first set, [..., N].
        second: Likewise; the two broadcast.

    Returns:
        Overlaps [...], from 0 to 1; NaN where both sets are empty.
    """
    shared, either = (first & second).sum(axis=-1), (first | second).sum(axis=-1)
    return np.divide(shared, either, out=np.full(np.shape(either), np.nan), where=either > 0)


def jensen_shannon_distance(first: FloatArray, second: FloatArray) -> FloatArray:
    r"""Distance of two distributions of energy, from 0, the same, to 1, nothing in common.

    .. math:: \sqrt{\tfrac12 \mathrm{KL}(p \,\|\, m) + \tfrac12 \mathrm{KL}(q \,\|\, m)}, \quad m = \tfrac12 (p + q)

    with logarithms to base 2; p and q are the energies over their sums. It is a metric.

    Args:
        first: Energies [..., N], not negative.
        second: Likewise; the two broadcast.

    Returns:
        Distances [...]; NaN where one of the two has no energy.
    """
    shares = []
    for energy in (first, second):
        _check_energy(energy)
        total = energy.sum(axis=-1, keepdims=True)
        shares.append(np.divide(energy, total, out=np.full(energy.shape, np.nan), where=total > 0))
    p, q = np.broadcast_arrays(*shares)
    mean = (p + q) / 2
    divergence = sum(
        (one * np.log2(np.divide(one, mean, out=np.ones_like(one), where=one > 0))).sum(axis=-1) for one in (p, q)
    )
    return np.asarray(np.sqrt(np.maximum(divergence, 0) / 2))


def _check_energy(energy: FloatArray) -> None:
    if (energy < 0).any():
        raise ValueError(f"expected energies of at least 0, got {energy.min()}")
