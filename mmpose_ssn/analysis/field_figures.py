"""What Figure 7 shows, as numbers: two channels chosen by a rule, where their windows lie at the joints, what windows
depend on, and how far everything reaches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mmpose_ssn.analysis.effective_fields import receptive_field
from mmpose_ssn.analysis.energy_spread import (
    field_radius,
    half_energy_positions,
    half_energy_radius,
    jensen_shannon_distance,
    overlap,
)
from mmpose_ssn.analysis.joint_kinds import kind, kinds
from mmpose_ssn.analysis.measured_number import MeasuredNumber, known_mean
from mmpose_ssn.analysis.probe import FloatArray, Predict, Probe, evaluating

IntArray = npt.NDArray[np.int64]

CHANNELS_OF: Mapping[str, tuple[str, ...]] = {"shoulders": ("shoulder",), "elbows and knees": ("elbow", "knee")}
"""The kinds of joints that each of the two channels is chosen by."""


@dataclass(frozen=True, eq=False)
class AttendedPlaces:
    """What a module's windows at the joints of images are made of (Eq. 5), for all non-local maps at once.

    Attributes:
        attention: F at the joints, [N, M, K]; ones where the module has none.
        outgoing: Squared weights of the last convolution, [C, K].
        incoming: Squared weights of the first one, [K, input channels].
        windows: Window positions (x, y) in pixels of the module's map, [K, 2].
    """

    attention: FloatArray
    outgoing: FloatArray
    incoming: FloatArray
    windows: FloatArray

    def energy(self, channel: int) -> FloatArray:
        """Energy of a non-local map's window at each joint of each image, [N, M, K], as :func:`window_energy`."""
        return np.asarray(self.attention**2 * (self.outgoing[channel] * self.incoming.sum(axis=1)))

    @property
    def channels(self) -> int:
        """C, the number of non-local maps."""
        return len(self.outgoing)


def attended_places(probe: Probe, batches: Iterable[tuple[Tensor, IntArray]]) -> AttendedPlaces:
    """Run a network up to a module, and keep what its windows at places are made of.

    Args:
        probe: The network and its module.
        batches: Images [B, 3, H, W] and places (x, y) on the module's map, [B, M, 2].
    """
    fsm, found = probe.fsm, []
    for images, places in batches:
        maps = probe.reach(images)
        if maps.attention is None:
            found.append(np.ones((*places.shape[:2], fsm.reduce.out_channels)))
        else:
            found.append(_at(maps.attention, places))
    return AttendedPlaces(
        np.concatenate(found),
        fsm.expand.weight.detach().flatten(1).double().square().cpu().numpy(),
        fsm.reduce.weight.detach().flatten(1).double().square().cpu().numpy(),
        probe.windows,
    )


def clarity(probe: Probe, batches: Iterable[tuple[Tensor, IntArray]]) -> FloatArray:
    """How clearly each non-local map shows each joint, [M, C]: its value there less its mean over the map, in standard
    deviations over the map, averaged over images.

    Args:
        probe: The network and its module.
        batches: Images [B, 3, H, W] and places (x, y) of the joints on the module's map, [B, M, 2].
    """
    found = []
    for images, places in batches:
        maps = probe.reach(images).nonlocal_maps.detach().double()
        spread = maps.std((2, 3), unbiased=False, keepdim=True)
        found.append(_at((maps - maps.mean((2, 3), keepdim=True)) / spread.clamp(min=1e-12), places))
    return np.asarray(np.concatenate(found).mean(axis=0))


def chosen_channels(clear: FloatArray, joints: Sequence[str]) -> dict[str, int]:
    """The two channels of Figure 7: of each group of joints the channel that shows even the least clear one best.

    Args:
        clear: Clarity [M, C] of :func:`clarity`, on images that nothing else is measured on.
        joints: Names of the M joints.
    """
    by_kind = kinds(joints)
    return {
        group: int(clear[[n for name in names for n in by_kind[name]]].min(axis=0).argmax())
        for group, names in CHANNELS_OF.items()
    }


