"""SSN beside other networks: who is on the front, who is held against whom, and what page, files and pictures say."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmpose_ssn.__main__ import main
from mmpose_ssn.complexity.variants import count_network
from mmpose_ssn.experiment.presets import load_preset
from mmpose_ssn.experiment.resolve import resolve, write
from mmpose_ssn.report.baselines import AGAINST, PAPERS, Comparison, front, read_full_size, read_latency
from mmpose_ssn.report.baselines_page import full_size_to_csv, to_csv, to_markdown
from mmpose_ssn.report.inputs import Cost, RefusedInput, read_scores
from mmpose_ssn.report.pareto_plot import draw_full_size, draw_trained
from mmpose_ssn.report.speed import to_markdown as speed_to_markdown
from mmpose_ssn.report.where import origins
from mmpose_ssn.variants import ALTERNATIVES, ASSERTED, BASELINES, CONTROLS

IMAGES, KEYPOINTS, RESAMPLES = 12, 17, 200
DATA = "drawn figures, version 1.0, val"
NOISE = {  # pixels: what a network's AP comes from
    "ssn": 4.0,
    "simplebaseline-r50": 12.0,
    "simplebaseline-r50/own": 3.0,
    "lite-k256": 6.0,
    "lite-k256-conv7x7": 6.5,
}


@pytest.mark.parametrize(
    ("costs", "ap", "expected"),
    [
        ([1, 2, 3], [10, 20, 15], [True, True, False]),
        ([1, 1, 2], [10, 12, 12], [False, True, False]),
        ([2, 2], [5, 5], [True, True]),
        ([], [], []),
    ],
)
def test_the_front_is_what_nothing_beats(costs, ap, expected) -> None:
    assert front(costs, ap) == expected


def test_the_front_is_that_of_trying_all_pairs() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        costs, ap = rng.integers(0, 6, (2, 8)).tolist()
        best = [max(a for c, a in zip(costs, ap, strict=True) if c <= cost) for cost in costs]
        cheapest = [min(c for c, a in zip(costs, ap, strict=True) if a >= value) for value in ap]
        assert front(costs, ap) == [a == b and c == d for a, b, c, d in zip(ap, best, costs, cheapest, strict=True)]


def test_every_other_network_is_held_against_one_of_the_papers() -> None:
    assert {*AGAINST.values()} <= {*PAPERS}
    assert {*BASELINES, *ALTERNATIVES} <= AGAINST.keys() and not AGAINST.keys() & {*ASSERTED, *CONTROLS}


def people() -> dict:
    rng = np.random.default_rng(0)
    annotations = [
        {
            **dict.fromkeys(("id", "image_id"), image),
            **dict(category_id=1, iscrowd=0, num_keypoints=KEYPOINTS, area=7000.0, bbox=[100, 100, 100, 100]),
            "keypoints": np.c_[rng.uniform(100, 200, (KEYPOINTS, 2)), np.full(KEYPOINTS, 2)].ravel().tolist(),
        }
        for image in range(1, IMAGES + 1)
    ]
    images = [{"id": image} for image in range(1, IMAGES + 1)]
    return {"images": images, "categories": [{"id": 1, "name": "person"}], "annotations": annotations}


def found(noise: float, seed: int) -> list[dict]:
    rng = np.random.default_rng(seed)
    return [
        {
            "image_id": one["image_id"],
            "category_id": 1,
            "score": 1.0,
            "keypoints": (
                np.reshape(one["keypoints"], (KEYPOINTS, 3))
                + np.c_[rng.normal(0, noise, (KEYPOINTS, 2)), np.zeros(KEYPOINTS)]
            )
            .ravel()
            .tolist(),
        }
        for one in people()["annotations"]
    ]


def average_precision(detections: list[dict]) -> float:
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = people()
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(detections), "keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0])


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five networks of the preset smoke, as trainings leave them, and what counting and timing write."""
    root = tmp_path_factory.mktemp("study")
    (root / "annotations.json").write_text(json.dumps(people()))
    smoke = load_preset("smoke")
    for number, (variant, noise) in enumerate(NOISE.items()):
        folder = root / variant
        (folder / "predictions").mkdir(parents=True)
        network = variant.removesuffix("/own")
        config = resolve(smoke, network, 0, Path("data"), recipe="common" if network == variant else "own")
        write(config, folder / "config.py")
        whole, _ = count_network(config)
        detections = found(noise, number)
        (folder / "predictions" / "predictor.answer.keypoints.json").write_text(json.dumps(detections))
        digests = ("config_digest", "commit", "checkpoint_digest", "machine", "torch")
        content = {
            **dict(variant=variant, preset="smoke", seed=0, final="answer", images=IMAGES, instances=IMAGES),
            **dict(resamples=RESAMPLES),
            "predictors": {"answer": {"AP": average_precision(detections), "AP_interval": [0.1, 0.9]}},
            "protocol": {"boxes": "detector", "decoder": "its own" if network in BASELINES else "quarter offset"},
            "network": {"params": whole.params, "macs": whole.macs, "ops": whole.ops},
            "provenance": {
                **{name: f"{name} of {variant}" for name in digests},
                **dict(data=DATA, data_digest="sha256:d0", iterations=12, wall_time_s=1.0, date="2026-11-23"),
            },
        }
        (folder / "scores.json").write_text(json.dumps(content))
    status = main(
        ["complexity", "--out", str(root / "complexity.csv"), "--compared", str(root / "compared.csv")],
    )
    assert status == 0
    lines = [
        dict(variant=name, threads=threads, wall_ms=(position + 1) * 10 / threads, peak_mb=1.5)
        | dict(machine="a machine", commit="c0ffee")
        for position, name in enumerate(dict.fromkeys(name.removesuffix("/own") for name in NOISE))
        for threads in (1, 2)
    ]
    pd.DataFrame(lines).assign(preset="smoke").to_csv(root / "latency.csv", index=False)
    times = pd.DataFrame(lines).assign(preset="full size")
    times.assign(wall_ms=100 * times.wall_ms, peak_mb=20.0).to_csv(root / "full-size-latency.csv", index=False)
    return root


