"""What makes training faster on a CPU changes no result but in its rounding."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmpose_ssn.engine.cpu_speed import ChannelsLastHook, MatrixProductHook
from mmpose_ssn.models.pointwise import PointwiseConv2d


def test_gradients_are_those_of_the_other_order() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, groups=4),
        nn.ConvTranspose2d(8, 4, 2),
    ).double()
    other, images = copy.deepcopy(network), torch.randn(2, 3, 10, 8, dtype=torch.float64)
    parameters = list(other.parameters())
    ChannelsLastHook().before_train(SimpleNamespace(model=other))
    outs = [one(images) for one in (network, other)]
    assert outs[1].is_contiguous(memory_format=torch.channels_last) and not outs[0].is_contiguous(
        memory_format=torch.channels_last
    )
    torch.testing.assert_close(*outs)
    for out in outs:
        out.square().mean().backward()
    for mine, theirs, before in zip(other.parameters(), network.parameters(), parameters, strict=True):
        assert mine is before  # as the optimizer knows it
        torch.testing.assert_close(mine.grad, theirs.grad)


@pytest.fixture
def pointwise() -> tuple[nn.Sequential, nn.Sequential]:
    """A network of every kind of convolution that is and is not to be a matrix product, and the same with the hook."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 1),
        nn.Conv2d(8, 6, 1, bias=False),
        nn.Conv2d(6, 6, 1, stride=2),
        nn.Conv2d(6, 4, 3, padding=1),
        nn.Conv2d(4, 4, 1, groups=2),
        nn.Conv2d(4, 5, 1, padding=1),
    ).double()
    other = copy.deepcopy(network)
    MatrixProductHook().before_train(SimpleNamespace(model=other))
    return network, other


def test_plain_1x1_convolutions_become_products_with_equal_gradients(pointwise) -> None:
    network, other = pointwise
    assert [isinstance(layer, PointwiseConv2d) for layer in other] == [True, True, False, False, False, False]
    images = [torch.randn(2, 3, 7, 5, dtype=torch.float64, generator=torch.manual_seed(1)) for _ in range(2)]
    for image in images:
        image.requires_grad_()
    outs = [one(image) for one, image in zip((network, other), images, strict=True)]
    torch.testing.assert_close(*outs)
    for out in outs:
        out.square().mean().backward()
    torch.testing.assert_close(images[0].grad, images[1].grad)
    for mine, theirs in zip(other.parameters(), network.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad)
    assert list(other.state_dict()) == list(network.state_dict())


def test_without_gradients_it_is_the_convolution_to_the_bit(pointwise, monkeypatch: pytest.MonkeyPatch) -> None:
    network, other = pointwise
    monkeypatch.setattr(torch, "baddbmm", None)  # would be called, and fail
    monkeypatch.setattr(torch, "bmm", None)
    with torch.no_grad():
        image = torch.randn(2, 3, 7, 5, dtype=torch.float64)
        assert torch.equal(network(image), other(image))
    with pytest.raises(TypeError):
        other(image)


def test_autocast_and_unbatched_maps_are_left_to_the_convolution(pointwise, monkeypatch: pytest.MonkeyPatch) -> None:
    network, other = pointwise[0].float(), pointwise[1].float()
    monkeypatch.setattr(torch, "baddbmm", None)
    monkeypatch.setattr(torch, "bmm", None)
    image = torch.randn(2, 3, 7, 5)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(network(image), other(image))
    unbatched = torch.randn(3, 3, 5)  # as high as it has channels
    assert torch.equal(network[0](unbatched), other[0](unbatched))
