r"""Keypoint-offset scores: how much each channel of a module has to do with each keypoint (supplement, Section 1).

For keypoint m let :math:`\hat Y` be a copy of the heatmaps Y whose m-th map is set to zero at its maximum
:math:`p_m`, and :math:`L_m` the mean squared error of Y against it, over all E = M h w elements. So

.. math:: \frac{\partial L_m}{\partial S_k(x, y)}
    = \frac{2}{E} Y_m(p_m) \frac{\partial Y_m(p_m)}{\partial S_k(x, y)}

which takes one backward pass for each keypoint, of all images of a batch together, as an evaluating network treats each
on its own. The score is its mean over positions, normalised over the keypoints. A positive one says that a larger
:math:`S_k` makes a higher peak. Where the text can be read in more than one way, :class:`ScoreReading` has a switch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mmpose_ssn.analysis.probe import FloatArray, Probe

MapName = Literal["input", "shifted", "attention", "gated", "nonlocal_maps"]
"""Maps of :class:`mmpose_ssn.models.IntermediateMaps` to whose channels keypoints are related: P, S, F, F * S, N."""

Quantity = Literal["gradient", "gradient-times-activation"]

SpatialMean = Literal["signed", "absolute"]

THRESHOLD = 0.5
"""The paper's threshold on scores (Section 4.1)."""


@dataclass(frozen=True)
class ScoreReading:
    """One reading of the supplement's Section 1. The defaults are the literal one (docs/silences.md, score-maps,
    score-mean, score-peak, score-normalisation, score-images, score-of-other-channels).

    Attributes:
        at: Map at which the gradient is taken: ``"shifted"`` is S, ``"gated"`` is F * S. Figure 6 takes ``"input"``, P,
            with all paths from it, ``"nonlocal_maps"``, N, and ``"attention"``, F.
        quantity: ``"gradient"``, or ``"gradient-times-activation"``, which is the gradient times the map, position by
            position.
        mean: Mean over positions of the signed values, where opposite ones cancel, or of their magnitudes.
        peak: ``"literal"`` scales with the peak's height, as the gradient of L does; ``"divided"`` is that divided by
            the height.
        normalised_by: A channel's scores are divided by the ``"maximum"`` of their magnitudes over the keypoints, or by
            the ``"sum"`` of these. By the sum at most one keypoint can exceed one half.
        averaged: Images are averaged ``"before"`` a channel's scores are normalised, or ``"after"``.
    """

    at: MapName = "shifted"
    quantity: Quantity = "gradient"
    mean: SpatialMean = "signed"
    peak: Literal["literal", "divided"] = "literal"
    normalised_by: Literal["maximum", "sum"] = "maximum"
    averaged: Literal["before", "after"] = "before"

    def alternatives(self) -> dict[str, ScoreReading]:
        """This reading and those that differ from it in one switch, each under the name of the other choice."""
        switches: dict[str, ScoreReading] = {"as it is": self}
        for choices in (
            {"at": {"shifted": "gated", "gated": "shifted"}},
            {"quantity": {"gradient": "gradient-times-activation", "gradient-times-activation": "gradient"}},
            {"mean": {"signed": "absolute", "absolute": "signed"}},
            {"peak": {"literal": "divided", "divided": "literal"}},
            {"normalised_by": {"maximum": "sum", "sum": "maximum"}},
            {"averaged": {"before": "after", "after": "before"}},
        ):
            for name, other in choices.items():
                if choice := other.get(getattr(self, name)):
                    switches[f"{name}: {choice}"] = replace(self, **{name: choice})  # type: ignore[arg-type]
        return switches


