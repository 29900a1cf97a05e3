"""Registers everything of SSN with MMPose: a config names this module in ``custom_imports`` and can then use it all by
type.

Networks: ``SSN``, ``SSNLite`` (backbones), ``GlobalNet``, ``FeatureShiftingNeck`` (necks), ``StagePredictorsHead``
    (head), and
``FeatureShiftingModule`` itself. Training: ``SampleStream``, ``StreamSampler``, ``StreamTrainLoop``. Evaluation:
``StagePredictorsMetric``.
"""

from mmpose.registry import MODELS

from mmpose_ssn.datasets.stream import SampleStream, StreamSampler
from mmpose_ssn.engine.loop import StreamTrainLoop
from mmpose_ssn.evaluation.metric import StagePredictorsMetric
from mmpose_ssn.models import SSN, FeatureShiftingModule, FeatureShiftingNeck, GlobalNet, SSNLite
from mmpose_ssn.plugin.head import StagePredictorsHead

for _module in (SSN, SSNLite, GlobalNet, FeatureShiftingNeck, FeatureShiftingModule):
    MODELS.register_module(module=_module)

__all__ = ["SampleStream", "StagePredictorsHead", "StagePredictorsMetric", "StreamSampler", "StreamTrainLoop"]
