"""MMPose's head interface over all of SSN's predictors: one loss each, and predictions of any or all of them from one
pass.
"""

from __future__ import annotations

import functools
import json
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
    A prediction is that of the final predictor (the last P); ``test_cfg=dict(predictors=...)`` adds others from the
    same pass.

    Args:
        num_keypoints, pyramid_levels, stage_channels, channels, norm_groups, norm_scale: As in
            :class:`mmpose_ssn.models.StagePredictors`.
        loss: Config of the loss that each predictor gets.
        loss_weights: Weight of each predictor's loss, by the predictor's name; 1 for those not named.
        decoder: Config of the codec that encodes targets and decodes heatmaps.

    ``test_cfg`` of the pose estimator:
        predictors: Predictors to read out: ``"final"`` (default, the final predictor alone), ``"all"`` or a list of
            names. All but ``"final"`` put into ``pred_instances`` the fields ``predictor_names`` (a list of one
            tuple), ``predictor_keypoints`` [1, P, M, 2] in pixels of the image and ``predictor_scores`` [1, P, M].
        flip_test, flip_mode, shift_heatmap, output_heatmaps: As in MMPose's ``HeatmapHead``.
        readings: Several ways to read the same heatmaps, by name: ``flip_test``, whether to average with the flipped
            image's, and ``decoder``, the config of a codec; where one is left out, it is as without readings.
            Predictors are then named ``<reading>/<predictor>``.
    """

    def __init__(
        self,
        num_keypoints: int,
        pyramid_levels: int = 4,
        stage_channels: Sequence[int] = (),
        channels: int = 256,
        norm_groups: int = 32,
        norm_scale: float = 1.0,
        loss: dict[str, Any] | None = None,
        loss_weights: dict[str, float] | None = None,
        decoder: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.stage_predictors = StagePredictors(
            num_keypoints, pyramid_levels, stage_channels, channels, norm_groups, norm_scale
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
        """Names of the predictors that ``test_cfg`` asks for, in the order of their depth; the final predictor is
        always among them.
        """
        names, wanted = self.stage_predictors.names, test_cfg.get("predictors", "final")
        if wanted == "all":
            return names
        wanted = [] if wanted == "final" else list(wanted)
        unknown = [name for name in wanted if name not in names]
        if unknown:
            raise ValueError(f"test_cfg.predictors names {unknown}, but this head has {list(names)}")
        return tuple(name for name in names if name in wanted or name == self.stage_predictors.final)

    def forward(self, feats: Features) -> Tensor:
        """Heatmaps [B, M, H, W] of the final predictor alone, which is all that a network in use computes."""
        final = self.stage_predictors.final
        return self.stage_predictors(feats, [final])[final]

    def loss(
        self, feats: Features, batch_data_samples: Any, train_cfg: dict[str, Any] | None = None
    ) -> dict[str, Tensor]:
        """One loss for each predictor, and the final predictor's accuracy (PCK at 0.05 of the heatmap)."""
        target = torch.stack([sample.gt_fields.heatmaps for sample in batch_data_samples])
        weights = torch.cat([sample.gt_instance_labels.keypoint_weights for sample in batch_data_samples])
        heatmaps = self.stage_predictors(feats)
        losses = {
            f"loss_{name}": self.loss_weights[name] * self.loss_module(prediction, target, weights)
            for name, prediction in heatmaps.items()
        }
        if (train_cfg or {}).get("compute_acc", True):
            final = heatmaps[self.stage_predictors.final].detach().float()  # NumPy has no bfloat16
            _, accuracy, _ = pose_pck_accuracy(to_numpy(final), to_numpy(target), mask=to_numpy(weights) > 0)
            losses["acc_pose"] = torch.tensor(accuracy, device=target.device)
        return losses

    def predict(
        self, feats: Features | list[Features], batch_data_samples: Any, test_cfg: dict[str, Any] | None = None
    ) -> Any:
        """Keypoints in pixels of the input, for MMPose's estimator; of the predictors asked for, in pixels of the image
        too.
        """
        test_cfg = test_cfg or {}
        names, flip_test = self.selected(test_cfg), bool(test_cfg.get("flip_test", False))
        of_passes: list[Any] = list(feats) if flip_test else [feats]
        plain, *mirrored = (self._heatmaps(one, names) for one in of_passes)
        if flip_test:
            averaged = 0.5 * (plain + self._flip_back(mirrored[0], batch_data_samples, test_cfg))

        readings = test_cfg.get("readings") or {"": {}}
        columns: list[str] = []
        found = []
        for reading, settings in readings.items():
            flipped = settings.get("flip_test", flip_test)
            if flipped and not flip_test:
                raise ValueError(f"the reading {reading!r} has a flip test, for which test_cfg.flip_test must be on")
            columns += [f"{reading}/{name}" if reading else name for name in names]
            found.append(self._decoded(averaged if flipped else plain, settings.get("decoder")))
        keypoints, scores = (np.concatenate(parts, axis=2) for parts in zip(*found, strict=True))

        predictions = [
            InstanceData(keypoints=k[:, len(names) - 1], keypoint_scores=s[:, len(names) - 1])
            for k, s in zip(keypoints, scores, strict=True)
        ]
        if test_cfg.get("predictors", "final") != "final":
            for index, (prediction, sample) in enumerate(zip(predictions, batch_data_samples, strict=True)):
                meta = sample.metainfo
                top_left = meta["input_center"] - 0.5 * np.asarray(meta["input_scale"])
                prediction.predictor_names = [tuple(columns)]
                prediction.predictor_keypoints = keypoints[index] / meta["input_size"] * meta["input_scale"] + top_left
                prediction.predictor_scores = scores[index]
        if test_cfg.get("output_heatmaps", False):
            return predictions, [PixelData(heatmaps=maps[-1]) for maps in (averaged if flip_test else plain).detach()]
        return predictions

    def _heatmaps(self, feats: Features, names: Sequence[str]) -> Tensor:
        """Heatmaps [B, P, M, H, W] of the named predictors."""
        heatmaps = self.stage_predictors(feats, names)
        return torch.stack([heatmaps[name] for name in names], dim=1)

    def _decoded(self, heatmaps: Tensor, codec: dict[str, Any] | None) -> tuple[np.ndarray, np.ndarray]:
        """Keypoints [B, 1, P, M, 2] in pixels of the input and their scores [B, 1, P, M], by the head's codec or the
        given one.
        """
        decoder: Any = self.decoder if codec is None else _codec(json.dumps(codec, sort_keys=True))
        shape = heatmaps.shape[1:3]
        decoded = [decoder.decode(maps) for maps in to_numpy(heatmaps.flatten(1, 2))]
        keypoints, scores = (np.stack(parts) for parts in zip(*decoded, strict=True))
        return keypoints.reshape(len(decoded), 1, *shape, 2), scores.reshape(len(decoded), 1, *shape)

    @staticmethod
    def _flip_back(heatmaps: Tensor, batch_data_samples: Any, test_cfg: dict[str, Any]) -> Tensor:
        flipped: Tensor = flip_heatmaps(
            heatmaps.flatten(0, 1),
            flip_mode=test_cfg.get("flip_mode", "heatmap"),
            flip_indices=batch_data_samples[0].metainfo["flip_indices"],
            shift_heatmap=test_cfg.get("shift_heatmap", False),
        )
        return flipped.view_as(heatmaps)


@functools.cache
def _codec(config: str) -> Any:
    return KEYPOINT_CODECS.build(json.loads(config))
