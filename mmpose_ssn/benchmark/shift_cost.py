"""Cost of the shift and of the feature shifting module, beside that of a copy, of the module without its shift, and of
other layers that reach far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpose_ssn.benchmark.timing import paired
from mmpose_ssn.models import SSN, FeatureShiftingModule, GlobalNet, StagePredictors
from mmpose_ssn.models.pointwise import as_matrix_products
from mmpose_ssn.ops import available_backends, shift
from mmpose_ssn.ops.shift import choose_backend, reason_against

SHAPES = ((4, 256, 64, 48), (4, 512, 32, 24), (16, 512, 16, 12), (16, 512, 8, 6))
"""B, K, H, W of SSN's four stages at 256x192."""


@dataclass(frozen=True)
class ShiftTiming:
    """One thing timed.

    Attributes:
        figure: Name of what is compared, such as ``shift forward / copy_``.
        case: Shape of the maps, or name of the network.
        threads: Number of threads of PyTorch, and of the shift.
        form: Form that was timed.
        wall_ms, cpu_ms: Median wall time and CPU time of one call, in milliseconds.
        ratio: Wall time divided by that of ``base``; for a figure per MAC, each divided by its multiply-accumulates
            first.
        base: Form that ``form`` is compared with.
    """

    figure: str
    case: str
    threads: int
    form: str
    wall_ms: float
    cpu_ms: float
    ratio: float
    base: str


@dataclass(frozen=True)
class Target:
    """A ratio that the project aims at, for one form of a figure in some of its cases."""

    figure: str
    form: str
    cases: tuple[str, ...]
    must: float
    stretch: float


