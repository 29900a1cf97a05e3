"""The registry has every network once, each with its config, and one more is one config and one entry."""

from __future__ import annotations

import copy
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from mmengine.config import Config

from mmpose_ssn import paper
from mmpose_ssn.checked_yaml import load_checked
from mmpose_ssn.models import StagePredictors
from mmpose_ssn.networks import (
    FINAL_PREDICTOR,
    LITE_PREDICTOR,
    PREDICTORS,
    PYRAMID_PREDICTORS,
    config_file,
    configs_folder,
    network,
    networks,
    networks_of,
    of_groups,
    run_name,
    shown_on,
    split_run,
    spread_group,
)

REPOSITORY = Path(__file__).resolve().parents[1]
BUILT = [one for one in networks().values() if one.group != "chance"]


def test_every_config_has_one_entry_and_every_entry_its_config() -> None:
    files = [file for folder in ("ssn", "baselines") for file in (configs_folder() / folder).glob("*.py")]
    assert sorted(config_file(one.id) for one in BUILT) == sorted(files)


def test_model_index_lists_each_config_of_ours_once() -> None:
    models = yaml.safe_load((configs_folder() / "ssn" / "metafile.yml").read_text())["Models"]
    ours = [f"configs/{one.config}" for one in BUILT if one.config.startswith("ssn/")]
    assert sorted(model["Config"] for model in models) == sorted(ours)
    assert all(model["Name"] == Path(model["Config"]).stem for model in models)
    assert {model.get("Weights") for model in models} == {"."}, "without any, `mim download` fails"


def test_the_papers_networks_are_those_of_its_table_in_its_order() -> None:
    printed = paper.table1()
    assert of_groups("paper") == tuple(printed)
    assert [(one.title, one.place) for one in BUILT if one.group == "paper"] == [
        (row.method, row.place) for row in printed.values()
    ]


def test_others_are_held_against_a_network_of_the_paper() -> None:
    papers = of_groups("paper")
    assert {one.id: one.against in papers for one in BUILT} == {one.id: one.id not in papers for one in BUILT}
    assert network("mean-pose").against is None


def test_baselines_configs_lie_apart_and_under_their_names() -> None:
    of_mmpose = {one.id: one.config for one in BUILT if not one.config.startswith("ssn/")}
    assert of_mmpose == {name: f"baselines/{name}.py" for name in of_groups("baseline")}


def test_titles_are_told_apart() -> None:
    titles = [one.title for one in networks().values()]
    assert len(set(titles)) == len(titles)


def test_every_run_shares_its_spread_with_its_family_or_stands_alone() -> None:
    """Alone stand networks of MMPose's, each under each recipe, and those whose offsets a seed draws for good."""
    frozen = {one.id for one in BUILT if "frozen" in one.title}
    assert frozen == {"ssn-frozen", "lite-k256-frozen", "lite-k256-fsm-integer"}
    assert frozen == {one.id for one in BUILT if one.random_offsets}
    alone = {run for one in BUILT for run in one.runs if one.id in frozen or one.group == "baseline"}
    for one in BUILT:
        for run in one.runs:
            assert spread_group(run) == (run if run in alone else "lite" if one.id.startswith("lite-k") else "deep"), (
                run
            )
    assert spread_group("hrnet-w32/own") == "hrnet-w32/own" != spread_group("hrnet-w32")


def test_run_is_a_network_and_a_recipe_and_nothing_else() -> None:
    runs = {
        run: (one.id, recipe) for one in networks().values() for run, recipe in zip(one.runs, one.recipes, strict=True)
    }
    assert len(runs) == sum(len(one.recipes) for one in networks().values())
    for run, parts in runs.items():
        assert split_run(run) == parts and run_name(*parts) == run
    assert networks_of(["hrnet-w32", "ssn", "hrnet-w32/own"]) == ("hrnet-w32", "ssn")
    assert {"hrnet-w32", "hrnet-w32/own"} <= set(shown_on("baselines")) and "hrnet-w32/own" not in shown_on("table1")


