"""An iteration-based training loop that resumes in the middle of the data, at no cost."""

from __future__ import annotations

from typing import Any

from mmengine.registry import LOOPS
from mmengine.runner import IterBasedTrainLoop, Runner
from mmengine.runner.loops import _InfiniteDataloaderIterator
from torch.utils.data import DataLoader

from mmpose_ssn.engine.stream_config import streamed


@LOOPS.register_module()
class StreamTrainLoop(IterBasedTrainLoop):
    """MMEngine's ``IterBasedTrainLoop`` over a ``SampleStream``: on resume it asks the sampler to start where the
    training stopped.

    MMEngine's own loop loads and augments every past batch again instead, which takes hours at 300k iterations.

    The config's data set is put into a ``SampleStream`` here and not in the config, so that MMPose's tools find its
    pipeline and its keypoints where they look for them, in ``train_dataloader.dataset``.
    """

    def __init__(self, runner: Runner, dataloader: DataLoader | dict[str, Any], *args: Any, **kwargs: Any) -> None:
        if isinstance(dataloader, dict) and isinstance(dataloader["dataset"], dict):
            dataloader = {**dataloader, "dataset": streamed(dataloader["dataset"])}
        super().__init__(runner, dataloader, *args, **kwargs)

    def run(self) -> Any:
        sampler, batch_size = self.dataloader.sampler, self.dataloader.batch_size
        if not hasattr(sampler, "start"):
            raise TypeError(
                f"StreamTrainLoop needs train_dataloader.sampler=dict(type='StreamSampler'), got "
                f"{type(sampler).__name__}"
            )
        if self._iter > 0:
            sampler.start = self._iter * batch_size
            self.dataloader_iterator = _InfiniteDataloaderIterator(self.dataloader)
        self.runner.call_hook("before_train")
        self.runner.call_hook("before_train_epoch")
        while self._iter < self._max_iters and not self.stop_training:
            self.runner.model.train()
            self.run_iter(next(self.dataloader_iterator))
            self._decide_current_val_interval()
            if (
                self.runner.val_loop is not None
                and self._iter >= self.val_begin
                and (self._iter % self.val_interval == 0 or self._iter == self._max_iters)
            ):
                self.runner.val_loop.run()
        self.runner.call_hook("after_train_epoch")
        self.runner.call_hook("after_train")
        return self.runner.model
