"""MIM shows the paper and brings a config, a user's own config is counted, and the doctor is content."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

NAME = "td-hm_ssn-lite-k256_1xb16-400k_coco-256x192"
# In one process, as importing MMPose takes longer than all of it.
CHILD = """
import json, sys
from mim.commands.download import download
from mim.commands.search import get_model_info
from mmpose_ssn.__main__ import main

name = sys.argv[1]
shown = get_model_info("mmpose_ssn", to_dict=True)
download("mmpose_ssn", [name], "brought")
counted = main(["complexity", f"brought/{name}.py", "small.py", "--out", "cost.csv"])
refused = main(["complexity", "small.py", "--check"]), main(["complexity", "nowhere.py"])
well = main(["doctor"])
print("FOUND", json.dumps({"shown": shown, "statuses": [counted, *refused], "doctor": well}, default=str))
"""


@pytest.fixture(scope="module")
def printed(python: Callable[..., str]) -> str:
    return python("-c", CHILD, NAME)


@pytest.fixture(scope="module")
def found(printed: str) -> dict:
    return json.loads(printed.split("FOUND ")[1])


def test_mim_search_shows_the_paper(found: dict) -> None:
    papers = {model["paper"] for model in found["shown"].values()}
    assert papers == {"Spatial Shortcut Network for Human Pose Estimation,https://arxiv.org/abs/1904.03141"}


def test_mim_download_brings_a_config_that_stands_alone(found: dict, away: Path) -> None:
    assert f"{NAME}.py" in {file.name for file in (away / "brought").iterdir()}
    assert "_base_ =" not in (away / "brought" / f"{NAME}.py").read_text()


def test_configs_of_a_users_own_are_counted(found: dict, printed: str, away: Path) -> None:
    assert found["statuses"] == [0, 2, 1]
    with (away / "cost.csv").open() as file:
        brought, small = csv.DictReader(file)
    assert [brought["config"], small["config"]] == [f"brought/{NAME}.py", "small.py"]
    assert f"{int(brought['params']) / 1e6:.1f}" == "0.8" and f"{int(brought['ops']) / 1e9:.1f}" == "2.5"
    assert int(small["params"]) < int(brought["params"]) / 10
    assert int(small["deployed_ops"]) == int(small["ops"]), "it has one predictor"
    assert "small.py" in printed


def test_installation_of_the_plugin_is_well(found: dict, printed: str) -> None:
    assert found["doctor"] == 0, printed
    assert "The plugin can run: mim train mmpose CONFIG" in printed
