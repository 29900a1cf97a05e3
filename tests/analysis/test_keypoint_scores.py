"""Keypoint-offset scores are those of the supplement's Section 1, spelled out with the whole Jacobian."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from torch.autograd.functional import jacobian

from mmpose_ssn.analysis import (
    KeypointGradients,
    Probe,
    ScoreReading,
    above,
    keypoint_gradients,
    keypoint_scores,
    keypoint_windows,
)

IMAGES, KEYPOINTS = 3, 3
MAPS = ["input", "shifted", "attention", "gated", "nonlocal_maps"]


@pytest.fixture
def images():
    return torch.randn(IMAGES, 2, 8, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def explicit_gradients(network, images, steps, name):
    """The gradient [I, M, channels, H, W] of each pseudo ground truth's error by a map, and the map [I, channels, H,
    W], image by image through the Jacobian of all heatmaps by all of the map.
    """
    gradients, maps = [], []
    for image in images.split(1):
        with torch.no_grad():
            by_hand, heatmaps = steps(network, image), network(image)
        derivative = jacobian(by_hand.to_heatmaps[name], by_hand.maps[name])[0, :, :, :, 0]  # [M, h, w, channels, H, W]
        of_keypoints = []
        for m in range(KEYPOINTS):
            target = heatmaps[0].clone()
            y, x = divmod(int(target[m].argmax()), target.shape[2])
            target[m, y, x] = 0
            of_heatmaps = 2 * (heatmaps[0] - target) / heatmaps[0].numel()
            of_keypoints.append(torch.einsum("mhw,mhwcyx->cyx", of_heatmaps, derivative))
        gradients.append(torch.stack(of_keypoints))
        maps.append(by_hand.maps[name][0])
    return torch.stack(gradients).detach().numpy(), torch.stack(maps).detach().numpy()


def explicit_scores(gradients, maps, peaks, reading):
    """Loops over images, keypoints and channels, as the reading has it."""
    channels = gradients.shape[2]
    scores = np.zeros((IMAGES, KEYPOINTS, channels))
    for i in range(IMAGES):
        for m in range(KEYPOINTS):
            for c in range(channels):
                values = gradients[i, m, c]
                if reading.quantity == "gradient-times-activation":
                    values = values * maps[i, c]
                if reading.peak == "divided":
                    values = values / peaks[i, m]
                scores[i, m, c] = np.mean(np.abs(values) if reading.mean == "absolute" else values)
    if reading.averaged == "before":
        scores = scores.mean(axis=0, keepdims=True)
    for i in range(len(scores)):
        for c in range(channels):
            sizes = np.abs(scores[i, :, c])
            scores[i, :, c] /= sizes.max() if reading.normalised_by == "maximum" else sizes.sum()
    return scores.mean(axis=0)


@pytest.mark.parametrize("variant", [{}, {"shift": False}, {"attention": None}], ids=str)
def test_every_reading_equals_the_explicit_jacobian(variant, tiny_network, steps, images):
    network = tiny_network(**variant)
    names = [name for name in MAPS if name != "attention" or "attention" not in variant]
    gradients = keypoint_gradients(Probe(network, "first"), images.split(2))
    assert sorted(gradients.maps) == sorted(names)
    peaks = network(images).detach().amax((2, 3)).numpy()
    np.testing.assert_allclose(gradients.peaks, peaks, rtol=1e-12)
    readings = {reading for name in names for reading in ScoreReading(at=name).alternatives().values()}
    for name in names:
        explicit, maps = explicit_gradients(network, images, steps, name)
        for reading in [reading for reading in readings if reading.at == name]:
            expected = explicit_scores(explicit, maps, peaks, reading)
            assert np.abs(expected).max() > 0.1
            np.testing.assert_allclose(keypoint_scores(gradients, reading), expected, rtol=1e-9, atol=1e-12)


def test_the_literal_reading_and_one_choice_for_each_ambiguity():
    readings = ScoreReading().alternatives()
    assert readings.pop("as it is") == ScoreReading("shifted", "gradient", "signed", "literal", "maximum", "before")
    assert list(readings) == [
        "at: gated",
        "quantity: gradient-times-activation",
        "mean: absolute",
        "peak: divided",
        "normalised_by: sum",
        "averaged: after",
    ]
    assert len(set(readings.values())) == 6
    of_figure_6 = ScoreReading(at="input").alternatives()
    assert len(of_figure_6) == 6 and {reading.at for reading in of_figure_6.values()} == {"input"}


def test_images_are_independent_however_they_are_batched(tiny_network, images):
    probe = Probe(tiny_network(), "first")
    alone, together = keypoint_gradients(probe, images.split(1)), keypoint_gradients(probe, [images])
    for which, values in together.means.items():
        np.testing.assert_allclose(alone.means[which], values, rtol=1e-10, atol=1e-15)
    np.testing.assert_array_equal(alone.places, together.places)


def test_the_gradient_at_the_nonlocal_maps_is_that_of_the_inputs_direct_path(tiny_network, steps, images):
    """Figure 6's trap: it says nothing of what the module put there."""
    network = tiny_network()
    gradients = keypoint_gradients(Probe(network, "first"), [images])
    by_hand = steps(network, images)
    residual = by_hand.p.detach().requires_grad_()
    heatmaps = by_hand.from_sum(residual + by_hand.n)
    peaks = heatmaps.amax((2, 3)).sum(0)
    for m in range(KEYPOINTS):
        (direct,) = torch.autograd.grad(peaks[m], residual, retain_graph=True)
        at_n = gradients.means["nonlocal_maps", "gradient", "signed"][:, m]
        np.testing.assert_allclose(direct.mean((2, 3)).numpy(), at_n, rtol=1e-10, atol=1e-15)
        assert not np.allclose(gradients.means["input", "gradient", "signed"][:, m], at_n)
    products = (gradients.means[name, "gradient-times-activation", "signed"] for name in ("input", "nonlocal_maps"))
    assert not np.allclose(*products)


