"""Receptive fields against the explicit Jacobian and finite differences, window energy against loops over Eq. 5."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from torch.autograd.functional import jacobian

from mmpose_ssn.analysis import Probe, receptive_field, window_energy

CHANNELS = [3, 0]
PLACES = np.array([[[2, 1], [0, 3]], [[1, 0], [2, 2]]])  # x, y
HELD = pytest.mark.parametrize("hold", [False, True], ids=["through F", "F held"])


@pytest.fixture
def images():
    return torch.randn(2, 2, 8, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def network(tiny_network):
    return tiny_network()


def fields_of(derivative):
    """What a receptive field is of a derivative [channels, H, W]."""
    return derivative.square().sum(0).detach().numpy()


@HELD
def test_the_field_on_the_modules_input_is_the_explicit_jacobians(network, steps, images, hold):
    fields = receptive_field(Probe(network, "first"), images, PLACES, CHANNELS, hold_attention=hold)
    assert fields.shape == (2, 2, 4, 3)
    for b in range(2):
        by_hand = steps(network, images[b : b + 1])

        def nonlocal_maps(p, by_hand=by_hand):
            f = by_hand.f if hold else by_hand.attention(p)
            return network.first.expand(by_hand.shifted(p) * f)

        derivative = jacobian(nonlocal_maps, by_hand.p.detach())[0, :, :, :, 0]  # [C, H, W, C, H, W]
        for q, (x, y) in enumerate(PLACES[b]):
            expected = fields_of(derivative[CHANNELS[q], y, x])
            np.testing.assert_allclose(fields[b, q], expected, rtol=1e-9, atol=1e-15)


def test_the_denominator_of_equation_6_makes_the_field_global(network, images):
    probe = Probe(network, "first")
    through, held = (receptive_field(probe, images, [[[1, 2]]] * 2, 0, hold_attention=hold) for hold in (False, True))
    assert (through > 0).all() and 0 < (held > 0).mean() < 1


@HELD
def test_the_field_on_the_image_is_that_of_finite_differences(network, images, hold):
    """To the second module, so that there is one before it whose attention is held too."""
    probe = Probe(network, "second")
    fields = receptive_field(probe, images, PLACES, 1, to="image", hold_attention=hold)
    assert fields.shape == (2, 2, 8, 6)
    first, second = (
        module.intermediates(module_input).attention.detach()
        for module, module_input in (
            (network.first, network.before(images)),
            (network.second, torch.nn.functional.elu(network.conv(network.first(network.before(images))))),
        )
    )

    def nonlocal_map(images):
        p = network.before(images)
        for module, f in ((network.first, first), (network.second, second)):
            x, maps = p, module.intermediates(p)
            n = module.expand(maps.shifted * (f if hold else maps.attention))
            p = torch.nn.functional.elu(network.conv(torch.relu(module.norm(x + n))))
        return n[:, 1]

    step = 1e-6
    with torch.no_grad():
        for b, y, x in [(0, 2, 3), (1, 5, 0), (0, 0, 1)]:
            squares = np.zeros(2)
            for c in range(2):
                moved = torch.zeros_like(images)
                moved[b, c, y, x] = step
                slope = (nonlocal_map(images + moved) - nonlocal_map(images - moved))[b] / (2 * step)
                squares += [slope[v, u].item() ** 2 for u, v in PLACES[b]]
            np.testing.assert_allclose(fields[b, :, y, x], squares, rtol=1e-5, atol=1e-12)


def test_fields_of_images_and_places_are_independent(network, images):
    probe = Probe(network, "first")
    together = receptive_field(probe, images, PLACES, CHANNELS)
    alone = receptive_field(probe, images[1:], PLACES[1:, 1:], CHANNELS[1])
    np.testing.assert_allclose(together[1:, 1:], alone, rtol=1e-10)


def test_without_attention_a_field_is_the_window(tiny_network, images):
    """One shifting channel, moved by whole pixels: the field is one pixel at minus the offset."""
    network = tiny_network(shift_channels=1, attention=None)
    with torch.no_grad():
        network.first.offsets.copy_(torch.tensor([[-1.0, 2.0]]))
    probe = Probe(network, "first")
    (field,) = receptive_field(probe, images[:1], [[[0, 3]]], 2)[0]
    assert np.argwhere(field > 1e-20).tolist() == [[1, 1]]  # y, x
    window = window_energy(probe, images[:1], [[[0, 3]]], 2)
    assert window.windows.tolist() == [[1, -2]]
    assert field.sum() == pytest.approx(window.energy.item())


def test_window_energy_by_loops_over_equation_5(network, steps, images):
    window = window_energy(Probe(network, "first"), images, PLACES, CHANNELS)
    alpha, beta = network.first.reduce.weight[..., 0, 0], network.first.expand.weight[..., 0, 0]
    f = steps(network, images).f
    for b in range(2):
        for q, (x, y) in enumerate(PLACES[b]):
            for k in range(5):
                weights = [(beta[CHANNELS[q], k] * alpha[k, c] * f[b, k, y, x]).item() for c in range(4)]
                assert window.energy[b, q, k] == pytest.approx(sum(weight**2 for weight in weights))
                assert window.signed[b, q, k] == pytest.approx(sum(weights))
    np.testing.assert_array_equal(window.windows, -network.first.offsets.detach().numpy())


def test_without_attention_all_places_have_one_window(tiny_network, images):
    window = window_energy(Probe(tiny_network(attention=None), "first"), images, PLACES, 1)
    assert window.energy.shape == (2, 2, 5) and (window.energy == window.energy[0, 0]).all()


def test_places_and_channels_that_do_not_fit_are_refused(network, images):
    probe = Probe(network, "first")
    with pytest.raises(
        ValueError, match=re.escape("places of shape [2, Q, 2] in whole pixels, got [1, 2, 2] of int64")
    ):
        receptive_field(probe, images, PLACES[:1], 0)
    with pytest.raises(ValueError, match=r"got .* of float64"):
        window_energy(probe, images, PLACES + 0.5, 0)
    with pytest.raises(ValueError, match="3 wide and 4 high"):
        window_energy(probe, images, PLACES + np.array([1, 0]), 0)
    with pytest.raises(ValueError, match="one channel below 4, or 2 of them, got 4"):
        receptive_field(probe, images, PLACES, 4)
    with pytest.raises(ValueError, match="or 2 of them"):
        receptive_field(probe, images, PLACES, [0, 1, 2])
    with pytest.raises(ValueError, match="to 'input' or 'image', got 'output'"):
        receptive_field(probe, images, PLACES, 0, to="output")
