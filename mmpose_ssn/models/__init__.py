"""SSN's networks as plain PyTorch modules; ``mmpose_ssn.plugin`` registers them with MMPose."""

from mmpose_ssn.models.fsm import CorrelationAttention, FeatureShiftingModule, IntermediateMaps
from mmpose_ssn.models.globalnet import GlobalNet, StageFeatures
from mmpose_ssn.models.lite import SSNLite
from mmpose_ssn.models.neck import FeatureShiftingNeck
from mmpose_ssn.models.predictors import Predictor, StagePredictors
from mmpose_ssn.models.resnet import Bottleneck, StemBackbone
from mmpose_ssn.models.ssn import SSN

__all__ = [
    "SSN",
    "Bottleneck",
    "CorrelationAttention",
    "FeatureShiftingModule",
    "FeatureShiftingNeck",
    "GlobalNet",
    "IntermediateMaps",
    "Predictor",
    "SSNLite",
    "StageFeatures",
    "StagePredictors",
    "StemBackbone",
]
