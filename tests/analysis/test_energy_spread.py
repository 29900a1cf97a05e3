"""How energy spreads: radii and sets by hand and by loops, distances against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from mmpose_ssn.analysis import (
    field_radius,
    half_energy_positions,
    half_energy_radius,
    jensen_shannon_distance,
    overlap,
)


def test_half_energy_radius_by_hand():
    displacements = np.array([[3.0, 4.0], [0.0, 0.0], [0.0, -1.0], [-6.0, 8.0]])
    energy = np.array([[1.0, 1, 1, 1], [0, 1, 0, 9], [5, 0, 2, 3], [0, 0, 0, 0]])
    radii = half_energy_radius(energy, displacements)
    np.testing.assert_array_equal(radii, [1, 10, 5, np.nan])
    np.testing.assert_array_equal(half_energy_radius(energy[2], displacements), 5)


def test_half_energy_radius_by_loops():
    rng = np.random.default_rng(0)
    energy, displacements = rng.random((4, 3, 30)) ** 4, rng.normal(size=(4, 3, 30, 2))
    for index, radius in np.ndenumerate(half_energy_radius(energy, displacements)):
        lengths = np.hypot(*displacements[index].T)
        within, inside = (energy[index][lengths < radius + margin].sum() for margin in (1e-9, -1e-9))
        assert within >= energy[index].sum() / 2 > inside


def test_radius_of_a_field_is_about_its_place():
    fields = np.zeros((2, 5, 7))
    fields[0, 3, 6] = 2.0  # y, x
    fields[1, 0, 0], fields[1, 4, 4] = 1.0, 3.0
    np.testing.assert_allclose(field_radius(fields, [[2, 0], [4, 4]]), [5, 0])
    np.testing.assert_allclose(field_radius(fields[0], [6, 3.5]), 0.5)
    np.testing.assert_allclose(field_radius(fields[None], [[[2, 0], [0, 0]]]), [[5, 4 * np.sqrt(2)]])


def test_the_fewest_positions_that_hold_half_of_the_energy():
    energy = np.array([[1.0, 4, 2, 1], [1, 1, 1, 1], [0, 0, 0, 0], [3, 0, 3, 1]])
    chosen = half_energy_positions(energy).astype(int)
    np.testing.assert_array_equal(chosen, [[0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [1, 0, 1, 0]])


def test_overlap_by_hand():
    sets = np.array([[1, 1, 0], [0, 1, 1], [0, 0, 0]], dtype=bool)
    np.testing.assert_allclose(
        overlap(sets[:, None], sets), [[1, 1 / 3, 0], [1 / 3, 1, 0], [0, 0, np.nan]], equal_nan=True
    )


def test_jensen_shannon_distance_is_scipys():
    rng = np.random.default_rng(0)
    energy = rng.random((5, 40)) ** 6
    energy[0, :30] = 0
    distances = jensen_shannon_distance(energy[:, None], energy)
    for (a, b), distance in np.ndenumerate(distances):
        assert distance == pytest.approx(jensenshannon(energy[a], energy[b], base=2), abs=1e-7)
    np.testing.assert_allclose(jensen_shannon_distance(1e-9 * energy, energy), 0, atol=1e-7)
    assert jensen_shannon_distance(np.array([1.0, 0]), np.array([0, 2.0])) == 1
    assert np.isnan(jensen_shannon_distance(np.zeros(2), np.array([0, 2.0])))


def test_what_is_no_energy_is_refused():
    for measure in (half_energy_positions, lambda energy: half_energy_radius(energy, np.zeros((2, 2)))):
        with pytest.raises(ValueError, match=r"energies of at least 0, got -1"):
            measure(np.array([1.0, -1.0]))
    with pytest.raises(ValueError, match="at least 0"):
        jensen_shannon_distance(np.array([1.0, 1.0]), np.array([1.0, -1.0]))
