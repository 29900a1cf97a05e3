"""Training samples as a pure function of (seed, n): which instance, and how it is augmented.

n is the running number of a sample over the whole training, iteration * batch size + place in the batch on one process.
The epoch's permutation, drawn from (seed, epoch), says which instance the sample is, and generators seeded with (seed,
n) say how it is augmented. Therefore resuming costs nothing and repeats nothing, and the number of loader workers
changes nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from mmengine.dist import get_dist_info
from mmpose.registry import DATA_SAMPLERS, DATASETS
from torch.utils.data import Dataset, Sampler


@DATASETS.register_module()
class SampleStream(Dataset):
    """An endless stream over a data set, indexed by (seed, n) from :class:`StreamSampler`.

    Args:
        dataset: Data set to stream from, or its config.
    """

    def __init__(self, dataset: dict[str, Any] | Dataset) -> None:
        self.dataset: Any
        self.dataset = DATASETS.build(dataset) if isinstance(dataset, dict) else dataset
        if len(self.dataset) == 0:
            raise ValueError(
                f"nothing to train on: {getattr(self.dataset, 'ann_file', self.dataset)} holds no labelled instance"
            )
        self._order: tuple[tuple[int, int], np.ndarray] | None = None

    @property
    def metainfo(self) -> dict[str, Any]:
        return self.dataset.metainfo

    def __len__(self) -> int:
        """Number of samples in one epoch."""
        return len(self.dataset)

    def index(self, seed: int, n: int) -> int:
        """Which sample of the data set is the ``n``-th of the training with ``seed``."""
        epoch, position = divmod(n, len(self.dataset))
        if self._order is None or self._order[0] != (seed, epoch):
            order = np.random.default_rng([seed, epoch]).permutation(len(self.dataset))
            self._order = ((seed, epoch), order)
        return int(self._order[1][position])

    def __getitem__(self, key: tuple[int, int]) -> Any:
        seed, n = key
        index = self.index(seed, n)
        with _seeded(seed, n):
            return self.dataset[index]


@DATA_SAMPLERS.register_module()
class StreamSampler(Sampler):
    """Yields (seed, n) for this process's share of the stream, from :attr:`start` on, without end.

    Attributes:
        start: Number of samples that this process has already been given, set on resume.
    """

    def __init__(self, dataset: Dataset, seed: int | None = None) -> None:
        if seed is None:
            raise ValueError("the order of training needs a seed: set randomness=dict(seed=...) in the config")
        self.dataset, self.seed, self.start = dataset, seed, 0
        self.rank, self.world_size = get_dist_info()

    def __iter__(self) -> Iterator[tuple[int, int]]:
        local = self.start
        while True:
            yield self.seed, local * self.world_size + self.rank
            local += 1

    def __len__(self) -> int:
        """Number of samples of this process in one epoch, for MMEngine's log only."""
        return -(-len(self.dataset) // self.world_size)  # type: ignore[arg-type]


@contextmanager
def _seeded(seed: int, n: int) -> Iterator[None]:
    """Seed the generators that transforms draw from (random, numpy, torch), and put them back after."""
    saved = random.getstate(), np.random.get_state(), torch.get_rng_state()
    words = np.random.SeedSequence([seed, n]).generate_state(3)
    random.seed(int(words[0]))
    np.random.seed(words[1])
    torch.default_generator.manual_seed(int(words[2]))  # not the GPUs' generators: seeding them takes a millisecond
    try:
        yield
    finally:
        random.setstate(saved[0])
        np.random.set_state(saved[1])
        torch.set_rng_state(saved[2])
