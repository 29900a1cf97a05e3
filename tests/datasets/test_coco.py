"""COCO is missed piece by piece, within seconds, and nothing is downloaded."""

import json
from pathlib import Path

import pytest

from mmpose_ssn.__main__ import main
from mmpose_ssn.datasets import coco


@pytest.fixture(autouse=True)
def few_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coco, "FOLDERS", {"train2017": 3, "val2017": 2})


def put(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).touch()


def test_every_missing_piece_is_named(tmp_path: Path) -> None:
    assert coco.missing(tmp_path) == [*coco.FILES, "train2017/ (0 of 3 photos)", "val2017/ (0 of 2 photos)"]

    put(tmp_path, *coco.FILES, "train2017/1.jpg", "train2017/2.jpg", "train2017/notes.txt")
    put(tmp_path, "val2017/1.jpg", "val2017/2.jpg")
    assert coco.missing(tmp_path) == ["train2017/ (2 of 3 photos)"]

    put(tmp_path, "train2017/3.jpg")
    assert coco.missing(tmp_path) == []


def test_the_command_says_what_to_do_and_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "coco.json"
    assert main(["coco", "--root", str(tmp_path / "nowhere"), "--out", str(out)]) == 1
    message = capsys.readouterr().err
    assert "nowhere lacks annotations/person_keypoints_train2017.json" in message
    assert "coco_root=" in message
    assert not out.exists()


def test_the_command_records_what_lies_there(tmp_path: Path) -> None:
    put(tmp_path, *coco.FILES, *(f"{folder}/{n}.jpg" for folder, count in coco.FOLDERS.items() for n in range(count)))
    out = tmp_path / "coco.json"
    assert main(["coco", "--root", str(tmp_path), "--out", str(out)]) == 0
    empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert json.loads(out.read_text())["files"] == dict.fromkeys(coco.FILES, empty)
