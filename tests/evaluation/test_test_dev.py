"""The test-dev archive: what is refused, what is in it, and that its detections score as those that came in."""

import contextlib
import io
import json
import math
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmpose_ssn.__main__ import main
from mmpose_ssn.evaluation.submission import check, submission

FILE = "person_keypoints_test-dev2017_ssn-1.0_results"
IMAGES = {3, 5}


def detection(**fields):
    keypoints = [float(value) for k in range(17) for value in (10 * k + 0.126, 7 * k + 0.5, 0.9)]
    return {"image_id": 3, "category_id": 1, "keypoints": keypoints, "score": 0.75, **fields}


@pytest.fixture
def export(tmp_path):
    """Run the command on some detections; return its exit status and the folder that it wrote to."""

    def run(detections, image_ids=IMAGES, name="ssn-1.0"):
        results, image_info, out = tmp_path / "results.json", tmp_path / "image_info.json", tmp_path / "out"
        results.write_text(json.dumps(detections))
        image_info.write_text(json.dumps({"images": [{"id": i} for i in sorted(image_ids)]}))
        files = ["--results", str(results), "--image-info", str(image_info), "--out", str(out)]
        return main(["test-dev", *files, "--name", name]), out

    return run


def exported(folder):
    return json.loads((folder / f"{FILE}.json").read_text())


def test_the_zip_holds_the_json_file_alone_under_the_servers_name(export, capsys):
    status, folder = export([detection(), detection(image_id=5)])
    assert status == 0
    assert sorted(path.name for path in folder.iterdir()) == [f"{FILE}.json", f"{FILE}.zip"]
    with zipfile.ZipFile(folder / f"{FILE}.zip") as packed:
        assert packed.testzip() is None
        (entry,) = packed.infolist()
        assert entry.filename == f"{FILE}.json"
        assert packed.read(entry) == (folder / f"{FILE}.json").read_bytes()
        assert entry.external_attr >> 16 & 0o444 == 0o444, "unzipped, everybody may read it"
    assert "2 of 2 detections, on 2 of 2 images" in capsys.readouterr().out


def test_same_results_make_the_same_bytes_whenever_they_are_packed(export, monkeypatch):
    _, folder = export([detection()])
    first = (folder / f"{FILE}.zip").read_bytes()
    monkeypatch.setattr("time.time", lambda: 2e9)
    export([detection()])
    assert (folder / f"{FILE}.zip").read_bytes() == first


def test_an_entry_keeps_the_four_fields_with_rounded_coordinates_and_flags_of_one(export):
    _, folder = export([detection(bbox=[0.0, 0.0, 9.0, 9.0], score=0.123456789012345)])
    (found,) = exported(folder)
    assert set(found) == {"image_id", "category_id", "keypoints", "score"}
    assert found["keypoints"][:6] == [0.13, 0.5, 1, 10.13, 7.5, 1]
    assert found["score"] == 0.123456789012345
    check([found], IMAGES)


def test_of_each_image_the_best_twenty_are_kept_and_of_equal_ones_the_first(export):
    crowd = [detection(score=(k % 25) / 25, keypoints=[float(k)] * 51) for k in range(50)]
    _, folder = export([*crowd, detection(image_id=5, score=0.0)])
    *kept, other = exported(folder)
    ranked = sorted(range(50), key=lambda k: (-(k % 25), k))
    assert [found["keypoints"][0] for found in kept] == ranked[:20]
    assert other["image_id"] == 5


def changed(place, value):
    keypoints = detection()["keypoints"]
    keypoints[place] = value
    return detection(keypoints=keypoints)


HOSTILE = {
    r"expected a JSON list of detections, got dict": {"annotations": [detection()]},
    r"expected a JSON list of detections, got int": 5,
    r"the list of detections is empty": [],
    r"detection 1 is a str, expected an object": [detection(), "person"],
    r"detection 1 lacks keypoints, score": [detection(), {"image_id": 3, "category_id": 1}],
    r"detection 0 has the fields area, segmentation, expected image_id": [detection(segmentation=[], area=9.0)],
    r"detection 1 has image_id 4, which is not an image of this split": [detection(), detection(image_id=4)],
    r"detection 0 has image_id '3', expected an integer": [detection(image_id="3")],
    r"detection 0 has image_id 3\.0, expected an integer": [detection(image_id=3.0)],
    r"detection 0 has image_id \[3\], expected an integer": [detection(image_id=[3])],
    r"detection 0 has category_id 2, expected 1": [detection(category_id=2)],
    r"detection 0 has category_id True, expected 1": [detection(category_id=True)],
    r"detection 0 has keypoints of 34, expected a list of 51 numbers": [detection(keypoints=[0.0] * 34)],
    r"detection 0 has keypoints of dict, expected a list of 51 numbers": [detection(keypoints={})],
    r"detection 0 has keypoints of 17, expected a list of 51 numbers": [detection(keypoints=[[0.0] * 3] * 17)],
    r"detection 0 has nan as y of keypoint 2, expected a finite number": [changed(7, math.nan)],
    r"detection 0 has inf as x of keypoint 16, expected a finite number": [changed(48, math.inf)],
    r"detection 0 has None as v of keypoint 0, expected a finite number": [changed(2, None)],
    r"detection 0 has '1' as x of keypoint 0, expected a finite number": [changed(0, "1")],
    r"detection 0 has 10{400} as x of keypoint 0, expected a finite number": [changed(0, 10**400)],
    r"detection 0 has the score nan, expected a finite number": [detection(score=math.nan)],
    r"detection 0 has the score True, expected a finite number": [detection(score=True)],
}