def test_unknown_network_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match=r"unknown network 'hrnet-w32/own', expected one of: backbone, .*, vitpose-s"):
        network("hrnet-w32/own")
    with pytest.raises(ValueError, match="mean-pose is no network and has no config"):
        config_file("mean-pose")


@pytest.mark.parametrize(
    ("name", "change", "field", "said"),
    [
        ("hrnet-w32", {"group": "baselines"}, "hrnet-w32.group", "'baselines' is not one of"),
        ("hrnet-w32", {"config": "hrnet-w32.py"}, "hrnet-w32.config", "'hrnet-w32.py' does not match"),
        ("hrnet-w32", {"recipes": ["common", "mine"]}, "hrnet-w32.recipes[1]", "'mine' is not one of"),
        ("hrnet-w32", {"pages": ["table4"]}, "hrnet-w32.pages[0]", "'table4' is not one of"),
        ("hrnet-w32", {"relative_cost": 0}, "hrnet-w32.relative_cost", "0 is less than or equal to the minimum"),
        ("hrnet-w32", {"against": None}, "hrnet-w32", "'against' is a required property"),
        ("hrnet-w32", {"config": None}, "hrnet-w32", "'config' is a required property"),
        ("hrnet-w32", {"titel": "HRNet"}, "hrnet-w32", "'titel' was unexpected"),
        ("ssn", {"title": "Ours"}, "ssn.title", "'Ours'"),
        ("mean-pose", {"config": "ssn/pose.py"}, "mean-pose.config", "'ssn/pose.py'"),
        ("ssn", {"family": "wide"}, "ssn.family", "'wide' is not one of ['deep', 'lite']"),
        ("hrnet-w32", {"pages": ["baselines", "claims"]}, "hrnet-w32.pages[1]", "'baselines' was expected"),
        ("hrnet-w32", {"pages": ["table1"]}, "hrnet-w32.pages[0]", "'baselines' was expected"),
        ("ssn", {"recipes": ["common", "own"]}, "ssn.recipes", "['common', 'own'] should not be valid"),
        ("lite-k256-active", {"recipes": ["own"]}, "lite-k256-active.recipes", "['own'] should not be valid"),
        ("ssn-sigmoid", {"package": "mmpretrain"}, "ssn-sigmoid.package", "'mmpretrain' should not be valid"),
        ("mean-pose", {"package": "mmpretrain"}, "mean-pose.package", "'mmpretrain' should not be valid"),
        ("lite-k512", {"pages": ["table1", "table2"]}, "lite-k512.pages", "['table1', 'table2'] should not be valid"),
        ("HRNet W32", {"group": "paper", "pages": []}, "", "'HRNet W32' does not match"),
    ],
)
def test_entry_that_does_not_fit_is_refused_by_its_field(
    name: str, change: dict[str, Any], field: str, said: str, spoil: Callable[[str, str, object], None]
) -> None:
    content = copy.deepcopy(load_checked("mmpose_ssn", "networks"))
    entry = content.get(name, {}) | change
    content[name] = {key: value for key, value in entry.items() if value is not None}
    spoil("mmpose_ssn", "networks", content)
    with pytest.raises(jsonschema.ValidationError, match=re.escape(said)) as refused:
        networks.__wrapped__()
    assert refused.value.json_path.replace("['", ".").replace("']", "") == f"$.{field}".rstrip(".")


@pytest.mark.parametrize("against", ["lite-k256-active", "mean-pose", "hrnet-w32", "ssnn"])
def test_what_a_network_is_held_against_must_be_of_the_paper(
    against: str, spoil: Callable[[str, str, object], None]
) -> None:
    content = copy.deepcopy(load_checked("mmpose_ssn", "networks"))
    content["hrnet-w32"]["against"] = against
    spoil("mmpose_ssn", "networks", content)
    said = f"networks.yaml: hrnet-w32: against is '{against}', expected a network of the paper"
    with pytest.raises(ValueError, match=re.escape(said)):
        networks.__wrapped__()


