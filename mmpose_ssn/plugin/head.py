"""MMPose's head interface over all of SSN's predictors: one loss each, and predictions of any or all of them from one
pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.evaluation.functional import pose_pck_accuracy
from mmpose.models.heads.base_head import BaseHead
from mmpose.models.utils.tta import flip_heatmaps
from mmpose.registry import KEYPOINT_CODECS, MODELS
from mmpose.utils.tensor_utils import to_numpy
from torch import Tensor

from mmpose_ssn.models import StageFeatures, StagePredictors

Features = StageFeatures | tuple[Tensor, ...]


@MODELS.register_module()
class StagePredictorsHead(BaseHead):
    """Top-down heatmap head with the predictors P1 ... P4 and E1 ... E3 of the paper (Section 3.3).

    All predictors learn the same target heatmap, each with a loss of its own (``loss_E1``, ...); the sum is minimised.
    A prediction is the answer's (the last P); ``test_cfg=dict(predictors=...)`` adds others from the same pass.

    Args:
        pyramid_levels, stage_channels, channels, num_keypoints, norm_groups, norm_scale: See
        :class:`mmpose_ssn.models.StagePredictors`.
        loss: Config of the loss that each predictor gets.
        loss_weights: Weight of a predictor's loss by its name, 1 where not named.
        decoder: Config of the codec that encodes targets and decodes heatmaps.

    ``test_cfg`` of the pose estimator:
        predictors: ``"answer"`` (default), ``"all"`` or a list of names. Other than ``"answer"`` puts into
            ``pred_instances`` ``predictor_names`` (a list of one tuple), ``predictor_keypoints`` [1, P, M, 2] in pixels
            of the image and ``predictor_scores`` [1, P, M].
        flip_test, flip_mode, shift_heatmap, output_heatmaps: As in MMPose's ``HeatmapHead``.
    """

    def __init__(
        self,
        pyramid_levels: int = 4,
        stage_channels: Sequence[int] = (),
        channels: int = 256,
        num_keypoints: int = 17,
        norm_groups: int = 32,
        norm_scale: float = 1.0,
        loss: dict[str, Any] | None = None,
        loss_weights: dict[str, float] | None = None,
        decoder: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.stage_predictors = StagePredictors(
            pyramid_levels, stage_channels, channels, num_keypoints, norm_groups, norm_scale
        )
        self.loss_module = MODELS.build(loss or {"type": "KeypointMSELoss", "use_target_weight": True})
        self.loss_weights = dict.fromkeys(self.stage_predictors.names, 1.0)
        unknown = set(loss_weights or ()) - set(self.loss_weights)
        if unknown:
            raise ValueError(
                f"loss_weights names {sorted(unknown)}, but the head's predictors are {list(self.loss_weights)}"
            )
        self.loss_weights.update(loss_weights or {})
        self.decoder = KEYPOINT_CODECS.build(decoder) if decoder is not None else None

    def selected(self, test_cfg: dict[str, Any]) -> tuple[str, ...]:
        """Names of the predictors that ``test_cfg`` asks for, in the order of their depth; the answer is always among
        them.
        """
        names, wanted = self.stage_predictors.names, test_cfg.get("predictors", "answer")
        if wanted == "all":
            return names
        wanted = [] if wanted == "answer" else list(wanted)
        unknown = [name for name in wanted if name not in names]
        if unknown:
            raise ValueError(f"test_cfg.predictors names {unknown}, but this head has {list(names)}")
        return tuple(name for name in names if name in wanted or name == self.stage_predictors.answer)

    def forward(self, feats: Features) -> Tensor:
        """Heatmaps [B, M, H, W] of the answer alone, the deployed network."""
        answer = self.stage_predictors.answer
        return self.stage_predictors(feats, [answer])[answer]

    def loss(
        self, feats: Features, batch_data_samples: Any, train_cfg: dict[str, Any] | None = None
    ) -> dict[str, Tensor]:
        """One loss a predictor, and the answer's accuracy (PCK at 0.05 of the heatmap)."""
        target = torch.stack([sample.gt_fields.heatmaps for sample in batch_data_samples])
        weights = torch.cat([sample.gt_instance_labels.keypoint_weights for sample in batch_data_samples])
        heatmaps = self.stage_predictors(feats)
        losses = {
            f"loss_{name}": self.loss_weights[name] * self.loss_module(prediction, target, weights)
            for name, prediction in heatmaps.items()
        }
        if (train_cfg or {}).get("compute_acc", True):
            answer = heatmaps[self.stage_predictors.answer].detach().float()  # NumPy has no bfloat16
            _, accuracy, _ = pose_pck_accuracy(to_numpy(answer), to_numpy(target), mask=to_numpy(weights) > 0)
            losses["acc_pose"] = torch.tensor(accuracy, device=target.device)
        return losses

    def predict(
        self, feats: Features | list[Features], batch_data_samples: Any, test_cfg: dict[str, Any] | None = None
    ) -> Any:
        """Keypoints in input space for MMPose's estimator, and those of all asked-for predictors in image space."""
        test_cfg = test_cfg or {}
        names = self.selected(test_cfg)
        if test_cfg.get("flip_test", False):
            plain, flipped = (self.stage_predictors(f, names) for f in feats)
            heatmaps = {
                name: 0.5 * (plain[name] + self._flip_back(flipped[name], batch_data_samples, test_cfg))
                for name in names
            }
        else:
            heatmaps = self.stage_predictors(feats, names)

        decoded = {name: self.decode(maps) for name, maps in heatmaps.items()}
        answers: list[InstanceData] = decoded[self.stage_predictors.answer]
        if test_cfg.get("predictors", "answer") != "answer":
            for index, (answer, sample) in enumerate(zip(answers, batch_data_samples, strict=True)):
                meta = sample.metainfo
                keypoints = np.stack([decoded[name][index].keypoints for name in names], axis=1)
                top_left = meta["input_center"] - 0.5 * np.asarray(meta["input_scale"])
                answer.predictor_names = [names]
                answer.predictor_keypoints = keypoints / meta["input_size"] * meta["input_scale"] + top_left
                answer.predictor_scores = np.stack([decoded[name][index].keypoint_scores for name in names], axis=1)
        if test_cfg.get("output_heatmaps", False):
            return answers, [PixelData(heatmaps=maps) for maps in heatmaps[self.stage_predictors.answer].detach()]
        return answers

    @staticmethod
    def _flip_back(heatmaps: Tensor, batch_data_samples: Any, test_cfg: dict[str, Any]) -> Tensor:
        return flip_heatmaps(
            heatmaps,
            flip_mode=test_cfg.get("flip_mode", "heatmap"),
            flip_indices=batch_data_samples[0].metainfo["flip_indices"],
            shift_heatmap=test_cfg.get("shift_heatmap", False),
        )