@dataclass(frozen=True, eq=False)
class KeypointGradients:
    """Gradients of the heatmaps' peaks by a module's maps, averaged over positions, image by image.

    Attributes:
        peaks: Heights Y_m(p_m) of the heatmaps' maxima, [I, M].
        places: Their places p_m, (x, y) in pixels of the heatmap, [I, M, 2]; of several the first, row by row.
        elements: E, the elements of the heatmaps of one image.
        means: Mean over positions of the gradient of Y_m(p_m), [I, M, channels], by map, quantity and kind of mean.
    """

    peaks: FloatArray
    places: npt.NDArray[np.int64]
    elements: int
    means: Mapping[tuple[MapName, Quantity, SpatialMean], FloatArray]

    @property
    def maps(self) -> tuple[MapName, ...]:
        """The maps that it has gradients of."""
        return tuple(dict.fromkeys(name for name, _, _ in self.means))

    def of(self, images: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> KeypointGradients:
        """The gradients of some images, as for halves of them or for a bootstrap.

        Args:
            images: Indices [n] of images, which may repeat, or [I] bool.
        """
        means = {which: values[images] for which, values in self.means.items()}
        return KeypointGradients(self.peaks[images], self.places[images], self.elements, means)


def keypoint_gradients(
    probe: Probe, batches: Iterable[Tensor], at: Iterable[MapName] = get_args(MapName)
) -> KeypointGradients:
    """Run a network over images, and each heatmap's peak back to a module's maps.

    Every image counts for every keypoint, be it seen or not (silence: score-images).

    Args:
        probe: The network, one of its modules, and what makes its heatmaps.
        batches: Images that the network takes, [B, C, H, W] each; a batch of one makes the least use of memory.
        at: Maps to take gradients at. A module without attention has none at ``"attention"``, which is left out there.

    Returns:
        The gradients of all images, in their order. The scores under all readings follow from them.

    Raises:
        ValueError: If there is no image, a map is unknown, the heatmaps do not depend on the module, or a batch has
            heatmaps of another size than the first one.
    """
    wanted = set(at)
    if unknown := wanted - set(get_args(MapName)):
        raise ValueError(f"unknown maps {sorted(unknown)}, expected some of {', '.join(get_args(MapName))}")
    names = [name for name in get_args(MapName) if name in wanted]
    parts: list[KeypointGradients] = []
    for images in batches:
        parts.append(_gradients_of_a_batch(probe, images, names))
        if parts[-1].elements != parts[0].elements or parts[-1].peaks.shape[1] != parts[0].peaks.shape[1]:
            raise ValueError(
                f"expected heatmaps of one shape, {parts[0].elements} elements for each image, got "
                f"{parts[-1].elements}: give images of one size"
            )
    if not parts:
        raise ValueError("expected at least one batch of images, got none")
    means = {which: np.concatenate([part.means[which] for part in parts]) for which in parts[0].means}
    peaks, places = np.concatenate([part.peaks for part in parts]), np.concatenate([part.places for part in parts])
    return KeypointGradients(peaks, places, parts[0].elements, means)


def _gradients_of_a_batch(probe: Probe, images: Tensor, names: Iterable[MapName]) -> KeypointGradients:
    heatmaps, intermediate = probe.run(images)
    maps: dict[MapName, Tensor] = {name: value for name in names if (value := getattr(intermediate, name)) is not None}
    if not heatmaps.requires_grad:
        raise ValueError(f"the heatmaps do not depend on the module {probe.module!r}: expected one that they look at")
    peaks, places = heatmaps.detach().flatten(2).max(dim=2)
    # Made beforehand: small arrays that stay among large ones that are freed keep malloc from using their place again.
    means: dict[tuple[MapName, Quantity, SpatialMean], FloatArray] = {
        (name, quantity, mean): np.empty((*heatmaps.shape[:2], maps[name].shape[1]))
        for name, quantity, mean in product(maps, get_args(Quantity), get_args(SpatialMean))
    }
    for m in range(heatmaps.shape[1]):
        peak = heatmaps[:, m].flatten(1).gather(1, places[:, m : m + 1]).sum()
        for name, gradient in zip(maps, torch.autograd.grad(peak, list(maps.values()), retain_graph=True), strict=True):
            products = gradient * maps[name].detach()
            means[name, "gradient", "signed"][:, m] = gradient.mean((2, 3)).cpu()
            means[name, "gradient", "absolute"][:, m] = gradient.abs().mean((2, 3)).cpu()
            means[name, "gradient-times-activation", "signed"][:, m] = products.mean((2, 3)).cpu()
            means[name, "gradient-times-activation", "absolute"][:, m] = products.abs().mean((2, 3)).cpu()
    width = heatmaps.shape[3]
    return KeypointGradients(
        peaks.double().cpu().numpy(),
        torch.stack([places % width, places // width], dim=-1).cpu().numpy(),
        heatmaps[0].numel(),
        means,
    )


def keypoint_scores(gradients: KeypointGradients, reading: ScoreReading | None = None) -> FloatArray:
    """Scores between keypoints and channels (supplement, Section 1).

    Args:
        gradients: Gradients of at least one image.
        reading: How the supplement is read, by default literally.

    Returns:
        Scores [M, channels], at most 1 in magnitude. A channel that no keypoint depends on has scores of 0.

    Raises:
        ValueError: If there are no gradients of the reading's map.
    """
    reading = reading or ScoreReading()
    if reading.at not in gradients.maps:
        raise ValueError(f"there are no gradients at {reading.at!r}, expected one of {', '.join(gradients.maps)}")
    scores = gradients.means[reading.at, reading.quantity, reading.mean] * (2 / gradients.elements)
    if reading.peak == "literal":
        heights = gradients.peaks[:, :, None]
        scores = scores * (heights if reading.mean == "signed" else np.abs(heights))
    if reading.averaged == "before":
        return _normalised(scores.mean(axis=0), reading)
    return np.asarray(_normalised(scores, reading).mean(axis=0))


def _normalised(scores: FloatArray, reading: ScoreReading) -> FloatArray:
    """Scores [..., M, channels] over what they come to in their channel."""
    size = np.abs(scores)
    size = size.max(axis=-2, keepdims=True) if reading.normalised_by == "maximum" else size.sum(axis=-2, keepdims=True)
    return np.divide(scores, size, out=np.zeros_like(scores), where=size > 0)


def above(scores: FloatArray, threshold: float = THRESHOLD) -> npt.NDArray[np.bool_]:
    """Whether each score exceeds the threshold."""
    return scores > threshold


@dataclass(frozen=True, eq=False)
class KeypointWindow:
    """The channels that have to do with one keypoint, and where they look (Figure 5, c and d).

    Attributes:
        channels: Their numbers, [n], ascending.
        offsets: Their offsets (dx, dy), [n, 2], in pixels of the module's map: what Figure 5 draws.
        windows: Their window positions (x, y), [n, 2], minus the offsets: where they read, relative to the place that
            they write to; x to the right and y downwards.
    """

    channels: npt.NDArray[np.int64]
    offsets: FloatArray
    windows: FloatArray


def keypoint_windows(scores: FloatArray, probe: Probe, threshold: float = THRESHOLD) -> list[KeypointWindow]:
    """The window of each keypoint: the channels whose score exceeds a threshold (Section 4.1).

    Args:
        scores: Scores [M, K] of the module's shifting channels.
        probe: The module.
        threshold: Threshold on the scores.

    Raises:
        ValueError: If the scores are not of the module's K channels.
    """
    offsets, windows = probe.offsets, probe.windows
    if scores.ndim != 2 or scores.shape[1] != len(offsets):
        raise ValueError(f"expected scores [M, {len(offsets)}] of the shifting channels, got {list(scores.shape)}")
    chosen = (np.flatnonzero(row) for row in above(scores, threshold))
    return [KeypointWindow(channels, offsets[channels], windows[channels]) for channels in chosen]
