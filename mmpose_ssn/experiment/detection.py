"""Run a trained network on any images with person boxes, and write what each predictor finds."""

from __future__ import annotations

from pathlib import Path

from mmengine.config import Config

from mmpose_ssn.evaluation.protocol import Protocol
from mmpose_ssn.experiment.scoring import run_test


def detect(config: Config, weights: Path, images: Path, image_info: Path, boxes: Path, out: Path) -> list[Path]:
    """Detect people's keypoints by the config's protocol, without scoring them: nothing need be annotated.

    Args:
        config: Resolved config of the network, changed in place.
        weights: Path of a checkpoint of the network.
        images: Folder of the images.
        image_info: COCO JSON file that lists the images under ``images``.
        boxes: Path of COCO detections, each with ``image_id``, ``category_id``, ``bbox`` and ``score``.
        out: Folder for the detections.

    Returns:
        Paths of COCO results files: ``predictor.<name>.keypoints.json`` for each predictor, and last
        ``final.keypoints.json``, the final predictor's once more.

    Raises:
        FileNotFoundError: If one of the inputs is missing.
        ValueError: If the config's protocol takes ground-truth boxes.
    """
    for path in (images, image_info, boxes):
        if not path.exists():
            raise FileNotFoundError(f"{path} is not there")
    protocol = Protocol.of(config)
    if protocol.boxes != "detector":
        raise ValueError(
            f"the protocol of {config.experiment.preset} takes ground-truth boxes, which these images lack"
        )
    config.test_dataloader.dataset.update(
        data_root="", ann_file=str(image_info), data_prefix={"img": f"{images}/"}, bbox_file=str(boxes)
    )
    config.test_evaluator.update(ann_file=str(image_info), format_only=True)
    out.mkdir(parents=True, exist_ok=True)
    _, names = run_test(config, weights, out)
    files = [out / f"predictor.{name}.keypoints.json" for name in names]
    final = out / "final.keypoints.json"
    final.unlink(missing_ok=True)
    final.hardlink_to(files[-1])
    return [*files, final]
