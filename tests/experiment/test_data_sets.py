"""What a data set says of itself: where its files are, and what a number on it is called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmpose_ssn.datasets import leeds
from mmpose_ssn.experiment.data_sets import DATA_SETS
from mmpose_ssn.experiment.provenance import file_digest


@pytest.mark.parametrize("split", ["tune", "val"])
def test_drawn_data_are_named_by_version_split_and_manifest(drawn: Path, split: str) -> None:
    annotations = drawn / DATA_SETS["drawn"].files(split)[0]
    expected = f"drawn figures, version 1.0, {split}", file_digest(drawn / "manifest.json")
    assert DATA_SETS["drawn"].described(drawn, annotations) == expected


@pytest.mark.parametrize(("limit", "part"), [({}, ""), ({"limit": 7}, "7 photos a split of ")])
def test_leeds_is_named_by_version_split_and_manifest_and_as_a_part_where_it_is_one(
    tmp_path: Path, limit: dict[str, int], part: str
) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"version": "1.0", **limit}))
    expected = f"{part}Leeds Sports Pose, version 1.0, tune", file_digest(tmp_path / "manifest.json")
    assert DATA_SETS["leeds"].described(tmp_path, leeds.annotation_file(tmp_path, "tune")) == expected


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("person_keypoints_val2017.json", "COCO val2017"),
        ("person_keypoints_val2014.json", "person_keypoints_val2014 under coco"),
    ],
)
def test_coco_data_are_named_by_their_annotations(tmp_path: Path, file: str, name: str) -> None:
    annotations = tmp_path / "coco" / file
    annotations.parent.mkdir()
    annotations.write_text("{}")
    assert DATA_SETS["coco"].described(tmp_path / "coco", annotations) == (name, file_digest(annotations))


def test_files_are_where_each_data_set_writes_them(drawn: Path) -> None:
    for split in ("train", "tune", "val"):
        annotations, images = DATA_SETS["drawn"].files(split)
        assert (drawn / annotations).is_file() and any((drawn / images).glob("*.png"))
    for split in ("tune", "val"):
        assert Path(DATA_SETS["drawn"].detections_file(str(drawn), split)).is_file()
    for split in leeds.SPLITS:
        assert DATA_SETS["leeds"].files(split) == (str(leeds.annotation_file(Path(), split)), "")
    assert DATA_SETS["leeds"].detections_file("data", "test") is None


def test_keypoints_are_those_of_the_annotations_and_cocos_are_mmposes() -> None:
    joints = DATA_SETS["leeds"].metainfo()["keypoint_info"]
    assert [joints[number]["name"] for number in range(14)] == list(leeds.KEYPOINTS)
    assert DATA_SETS["coco"].metainfo() is None and DATA_SETS["drawn"].metainfo() is None


def test_unknown_split_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match="Leeds Sports Pose has no split 'val'; expected one of: train, tune, test"):
        DATA_SETS["leeds"].files("val")
