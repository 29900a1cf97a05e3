"""Sample n of a training is a function of (seed, n) alone: not of workers, of where a run started, or of who else draws
random numbers.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader, Dataset

from mmpose_ssn.datasets import sample_stream
from mmpose_ssn.datasets.sample_stream import SampleStream, StreamSampler
from mmpose_ssn.experiment.presets import load_preset
from mmpose_ssn.experiment.resolved_config import resolve

SIZE, BATCH = 10, 4


class Dice(Dataset):
    """Each sample is its index and a throw of each generator that augmentations draw from."""

    def __len__(self) -> int:
        return SIZE

    def __getitem__(self, index: int) -> tuple[int, float, float, float]:
        return index, random.random(), np.random.rand(), torch.rand(()).item()


def batches(count: int, *, seed: int = 3, start: int = 0, workers: int = 0) -> list[list[tuple]]:
    dataset = SampleStream(Dice())
    sampler = StreamSampler(dataset, seed=seed)
    sampler.start = start * BATCH
    loader = DataLoader(dataset, BATCH, sampler=sampler, num_workers=workers, collate_fn=list)
    return list(itertools.islice(loader, count))


@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize("start", [0, 1, 6])
def test_batches_depend_on_neither_workers_nor_start(workers: int, start: int) -> None:
    assert batches(3, start=start, workers=workers) == batches(start + 3)[start:]


def test_each_epoch_shows_every_sample_once_in_an_order_of_its_own() -> None:
    order = [index for batch in batches(10) for index, *_ in batch]
    epochs = [tuple(order[i : i + SIZE]) for i in range(0, 40, SIZE)]
    assert all(sorted(epoch) == list(range(SIZE)) for epoch in epochs)
    assert len(set(epochs)) == 4


def test_no_throw_comes_twice_and_seeds_share_none() -> None:
    samples = [sample for seed in (3, 4) for batch in batches(5, seed=seed) for sample in batch]
    for generator, throws in zip(("random", "numpy", "torch"), list(zip(*samples, strict=True))[1:], strict=True):
        assert len(set(throws)) == len(samples) == 40, generator


def test_seeds_give_different_orders() -> None:
    orders = {tuple(index for batch in batches(3, seed=seed) for index, *_ in batch) for seed in range(4)}
    assert len(orders) == 4


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5 * SIZE)), max_size=20))
def test_sample_does_not_depend_on_what_was_asked_before(keys: list[tuple[int, int]]) -> None:
    dataset = SampleStream(Dice())
    assert [dataset[key] for key in keys] == [SampleStream(Dice())[key] for key in keys]


def test_two_ranks_share_each_batch_without_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes with half the batch each see in every iteration what one process sees."""
    ranks = []
    for rank in (0, 1):
        monkeypatch.setattr(sample_stream, "get_dist_info", lambda rank=rank: (rank, 2))
        ranks.append(itertools.islice(StreamSampler(SampleStream(Dice()), seed=3), 12))
    for iteration, pairs in enumerate(zip(*(zip(*[iter(r)] * (BATCH // 2), strict=True) for r in ranks), strict=True)):
        together = sorted(n for share in pairs for _, n in share)
        assert together == list(range(iteration * BATCH, (iteration + 1) * BATCH))


def test_rank_resumes_at_its_own_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_stream, "get_dist_info", lambda: (1, 2))
    whole, resumed = (StreamSampler(SampleStream(Dice()), seed=3) for _ in range(2))
    resumed.start = 6
    assert list(itertools.islice(resumed, 5)) == list(itertools.islice(whole, 6, 11))


def states() -> tuple[object, ...]:
    return random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()


@pytest.mark.parametrize("fails", [False, True])
def test_generators_are_put_back(fails: bool) -> None:
    dataset, before = SampleStream(Dice()), states()
    if fails:
        dataset.dataset.__class__ = type("Broken", (Dice,), {"__getitem__": lambda self, i: [random.random()][i + 1]})
        with pytest.raises(IndexError):
            dataset[0, 0]
    else:
        dataset[0, 0]
    assert states() == before


def test_nothing_to_train_on_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to train on"):
        SampleStream(type("Empty", (Dice,), {"__len__": lambda self: 0})())


def test_missing_seed_is_refused_with_what_to_set() -> None:
    with pytest.raises(ValueError, match=r"randomness=dict\(seed="):
        StreamSampler(SampleStream(Dice()))


@pytest.fixture(scope="module")
def crops(drawn: Path) -> SampleStream:
    """The real training pipeline: flip, rotation, scale, shift, crop and target."""
    import mmpose.datasets  # noqa: F401  registers the transforms
    from mmengine.registry import DefaultScope
    from mmpose.registry import DATASETS

    import mmpose_ssn.plugin  # noqa: F401  registers ours

    with DefaultScope.overwrite_default_scope("mmpose"):
        return SampleStream(DATASETS.build(resolve(load_preset("smoke"), "ssn", 0, drawn).train_dataloader.dataset))


def tensors(sample: dict) -> Iterator[tuple[str, torch.Tensor]]:
    yield "crop", sample["inputs"]
    yield "target", sample["data_samples"].gt_fields.heatmaps
    yield "weights", torch.as_tensor(sample["data_samples"].gt_instance_labels.keypoint_weights)


def test_augmented_crop_is_bit_identical_however_it_is_reached(crops: SampleStream) -> None:
    from_the_start = [crops[7, n] for n in range(12)]
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    for n in (11, 4):
        for (name, expected), (_, got) in zip(tensors(from_the_start[n]), tensors(crops[7, n]), strict=True):
            assert torch.equal(expected, got), name


def test_same_person_is_augmented_anew_in_each_epoch(crops: SampleStream) -> None:
    people = len(crops)
    again = next(n for n in range(people, 2 * people) if crops.index(7, n) == crops.index(7, 0))
    first, second = crops[7, 0], crops[7, again]
    assert first["data_samples"].id == second["data_samples"].id
    assert not torch.equal(first["inputs"], second["inputs"])