def window_claims(
    places: AttendedPlaces, where: FloatArray, joints: Sequence[str], channels: Mapping[str, int]
) -> list[MeasuredNumber]:
    """Where the two channels' windows lie at the joints they were chosen by.

    Args:
        places: What the windows are made of.
        where: The joints (x, y) in pixels of the crops, [N, M, 2].
        joints: Names of the M joints.
        channels: Numbers of the two channels.
    """
    by_kind = kinds(joints)
    shoulders, hips, elbows, knees = (by_kind[name] for name in ("shoulder", "hip", "elbow", "knee"))
    inwards = where[:, shoulders + hips].mean(axis=1, keepdims=True) - where[:, shoulders]
    norm = np.linalg.norm(inwards, axis=-1, keepdims=True)
    inwards = np.divide(inwards, norm, out=np.zeros_like(inwards), where=norm > 0)
    mean, _ = _mean_and_extent(places.energy(channels["shoulders"])[:, shoulders], places.windows)
    sides = (mean * inwards).sum(axis=-1).mean(axis=0)
    _, extent = _mean_and_extent(places.energy(channels["elbows and knees"]), places.windows)
    found = [
        MeasuredNumber("figure7", "shoulder-looks-inwards", float(value), "pixels", of=joints[number])
        for number, value in zip(shoulders, sides, strict=True)
    ]
    return [
        *found,
        MeasuredNumber("figure7", "shoulders-look-inwards", float(sides.min()), "pixels"),
        MeasuredNumber("figure7", "extent-of-window", float(extent[:, elbows].mean()), "pixels", of="elbow"),
        MeasuredNumber("figure7", "extent-of-window", float(extent[:, knees].mean()), "pixels", of="knee"),
        MeasuredNumber(
            "figure7", "knee-window-wider", float(extent[:, knees].mean() - extent[:, elbows].mean()), "pixels"
        ),
    ]


def window_differences(
    places: AttendedPlaces,
    joints: Sequence[str],
    channels: Mapping[str, int],
    watched: Callable[[range], Iterable[int]] = iter,
) -> list[MeasuredNumber]:
    """How much the windows depend on the joint, the channel and the photo.

    Args:
        places: What the windows are made of, for at least two images.
        joints: Names of the M joints.
        channels: Numbers of the two channels, of which the distances stand by themselves too.
        watched: What the channels are gone through by, such as ``tqdm``.
    """
    names = np.array([kind(joint) for joint in joints])
    other_kind = names[:, None] != names
    distances = np.empty((places.channels, 2))
    overlaps = np.empty((places.channels, 3))
    sets = np.empty((2, places.channels, places.windows.shape[0]), dtype=bool)
    for channel in watched(range(places.channels)):
        energy = places.energy(channel)
        following = np.roll(energy, -1, axis=0)
        of_pairs = np.stack(
            [jensen_shannon_distance(energy, np.roll(following, -shift, axis=1)) for shift in range(len(names))]
        )  # [shift, N, M]: joint m in photo i, and joint m + shift in photo i + 1
        differ = np.stack(
            [other_kind[np.arange(len(names)), _rolled(len(names), shift)] for shift in range(len(names))]
        )
        distances[channel] = known_mean(of_pairs[0]), known_mean(of_pairs.transpose(0, 2, 1)[differ])
        held = half_energy_positions(energy)
        overlaps[channel, 0] = known_mean(overlap(held, np.roll(held, -1, axis=0)))
        unlike = np.stack([overlap(held, np.roll(held, -shift, axis=1)) for shift in range(len(names))])
        overlaps[channel, 1] = known_mean(unlike.transpose(0, 2, 1)[differ])
        half = len(energy) // 2
        halves = [half_energy_positions(part.mean(axis=(0, 1))) for part in (energy[:half], energy[half:])]
        overlaps[channel, 2] = overlap(*halves)
        sets[:, channel] = halves
    apart = ~np.eye(places.channels, dtype=bool)
    between = known_mean([known_mean(overlap(one, sets[1])[apart[n]]) for n, one in enumerate(sets[0])])

    def distance(of: str, values: FloatArray) -> list[MeasuredNumber]:
        within, other = map(known_mean, np.atleast_2d(values).T)
        return [
            MeasuredNumber("figure7", "distance-within-a-joint", within, "Jensen-Shannon distance", of=of),
            MeasuredNumber("figure7", "distance-between-joints", other, "Jensen-Shannon distance", of=of),
            MeasuredNumber("figure7", "windows-follow-joints", other - within, "Jensen-Shannon distance", of=of),
        ]

    found = distance("all channels", distances)
    for group, channel in channels.items():
        found += distance(group, distances[channel])
    alike, unlike_mean, of_halves = map(known_mean, overlaps.T)
    unit = "overlap (Jaccard)"
    return [
        *found,
        MeasuredNumber("figure7", "windows-differ-by-channel", of_halves - between, unit),
        MeasuredNumber("figure7", "windows-differ-by-position", alike - unlike_mean, unit),
    ]