@pytest.fixture(scope="module")
def comparison(study: Path) -> Comparison:
    scores = [read_scores(study / variant / "scores.json") for variant in NOISE]
    return Comparison.of(
        preset="smoke",
        scaled=True,
        scores=scores,
        deployed={name: Cost(100 * k, 1000 * k, 2000 * k) for k, name in enumerate(NOISE, start=1)},
        annotation_file=study / "annotations.json",
        complexity_file=study / "complexity.csv",
        compared_file=study / "compared.csv",
        full_size_latency=study / "full-size-latency.csv",
        latency=study / "latency.csv",
    )


def test_differences_are_those_of_pycocotools(study: Path, comparison: Comparison) -> None:
    ap = {name: average_precision(found(noise, number)) for number, (name, noise) in enumerate(NOISE.items())}
    differences = {one.id: one.decision.paired.difference for one in comparison.entrants if one.decision}
    assert differences == {
        "simplebaseline-r50": pytest.approx(ap["simplebaseline-r50"] - ap["ssn"]),
        "simplebaseline-r50/own": pytest.approx(ap["simplebaseline-r50/own"] - ap["ssn"]),
        "lite-k256-conv7x7": pytest.approx(ap["lite-k256-conv7x7"] - ap["lite-k256"]),
    }
    outcomes = {one.id: one.decision.outcome for one in comparison.entrants if one.decision}
    assert outcomes["simplebaseline-r50"] == "lower" and set(outcomes.values()) <= {"higher", "lower", "undecided"}
    assert [(one.network, one.recipe) for one in comparison.entrants if one.recipe == "own"] == [
        ("simplebaseline-r50", "own")
    ]


def test_the_page_names_its_data_and_says_that_smoke_means_nothing(comparison: Comparison) -> None:
    page = to_markdown(comparison, "a.png", "b.png")
    assert "meaningless" in page and f"{DATA} (not COCO val2017)" in page and "small versions" in page
    rows = {line.split("|")[1].strip(): line for line in page.splitlines() if line.startswith("|")}
    assert "34.00 (34✓)" in rows["simplebaseline-r50"] and " 71.8 " in rows["simplebaseline-r50"]
    assert " 73.0 " in rows["ssn"] and "39.45" in rows["ssn"]
    assert (
        "12 iterations for all" in page and "decoder: quarter offset, its own" in page and "all 3 of this table" in page
    )
    assert "(a.png)" in page and "(b.png)" in page


