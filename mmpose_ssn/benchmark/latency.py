"""How long one image takes through each full-size network on the CPU, all of them in turn and in one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from mmengine.config import Config
from torch import Tensor
from tqdm import tqdm

from mmpose_ssn.benchmark.timing import paired
from mmpose_ssn.variants import config_file

REFERENCE = "ssn"
"""The network that all others are compared with."""


@dataclass(frozen=True)
class Latency:
    """One network's time for one image.

    Attributes:
        variant: Short id.
        input_size: Height and width of the crop in pixels, such as ``256x192``.
        threads: Of PyTorch, and of the shift.
        wall_ms, cpu_ms: Median of one forward pass.
        ratio: Its wall time over that of :data:`REFERENCE` with as many threads.
    """

    variant: str
    input_size: str
    threads: int
    wall_ms: float
    cpu_ms: float
    ratio: float


def measure(variants: Sequence[str], threads: Sequence[int], seconds: float) -> Iterator[Latency]:
    """Time the deployed networks: batch 1, without flip test, with random weights, at their own input size.

    Decoding is left out. :data:`REFERENCE` is always among those timed. Progress is shown on anything longer than five
    seconds.

    Args:
        variants: Short ids of variants and baselines.
        threads: Numbers of threads, one after the other.
        seconds: Time for each number of threads; each network is run at least ten times whatever it takes.

    Yields:
        The times for each number of threads as soon as they are there, in the order of ``variants``.
    """
    names = [*variants] if REFERENCE in variants else [REFERENCE, *variants]
    passes: dict[str, Callable[[], object]] = {}
    sizes: dict[str, str] = {}
    for name in tqdm(names, desc="building networks", delay=5):
        passes[name], sizes[name] = _forward_pass(name)
    before = torch.get_num_threads()
    try:
        for number in threads:
            torch.set_num_threads(number)
            with tqdm(desc=f"timing on {number} thread{'s' * (number > 1)}", unit=" passes", delay=5) as bar:
                timings = paired({name: _counted(run, bar) for name, run in passes.items()}, seconds)
            for name in names:
                wall, cpu = timings[name].wall, timings[name].cpu
                ratio = wall / timings[REFERENCE].wall
                yield Latency(name, sizes[name], number, 1000 * wall, 1000 * cpu, ratio)
    finally:
        torch.set_num_threads(before)


def _forward_pass(variant: str) -> tuple[Callable[[], object], str]:
    """A forward pass of a full-size network with its answer alone, and its input size."""
    import mmpose.models  # noqa: F401  registers the pose estimators
    from mmengine.registry import DefaultScope
    from mmpose.registry import MODELS

    config = Config.fromfile(config_file(variant))
    with DefaultScope.overwrite_default_scope("mmpose"):
        model = MODELS.build(config.model).eval()
    width, height = config.model.head.decoder.input_size
    image = torch.randn(1, 3, height, width)

    @torch.inference_mode()
    def run() -> Tensor:
        return model.head(model.extract_feat(image))

    return run, f"{height}x{width}"


def _counted(run: Callable[[], object], bar: tqdm) -> Callable[[], object]:
    def counted() -> object:
        result = run()
        bar.update()
        return result

    return counted