def input_channels_differ(places: AttendedPlaces, seed: int = 0) -> MeasuredNumber:
    """Whether input channels make use of different window positions: overlap of the positions that hold half of the
    energy of one between halves of the output channels, less that of two in one half each.

    The mean over joints and images of the attention's square stands for the attention.

    Args:
        places: What the windows are made of.
        seed: Seed of the halves.
    """
    gate = (places.attention**2).mean(axis=(0, 1))
    order = np.random.default_rng(seed).permutation(places.channels)
    halves = order[: places.channels // 2], order[places.channels // 2 :]
    first, second = (
        half_energy_positions((places.outgoing[half].sum(axis=0) * gate)[None] * places.incoming.T) for half in halves
    )
    apart = ~np.eye(len(first), dtype=bool)
    between = known_mean([known_mean(overlap(one, second)[apart[n]]) for n, one in enumerate(first)])
    difference = known_mean(overlap(first, second)) - between
    return MeasuredNumber("figure7", "windows-differ-by-input", difference, "overlap (Jaccard)")


def window_radius(places: AttendedPlaces) -> MeasuredNumber:
    """Radius that holds half of a window's energy, mean over channels, joints and images."""
    radii = [
        known_mean(half_energy_radius(places.energy(channel), places.windows)) for channel in range(places.channels)
    ]
    return MeasuredNumber("figure7", "radius-of-window", known_mean(radii), "pixels of the module's map")


def field_radii(
    probe: Probe,
    batches: Iterable[tuple[Tensor, IntArray, FloatArray]],
    joints: Sequence[str],
    channels: Mapping[str, int],
) -> list[MeasuredNumber]:
    """Radii of the two channels' effective receptive fields at the joints that they were chosen by.

    Args:
        probe: The network and its module.
        batches: Images [B, 3, H, W], and the joints (x, y) on the module's map and in pixels of the crop, [B, M, 2].
        joints: Names of the M joints.
        channels: Numbers of the two channels.
    """
    by_kind = kinds(joints)
    radii: dict[tuple[str, bool, str], list[FloatArray]] = {}
    for images, on_map, in_crop in batches:
        for group, channel in channels.items():
            chosen = [n for name in CHANNELS_OF[group] for n in by_kind[name]]
            for to, centres in (("input", on_map), ("image", in_crop)):
                for hold in (False, True):
                    fields = receptive_field(
                        probe,
                        images,
                        on_map[:, chosen],
                        channel,
                        to="image" if to == "image" else "input",
                        hold_attention=hold,
                    )
                    radius = field_radius(fields, centres[:, chosen])
                    radii.setdefault((to, hold, group), []).append(radius)
    return [
        MeasuredNumber(
            "figure7",
            f"field-on-{to}-{'held' if hold else 'through'}",
            known_mean(np.concatenate(found)),
            "pixels of the module's map" if to == "input" else "pixels of the crop",
            of=group,
        )
        for (to, hold, group), found in radii.items()
    ]


def peak_radius(network: Any, predict: Predict, batches: Iterable[Tensor], predictor: str) -> MeasuredNumber:
    """Radius on the crop, around a heatmap's peak, that holds half of the squared gradient of that peak, the mean over
    joints and images. It needs no module.

    Args:
        network: The network, which is evaluated.
        predict: What makes its heatmaps.
        batches: Images [B, 3, H, W].
        predictor: Name of the predictor.
    """
    radii = []
    for batch in batches:
        with evaluating(network):
            images = batch.detach().requires_grad_()
            heatmaps = predict(images)
            height, width = heatmaps.shape[2:]
            stride = np.array([images.shape[3] / width, images.shape[2] / height])
            for m in range(heatmaps.shape[1]):
                peaks, at = heatmaps[:, m].flatten(1).max(dim=1)
                (gradient,) = torch.autograd.grad(peaks.sum(), images, retain_graph=True)
                centres = np.stack([at.cpu().numpy() % width, at.cpu().numpy() // width], axis=-1) * stride
                radii.append(field_radius(gradient.double().square().sum(1).cpu().numpy(), centres))
    mean = known_mean(np.concatenate(radii))
    return MeasuredNumber("figure7", "field-of-peak", mean, "pixels of the crop", predictor=predictor)


def _at(maps: Tensor, places: IntArray) -> FloatArray:
    """Values of maps [B, C, H, W] at places (x, y) [B, M, 2], [B, M, C]."""
    x, y = torch.from_numpy(places).unbind(-1)
    of_image = torch.arange(len(maps))[:, None]
    return np.asarray(maps.detach().cpu()[of_image, :, y, x].double().numpy())


def _rolled(count: int, shift: int) -> IntArray:
    return np.asarray((np.arange(count) + shift) % count)


def _mean_and_extent(energy: FloatArray, windows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean window position [..., 2] and root mean square distance from it [...], both weighted by energy [..., K]."""
    total = energy.sum(axis=-1, keepdims=True)
    weights = np.divide(energy, total, out=np.zeros_like(energy), where=total > 0)
    mean = weights @ windows
    return mean, np.sqrt(np.maximum(weights @ (windows**2).sum(axis=-1) - (mean**2).sum(axis=-1), 0))