def test_files_hold_what_the_page_shows(comparison: Comparison) -> None:
    table = pd.read_csv(io.StringIO(to_csv(comparison))).set_index("variant")
    assert table.loc["lite-k256-conv7x7", "against"] == "lite-k256" and (table["ap_measured_on"] == DATA).all()
    assert table["notice"].str.contains("meaningless").all() and (table["wall_ms_2_threads"] > 0).all()
    assert table["trained_deployed_macs"].tolist() == [1000 * k for k in table["trained_deployed_params"] // 100]
    assert table.loc["ssn", "wall_ms_1_threads"] == 10 and table.loc["lite-k256", "wall_ms_2_threads"] == 15
    assert table.loc["simplebaseline-r50/own", "wall_ms_1_threads"] == 20 and (table["peak_mb"] == 1.5).all()
    full = pd.read_csv(io.StringIO(full_size_to_csv(comparison.full_size))).set_index("variant")
    assert full.loc["hrnet-w32", "ap_printed"] == 74.6 and full.loc["hrnet-w32", "kind"] == "MMPose's"
    assert (
        full.loc["ssn", "wall_ms_1_threads"] == 1000
        and full.loc["ssn", "peak_mb"] == 20
        and pd.isna(full.loc["mspn50", "wall_ms_1_threads"])
    )


def test_pictures_are_drawn_with_and_without_times(
    study: Path, comparison: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    untimed = read_full_size(study / "complexity.csv", study / "compared.csv", None)
    labels: list[str] = []
    set_xlabel = Axes.set_xlabel
    monkeypatch.setattr(Axes, "set_xlabel", lambda axes, text, **k: labels.append(text) or set_xlabel(axes, text, **k))
    draw_trained(comparison, tmp_path / "trained.png")
    assert [label.split(",")[0] for label in labels] == [
        "parameters",
        "multiply-accumulates",
        "time of one image on one thread",
    ]
    draw_full_size(comparison.full_size, tmp_path / "timed.png")
    draw_full_size(untimed, tmp_path / "untimed.png")
    for name in ("trained", "timed", "untimed"):
        assert (tmp_path / f"{name}.png").stat().st_size > 20_000


def test_speed_is_told_as_ratios_to_ssn(study: Path) -> None:
    files = (study / "complexity.csv", study / "compared.csv")
    page = speed_to_markdown(read_full_size(*files, study / "full-size-latency.csv"))
    row = next(line for line in page.splitlines() if line.startswith("| simplebaseline-r50 "))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[3:9] == ["2000.0", "2.00", "368.6", "1000.0", "2.00", "184.3"] and cells[9:] == ["136.0", "20.0"]
    with pytest.raises(RefusedInput, match="ssn was not timed"):
        speed_to_markdown(read_full_size(*files, None))


def test_the_command_counts_the_networks_that_were_trained(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = study / "results" / "baselines"
    command = ["baselines", "--preset", "smoke", "--complexity", str(study / "complexity.csv"), "--compared"]
    command += [str(study / "compared.csv"), "--annotations", str(study / "annotations.json"), "--out", str(out)]
    command += ["--scores", *(str(study / variant / "scores.json") for variant in NOISE)]
    assert main(command) == 0
    table = pd.read_csv(f"{out}.csv").set_index("variant")
    smoke = load_preset("smoke")
    for variant in ("ssn", "simplebaseline-r50"):
        _, deployed = count_network(resolve(smoke, variant, 0, Path("data")))
        assert table.loc[variant, "trained_deployed_params"] == deployed.params
    assert all((out.parent / f"baselines{end}").exists() for end in (".md", ".png", "-full-size.csv", "-full-size.png"))

    assert main([*command[:2], "mini", *command[3:]]) == 1
    assert "table is for 'mini'" in capsys.readouterr().err


def test_times_of_another_size_are_refused(study: Path) -> None:
    with pytest.raises(RefusedInput, match="column preset is smoke, expected full size"):
        read_latency(study / "latency.csv")
    with pytest.raises(RefusedInput, match="run python -m mmpose_ssn latency"):
        read_latency(study / "nothing.csv")


def test_each_network_says_where_it_comes_from(comparison: Comparison) -> None:
    kinds = {one.id: one.kind for one in itertools.chain(comparison.entrants, comparison.full_size)}
    assert kinds["ssn"] == "the paper's" and kinds["litehrnet-18"] == "MMPose's"
    assert kinds["lite-k256-active"] == "alternative"


def test_a_network_under_its_own_recipe_alone_is_still_a_small_one(study: Path, tmp_path: Path) -> None:
    name = "simplebaseline-r50/own"
    alone = Comparison.of(
        preset="smoke",
        scaled=True,
        scores=[read_scores(study / name / "scores.json")],
        deployed={name: Cost(1, 1, 1)},
        annotation_file=study / "annotations.json",
        complexity_file=study / "complexity.csv",
        compared_file=study / "compared.csv",
        full_size_latency=study / "full-size-latency.csv",
    )
    assert alone.scaled and alone.entrants[0].latency is None and alone.entrants[0].decision is None
    page = to_markdown(alone, "a.png", "b.png")
    assert "small versions" in page and " 71.8 " not in page.split("## At full size")[0]
    draw_trained(alone, tmp_path / "alone.png")


def test_a_checkpoint_from_elsewhere_at_full_size_has_the_printed_ap_beside_it(study: Path, tmp_path: Path) -> None:
    content = json.loads((study / "simplebaseline-r50" / "scores.json").read_text())
    content |= dict(preset="paper", provenance={**content["provenance"], "data": "COCO val2017", "external": "zoo.pth"})
    (tmp_path / "scores.json").write_text(json.dumps(content))
    shutil.copytree(study / "simplebaseline-r50" / "predictions", tmp_path / "predictions")
    adopted = Comparison.of(
        preset="paper",
        scaled=False,
        scores=[read_scores(tmp_path / "scores.json")],
        deployed={"simplebaseline-r50": Cost(1, 1, 1)},
        annotation_file=study / "annotations.json",
        complexity_file=study / "complexity.csv",
        compared_file=study / "compared.csv",
        full_size_latency=study / "full-size-latency.csv",
    )
    page = to_markdown(adopted, "a.png", "b.png").split("## At full size")[0]
    assert "small versions" not in page and "external: zoo.pth" in page and "trained elsewhere" in page
    row = next(line for line in page.splitlines() if line.startswith("| simplebaseline-r50 "))
    assert " elsewhere " in row and " 71.8 " in row and " 2000 " in row


def test_the_front_of_the_page_is_over_all_recipes(comparison: Comparison) -> None:
    page = to_markdown(comparison, "a.png", "b.png").split("## At full size")[0]
    fronts = {
        tuple(cells[i].strip() for i in (1, 3)): cells[-2].strip()
        for cells in (line.split("|") for line in page.splitlines())
        if len(cells) > 10
    }
    ap = {one.id: one.ap for one in comparison.entrants}
    assert ap["simplebaseline-r50/own"] == max(ap.values()), "the study is drawn so"
    assert fronts["simplebaseline-r50", "own"] == "parameters, MACs, time"
    assert fronts["ssn", "common"] == "parameters, MACs, time" and fronts["simplebaseline-r50", "common"] == "–"


def test_where_a_cost_and_a_time_come_from(study: Path, comparison: Comparison) -> None:
    file = study / "results.csv"
    file.write_text(to_csv(comparison))
    (time,) = origins(file, "ssn", "wall_ms_1_threads")
    assert time.facts["made by"].startswith("timing") and time.facts["commit"] == "c0ffee"
    (printed,) = origins(file, "simplebaseline-r50", "ap_printed")
    assert printed.facts["made by"].startswith("MMPose's model zoo")
    (cost,) = origins(file, "ssn", "trained_deployed_params")
    assert "full-size" not in cost.facts.get("made by", "")