def test_shifted_gated_and_attention_have_one_gradient_times_activation(tiny_network, images):
    gradients = keypoint_gradients(Probe(tiny_network(), "first"), [images], ["shifted", "gated", "attention"])
    s, gated, f = (gradients.means[name, "gradient-times-activation", "signed"] for name in gradients.maps)
    np.testing.assert_allclose(s, gated, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(s, f, rtol=1e-9, atol=1e-15)


def test_places_are_those_of_the_peaks(tiny_network, images):
    network = tiny_network()
    gradients = keypoint_gradients(Probe(network, "first"), [images], ["shifted"])
    heatmaps = network(images).detach().numpy()
    for i in range(IMAGES):
        for m in range(KEYPOINTS):
            x, y = gradients.places[i, m]
            assert heatmaps[i, m, y, x] == gradients.peaks[i, m] == heatmaps[i, m].max()


def test_some_of_the_images_are_as_if_they_were_all(tiny_network, images):
    probe = Probe(tiny_network(), "first")
    whole, half = keypoint_gradients(probe, [images]), keypoint_gradients(probe, [images[[2, 0]]])
    np.testing.assert_allclose(keypoint_scores(whole.of(np.array([2, 0]))), keypoint_scores(half), rtol=1e-10)
    np.testing.assert_allclose(
        keypoint_scores(whole.of(np.array([True, False, True]))), keypoint_scores(half), rtol=1e-10
    )


def test_a_channel_that_nothing_depends_on_scores_zero():
    means = {("shifted", "gradient", "signed"): np.array([[[0.0, 1.0], [0.0, -4.0], [0.0, 2.0]]])}
    gradients = KeypointGradients(np.ones((1, 3)), np.zeros((1, 3, 2), int), 12, means)
    np.testing.assert_array_equal(keypoint_scores(gradients), [[0, 0.25], [0, -1], [0, 0.5]])
    by_sum = keypoint_scores(gradients, ScoreReading(normalised_by="sum"))
    np.testing.assert_allclose(by_sum, [[0, 1 / 7], [0, -4 / 7], [0, 2 / 7]])


def test_windows_of_a_keypoint_are_minus_the_offsets_above_the_threshold(tiny_network):
    probe = Probe(tiny_network(), "first")
    scores = np.array([[0.5, 0.51, 1.0, -1.0, 0.0], [0.0] * 5])
    first, second = keypoint_windows(scores, probe)
    assert first.channels.tolist() == [1, 2] and not len(second.channels)
    np.testing.assert_array_equal(first.offsets, probe.offsets[[1, 2]])
    np.testing.assert_array_equal(first.windows, -first.offsets)
    assert above(scores).sum() == 2 and second.windows.shape == (0, 2)
    with pytest.raises(ValueError, match=re.escape("expected scores [M, 5] of the shifting channels, got [2, 4]")):
        keypoint_windows(scores[:, :4], probe)


def test_what_has_no_scores_is_refused(tiny_network, images):
    network = tiny_network(attention=None)
    probe = Probe(network, "first")
    with pytest.raises(ValueError, match="at least one batch"):
        keypoint_gradients(probe, [])
    with pytest.raises(ValueError, match="no gradients at 'attention', expected one of input, shifted"):
        keypoint_scores(keypoint_gradients(probe, [images]), ScoreReading(at="attention"))
    with pytest.raises(ValueError, match=r"unknown maps \['shift'\], expected some of input, shifted"):
        keypoint_gradients(probe, [images], ["shift"])
    with pytest.raises(ValueError, match="images of one size"):
        keypoint_gradients(probe, [images, images[..., :4]])

    def unrelated(images):
        network(images)
        return images

    with pytest.raises(ValueError, match="do not depend on the module 'first'"):
        keypoint_gradients(Probe(network, "first", unrelated), [images])
