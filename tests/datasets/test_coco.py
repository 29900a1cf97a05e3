"""COCO is missed piece by piece, within seconds, and nothing is downloaded unless that is asked for."""

import hashlib
import json
from pathlib import Path

import pytest

from mmpose_ssn.__main__ import main
from mmpose_ssn.datasets import coco
from mmpose_ssn.datasets.coco import parts

FILES = {name: file for part in coco.REQUIRED for file in coco.PARTS[part] for name in file.files}


@pytest.fixture(autouse=True)
def few_photos_and_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    few = {
        part: tuple(
            coco.Published(**{**vars(file), "photos": 2 if file.photos else 0, "addresses": ()}) for file in files
        )
        for part, files in coco.PARTS.items()
    }
    monkeypatch.setattr(parts, "PARTS", few)


def put(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_every_missing_piece_is_named(tmp_path: Path) -> None:
    assert sorted(coco.missing(tmp_path)) == sorted([*FILES, "train2017/ (0 of 2 photos)", "val2017/ (0 of 2 photos)"])

    put(tmp_path, *FILES, "train2017/1.jpg", "train2017/notes.txt", "val2017/1.jpg", "val2017/2.jpg")
    assert coco.missing(tmp_path) == ["train2017/ (1 of 2 photos)"]

    put(tmp_path, "train2017/3.jpg")
    assert coco.missing(tmp_path) == []
    assert "test2017/ (0 of 2 photos)" in coco.missing(tmp_path, ["test-dev"])


def test_the_command_says_what_to_do_and_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "coco.json"
    assert main(["coco", "--root", str(tmp_path / "nowhere"), "--out", str(out)]) == 1
    message = capsys.readouterr().err
    assert "nowhere lacks annotations/person_keypoints_train2017.json" in message
    assert "./run snakemake --cores 1 coco" in message and "coco_root=" in message
    assert list(tmp_path.iterdir()) == []


def test_the_command_records_what_lies_there(tmp_path: Path) -> None:
    put(tmp_path, *FILES, *(f"{folder}/{n}.jpg" for folder in ("train2017", "val2017") for n in range(2)))
    out = tmp_path / "coco.json"
    assert main(["coco", "--root", str(tmp_path), "--out", str(out)]) == 0
    empty = "sha256:" + hashlib.sha256(b"").hexdigest()
    assert json.loads(out.read_text()) == {
        "photos": {"train2017": 2, "val2017": 2},
        "files": dict.fromkeys(FILES, empty),
    }


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [(["--only", "vall2017"], "the parts of COCO are annotations, train2017"), (["--have", "."], "--download")],
)
def test_mistaken_arguments_are_refused(
    arguments: list[str], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["coco", "--root", str(tmp_path), *arguments]) == 1
    assert complaint in capsys.readouterr().err


def test_numbers_and_sizes_are_those_that_coco_prints() -> None:
    train, val, test = (coco.PARTS[part][index] for part, index in (("train2017", 0), ("val2017", 0), ("test-dev", 1)))
    assert (train.photos, val.photos, test.photos) == (118_287, 5_000, 40_670)  # https://cocodataset.org/#download
    # The same page prints 18GB, 6GB, 241MB and 1MB.
    sizes = {file.file: file.size for files in coco.PARTS.values() for file in files}
    assert round(sizes["train2017.zip"] / 2**30) == 18 and round(sizes["test2017.zip"] / 2**30) == 6
    assert round(sizes["annotations_trainval2017.zip"] / 2**20) == 241 and sizes["image_info_test2017.zip"] >> 20 == 1
    digests = [file.sha256 for files in coco.PARTS.values() for file in files]
    assert all(digest and len(bytes.fromhex(digest)) == 32 for digest in digests) and len(set(digests)) == len(digests)
