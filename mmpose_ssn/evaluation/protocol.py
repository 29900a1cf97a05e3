"""The testing protocol: everything between a trained network's heatmaps and its AP, as one block of settings.

A config's own keys decide what is done, so that ``mim test`` does the same. :meth:`Protocol.of` reads a protocol off
them, and :meth:`Protocol.apply` writes one into them: what a result says of its protocol is what was done.

Section 4, "Human Detector and Testing"; ``docs/silences.md`` says what the paper leaves open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from mmengine.config import Config, ConfigDict

_RESCORING: dict[str, dict[str, Any]] = {
    "box x keypoints": {"score_mode": "bbox_keypoint", "keypoint_score_thr": 0.2},
    "box": {"score_mode": "bbox"},
    "keypoints": {"score_mode": "keypoint"},
}
_DECODERS = {"quarter offset": False, "DARK": True}  # MSRAHeatmap's `unbiased`


@dataclass(frozen=True)
class SoftNMS:
    """Settings of Soft-NMS on an image's boxes, as :func:`mmpose_ssn.evaluation.soft_nms.soft_nms` takes them."""

    method: Literal["gaussian", "linear"] = "gaussian"
    sigma: float = 0.5
    iou_threshold: float = 0.3
    min_score: float = 0.001

    def __str__(self) -> str:
        setting = f"sigma {self.sigma:g}" if self.method == "gaussian" else f"IoU {self.iou_threshold:g}"
        return f"{self.method}, {setting}, scores from {self.min_score:g}"


