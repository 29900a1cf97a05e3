"""The data sets that a preset can name: where their files are, what is scored of them, and by which figure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mmpose_ssn.datasets import leeds
from mmpose_ssn.datasets.drawn import spec
from mmpose_ssn.experiment.provenance import file_digest
from mmpose_ssn.networks import configs_folder

_PREFIX = "person_keypoints_"


@dataclass(frozen=True)
class DataSet:
    """What a data set says of itself; all files are named relative to its root.

    Attributes:
        name: Its name in a preset; a block of that name there holds its settings.
        title: What it is called where it was scored on.
        splits: Annotations and folder of the images of each split, by the split's name.
        scored: The split that networks are scored on unless another one is asked for.
        metric: The figure that decides, ``AP`` or ``PCK@0.2``.
        figures: Other figures that are taken of it, which a preset may compare too.
        info: File under ``configs/_base_/datasets`` with its joints, their mirror images and OKS constants, as MMPose
            takes them; None for COCO's, which MMPose has.
        detections: File of a detector's boxes, with ``{split}`` in it; None where there are none.
        kept_in_memory: Whether a training keeps its decoded images. Drawn ones take 0.4 GB. Leeds' would take 1.3 GB
            in every process when made smaller, to some 200 pixels, and many times that as published, while a batch of
            16 smaller ones is decoded in 3 ms.
        version: Version of what the project makes of it, in every config; None where it makes nothing.
        root_key: The workflow's configuration key for the folder that a user has it in; None where the workflow makes
            it.
    """

    name: str
    title: str
    splits: Mapping[str, tuple[str, str]]
    scored: str = "val"
    metric: str = "AP"
    figures: tuple[str, ...] = ()
    info: str | None = None
    detections: str | None = None
    kept_in_memory: bool = False
    version: str | None = None
    root_key: str | None = None

    def files(self, split: str) -> tuple[str, str]:
        """Annotations and folder of the images of a split.

        Raises:
            ValueError: If there is no such split.
        """
        if split not in self.splits:
            raise ValueError(f"{self.title} has no split {split!r}; expected one of: {', '.join(self.splits)}")
        return self.splits[split]

    def metainfo(self) -> dict[str, Any] | None:
        """The ``metainfo`` of MMPose's data set; None for COCO's keypoints."""
        if self.info is None:
            return None
        from mmengine.config import Config  # pages know data sets, and do without it

        content: dict[str, Any] = Config.fromfile(configs_folder() / "_base_" / "datasets" / self.info).to_dict()
        return content["dataset_info"]

    def detections_file(self, root: str, split: str) -> str | None:
        """Path of a detector's boxes on a split; None where there are none."""
        if self.detections is None:
            return None
        return f"{root.rstrip('/')}/{self.detections.format(split=split)}"

    def described(self, root: Path, annotation_file: Path) -> tuple[str, str]:
        """What a network was scored on, in words, and its digest."""
        if self.version is None:
            of_val = annotation_file.name == Path(self.splits["val"][0]).name
            name = f"{self.title} val2017" if of_val else f"{annotation_file.stem} under {root.name}"
            return name, file_digest(annotation_file)
        manifest = root / "manifest.json"
        content = json.loads(manifest.read_text(encoding="utf-8"))
        part = f"{content['limit']} photos a split of " if "limit" in content else ""
        return f"{part}{self.title}, version {content['version']}, {split_of(annotation_file)}", file_digest(manifest)


def split_of(annotation_file: Path) -> str:
    """The split that an annotation file is of, such as ``"val"``, by its name."""
    return annotation_file.stem.removeprefix(_PREFIX)


def _of_split(split: str, images: str) -> tuple[str, str]:
    return f"annotations/{_PREFIX}{split}.json", images


DATA_SETS: Mapping[str, DataSet] = MappingProxyType(
    {
        one.name: one
        for one in (
            DataSet(
                "drawn",
                title="drawn figures",
                splits={split: _of_split(split, f"{split}/") for split in ("train", "tune", "val")},
                detections="detections/{split}.json",
                kept_in_memory=True,
                version=spec.VERSION,
            ),
            DataSet(
                "coco",
                title="COCO",
                splits={split: _of_split(f"{split}2017", f"{split}2017/") for split in ("train", "val")},
                detections="person_detection_results/COCO_val2017_detections_AP_H_56_person.json",
                root_key="coco_root",
            ),
            DataSet(
                "leeds",
                title="Leeds Sports Pose",
                splits={split: _of_split(split, "") for split in leeds.SPLITS},
                scored="test",
                metric="PCK@0.2",
                figures=("PCK@0.1", "confused@0.2", "AP"),
                info="leeds.py",
                version=leeds.VERSION,
                root_key="leeds_root",
            ),
        )
    }
)
"""The data sets by their names."""
