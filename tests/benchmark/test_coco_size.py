"""Files of COCO's size hold as much as they say, memory and growth come out as they are known to be, and nothing that
was measured is lost.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmpose_ssn.__main__ import main
from mmpose_ssn.benchmark.coco_size import growth
from mmpose_ssn.benchmark.coco_size.drawn_copies import (
    CocoSize,
    LargeScene,
    annotation_file,
    detections,
    draw_scenes,
    write_root,
)
from mmpose_ssn.benchmark.coco_size.growth import QUICK, exponents, measure
from mmpose_ssn.benchmark.coco_size.measurement import Measurement, measured

SIZE = CocoSize().part(0.002)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> list[LargeScene]:
    return draw_scenes(tmp_path_factory.mktemp("drawn") / "scenes", 3)


@pytest.fixture(scope="module")
def root(scenes: list[LargeScene]) -> Path:
    root = scenes[0].file.parent.parent / "root"
    write_root(root, scenes, SIZE)
    return root


def test_whole_size_is_that_of_coco() -> None:
    assert vars(CocoSize().part(1)) == {
        "train_images": 57_000,
        "train_people": 150_000,
        "val_images": 5_000,
        "val_people": 11_000,
        "detections": 100_000,
    }


@pytest.mark.parametrize("fraction", [0.0, 0.0009, 1.01, -1.0])
def test_fraction_out_of_range_is_refused_before_anything_is_written(fraction: float, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"got the fraction {fraction} .* expected one of 0\.001 to 1"):
        measure(tmp_path / "out", [0.01, fraction], QUICK, tmp_path / "out" / "growth.csv")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("split", "images", "people"),
    [("train2017", SIZE.train_images, SIZE.train_people), ("val2017", SIZE.val_images, SIZE.val_people)],
)
def test_pycocotools_finds_as_many_labelled_people_as_the_size_says(root: Path, split, images, people) -> None:
    coco = COCO(str(annotation_file(root, split)))
    assert len(coco.imgs) == images == len(list((root / split).iterdir()))
    assert len(coco.anns) == people
    assert min(coco.anns) == 1  # pycocotools takes 0 for "unmatched"
    assert all(person["num_keypoints"] and person["image_id"] in coco.imgs for person in coco.anns.values())
    assert max(map(len, coco.imgToAnns.values())) == 3


def test_images_are_other_names_of_the_scenes_as_large_as_a_photo(root: Path, scenes: list[LargeScene]) -> None:
    files = sorted((root / "train2017").iterdir())
    assert {file.stat().st_ino for file in files} == {scene.file.stat().st_ino for scene in scenes}
    assert files[0].name == COCO(str(annotation_file(root, "train2017"))).imgs[1]["file_name"]
    assert cv2.imread(str(files[0])).shape == (480, 640, 3)


def test_detections_are_good_poses_first_and_worse_copies_after(root: Path) -> None:
    coco = COCO(str(annotation_file(root, "val2017")))
    results, per_person = [], SIZE.detections / SIZE.val_people
    for found in detections(root, SIZE):
        triples = np.concatenate([found.keypoints, found.keypoint_scores[..., None]], axis=2)
        results += [
            {"image_id": found.image_id, "category_id": 1, "keypoints": pose.ravel().tolist(), "score": float(score)}
            for pose, score in zip(triples, found.box_scores, strict=True)
        ]
    assert len(results) == SIZE.detections

    def average_precision(chosen: list[dict]) -> float:
        evaluation = COCOeval(coco, coco.loadRes(chosen), "keypoints")
        evaluation.evaluate(), evaluation.accumulate(), evaluation.summarize()
        return evaluation.stats[0]

    best = [one for one in results if one["score"] > 0.5]  # the first of each person
    assert len(best) == pytest.approx(SIZE.val_people, abs=1)
    assert per_person > 8
    # Their noise of 2 % of a box's height is about an OKS of 0.8.
    assert average_precision(results) > 0.4
    assert average_precision([one for one in results if one["score"] < 0.2]) < 0.1


def test_memory_that_a_block_gives_back_counts_and_that_from_before_it_does_not() -> None:
    np.ones(40_000_000)  # 320 MB, gone before the block
    with measured("figure", "form") as taken:
        np.ones(12_500_000)
    by_unit = {one.unit: one.value for one in taken}
    assert set(by_unit) == {"s", "CPU s", "MB"}
    assert by_unit["MB"] == pytest.approx(100, abs=10)


def lines(unit: str, values: dict[int, float]) -> pd.DataFrame:
    return pd.DataFrame(
        {"size": size, **vars(Measurement("figure", unit, unit, value))} for size, value in values.items()
    )


def test_exponent_is_that_of_the_power_law() -> None:
    table = pd.concat(
        [
            lines("s", {10: 3 * 10.0, 20: 3 * 20.0, 80: 3 * 80.0}),
            lines("MB", {10: 10.0**2, 20: 20.0**2, 80: 80.0**2}),
            lines("CPU s", {10: 7.0, 20: 7.0, 80: 7.0}),
            lines("crops/s", {10: 1.0, 20: 2.0, 80: 3.0}),  # a speed does not grow with the data
        ]
    )
    assert {unit: round(power, 9) for (_, _, unit), power in exponents(table).items()} == {"s": 1, "MB": 2, "CPU s": 0}


def test_what_was_measured_before_an_interruption_is_kept_and_the_files_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []

    def step(function, *args):
        if len(taken) == 3:
            raise KeyboardInterrupt
        taken.append(function.__name__)
        return [Measurement(function.__name__, "form", "s", 1.0)]

    monkeypatch.setattr(growth, "_in_new_process", step)
    with pytest.raises(KeyboardInterrupt):
        measure(tmp_path, [0.001], QUICK, tmp_path / "growth.csv")
    assert pd.read_csv(tmp_path / "growth.csv").figure.tolist() == taken
    assert [file.name for file in tmp_path.iterdir()] == ["growth.csv"]


def test_quick_run_measures_everything_at_both_sizes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench-coco", "--quick", "--out", str(tmp_path)]) == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["growth.csv", "growth.png", "made.json"]
    table = pd.read_csv(tmp_path / "growth.csv")
    sized = table[table["size"].notna()]
    by_size = [set(map(tuple, part[["figure", "form", "unit"]].values)) for _, part in sized.groupby("fraction")]
    assert len(by_size) == 2 and by_size[0] == by_size[1]
    assert (table[table.unit != "MB"].value > 0).all()
    assert (tmp_path / "growth.png").stat().st_size > 20_000
    printed = capsys.readouterr().out
    assert all(figure in printed for figure in table.figure.unique())

    start = sized[(sized.figure == "start-up") & (sized.unit == "MB")]
    assert (start.groupby("form").value.last() > start.groupby("form").value.first()).all()
    (ratio,) = table[table.form == "all predictors / final predictor"].value
    medians = table[table["size"].isna()].set_index("form").value
    assert ratio == pytest.approx(medians["all predictors"] / medians["final predictor"], rel=0.5)