@dataclass(frozen=True)
class Protocol:
    """How a network is tested.

    Attributes:
        boxes: Where the boxes of the crops come from: ``"ground truth"`` or ``"detector"``.
        soft_nms: Soft-NMS on those boxes, or None; it lowers a box's score and leaves the crop as it is.
        flip_test: Whether the heatmaps are averaged with those of the flipped image.
        decoder: How a heatmap becomes coordinates: ``"quarter offset"`` moves the maximum a quarter of a heatmap pixel
            towards its higher neighbour; ``"DARK"`` (https://arxiv.org/abs/1910.06278) takes the peak of a Gaussian.
        rescoring: What a person's score is: the box's score, the mean of the keypoints' scores, or the box's score
            times the mean of the keypoints' scores above 0.2.
        oks_nms: OKS above which the lower of two persons is dropped, or None.
        predictor: Predictor whose heatmaps are the network's result: ``"final"``, the deepest one, or one by name.
    """

    boxes: Literal["ground truth", "detector"]
    soft_nms: SoftNMS | None
    flip_test: bool
    decoder: str
    rescoring: str
    oks_nms: float | None
    predictor: str = "final"

    def __post_init__(self) -> None:
        for name, got, known in (
            ("boxes", self.boxes, ("ground truth", "detector")),
            ("rescoring", self.rescoring, _RESCORING),
        ):
            if got not in known:
                raise ValueError(f"{name} is {got!r}, expected one of: {', '.join(known)}")
        if self.soft_nms is not None and self.boxes == "ground truth":
            raise ValueError("soft_nms needs detector boxes: ground-truth boxes are no duplicates of each other")

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Protocol:
        """A protocol from a preset's block or an entry of a list of protocols; ``predictor`` may be left out.

        Raises:
            ValueError: If a setting is missing, unknown, or out of range.
        """
        known = {entry.name for entry in fields(cls)}
        if unknown := sorted(settings.keys() - known):
            raise ValueError(f"a protocol has no setting {', '.join(unknown)}; it has {', '.join(sorted(known))}")
        if lacking := sorted(known - settings.keys() - {"predictor"}):
            raise ValueError(f"the protocol lacks {', '.join(lacking)}")
        nms = settings["soft_nms"]
        return cls(**{**settings, "soft_nms": None if nms is None else SoftNMS(**nms)})

    @classmethod
    def of(cls, config: Config) -> Protocol:
        """The protocol that a config is tested by."""
        evaluator, decoder = config.test_evaluator, config.model.head.decoder
        scored = {key: evaluator.get(key, default) for key, default in _EVALUATOR_DEFAULTS.items()}
        modes = {mode["score_mode"]: name for name, mode in _RESCORING.items()}
        kinds = {unbiased: name for name, unbiased in _DECODERS.items()}
        nms = scored["soft_nms"]
        return cls(
            boxes="detector" if config.test_dataloader.dataset.get("bbox_file") else "ground truth",
            soft_nms=None if nms is None else SoftNMS(**nms),
            flip_test=bool(config.model.test_cfg.get("flip_test", False)),
            decoder=kinds[decoder.get("unbiased", False)] if decoder.type == "MSRAHeatmap" else decoder.type,
            rescoring=modes[scored["score_mode"]],
            oks_nms=scored["nms_thr"] if scored["nms_mode"] == "oks_nms" else None,
            predictor=config.test_evaluator.get("final") or "final",
        )

    def apply(self, config: Config, detections: str | None) -> None:
        """Make a config test by this protocol.

        Args:
            config: Config to change in place: its val and test loaders, its evaluators and its ``model``.
            detections: Path of the detector's boxes, used where ``boxes`` is ``"detector"``; None where nobody has run
                a detector on the data set.

        Raises:
            ValueError: If the config's codec has no such decoder, or there are no such boxes.
        """
        if self.boxes == "detector" and detections is None:
            raise ValueError("boxes are a detector's, but there are none of this data set: expected 'ground truth'")
        for loader in (config.val_dataloader, config.test_dataloader):
            loader.dataset.bbox_file = detections if self.boxes == "detector" else None
        config.model.test_cfg.flip_test = self.flip_test
        config.model.head.decoder = self.codec(config.model.head.decoder)
        for evaluator in (config.val_evaluator, config.test_evaluator):
            evaluator.update(self.scoring())
            evaluator.final = None if self.predictor == "final" else self.predictor

    def codec(self, codec: ConfigDict) -> ConfigDict:
        """A codec's config with this protocol's decoder.

        Raises:
            ValueError: If the codec has no such decoder.
        """
        if codec.type != "MSRAHeatmap" and self.decoder == codec.type:
            return codec  # the own decoder of another network
        if codec.type != "MSRAHeatmap" or self.decoder not in _DECODERS:
            possible = ", ".join(_DECODERS) if codec.type == "MSRAHeatmap" else codec.type
            raise ValueError(f"decoder is {self.decoder!r}, but the codec {codec.type} decodes by: {possible}")
        if _DECODERS[self.decoder] == codec.get("unbiased", False):
            return codec
        return ConfigDict({**codec, "unbiased": _DECODERS[self.decoder]})

    def scoring(self) -> dict[str, Any]:
        """The arguments of :class:`mmpose_ssn.evaluation.metric.StagePredictorsMetric` that stand for this protocol."""
        settings = {**_EVALUATOR_DEFAULTS, **_RESCORING[self.rescoring]}
        settings["soft_nms"] = None if self.soft_nms is None else asdict(self.soft_nms)
        settings["nms_mode"] = "none" if self.oks_nms is None else "oks_nms"
        settings["nms_thr"] = _EVALUATOR_DEFAULTS["nms_thr"] if self.oks_nms is None else self.oks_nms
        return settings

    def described(self) -> dict[str, str | bool | float]:
        """Every setting in words or figures, to be printed with a result."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return {key: _worded(value) for key, value in values.items()}


_EVALUATOR_DEFAULTS: dict[str, Any] = {
    "soft_nms": None,
    "score_mode": "bbox_keypoint",
    "keypoint_score_thr": 0.2,
    "nms_mode": "oks_nms",
    "nms_thr": 0.9,
}


def _worded(value: Any) -> str | bool | float:
    if value is None:
        return "none"
    return str(value) if isinstance(value, SoftNMS) else value
