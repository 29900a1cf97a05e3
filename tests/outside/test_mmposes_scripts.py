"""MMPose's own scripts and inferencers take this package's configs and what is trained with them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

# Several scripts in one process, as importing MMPose takes longer than most of them; each is reported by its name.
SEVERAL = """
import json, sys, traceback
from mmpose_ssn.__main__ import main

for name, *command in json.loads(sys.argv[1]):
    print(f"== {name}", flush=True)
    try:
        status = main(["mmpose-script", *command])
    except BaseException as error:
        traceback.print_exc(file=sys.stdout)
        status = f"{type(error).__name__}: {error}"
    print(f"\\n== {name} ended with {status}", flush=True)  # a progress bar leaves its line open
"""

INFERENCE = """
import json, sys
import mmpose_ssn
import numpy as np
from mmpose.apis import MMPoseInferencer, inference_topdown, init_model

image, found = sys.argv[1], {}
for config, weights in (pair.split("=") for pair in sys.argv[2:]):
    inferencer = MMPoseInferencer(pose2d=config, pose2d_weights=weights or None, det_model="whole_image", device="cpu")
    (people,) = next(inferencer(image, vis_out_dir="drawn", pred_out_dir="found"))["predictions"]
    model = init_model(config, weights or None, device="cpu")
    if not weights:
        model.load_state_dict(inferencer.inferencer.model.state_dict())
    samples = inference_topdown(model, image)
    found[config] = [people[0]["keypoints"], samples[0].pred_instances.keypoints[0].tolist()]
print("FOUND", json.dumps(found))
"""


@pytest.fixture(scope="module")
def picture(drawn: Path) -> Path:
    return sorted((drawn / "val").glob("*.png"))[0]


@pytest.fixture(scope="module")
def ran(python: Callable[..., str], away: Path, picture: Path) -> dict[str, str]:
    """What each script printed, the words that it ended with last."""
    checkpoint = "work/iter_2.pth"
    (away / "short.py").write_text('_base_ = ["small.py"]\ncustom_hooks = [dict(type="DelayedInsertionHook")]\n')
    browse = ("browse_dataset.py", "small.py", "--not-show", "--max-item-per-dataset", "2")
    commands = [
        ("train", "train.py", "small.py", "--work-dir", "work"),
        ("short", "train.py", "short.py", "--work-dir", "short"),
        ("test", "test.py", "small.py", checkpoint, "--work-dir", "test", "--out", "figures.json"),
        ("print_config", "print_config", "small.py"),
        ("get_flops", "get_flops", "small.py"),
        ("browse train", *browse, "--output-dir", "browsed/train"),
        ("browse original", *browse, "--mode", "original", "--output-dir", "browsed/original"),
        ("browse val", *browse, "--phase", "val", "--mode", "original", "--output-dir", "browsed/val"),
        ("publish_model", "publish_model", checkpoint, "published.pth"),
        ("image_demo", "image_demo", str(picture), "small.py", checkpoint, "--device", "cpu", "--out-file", "demo.png"),
        (
            "inferencer_demo",
            *("inferencer_demo", str(picture), "--pose2d", "small.py", "--pose2d-weights", checkpoint),
            *(
                "--det-model",
                "whole_image",
                "--device",
                "cpu",
                "--vis-out-dir",
                "inferred",
                "--pred-out-dir",
                "inferred",
            ),
        ),
    ]
    printed = python("-c", SEVERAL, json.dumps(commands))
    found = {}
    for name, *_ in commands:
        match = re.search(rf"^== {name}$(.*)^== {name} ended with (.*?)$", printed, re.MULTILINE | re.DOTALL)
        assert match, printed[-5000:]
        found[name] = match[1] + match[2]
    return found


def outcome(ran: dict[str, str], name: str) -> str:
    assert ran[name].endswith(("\n0", "SystemExit: 0")), ran[name][-5000:]
    return ran[name]


@pytest.mark.parametrize("name", ["train", "test"])
def test_training_and_testing_run(ran: dict[str, str], name: str) -> None:
    outcome(ran, name)


def test_training_that_would_never_have_its_modules_is_refused(ran: dict[str, str]) -> None:
    assert "ValueError: the feature shifting modules would be inserted after iteration 6000" in ran["short"]


def test_config_is_printed_with_what_inferencers_ask_for(ran: dict[str, str]) -> None:
    printed = outcome(ran, "print_config")
    assert "data_mode = 'topdown'" in printed and "dataset_type = 'CocoDataset'" in printed


def test_flops_are_counted(ran: dict[str, str]) -> None:
    assert re.search(r"Flops: [\d.]+[MG]\nParams: [\d.]+[KM]", outcome(ran, "get_flops"))


@pytest.mark.parametrize("what", ["train", "original", "val"])
def test_data_set_is_browsed(ran: dict[str, str], away: Path, what: str) -> None:
    outcome(ran, f"browse {what}")
    assert len(list((away / "browsed" / what).glob("*.png"))) == 2


def test_checkpoint_is_published(ran: dict[str, str], away: Path) -> None:
    outcome(ran, "publish_model")
    assert len(list(away.glob("published-*.pth"))) == 1


def test_demos_draw_a_picture(ran: dict[str, str], away: Path, picture: Path) -> None:
    outcome(ran, "image_demo")
    outcome(ran, "inferencer_demo")
    assert (away / "demo.png").stat().st_size > 0
    assert {file.suffix for file in (away / "inferred").rglob(f"{picture.stem}*")} == {".png", ".json"}


def test_inferencer_finds_what_the_estimator_finds(
    ran: dict[str, str], python: Callable[..., str], installed_configs: Path, picture: Path
) -> None:
    """With a user's config and its checkpoint, and with an installed full-size config without one."""
    outcome(ran, "train")
    full = str(installed_configs / "td-hm_ssn50_1xb16-400k_coco-256x192.py")
    printed = python("-c", INFERENCE, str(picture), "small.py=work/iter_2.pth", f"{full}=")
    found = json.loads(printed.split("FOUND ")[1])
    for inferred, estimated in found.values():
        assert np.shape(inferred) == (17, 2)
        np.testing.assert_allclose(inferred, estimated, atol=1e-3)