def _name(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


_CASES = tuple(map(_name, SHAPES))
_MODULES = ((4, 64, 256, 64, 48), (4, 256, 512, 64, 48))
_FORWARD, _BOTH = "shift forward / copy_", "shift forward + backward / copy_"

TARGETS = (
    Target(_FORWARD, "auto", _CASES[:2], 2.5, 1.6),
    Target(_FORWARD, "auto", _CASES[2:3], 3.5, 2.0),
    Target(_FORWARD, "auto", _CASES[3:], 4.5, 3.0),
    Target(_BOTH, "auto", _CASES[:2], 7.5, 4.5),
    Target(_BOTH, "auto", _CASES[2:3], 10.0, 6.0),
    Target(_BOTH, "auto", _CASES[3:], 15.0, 11.0),
    Target("shift forward + backward / naive grid_sample", "auto", _CASES, 0.25, 0.15),
    Target("FSM / FSM without shift, eager", "FSM", tuple(map(_name, _MODULES)), 0.9, 0.75),
    Target("FSM / FSM without shift, fused", "FSM", tuple(map(_name, _MODULES)), 1.15, 1.05),
    Target("SSN step / with the pure-PyTorch shift", "auto", ("small",), 0.75, 0.6),
    Target("SSN step per MAC / Backbone w/ ESP step per MAC", "SSN", ("full size",), 1.25, 1.1),
)


def _comparison(
    threads: int, seconds: float, report: Callable[[str], None], device: str = "cpu"
) -> Callable[..., Iterator[ShiftTiming]]:
    """A function that times forms of one thing in turn, with ``threads`` threads and for about ``seconds``."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None

    def compare(figure: str, case: str, functions: dict[str, Callable[[], object]], base: str) -> Iterator[ShiftTiming]:
        report(f"{figure}, {case}, {f'{threads} thread' + 's' * (threads > 1) if device == 'cpu' else device}")
        timings = paired(functions, seconds, wait)
        for form, timing in timings.items():
            ratio = timing.wall / timings[base].wall
            yield ShiftTiming(figure, case, threads, form, 1e3 * timing.wall, 1e3 * timing.cpu, ratio, base)

    return compare


def measure_shifts(
    threads: int, seconds: float, report: Callable[[str], None], device: str = "cpu"
) -> Iterator[ShiftTiming]:
    """Time the shift alone beside a copy, on a device of PyTorch; on a GPU this times the Triton back end too."""
    compare = _comparison(threads, seconds, report, device)
    for shape in (*SHAPES, *((1, *shape[1:]) for shape in SHAPES)):
        forward, both = _shifts(shape, device)
        yield from compare(_FORWARD, _name(shape), forward, "copy_")
        if shape[0] > 1:
            yield from compare(_BOTH, _name(shape), both, "copy_")
            naive = {form: both[form] for form in ("auto", "triton", "naive grid_sample") if form in both}
            yield from compare("shift forward + backward / naive grid_sample", _name(shape), naive, "naive grid_sample")


def measure(threads: int, seconds: float, report: Callable[[str], None]) -> Iterator[ShiftTiming]:
    """Time every figure on the CPU, with ``threads`` threads and about ``seconds`` for each case."""
    yield from measure_shifts(threads, seconds, report)
    compare = _comparison(threads, seconds, report)
    for module_shape in _MODULES:
        modules = _modules(*module_shape)
        eager = {"FSM": modules["FSM"], "without shift, eager": modules["without shift, eager"]}
        yield from compare("FSM / FSM without shift, eager", _name(module_shape), eager, "without shift, eager")
        fused = {"FSM": modules["FSM"], "without shift": modules["without shift"]}
        yield from compare("FSM / FSM without shift, fused", _name(module_shape), fused, "without shift")
    yield from compare("other ways to reach far / FSM", _name(_MODULES[0]), _alternatives(*_MODULES[0]), "FSM")
    steps = {form: _step(_network(8, 64, 4, backend=form), (16, 3, 128, 96)) for form in ("auto", "torch")}
    yield from compare("SSN step / with the pure-PyTorch shift", "small", steps, "torch")
    yield from _per_mac(compare)


def _per_mac(compare: Callable[..., Iterator[ShiftTiming]]) -> Iterator[ShiftTiming]:
    """Full-size steps, their times divided by their multiply-accumulates."""
    from mmpose_ssn.complexity.full_size import count_papers_networks

    macs = {entry.paper.id: entry.whole.macs for entry in count_papers_networks()}
    networks = {"SSN": _network(64, 512, 32), "Backbone w/ ESP": _network(64, None, 32)}
    cost = {"SSN": macs["ssn"], "Backbone w/ ESP": macs["backbone-esp"]}
    steps = {form: _step(network, (2, 3, 256, 192)) for form, network in networks.items()}
    figure = "SSN step per MAC / Backbone w/ ESP step per MAC"
    for timed in compare(figure, "full size", steps, "Backbone w/ ESP"):
        ratio = timed.ratio * cost["Backbone w/ ESP"] / cost[timed.form]
        yield ShiftTiming(**{**vars(timed), "ratio": ratio})


def _shifts(
    shape: tuple[int, int, int, int], device: str = "cpu"
) -> tuple[dict[str, Callable[[], object]], dict[str, Callable[[], object]]]:
    """A copy and every form of the shift: forward alone, and forward with backward."""
    from torchvision.ops import deform_conv2d

    samples, channels, height, width = shape
    x, grad, target = (torch.randn(shape, device=device) for _ in range(3))
    offsets = 3 * torch.randn(channels, 2, device=device)
    leaf, offsets_leaf = x.clone().requires_grad_(), offsets.clone().requires_grad_()

    def naive(x: Tensor, offsets: Tensor) -> Tensor:
        theta = torch.eye(2, device=device).repeat(channels, 1, 1)
        by = -2 * offsets / torch.tensor([width, height], device=device)
        grid = F.affine_grid(torch.cat([theta, by[:, :, None]], 2), [channels, 1, height, width], align_corners=False)
        grid = grid.repeat(samples, 1, 1, 1)
        return F.grid_sample(x.reshape(-1, 1, height, width), grid, align_corners=False).view(shape)

    def deformable(x: Tensor, offsets: Tensor) -> Tensor:
        window = -offsets.flip(1).reshape(1, -1, 1, 1).expand(samples, -1, height, width)
        return deform_conv2d(x, window.contiguous(), torch.ones(channels, 1, 1, 1, device=device))

    doubled = choose_backend(x), "reference"  # what "auto" is here, and what is slow by design
    others = [name for name in available_backends() if name not in doubled and reason_against(name, x) is None]
    forms: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        name: lambda x, offsets, name=name: shift(x, offsets, name)  # type: ignore[misc]
        for name in ("auto", *others)
    }
    forms |= {"naive grid_sample": naive, "deform_conv2d": deformable}

    def forward(form: Callable[[Tensor, Tensor], Tensor]) -> Callable[[], object]:
        def call() -> None:
            with torch.no_grad():
                form(x, offsets)

        return call

    def both(form: Callable[[Tensor, Tensor], Tensor]) -> Callable[[], object]:
        def call() -> None:
            leaf.grad = offsets_leaf.grad = None
            form(leaf, offsets_leaf).backward(grad)

        return call

    copy = {"copy_": lambda: target.copy_(x)}
    return (
        {**copy, **{name: forward(form) for name, form in forms.items()}},
        {**copy, **{name: both(form) for name, form in forms.items()}},
    )


def _trained(module: nn.Module, x: Tensor) -> Callable[[], object]:
    """Forward and backward of a module, with the gradients by its input and its weights."""
    grad = torch.randn_like(module(x))

    def call() -> None:
        x.grad = None
        module.zero_grad()
        module(x).backward(grad)

    return call


def _modules(
    batch: int, channels: int, shift_channels: int, height: int, width: int
) -> dict[str, Callable[[], object]]:
    x = torch.randn(batch, channels, height, width, requires_grad=True)
    makers = {
        "FSM": dict(),
        "without shift": dict(shift=False),
        "without shift, eager": dict(shift=False, backend="torch"),
    }
    return {
        form: _trained(FeatureShiftingModule(channels, shift_channels, **arguments), x)  # type: ignore[arg-type]
        for form, arguments in makers.items()
    }


class _NonLocal(nn.Module):
    """A non-local block, embedded Gaussian (Wang et al. 2018), with half of the channels inside."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = channels // 2
        self.embed, self.out = nn.Conv2d(channels, 3 * self.inner, 1), nn.Conv2d(self.inner, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = self.embed(x).flatten(2).transpose(1, 2).split(self.inner, dim=2)
        mixed = F.scaled_dot_product_attention(query, key, value)
        return x + self.out(mixed.transpose(1, 2).reshape(x.shape[0], self.inner, *x.shape[2:]))


def _alternatives(
    batch: int, channels: int, shift_channels: int, height: int, width: int
) -> dict[str, Callable[[], object]]:
    """Other layers that look beyond a pixel, at equal channels."""
    from torchvision.ops import DeformConv2d

    class Deformable(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.offsets = nn.Conv2d(channels, 18, 3, padding=1)
            self.conv = DeformConv2d(channels, channels, 3, padding=1)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(x, self.offsets(x))

    x = torch.randn(batch, channels, height, width, requires_grad=True)
    layers: dict[str, nn.Module] = {
        "FSM": FeatureShiftingModule(channels, shift_channels),
        "convolution 3x3": nn.Conv2d(channels, channels, 3, padding=1),
        "convolution 7x7": nn.Conv2d(channels, channels, 7, padding=3),
        "dilated 3x3": nn.Conv2d(channels, channels, 3, padding=6, dilation=6),
        "depthwise 31x31": nn.Conv2d(channels, channels, 31, padding=15, groups=channels),
        "deformable 3x3": Deformable(),
        "non-local block": _NonLocal(channels),
    }
    return {form: _trained(layer, x) for form, layer in layers.items()}


def _network(base: int, shift_channels: int | None, groups: int, backend: str = "auto") -> nn.Module:
    """SSN, or without ``shift_channels`` its backbone, with all predictors."""
    form = "softplus-l1" if base == 64 else "softplus-mean"
    fsm = None if shift_channels is None else dict(shift_channels=shift_channels, attention=form, backend=backend)
    stages = [base * 4 * 2**stage for stage in range(4)]
    network = nn.Sequential(
        SSN(fsm=fsm, base_channels=base, norm_groups=groups),
        GlobalNet(stages, 4 * base, groups),
        StagePredictors(17, 4, stages[:3], 4 * base, groups),  # COCO's keypoints, as the paper has them
    )
    if base < 64:  # as a small network trains
        as_matrix_products(network)
    return network


def _step(network: nn.Module, shape: tuple[int, ...]) -> Callable[[], object]:
    """One training iteration with Adam and a mean square for each predictor."""
    x, optimizer = torch.randn(shape), torch.optim.Adam(network.parameters(), 1e-5)

    def step() -> None:
        optimizer.zero_grad()
        torch.stack([heatmaps.square().mean() for heatmaps in network(x).values()]).sum().backward()
        optimizer.step()

    return step
