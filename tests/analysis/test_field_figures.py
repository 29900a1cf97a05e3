"""Figure 7's numbers against loops, explicit gradients, and windows that were made to lie where they are found."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from mmpose_ssn.analysis import Probe, half_energy_positions, jensen_shannon_distance, overlap, window_energy
from mmpose_ssn.analysis.field_figures import (
    AttendedPlaces,
    attended_places,
    chosen_channels,
    clarity,
    input_channels_differ,
    peak_radius,
    window_claims,
    window_differences,
    window_radius,
)

JOINTS = tuple(f"{side}_{kind}" for kind in ("shoulder", "hip", "elbow", "knee") for side in ("left", "right"))
CHANNELS = {"shoulders": 0, "elbows and knees": 0}
COMPASS = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 3.0], [0.0, -3.0]])  # right, left, below, above


def found(measured, name, of=""):
    (one,) = [one for one in measured if (one.name, one.of) == (name, of)]
    return one.value


def places_of(attention, channels=1):
    k = attention.shape[-1]
    outgoing = np.random.default_rng(3).uniform(0.5, 2, (channels, k)) if channels > 1 else np.ones((1, k))
    return AttendedPlaces(attention, outgoing, np.ones((k, 1)), COMPASS[:k])


@pytest.fixture
def images():
    return torch.randn(2, 2, 8, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


WHERE = np.array([[[2, 1], [0, 3]], [[1, 0], [2, 2]]])


@pytest.mark.parametrize("attention", ["softplus-l1", None], ids=["with attention", "without"])
def test_energy_is_that_of_the_window_for_every_channel_at_once(tiny_network, images, attention):
    probe = Probe(tiny_network(attention=attention), "first")
    places = attended_places(probe, [(images[:1], WHERE[:1]), (images[1:], WHERE[1:])])
    for channel in range(places.channels):
        expected = window_energy(probe, images, WHERE, channel)
        np.testing.assert_allclose(places.energy(channel), expected.energy, rtol=1e-12)
    np.testing.assert_array_equal(places.windows, expected.windows)


def test_clarity_is_in_deviations_over_the_map(tiny_network, images):
    probe = Probe(tiny_network(), "first")
    maps = probe.reach(images).nonlocal_maps.detach().numpy()
    clear = clarity(probe, [(images, WHERE)])
    for joint, channel in product(range(2), range(maps.shape[1])):
        each = []
        for image in range(2):
            x, y = WHERE[image, joint]
            one = maps[image, channel]
            each.append((one[y, x] - one.mean()) / one.std())
        assert clear[joint, channel] == pytest.approx(np.mean(each))


def test_a_channel_is_chosen_by_the_joint_that_it_shows_worst():
    clear = np.zeros((8, 3))
    clear[:2] = [[9, 2, 0], [0, 1, 0]]  # the first shows one shoulder alone
    clear[4:] = [[0, 3, 1], [0, 3, 1], [0, 3, 1], [0, 0, 1]]
    assert chosen_channels(clear, JOINTS) == {"shoulders": 1, "elbows and knees": 2}


def test_shoulders_that_look_inwards_are_told_from_those_that_look_one_way():
    where = np.tile(np.array([[20.0, 5], [0, 5], [20, 5], [0, 5], [9, 9], [9, 9], [9, 9], [9, 9]]), (3, 1, 1))
    inwards = np.zeros((3, 8, 4))
    inwards[:, 0, 1] = inwards[:, 1, 0] = 1  # the left shoulder is on the right and looks to the left
    inwards[:, 2:, 2] = 1
    one_way = inwards.copy()
    one_way[:, 1] = one_way[:, 0]
    assert found(window_claims(places_of(inwards), where, JOINTS, CHANNELS), "shoulders-look-inwards") == 1
    same = window_claims(places_of(one_way), where, JOINTS, CHANNELS)
    assert found(same, "shoulders-look-inwards") == -1
    assert found(same, "shoulder-looks-inwards", "left_shoulder") == 1


def test_a_wider_window_is_wider_about_its_own_middle():
    attention = np.full((2, 8, 4), 1e-9)
    attention[:, 4:6, 2] = 1  # elbows: one position, far from the centre
    attention[:, 6:, 2:] = 1  # knees: above and below, six pixels apart
    measured = window_claims(places_of(attention), np.random.default_rng(0).uniform(size=(2, 8, 2)), JOINTS, CHANNELS)
    assert found(measured, "extent-of-window", "elbow") == pytest.approx(0, abs=1e-6)
    assert found(measured, "knee-window-wider") == pytest.approx(3)


def test_differences_of_windows_are_those_of_loops():
    rng = np.random.default_rng(1)
    places = places_of(rng.uniform(0.1, 1, (3, 8, 4)), channels=2)
    kind = [joint.partition("_")[2] for joint in JOINTS]
    within, between, alike, unlike, halves, apart = ([] for _ in range(6))
    sets = {}
    for channel in range(2):
        energy = places.energy(channel)
        held = half_energy_positions(energy)
        for photo, a, b in product(range(3), range(8), range(8)):
            after = (photo + 1) % 3
            if a == b:
                within.append(jensen_shannon_distance(energy[photo, a], energy[after, a]))
                alike.append(overlap(held[photo, a], held[after, a]))
            elif kind[a] != kind[b]:
                between.append(jensen_shannon_distance(energy[photo, a], energy[after, b]))
                unlike.append(overlap(held[photo, a], held[photo, b]))
        for half, part in enumerate((energy[:1], energy[1:])):
            sets[channel, half] = half_energy_positions(part.mean(axis=(0, 1)))
        halves.append(overlap(sets[channel, 0], sets[channel, 1]))
    apart = [overlap(sets[0, 0], sets[1, 1]), overlap(sets[1, 0], sets[0, 1])]
    measured = window_differences(places, JOINTS, {"shoulders": 1})
    assert found(measured, "distance-within-a-joint", "all channels") == pytest.approx(np.mean(within))
    assert found(measured, "distance-between-joints", "all channels") == pytest.approx(np.mean(between))
    assert found(measured, "windows-differ-by-position") == pytest.approx(np.mean(alike) - np.mean(unlike))
    assert found(measured, "windows-differ-by-channel") == pytest.approx(np.mean(halves) - np.mean(apart))
    mine = places.energy(1)
    by_hand = [jensen_shannon_distance(mine[n, j], mine[(n + 1) % 3, j]) for n in range(3) for j in range(8)]
    assert found(measured, "distance-within-a-joint", "shoulders") == pytest.approx(np.mean(by_hand))


def test_windows_follow_joints_where_each_has_its_own_in_every_photo():
    attention = np.repeat(np.eye(4), 2, axis=0)[None].repeat(5, axis=0)
    measured = window_differences(places_of(attention), JOINTS, CHANNELS)
    assert found(measured, "windows-follow-joints", "all channels") == pytest.approx(1)
    flat = window_differences(places_of(np.ones((5, 8, 4))), JOINTS, CHANNELS)
    assert found(flat, "windows-follow-joints", "all channels") == 0


def test_a_window_without_energy_is_left_out():
    attention = np.ones((2, 8, 4))
    attention[0, 0] = 0
    measured = window_differences(places_of(attention, channels=2), JOINTS, CHANNELS)
    assert not any(math.isnan(one.value) for one in measured)
    assert not math.isnan(window_radius(places_of(attention)).value)


def test_input_channels_with_positions_of_their_own_differ():
    attention, outgoing = np.ones((2, 8, 4)), np.ones((6, 4))
    own = AttendedPlaces(attention, outgoing, np.eye(4), COMPASS)
    assert input_channels_differ(own).value == 1
    alike = AttendedPlaces(attention, outgoing, np.array([[3.0, 3], [1, 1], [1, 1], [0, 0]]), COMPASS)
    assert input_channels_differ(alike).value == 0


def test_the_radius_of_a_window_is_that_of_half_its_energy():
    attention = np.ones((2, 8, 4)) * [1, 1, 0.5, 0.5]
    assert window_radius(places_of(attention)).value == 1
    assert window_radius(places_of(1 / attention)).value == 3


def test_the_field_of_a_peak_is_about_the_peak():
    ring = nn.Conv2d(1, 2, 5, padding=2, stride=2, bias=False)
    with torch.no_grad():
        ring.weight.zero_()
        ring.weight[0, 0, 2, 2] = 1  # the first heatmap sees its own pixel, the second one two pixels to the right
        ring.weight[1, 0, 2, 4] = 1
    images = torch.rand(3, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    images[:, :, 4:8, 4:8] += 1
    assert peak_radius(ring, ring, [images[:2], images[2:]], "E1").value == pytest.approx(1)  # mean of 0 and 2
