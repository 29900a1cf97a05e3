"""What every test of the shift shares: each back end, maps to shift, and two independent forms of Eq. 1."""

from __future__ import annotations

import pytest
import torch
from torchvision.ops import deform_conv2d

from mmpose_ssn.ops import available_backends


@pytest.fixture(autouse=True)
def one_thread():
    """Small maps lose time on more than one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(params=sorted(name for name, reason in available_backends().items() if reason is None))
def backend(request):
    return request.param


@pytest.fixture
def randn():
    """Normal numbers that are the same in every run."""
    generator = torch.Generator().manual_seed(0)
    return lambda *shape, dtype=torch.float32: torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


@pytest.fixture(scope="session")
def relative_error():
    """Norm of the difference over the norm of what was expected; plainly the former where nothing is expected."""

    def error(got, expected):
        got, expected = got.double(), expected.double()
        return ((got - expected).norm() / (expected.norm() or 1)).item()

    return error


@pytest.fixture(scope="session")
def pixel_by_pixel():
    """Eq. 1 as a sum over every pixel (i, j) of the map, weighted by its tent around the sampled position, in float64.

    Differentiable in both arguments wherever the offsets are no whole numbers.
    """

    def tent(distance):
        return torch.relu(1 - distance.abs())

    def eq1(x, offsets):
        x, offsets = x.double(), offsets.double()
        planes = []
        for k, (dx, dy) in enumerate(offsets):
            across, down = (torch.arange(n, dtype=torch.float64) for n in (x.shape[3], x.shape[2]))
            from_column = tent((across - dx)[:, None] - across)  # [x, i]
            from_row = tent((down - dy)[:, None] - down)  # [y, j]
            planes.append(from_row @ x[:, k] @ from_column.T)
        return torch.stack(planes, dim=1)

    return eq1


@pytest.fixture(scope="session")
def depthwise_deformable():
    """Eq. 1 as torchvision's deformable 1x1 convolution, one group and one constant offset a channel, in float64.

    It samples at p + (dy, dx), the shift at p - (dx, dy).
    """

    def eq1(x, offsets):
        x, offsets = x.double(), offsets.double()
        samples, channels, height, width = x.shape
        window = -offsets.flip(1).reshape(1, 2 * channels, 1, 1).expand(samples, -1, height, width)
        return deform_conv2d(x, window, torch.ones(channels, 1, 1, 1, dtype=torch.float64))

    return eq1
