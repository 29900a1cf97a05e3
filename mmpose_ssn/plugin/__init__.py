"""Registers everything of SSN with MMPose: a config names this module in ``custom_imports`` and uses it all by type.

- Backbones: ``SSN``, ``SSNLite``. Necks: ``GlobalNet``, ``FeatureShiftingNeck``. Head: ``StagePredictorsHead``. Module:
  ``FeatureShiftingModule``.
- Training: ``SampleStream``, ``StreamSampler``, ``StreamTrainLoop``, ``LoadImageOnce``; ``PretrainedTrunk``,
  ``DelayedInsertionHook``; ``OffsetGroupConstructor``, ``GroupMultiStepLR``, ``GroupStepLR``, ``OffsetRecordHook``;
  ``ChannelsLastHook``, ``MatrixProductHook``.
- Evaluation: ``StagePredictorsMetric``.
"""

from mmpose.registry import MODELS

from mmpose_ssn import _openmmlab
from mmpose_ssn.datasets.image_memory import LoadImageOnce
from mmpose_ssn.datasets.sample_stream import SampleStream, StreamSampler
from mmpose_ssn.engine.cpu_speed import ChannelsLastHook, MatrixProductHook
from mmpose_ssn.engine.insertion import DelayedInsertionHook
from mmpose_ssn.engine.loop import StreamTrainLoop
from mmpose_ssn.engine.offset_group import GroupMultiStepLR, GroupStepLR, OffsetGroupConstructor, OffsetRecordHook
from mmpose_ssn.engine.pretrained import PretrainedTrunk
from mmpose_ssn.evaluation.metric import StagePredictorsMetric
from mmpose_ssn.models import SSN, FeatureShiftingModule, FeatureShiftingNeck, GlobalNet, SSNLite
from mmpose_ssn.plugin.head import StagePredictorsHead

_openmmlab.repair()  # now that PyTorch is imported

for _module in (SSN, SSNLite, GlobalNet, FeatureShiftingNeck, FeatureShiftingModule):
    MODELS.register_module(module=_module)

__all__ = [
    "ChannelsLastHook",
    "DelayedInsertionHook",
    "GroupMultiStepLR",
    "GroupStepLR",
    "LoadImageOnce",
    "MatrixProductHook",
    "OffsetGroupConstructor",
    "OffsetRecordHook",
    "PretrainedTrunk",
    "SampleStream",
    "StagePredictorsHead",
    "StagePredictorsMetric",
    "StreamSampler",
    "StreamTrainLoop",
]
