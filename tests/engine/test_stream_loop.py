"""A training that was interrupted and resumed is the uninterrupted one, bit by bit, and loads no sample twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config

from mmpose_ssn.datasets.sample_stream import SampleStream
from mmpose_ssn.engine.loop import StreamTrainLoop
from mmpose_ssn.experiment.training import newest_checkpoint

ITERATIONS, INTERVAL, BATCH = 8, 4, 4
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def config(smoke_config: Callable[..., Config]) -> Callable[..., Config]:
    def build(**training: Any) -> Config:
        return smoke_config(iterations=ITERATIONS, checkpoint_interval=INTERVAL, batch_size=BATCH, **training)

    return build


def interrupt_before(iteration: int, monkeypatch: pytest.MonkeyPatch) -> None:
    run_iter = StreamTrainLoop.run_iter

    def interrupted(self: StreamTrainLoop, data_batch: Any) -> None:
        if self.iter == iteration:
            raise KeyboardInterrupt
        run_iter(self, data_batch)

    monkeypatch.setattr(StreamTrainLoop, "run_iter", interrupted)


@pytest.mark.parametrize("workers", [0, 2])
def test_resumed_training_equals_an_uninterrupted_one(
    config, train, assert_same_training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    train(config(workers=workers), tmp_path / "straight")
    with monkeypatch.context() as context:
        interrupt_before(6, context)  # two iterations after the checkpoint, which are done again
        with pytest.raises(KeyboardInterrupt):
            train(config(workers=workers), tmp_path / "resumed")
    assert newest_checkpoint(tmp_path / "resumed").name == "iter_4.pth"
    train(config(workers=workers), tmp_path / "resumed")
    assert_same_training(*(tmp_path / way / "iter_8.pth" for way in ("straight", "resumed")))


def test_torn_checkpoint_falls_back_to_the_one_before(config, train, tmp_path: Path) -> None:
    train(config(), tmp_path)
    newest, older = tmp_path / "iter_8.pth", tmp_path / "iter_4.pth"
    whole = newest.read_bytes()
    for left in (0.0, 0.5, 0.99):
        newest.write_bytes(whole[: int(left * len(whole))])
        assert newest_checkpoint(tmp_path) == older
    older.write_bytes(b"")
    assert newest_checkpoint(tmp_path) is None


def test_checkpoints_count_as_numbers_and_other_files_do_not(tmp_path: Path) -> None:
    for name in ("iter_9.pth", "iter_10.pth", "iter_11.pth.part", "best_iter_12.pth", "epoch_99.pth"):
        torch.save({}, tmp_path / name)
    assert newest_checkpoint(tmp_path) == tmp_path / "iter_10.pth"


def test_resume_loads_no_batch_that_was_trained_on(
    config, train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[int] = []
    get = SampleStream.__getitem__
    monkeypatch.setattr(SampleStream, "__getitem__", lambda self, key: loaded.append(key[1]) or get(self, key))
    train(config(), tmp_path / "run")
    assert loaded == list(range(ITERATIONS * BATCH))
    (tmp_path / "run" / "iter_8.pth").unlink()
    loaded.clear()
    train(config(), tmp_path / "run")
    assert loaded == list(range(INTERVAL * BATCH, ITERATIONS * BATCH))


def test_validation_on_the_way_changes_no_weight(config, train, assert_same_training, tmp_path: Path) -> None:
    train(config(), tmp_path / "without")
    validated = config()
    validated.train_cfg.update(val_begin=1, val_interval=3)
    train(validated, tmp_path / "with")
    assert_same_training(*(tmp_path / way / "iter_8.pth" for way in ("without", "with")))
    assert "coco/AP" in "".join(file.read_text() for file in (tmp_path / "with").rglob("*.log"))


def test_sampler_that_cannot_start_later_is_refused_with_what_to_set(config, train, tmp_path: Path) -> None:
    other = config()
    other.train_dataloader.sampler = dict(type="InfiniteSampler")
    with pytest.raises(TypeError, match=r"sampler=dict\(type='StreamSampler'\).*got InfiniteSampler"):
        train(other, tmp_path / "run")
