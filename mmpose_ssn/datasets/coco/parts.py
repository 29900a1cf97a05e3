"""The files of COCO 2017 as they are published, and what each of them puts below a data root in MMPose's layout.

COCO publishes no digests. The sizes and SHA-256 here are those of other projects, each at the commit that was read:

- archives: TensorFlow Datasets, https://github.com/tensorflow/datasets at 333639b37af6c6fedf3610a4a2d42f1c6ef6f7d5,
  tensorflow_datasets/url_checksums/coco.txt;
- person detections, with their addresses: MambaPose, https://github.com/vic9112/MambaPose at
  75145b2fb9d3aacc586404b9ae29ec5bed15ccbf, reproduction/sources.json, which fetches them from the folder ``BY_HAND``;
- keypoint annotations, unpacked: MambaPose at 1edf7060fb48f4d2445607869c9aef9c8d06face, mambapose_opt/formal_schema.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mmpose_ssn.datasets.published import Published

HOW_TO_GET = "./run snakemake --cores 1 coco downloads it, 44 GB on disk (docs/coco-data.md)"
"""What a user without COCO can do."""

BY_HAND = "https://drive.google.com/drive/folders/1fRUDNUDxe9fjqcRZ2bnF_TKMlO0nB_dk"
"""Page of the person detections for a browser, as MMPose's docs/en/dataset_zoo/2d_body_keypoint.md links it."""

_COCO = (
    "http://images.cocodataset.org"  # plain HTTP, as https://cocodataset.org/#download links it; the digests guard it
)
_PAGE = "https://cocodataset.org/#download"
_DRIVE = "https://drive.usercontent.google.com/download?export=download&confirm=t&id="
_MIRROR = (
    "https://huggingface.co/datasets/msdkhairi/coco2017/resolve/main"  # the same files, where Drive has no quota left
)


def _photos(split: str, number: int, size: int, sha256: str) -> Published:
    return Published(
        f"{split}.zip",
        (f"{_COCO}/zips/{split}.zip",),
        size,
        sha256,
        folder=split,
        photos=number,
        unpacked=round(1.1 * size),  # JPEG has nothing left to compress
        by_hand=_PAGE,
    )


def _annotations(file: str, size: int, sha256: str, files: dict[str, str | None], unpacked: int) -> Published:
    return Published(
        file,
        (f"{_COCO}/annotations/{file}",),
        size,
        sha256,
        files,
        folder="annotations",
        unpacked=unpacked,
        by_hand=_PAGE,
    )


def _detections(file: str, drive: str, size: int, sha256: str) -> Published:
    return Published(
        file,
        (f"{_DRIVE}{drive}", f"{_MIRROR}/{file}"),
        size,
        sha256,
        {f"person_detection_results/{file}": sha256},
        by_hand=BY_HAND,
    )


PARTS: dict[str, tuple[Published, ...]] = {
    "annotations": (
        _annotations(
            "annotations_trainval2017.zip",
            252_907_541,
            "113a836d90195ee1f884e704da6304dfaaecff1f023f49b6ca93c4aaae470268",
            {
                "annotations/person_keypoints_train2017.json": (
                    "7fc1549d934547c470384d8a207c38707ca33fc016d00e33b795e408603af83e"
                ),
                "annotations/person_keypoints_val2017.json": (
                    "788e2dae83c86bd547be7fab269d6399df5671063d29a61360cdb2cc370d2b14"
                ),
            },
            unpacked=1_000_000_000,
        ),
    ),
    "train2017": (
        _photos(
            "train2017", 118_287, 19_336_861_798, "69a8bb58ea5f8f99d24875f21416de2e9ded3178e903f1f7603e283b9e06d929"
        ),
    ),
    "val2017": (
        _photos("val2017", 5_000, 815_585_330, "4f7e2ccb2866ec5041993c9cf2a952bbed69647b115d0f74da7ce8f4bef82f05"),
    ),
    "detections": (
        _detections(
            "COCO_val2017_detections_AP_H_56_person.json",
            "1ygw57X-mh0QBfENB-U5DsuSauGIu-8RB",
            16_383_781,
            "53ba0ad8d0fd461c5a000cd90797fa8c39cd8c38cd125125c0412626ff592d59",
        ),
    ),
    "test-dev": (
        _annotations(
            "image_info_test2017.zip",
            1_144_034,
            "e52f412dd7195ac8f98d782b44c6dd30ea10241e9f42521f67610fbe055a74f8",
            {"annotations/image_info_test-dev2017.json": None},
            unpacked=100_000_000,
        ),
        _photos("test2017", 40_670, 6_646_970_404, "c7908c3c9f94ba2f3340ebbeec58c25db6be8774f18d68c2f15d0e369d95baba"),
        _detections(
            "COCO_test-dev2017_detections_AP_H_609_person.json",
            "1odAJm_e-zrjMN5nkJXBn8NA1vzZOfRJv",
            81_947_852,
            "f030b73ba8db4f8c43f1707b23f5d0fbef56c7505050bf70fe9b39aee017b5e8",
        ),
    ),
}
"""The parts that a user can ask for by name."""

REQUIRED = ("annotations", "train2017", "val2017", "detections")
"""The parts that training and scoring on val2017 need."""


def contents(parts: Iterable[str] = REQUIRED) -> list[Published]:
    """The published files of some parts.

    Raises:
        ValueError: If there is no such part.
    """
    if unknown := [part for part in parts if part not in PARTS]:
        raise ValueError(f"got {', '.join(unknown)}; the parts of COCO are {', '.join(PARTS)}")
    return [published for part in parts for published in PARTS[part]]


def missing(root: Path, parts: Iterable[str] = REQUIRED) -> list[str]:
    """Names of what is missing below a data root: files, and folders that lack photos."""
    return [name for published in contents(tuple(parts)) for name in published.missing(root)]