def test_the_family_is_that_of_the_configs_backbone() -> None:
    configs = {one.id: Config.fromfile(config_file(one.id), import_custom_modules=False) for one in BUILT}
    lite = {name for name, config in configs.items() if config.model.backbone.type == "SSNLite"}
    assert {one.id for one in networks().values() if one.family == "lite"} == lite
    assert "litehrnet-18" not in lite and "lite-k256" in lite


def test_predictors_have_the_names_that_the_modules_give_them() -> None:
    """The names stand apart from the modules, and in the schemas, so that pages need no PyTorch."""
    found = {}
    for one in BUILT:
        if one.config.startswith("ssn/"):
            head = Config.fromfile(config_file(one.id), import_custom_modules=False).model.head
            found[one.id] = StagePredictors(1, head.pyramid_levels, head.stage_channels, channels=1, norm_groups=1)
    for name, predictors in found.items():
        lite = network(name).family == "lite"
        assert predictors.names in ([(LITE_PREDICTOR,)] if lite else [PREDICTORS, PYRAMID_PREDICTORS]), name
        assert predictors.final == (LITE_PREDICTOR if lite else FINAL_PREDICTOR), name
    assert found["ssn"].names == PREDICTORS
    terms = yaml.safe_load((REPOSITORY / "mmpose_ssn" / "terms.schema.yaml").read_text())
    assert terms["$defs"]["predictor"]["enum"] == list(PREDICTORS)


@pytest.fixture
def run_in_copy(tmp_path: Path) -> Callable[..., str]:
    """Run a Python command in a copy of the checkout, ``tmp_path``; what it printed."""
    for folder in ("configs", "mmpose_ssn", "workflow"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Snakefile", "environment.yml"):
        shutil.copy(REPOSITORY / name, tmp_path)

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def block(page: str, language: str) -> str:
    """The first block in a language on a page of docs/."""
    return (REPOSITORY / "docs" / page).read_text().split(f"```{language}\n")[1].split("```")[0]


@pytest.mark.parametrize(
    ("page", "name", "params", "backbone", "input_size"),
    [
        ("baselines.md", "seresnet50", 36.53, "SEResNet", [64, 64]),  # parameters as MMPose prints them
        ("dependency.md", "lite-k256-conv9x9", 0.78, "SSNLite", [48, 64]),  # at the budget of the modules' network
    ],
)
def test_a_new_network_is_one_config_and_one_entry(
    page: str,
    name: str,
    params: float,
    backbone: str,
    input_size: list[int],
    run_in_copy: Callable[..., str],
    tmp_path: Path,
) -> None:
    """As the page shows it: the network resolves, is counted, and is trained and shown by the workflow by its name."""
    entry = block(page, "yaml")
    file = yaml.safe_load(entry)[name]["config"]
    assert f"`configs/{file}`" in (REPOSITORY / "docs" / page).read_text()
    (tmp_path / "configs" / file).write_text(block(page, "python"))
    with (tmp_path / "mmpose_ssn" / "networks.yaml").open("a") as register:
        register.write(entry)

    run_in_copy(
        "-m",
        "mmpose_ssn",
        "resolve",
        "--preset",
        "smoke",
        "--network",
        name,
        "--data-root",
        "data",
        "--out",
        "config.py",
    )
    config = Config.fromfile(tmp_path / "config.py", import_custom_modules=False)
    assert config.experiment.network == name
    assert config.model.backbone.type == backbone and config.model.head.decoder.input_size == input_size

    counting = f"from mmpose_ssn.complexity.compared import count_compared as c; print(c(['{name}'])[0].counted.params)"
    assert round(int(run_in_copy("-c", counting).split()[-1]) / 1e6, 2) == params

    targets = (f"results/smoke/{name}/seed0/scores.json", "results/baselines.md")
    choice = ("--config", "preset=smoke", f"networks={name}")
    planned = run_in_copy("-m", "snakemake", "--cores", "1", "--dry-run", *choice, "--", *targets)
    assert f"Training smoke/{name} seed 0" in planned and "Rendering the baselines of" in planned