@pytest.mark.parametrize("message", HOSTILE)
def test_a_wrong_entry_is_refused_by_its_number_and_nothing_is_written(export, capsys, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        check(HOSTILE[message], IMAGES)
    status, folder = export(HOSTILE[message])
    assert status == 1
    assert re.search(rf"results\.json: {message}", capsys.readouterr().err)
    assert not folder.exists()


def test_the_box_that_pycocotools_would_take_for_the_area_is_no_field_of_a_submission():
    with pytest.raises(ValueError, match="detection 0 has the fields bbox"):
        check([detection(bbox=[0.0, 0.0, 9.0, 9.0])], IMAGES)


@pytest.mark.parametrize("name", ["", "my_method", "a b", "../ssn", ".ssn", "ssn\n"])
def test_a_name_that_would_break_the_files_name_is_refused(export, capsys, name):
    status, folder = export([detection()], name=name)
    assert status == 1
    assert "expected letters, digits, dots and hyphens" in capsys.readouterr().err
    assert not folder.exists()


@pytest.mark.parametrize("content", ["[]", "{}", '{"images": [3]}', "no JSON", ""])
def test_a_file_that_lists_no_images_is_named(tmp_path, capsys, content):
    (tmp_path / "results.json").write_text(json.dumps([detection()]))
    (tmp_path / "info.json").write_text(content)
    files = ["--results", str(tmp_path / "results.json"), "--image-info", str(tmp_path / "info.json")]
    assert main(["test-dev", *files, "--name", "ssn", "--out", str(tmp_path / "out")]) == 1
    assert "info.json " in capsys.readouterr().err


def test_a_missing_file_is_named(tmp_path, capsys):
    files = ["--results", str(tmp_path / "none.json"), "--image-info", str(tmp_path / "none.json")]
    assert main(["test-dev", *files, "--name", "ssn", "--out", str(tmp_path)]) == 1
    assert "none.json" in capsys.readouterr().err


def figures(annotations, detections):
    """The ten figures by pycocotools, in percent."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = json.loads(json.dumps(annotations))
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(json.loads(json.dumps(detections))), "keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.stats * 100


@pytest.fixture(scope="module")
def guesses(drawn):
    """Drawn people, enlarged so that COCO calls some of them large, and 30 detections an image with ties in scores."""
    annotations = json.loads((drawn / "annotations/person_keypoints_train.json").read_text())
    rng = np.random.default_rng(0)
    detections = []
    for person in annotations["annotations"]:
        scale = 2.0 if person["image_id"] % 2 else 6.0
        keypoints = np.array(person["keypoints"], dtype=float).reshape(-1, 3) * [scale, scale, 1]
        person["keypoints"], person["area"] = keypoints.ravel().tolist(), person["area"] * scale**2
        person["bbox"] = (np.array(person["bbox"]) * scale).tolist()
        for _ in range(15):
            spread = np.sqrt(person["area"]) * rng.choice([0.05, 0.1, 0.2])
            guess = keypoints[:, :2] + rng.normal(0, spread, (17, 2))
            detections.append(
                {
                    "image_id": person["image_id"],
                    "category_id": 1,
                    "keypoints": np.c_[guess, rng.uniform(0.1, 1, 17)].ravel().tolist(),
                    "score": round(float(rng.uniform()), 2),
                    "bbox": person["bbox"],
                }
            )
    return annotations, detections


def test_cutting_down_changes_no_figure_where_rounding_does_nothing(guesses):
    annotations, detections = guesses
    exact = [{**found, "keypoints": np.round(found["keypoints"], 2).tolist()} for found in detections]
    without_boxes = [{field: found[field] for field in found if field != "bbox"} for found in exact]
    expected = figures(annotations, without_boxes)
    assert 5 < expected[0] < 95 and (expected >= 0).all(), "figures that could not tell right from wrong"
    kept = submission(exact)
    assert len(kept) < len(exact)
    np.testing.assert_array_equal(figures(annotations, kept), expected)
    # Of all areas together, the box is not looked at: AP, AP .5, AP .75, AR, AR .5 and AR .75.
    all_areas = [0, 1, 2, 5, 6, 7]
    np.testing.assert_array_equal(figures(annotations, exact)[all_areas], expected[all_areas])


def test_rounding_moves_ap_by_less_than_a_tenth_of_a_point(guesses):
    annotations, detections = guesses
    before, after = figures(annotations, detections), figures(annotations, submission(detections))
    assert abs(before[0] - after[0]) < 0.1


SAMPLE = os.environ.get("SSN_COCO_SAMPLE")


@pytest.mark.skipif(not SAMPLE, reason="SSN_COCO_SAMPLE does not name a folder with test_coco.json")
def test_true_people_of_real_photos_score_as_before(export):
    annotations = json.loads((Path(SAMPLE) / "test_coco.json").read_text())
    people = [person for person in annotations["annotations"] if person["num_keypoints"] and not person["iscrowd"]]
    truths = [detection(image_id=person["image_id"], keypoints=person["keypoints"], score=1.0) for person in people]
    status, folder = export(truths, {image["id"] for image in annotations["images"]})
    assert status == 0
    np.testing.assert_array_equal(figures(annotations, exported(folder)), figures(annotations, truths))


def test_the_export_needs_neither_torch_nor_openmmlab():
    program = """
import sys
for name in ("torch", "mmengine", "mmcv", "mmdet", "mmpose"):
    sys.modules[name] = None  # an import of it fails
import mmpose_ssn.evaluation.submission, mmpose_ssn.evaluation.soft_nms
"""
    subprocess.run([sys.executable, "-c", program], check=True)
