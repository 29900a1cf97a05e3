"""Time and memory that one image takes in each network on the CPU; all networks run in turn, in one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from mmengine.config import Config
from torch import Tensor
from tqdm import tqdm

from mmpose_ssn.benchmark.peak_memory import peak_bytes
from mmpose_ssn.benchmark.timing import paired


@dataclass(frozen=True)
class ForwardTime:
    """One network's time and memory for one image.

    Attributes:
        network: Short id of the network.
        input_size: Height and width of the crop in pixels, such as ``256x192``.
        threads: Number of threads of PyTorch, and of the shift.
        wall_ms, cpu_ms: Median wall time and CPU time of one forward pass, in milliseconds.
        ratio: Wall time divided by that of the first network with as many threads.
        peak_mb: Memory that the network's maps take at its peak, without the weights, in millions of bytes
            (:func:`mmpose_ssn.benchmark.peak_memory.peak_bytes`).
    """

    network: str
    input_size: str
    threads: int
    wall_ms: float
    cpu_ms: float
    ratio: float
    peak_mb: float


def measure(networks: Mapping[str, Config], threads: Sequence[int], seconds: float) -> Iterator[ForwardTime]:
    """Time the networks with their final predictor alone: batch 1, random weights, each at its own input size.

    Flip test and decoding are left out. Progress is shown on anything longer than five seconds.

    Args:
        networks: Config of each network by its short id; the first is what the others are compared with.
        threads: Numbers of threads to time with, one after the other.
        seconds: Seconds for each number of threads; each network is run at least ten times, however long that takes.

    Yields:
        The times for each number of threads as soon as they are there, in the order of ``networks``.
    """
    passes: dict[str, Callable[[], object]] = {}
    sizes: dict[str, str] = {}
    peaks: dict[str, int] = {}
    for name, config in tqdm(networks.items(), desc="building networks", delay=5):
        passes[name], sizes[name] = _forward_pass(config)
        passes[name]()  # what is compiled or laid out anew in the first pass is no part of the peak
        peaks[name] = peak_bytes(passes[name])
    before = torch.get_num_threads()
    try:
        for number in threads:
            torch.set_num_threads(number)
            with tqdm(desc=f"timing on {number} thread{'s' * (number > 1)}", unit=" passes", delay=5) as bar:
                timings = paired({name: _counted(run, bar) for name, run in passes.items()}, seconds)
            first = next(iter(timings.values())).wall
            for name in networks:
                wall, cpu = timings[name].wall, timings[name].cpu
                yield ForwardTime(name, sizes[name], number, 1000 * wall, 1000 * cpu, wall / first, peaks[name] / 1e6)
    finally:
        torch.set_num_threads(before)


def _forward_pass(config: Config) -> tuple[Callable[[], object], str]:
    """A forward pass of a network with its final predictor alone, and its input size."""
    import mmpose.models  # noqa: F401  registers the pose estimators
    from mmengine.registry import DefaultScope
    from mmpose.registry import MODELS

    import mmpose_ssn.plugin  # noqa: F401  registers ours, which a resolved config has not yet imported

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
