"""The drawn-figure set on disk: a function of its spec alone, valid COCO, checkable, and safe to interrupt."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import signal
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from pycocotools import mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmpose_ssn.commands import draw
from mmpose_ssn.datasets.drawn import VERSION, DrawnSpec, contact_sheet, verify, write
from mmpose_ssn.datasets.drawn.coco_files import draw_image
from mmpose_ssn.datasets.drawn.sheet import LEFT, ZOOM

SMALL = DrawnSpec(train=8, tune=8, val=8, image_size=(96, 72))

# Of SMALL. Whoever changes them changes VERSION with them, and says why: results on other digests cannot be compared.
GOLDEN_VERSION = "1.0"
GOLDEN = {
    "train": "f0d4d730d649a805a08ab3c17feb9745454a1861bb069cb401f631a227ccd42a",
    "tune": "a4692c6a074fad481cbd8423739cc61251072b928385ac33a2b60fe03fc70e33",
    "val": "88b29b0f5974d8cd62bb023777ce7d35cfd27c6795ea1a80b6234cf228a367f2",
}


def digests(out: Path) -> dict[str, str]:
    return json.loads((out / "manifest.json").read_text())["digests"]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("drawn") / "small"
    write(SMALL, out, workers=1)
    return out


@pytest.fixture(scope="module")
def scenes() -> list[dict]:
    """Labels of 150 validation images of full size."""
    return [draw_image(DrawnSpec(1, 1, 1), "val", index)[1] for index in range(150)]


def test_generator_is_the_one_its_version_names(small: Path) -> None:
    assert (VERSION, digests(small)) == (GOLDEN_VERSION, GOLDEN)


def test_set_does_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    spec = DrawnSpec(train=90, tune=4, val=4, image_size=(96, 72), seed=5)
    for workers in (1, 3):
        write(spec, tmp_path / str(workers), workers)
    assert digests(tmp_path / "1") == digests(tmp_path / "3")
    verify(tmp_path / "3")


def test_seeds_and_splits_share_no_image(small: Path, tmp_path: Path) -> None:
    write(DrawnSpec(8, 8, 8, (96, 72), seed=1), tmp_path / "other", workers=1)
    images = [path.read_bytes() for out in (small, tmp_path / "other") for path in sorted(out.rglob("*.png"))]
    assert len(images) == len(set(images)) == 48


def test_shorter_split_is_the_beginning_of_a_longer_one(small: Path, tmp_path: Path) -> None:
    write(DrawnSpec(3, 0, 0, (96, 72)), tmp_path / "short", workers=1)
    name = "annotations/person_keypoints_train.json"
    short, long = (json.loads((out / name).read_text()) for out in (tmp_path / "short", small))
    assert short["images"] == long["images"][:3]
    assert short["annotations"] == [record for record in long["annotations"] if record["image_id"] <= 3]
    for image in short["images"]:
        first, second = (cv2.imread(str(out / "train" / image["file_name"])) for out in (tmp_path / "short", small))
        assert np.array_equal(first, second)


@pytest.mark.parametrize("split", ["train", "tune", "val"])
def test_pycocotools_scores_the_ground_truth_as_perfect(small: Path, split: str) -> None:
    coco = COCO(str(small / "annotations" / f"person_keypoints_{split}.json"))
    annotations = coco.loadAnns(coco.getAnnIds())
    assert len({record["id"] for record in annotations}) == len(annotations)
    results = [
        {**{key: record[key] for key in ("image_id", "category_id", "keypoints")}, "score": 1.0}
        for record in annotations
        if record["num_keypoints"]
    ]
    evaluation = COCOeval(coco, coco.loadRes(results), "keypoints")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(1.0)
    for image in coco.loadImgs(coco.getImgIds()):
        pixels = cv2.imread(str(small / split / image["file_name"]))
        assert pixels.shape == (image["height"], image["width"], 3)


def test_labels_keep_cocos_conventions(scenes: list[dict]) -> None:
    for labels in scenes:
        width, height = labels["image"]["width"], labels["image"]["height"]
        for record in labels["annotations"]:
            keypoints = np.array(record["keypoints"]).reshape(17, 3)
            labelled = keypoints[:, 2] > 0
            assert record["num_keypoints"] == labelled.sum()
            assert set(keypoints[:, 2]) <= {0, 1, 2}
            assert not keypoints[~labelled].any()
            x, y = keypoints[labelled, 0], keypoints[labelled, 1]
            left, top, across, down = record["bbox"]
            assert left >= 0 and top >= 0 and left + across <= width and top + down <= height
            # Pixel centres lie at integers, so that the pixel at 0 spans -0.5 to 0.5 in keypoints and 0 to 1 in boxes.
            assert ((x >= left - 0.5) & (x <= left + across - 0.5) & (y >= top - 0.5) & (y <= top + down - 0.5)).all()
            assert 0 < record["area"] < across * down


def test_scenes_are_crowded_and_occluded(scenes: list[dict]) -> None:
    flags = []
    invaded = []
    for labels in scenes:
        people = [np.array(record["keypoints"]).reshape(17, 3) for record in labels["annotations"]]
        for index, record in enumerate(labels["annotations"]):
            left, top, across, down = record["bbox"]
            others = [people[other] for other in range(len(people)) if other != index]
            x, y, flag = np.concatenate(others or [np.zeros((1, 3))]).T
            invaded.append(((x > left) & (x < left + across) & (y > top) & (y < top + down) & (flag == 2)).any())
            flags += list(people[index][:, 2])
    assert 0.35 < np.mean(invaded) < 0.85, "the share of boxes that hold a joint of somebody else"
    shares = np.bincount(np.array(flags, int)) / len(flags)
    assert 0.08 < shares[0] < 0.25 and 0.15 < shares[1] < 0.35, f"shares of v = 0, 1, 2: {shares}"


def test_detector_errs_as_detectors_do(scenes: list[dict]) -> None:
    found, repeated, false, scores = [], [], [], {True: [], False: []}
    for labels in scenes:
        truth = np.array([record["bbox"] for record in labels["annotations"]])
        boxes = np.array([record["bbox"] for record in labels["detections"]]).reshape(-1, 4)
        assert (boxes[:, 2:] > 0).all() and (boxes[:, :2] >= 0).all()
        assert (boxes[:, :2] + boxes[:, 2:] <= (256.01, 192.01)).all()
        overlaps = np.array(mask.iou(boxes, truth, [0] * len(truth))).reshape(len(boxes), len(truth))
        found += list((overlaps >= 0.5).any(axis=0))
        repeated += list((overlaps >= 0.5).sum(axis=0) > 1)
        false += list(overlaps.max(axis=1) < 0.3)
        for record, overlap in zip(labels["detections"], overlaps, strict=True):
            assert 0 < record["score"] < 1
            scores[bool(overlap.max() >= 0.5)].append(record["score"])
    assert 0.85 < np.mean(found) < 0.995
    assert 0.15 < np.mean(repeated) < 0.6
    assert 0.05 < np.mean(false) < 0.4
    assert np.median(scores[True]) > np.median(scores[False]) + 0.3


def spoil_pixel(out: Path) -> None:
    path = out / "tune" / "000000000003.png"
    pixels = cv2.imread(str(path))
    pixels[10, 10, 1] ^= 1
    cv2.imwrite(str(path), pixels)


def spoil_label(out: Path) -> None:
    path = out / "annotations" / "person_keypoints_tune.json"
    contents = json.loads(path.read_text())
    contents["annotations"][0]["bbox"][0] += 0.25
    path.write_text(json.dumps(contents))


def spoil_detection(out: Path) -> None:
    path = out / "detections" / "tune.json"
    path.write_text(json.dumps(json.loads(path.read_text())[:-1]))


@pytest.mark.parametrize("spoil", [spoil_pixel, spoil_label, spoil_detection])
def test_verify_names_the_split_that_was_changed(small: Path, tmp_path: Path, spoil) -> None:
    out = tmp_path / "copy"
    shutil.copytree(small, out)
    verify(out)
    spoil(out)
    with pytest.raises(ValueError, match="split 'tune' has digest"):
        verify(out)


def test_verify_names_a_missing_image_and_an_unfinished_set(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "copy"
    shutil.copytree(small, out)
    (out / "val" / "000000000002.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"000000000002\.png"):
        verify(out)
    (out / "manifest.json").unlink()
    with pytest.raises(FileNotFoundError, match="no complete drawn set"):
        verify(out)


def test_killed_run_is_finished_by_the_next_one(tmp_path: Path) -> None:
    spec = DrawnSpec(train=600, tune=0, val=0, image_size=(96, 72))
    out = tmp_path / "killed"
    process = multiprocessing.get_context("fork").Process(target=write, args=(spec, out, 2))
    process.start()
    while process.is_alive() and len(list(out.glob("train/*.png"))) < 50:
        time.sleep(0.005)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert not (out / "manifest.json").exists(), "the run was over before it could be killed"
    write(spec, out, workers=1)  # waits for the lock: hangs if the killed run's workers live on
    verify(out)
    assert len(list(out.glob("train/*.png"))) == 600


def test_drafts_of_a_killed_run_are_neither_foreign_nor_kept(tmp_path: Path) -> None:
    (tmp_path / "val").mkdir()
    for left in (".spec.json.part12", "val/.000000000001.png.part34"):
        (tmp_path / left).write_text("ha")
    write(SMALL, tmp_path, workers=1)
    assert not list(tmp_path.rglob("*.part*"))
    verify(tmp_path)


def test_drafts_in_a_folder_of_somebody_else_are_left_alone(tmp_path: Path) -> None:
    for name in ("thesis.txt", ".thesis.txt.part12"):
        (tmp_path / name).write_text("years of work")
    with pytest.raises(ValueError, match=r"other files .*thesis\.txt\)"):
        write(SMALL, tmp_path)
    assert {"thesis.txt", ".thesis.txt.part12"} < {path.name for path in tmp_path.iterdir()}


def test_complete_set_is_kept(small: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in small.rglob("*.*")}
    write(SMALL, small)
    assert {path: path.stat().st_mtime_ns for path in small.rglob("*.*")} == before


def test_other_sets_and_other_files_are_refused(small: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds another drawn set \(seed 0 instead of 9\)"):
        write(DrawnSpec(8, 8, 8, (96, 72), seed=9), small)
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ValueError, match=r"other files .*thesis\.txt\)"):
        write(SMALL, tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.name != ".lock"] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, 0, 1), "negative"),
        ((0, 0, 0), "at least one"),
        ((1, 1, 1, (16, 72)), "64 to 4096"),
        ((1, 1, 1, (96,)), "width"),
    ],
)
def test_impossible_specs_are_refused(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DrawnSpec(*arguments)


def test_contact_sheet_colours_the_left_side(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    contact_sheet(small, "train", path, rows=2, columns=4)
    sheet = cv2.imread(str(path))
    tile = (72 * ZOOM + 4, 96 * ZOOM + 4)
    assert sheet.shape == (2 * tile[0], 4 * tile[1], 3)
    records = json.loads((small / "annotations" / "person_keypoints_train.json").read_text())["annotations"]
    shown = []
    for record in records:
        x, y, flag = record["keypoints"][3 * 7 : 3 * 8]  # left elbow
        if flag == 2:
            row, column = divmod(record["image_id"] - 1, 4)
            at = [int((value + 0.5) * ZOOM) + 2 for value in (y, x)]
            shown.append((sheet[row * tile[0] + at[0], column * tile[1] + at[1]] == LEFT).all())
    assert len(shown) >= 5 and np.mean(shown) > 0.7  # another keypoint's mark may lie over it
    with pytest.raises(ValueError, match="train, tune, val"):
        contact_sheet(small, "test", path)


def test_command_draws_verifies_and_shows(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    draw.add_arguments(parser)
    counts = ["--train", "8", "--tune", "8", "--val", "8", "--image-size", "96x72", "--workers", "1"]
    sheet = tmp_path / "sheet.png"
    arguments = ["--out", str(tmp_path / "set"), *counts, "--verify", "--contact-sheet", str(sheet)]
    assert draw.run(parser.parse_args(arguments)) == 0
    assert digests(tmp_path / "set") == digests(small) and sheet.exists()
    assert draw.run(parser.parse_args([*arguments, "--seed", "3"])) == 1
    assert "seed 0 instead of 3" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        parser.parse_args(["--out", "x", *counts[:-4], "--image-size", "96"])
