"""SSN beside other networks: who is on the front, who is held against whom, and what page, files and pictures say."""

from __future__ import annotations

import io
import itertools
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from mmpose_ssn.__main__ import main
from mmpose_ssn.evaluation.comparison import Outcome, holm
from mmpose_ssn.experiment.presets import load_preset
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.networks import networks, of_groups, shown_on, split_run
from mmpose_ssn.pages import speed
from mmpose_ssn.pages.baselines import Baselines, page, page_of
from mmpose_ssn.pages.full_size_networks import read_full_size, read_latency
from mmpose_ssn.pages.origin import origins
from mmpose_ssn.pages.plots.pareto_plot import Point, draw, front
from mmpose_ssn.pages.render import to_csv, to_markdown
from mmpose_ssn.pages.wording import outcome_words

IMAGES, RESAMPLES = 12, 200
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
    for name in of_groups("baseline", "alternative"):
        assert networks()[name].against in of_groups("paper"), name


def train(folder, preset: str = "smoke", noise: dict[str, float] = NOISE) -> dict[str, float]:
    """Networks whose detections are off by so many pixels, each dearer than the one before; AP as fractions, by run."""
    ap = {}
    for number, (run, size) in enumerate(noise.items()):
        found, k = folder.found(size, number), number + 1
        deployed = {"params": 100 * k, "macs": 1000 * k, "ops": 2000 * k}
        cost = {"whole": {name: 2 * count for name, count in deployed.items()}, "deployed": deployed, "up_to": {}}
        decoder = "its own" if split_run(run)[0] in of_groups("baseline") else "quarter offset"
        made = {"iterations": 12, "wall_time_s": 1}
        protocol = {"boxes": "detector", "decoder": decoder}
        folder.train(run, {"final": found}, preset=preset, cost=cost, protocol=protocol, provenance=made)
        ap[run] = folder.ap(found)
    return ap


@pytest.fixture(scope="module")
def study(make_results, tmp_path_factory: pytest.TempPathFactory):
    """Five networks of the preset smoke, as trainings leave them, and what counting and timing write."""
    folder = make_results(tmp_path_factory.mktemp("study"), IMAGES, RESAMPLES)
    train(folder)
    root = folder.path
    counted = ["--out", str(root / "complexity.csv"), "--compared", str(root / "compared-costs.csv")]
    assert main(["complexity", *counted]) == 0
    lines = [
        dict(network=name, threads=threads, wall_ms=(position + 1) * 10 / threads, peak_mb=1.5)
        | dict(machine="a machine", commit="c0ffee")
        for position, name in enumerate(dict.fromkeys(name.removesuffix("/own") for name in NOISE))
        for threads in (1, 2)
    ]
    pd.DataFrame(lines).assign(preset="smoke").to_csv(root / "smoke" / "latency.csv", index=False)
    times = pd.DataFrame(lines).assign(preset="full size")
    times.assign(wall_ms=100 * times.wall_ms, peak_mb=20.0).to_csv(root / "latency.csv", index=False)
    return folder


@pytest.fixture
def counted(study, make_results, tmp_path: Path):
    """Another folder, with what counting and timing at full size wrote, and nothing trained."""
    for name in ("complexity.csv", "compared-costs.csv", "latency.csv"):
        shutil.copy(study.path / name, tmp_path / name)
    return make_results(tmp_path, IMAGES, RESAMPLES)


@pytest.fixture(scope="module")
def beside(study) -> Baselines:
    return Baselines.of(study.of("smoke"))


@pytest.fixture(scope="module")
def full_size(study) -> Baselines:
    """The page of a preset whose numbers mean something, and of which nothing was trained."""
    return Baselines.of(study.of("figures"))


def markdown(beside: Baselines) -> str:
    return to_markdown(page_of(beside), "baselines")


def csv(beside: Baselines, suffix: str = "") -> pd.DataFrame:
    return pd.read_csv(io.StringIO(to_csv(page_of(beside).records[suffix])))


def test_differences_are_those_of_pycocotools(study, beside: Baselines) -> None:
    ap = {run: 100 * study.ap(study.found(noise, number)) for number, (run, noise) in enumerate(NOISE.items())}
    compared = {one.run: one.comparison for one in beside.entrants if one.comparison}
    assert {run: one.difference for run, one in compared.items()} == {
        "simplebaseline-r50": pytest.approx(ap["simplebaseline-r50"] - ap["ssn"]),
        "simplebaseline-r50/own": pytest.approx(ap["simplebaseline-r50/own"] - ap["ssn"]),
        "lite-k256-conv7x7": pytest.approx(ap["lite-k256-conv7x7"] - ap["lite-k256"]),
    }
    outcomes = {run: one.outcome for run, one in compared.items()}
    assert outcomes["simplebaseline-r50"] is Outcome.LOWER
    assert set(outcomes.values()) <= {Outcome.HIGHER, Outcome.LOWER, Outcome.UNDECIDED}
    tests = [one.test for one in compared.values()]
    assert [one.p_holm for one in tests] == holm([one.p for one in tests]), "they are a family"
    assert [(one.network, one.recipe) for one in beside.entrants if one.recipe == "own"] == [
        ("simplebaseline-r50", "own")
    ]


def test_the_page_names_its_data_and_says_that_smoke_means_nothing(beside: Baselines) -> None:
    text = markdown(beside)
    assert "meaningless" in text and f"{DATA} (not COCO val2017)" in text and "small versions" in text
    rows = {line.split("|")[1].strip(): line for line in text.splitlines() if line.startswith("|")}
    assert "34.00 (34✓)" in rows["simplebaseline-r50"] and " 71.8 " in rows["simplebaseline-r50"]
    assert " 73.0 " in rows["ssn"] and "39.45" in rows["ssn"]
    assert "12 iterations for all" in text and "decoder: quarter offset, its own" in text
    assert "for the 3 comparisons that are decided together" in text and "Each network was trained once" in text
    assert "(baselines.png)" in text and "(baselines-full-size.png)" in text


def test_files_hold_what_the_page_shows(beside: Baselines, full_size: Baselines) -> None:
    table = csv(beside)
    table.index = table["network"].where(table["recipe"] == "common", table["network"] + "/" + table["recipe"])
    assert set(table.index) == set(NOISE)
    assert table.loc["lite-k256-conv7x7", "against"] == "lite-k256" and (table["measured_on"] == DATA).all()
    assert table["notice"].str.contains("meaningless").all() and (table["wall_ms_2_threads"] > 0).all()
    assert table["trained_deployed_params"].to_dict() == {run: 100 * k for k, run in enumerate(NOISE, start=1)}
    assert table["trained_deployed_macs"].tolist() == [1000 * k for k in table["trained_deployed_params"] // 100]
    assert table.loc["ssn", "wall_ms_1_threads"] == 10 and table.loc["lite-k256", "wall_ms_2_threads"] == 15
    assert table.loc["simplebaseline-r50/own", "wall_ms_1_threads"] == 20 and (table["peak_mb"] == 1.5).all()
    full = csv(full_size, "-full-size").set_index("network")
    assert full.loc["hrnet-w32", "ap_printed"] == 74.6 and full.loc["hrnet-w32", "kind"] == "MMPose's"
    assert full.loc["ssn", "wall_ms_1_threads"] == 1000 and full.loc["ssn", "peak_mb"] == 20
    assert pd.isna(full.loc["mspn50", "wall_ms_1_threads"])


def test_full_size_times_are_not_shown_beside_a_run_of_the_machinery(study, beside: Baselines, full_size) -> None:
    assert {one.network for one in beside.full_size} == {one.network for one in full_size.full_size}
    assert not any(one.latency for one in beside.full_size) and any(one.latency for one in full_size.full_size)
    lines = csv(beside, "-full-size")
    shown = lines.columns[lines.notna().any()]
    assert not [name for name in shown if name.startswith(("wall_ms", "peak_mb"))]
    assert "wall_ms_1_threads" in csv(full_size, "-full-size").columns
    for of, timed in ((beside, False), (full_size, True)):
        header = next(line for line in markdown(of).split("## At full size")[1].splitlines() if line[:1] == "|")
        assert bool(re.search(r"thread|peak", header, re.IGNORECASE)) == timed, header


def test_pictures_are_drawn_with_and_without_times(
    beside: Baselines, full_size: Baselines, counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "latency.csv").unlink()
    untimed = Baselines.of(counted.of("figures"))
    labels: list[str] = []
    set_xlabel = Axes.set_xlabel
    monkeypatch.setattr(Axes, "set_xlabel", lambda axes, text, **k: labels.append(text) or set_xlabel(axes, text, **k))
    trained, of_smoke = page_of(beside).pictures
    (timed,) = page_of(full_size).pictures
    trained.draw(tmp_path / "trained.png")
    assert [label.split(",")[0] for label in labels] == [
        "parameters",
        "multiply-accumulates",
        "time of one image on one thread",
    ]
    timed.draw(tmp_path / "timed.png")
    assert len(labels) == 6
    (without,) = page_of(untimed).pictures
    without.draw(tmp_path / "untimed.png")
    assert len(labels) == 8, "no panel of times"
    of_smoke.draw(tmp_path / "of-smoke.png")
    assert len(labels) == 10, "nor here"
    for name in ("trained", "timed", "untimed", "of-smoke"):
        assert (tmp_path / f"{name}.png").stat().st_size > 20_000


def test_speed_is_told_as_ratios_to_ssn(study, counted, tmp_path: Path) -> None:
    shown = speed.page(study.of("smoke"))
    row = next(line for line in to_markdown(shown, "speed").splitlines() if line.startswith("| simplebaseline-r50 "))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[3:9] == ["2000.0", "2.00", "368.6", "1000.0", "2.00", "184.3"] and cells[9:] == ["136.0", "20.0"]
    times = pd.read_csv(tmp_path / "latency.csv")
    times[times.network != "ssn"].to_csv(tmp_path / "latency.csv", index=False)
    with pytest.raises(RefusedInput, match="ssn was not timed"):
        speed.page(counted.of("smoke"))
    (tmp_path / "latency.csv").unlink()
    with pytest.raises(RefusedInput, match=r"latency\.csv: cannot be read .* run python -m mmpose_ssn latency"):
        speed.page(counted.of("smoke"))


def test_the_command_writes_every_file_or_says_why_not(study, counted, tmp_path: Path, capsys) -> None:
    out = tmp_path / "elsewhere" / "baselines"
    command = ["page", "baselines", "--preset", "smoke", "--results", str(study.path), "--out", str(out)]
    assert main(command) == 0
    assert sorted(file.name for file in out.parent.iterdir()) == [
        f"baselines{end}" for end in ("-full-size.csv", "-full-size.png", ".csv", ".md", ".png")
    ]
    table = pd.read_csv(f"{out}.csv")
    assert len(table) == len(NOISE) and (table["preset"] == "smoke").all()

    shutil.copytree(study.path / "smoke", counted.path / "figures")
    assert main([*command[:3], "figures", "--results", str(counted.path), *command[6:]]) == 1
    assert "$.preset: is 'smoke', but the page is for 'figures'" in capsys.readouterr().err


def test_times_of_another_size_are_refused(study) -> None:
    with pytest.raises(RefusedInput, match="column preset is smoke, expected full size"):
        read_latency(study.path / "smoke" / "latency.csv")
    with pytest.raises(RefusedInput, match="run python -m mmpose_ssn latency"):
        read_latency(study.path / "nothing.csv")


def test_each_network_says_where_it_comes_from(beside: Baselines) -> None:
    kinds = {one.network: one.kind for one in itertools.chain(beside.entrants, beside.full_size)}
    assert kinds["ssn"] == "the paper's" and kinds["litehrnet-18"] == "MMPose's"
    assert kinds["lite-k256-active"] == "alternative"


def test_a_network_under_its_own_recipe_alone_is_still_a_small_one(counted, tmp_path: Path) -> None:
    train(counted)
    alone = Baselines.of(counted.of("smoke", only=["simplebaseline-r50/own/seed0"]))
    assert [one.run for one in alone.entrants] == ["simplebaseline-r50/own"]
    assert alone.study.small and alone.entrants[0].latency is None and alone.entrants[0].comparison is None
    text = markdown(alone)
    assert "small versions" in text and " 71.8 " not in text.split("## At full size")[0]
    page_of(alone).pictures[0].draw(tmp_path / "alone.png")
    assert (tmp_path / "alone.png").stat().st_size > 0


def test_a_checkpoint_from_elsewhere_at_full_size_has_the_printed_ap_beside_it(counted) -> None:
    runs = ("simplebaseline-r50", "simplebaseline-r50/own", "ssn")
    train(counted, "paper", {run: NOISE[run] for run in runs})
    for run in runs:
        file = counted.path / "paper" / run / "seed0" / "scores.json"
        content = json.loads(file.read_text())
        content["provenance"] |= {"data": "COCO val2017"}
        if run != "ssn":
            content["provenance"] |= {"external": "zoo.pth", "iterations": None, "wall_time_s": None}
        file.write_text(json.dumps(content))
    shown = page(counted.of("paper"))
    text = to_markdown(shown, "baselines").split("## At full size")[0]
    assert "small versions" not in text and "external: zoo.pth" in text and "trained elsewhere" in text
    cells = [[cell.strip() for cell in line.split("|")] for line in text.splitlines() if line.startswith("| s")]
    assert [one[3] for one in cells if one[1] == "ssn"] == ["common"]
    theirs = {one[3]: one for one in cells if one[1] == "simplebaseline-r50"}
    assert theirs.keys() == {"common, elsewhere", "own, elsewhere"}
    for one in theirs.values():
        assert "71.8" in one and "2000" in one
    table = pd.read_csv(io.StringIO(to_csv(shown.records[""])))
    recipes = set(zip(table["network"], table["recipe"], strict=True))
    assert recipes == {("ssn", "common"), ("simplebaseline-r50", "common"), ("simplebaseline-r50", "own")}
    assert table.set_index("network")["external"].dropna().to_dict() == {"simplebaseline-r50": "zoo.pth"}


def test_the_front_of_the_page_is_over_all_recipes(beside: Baselines) -> None:
    text = markdown(beside).split("## At full size")[0]
    fronts = {
        tuple(cells[i].strip() for i in (1, 3)): cells[-2].strip()
        for cells in (line.split("|") for line in text.splitlines())
        if len(cells) > 10
    }
    ap = {one.run: one.score for one in beside.entrants}
    assert ap["simplebaseline-r50/own"] == max(ap.values()), "the study is drawn so"
    assert fronts["simplebaseline-r50", "own"] == "parameters, MACs, time"
    assert fronts["ssn", "common"] == "parameters, MACs, time" and fronts["simplebaseline-r50", "common"] == "–"


def column(text: str, name: str) -> dict[tuple[str, str], str]:
    """Cells of a column of the page's first table, by network and recipe."""
    header, _, *lines = [
        [cell.strip() for cell in line.split("|")]
        for line in text.split("## At full size")[0].splitlines()
        if line.startswith("|")
    ]
    return {(cells[1], cells[3]): cells[header.index(name)] for cells in lines}


def test_a_network_below_the_bound_is_compared_with_none(counted) -> None:
    noise = {**NOISE, "lite-k256-conv5x5": 12.0}
    ap = train(counted, "figures", noise)
    assert {run for run, one in ap.items() if one < 0.3} == {"simplebaseline-r50", "lite-k256-conv5x5"}
    beside = Baselines.of(counted.of("figures", ("primary",)))
    compared = {one.run: one.comparison for one in beside.entrants if one.comparison}
    assert {run: one.too_low for run, one in compared.items()} == {
        "simplebaseline-r50": ("simplebaseline-r50",),
        "simplebaseline-r50/own": (),
        "lite-k256-conv7x7": (),
        "lite-k256-conv5x5": ("lite-k256-conv5x5",),
    }
    own, conv7x7 = compared["simplebaseline-r50/own"], compared["lite-k256-conv7x7"]
    text = markdown(beside)
    assert column(text, "Outcome") == {
        ("ssn", "common"): "–",
        ("lite-k256", "common"): "–",
        ("simplebaseline-r50", "own"): outcome_words(own),
        ("simplebaseline-r50", "common"): "not compared: too low a score of simplebaseline-r50",
        ("lite-k256-conv7x7", "common"): outcome_words(conv7x7),
        ("lite-k256-conv5x5", "common"): "not compared: too low a score of lite-k256-conv5x5",
    }
    assert "for the 4 comparisons that are decided together" in text, "planned so, whatever came out"
    assert own.in_these_runs and not conv7x7.in_these_runs, "no spread is given of MMPose's networks"
    table = csv(beside).set_index(["network", "recipe"])
    line = table.loc[("lite-k256-conv5x5", "common")]
    assert line["outcome"] == "not compared: too low a score of lite-k256-conv5x5" and pd.isna(line["p_holm"])
    assert line["difference_measured"] == pytest.approx(100 * (ap["lite-k256-conv5x5"] - ap["lite-k256"]))
    assert table.loc[("lite-k256-conv7x7", "common"), "p_holm"] == pytest.approx(conv7x7.test.p_holm)
    told = Baselines.of(counted.of("figures"))
    assert {one.comparison.outcome for one in told.entrants if one.comparison} == {
        *(Outcome.DESCRIPTIVE, Outcome.NOT_COMPARED)
    }, "figures names what it decides, and none of these"


def test_a_decisive_network_that_the_page_does_not_show_voids_it_all_the_same(counted) -> None:
    assert "ssn-wo-shift" in load_preset("figures").decisive and "ssn-wo-shift" not in shown_on("baselines")
    ap = train(counted, "figures", {**NOISE, "ssn-wo-shift": 12.0})
    assert ap["ssn-wo-shift"] < 0.3 < min(ap["ssn"], ap["lite-k256"])
    beside = Baselines.of(counted.of("figures"))
    compared = {one.run: one.comparison for one in beside.entrants if one.comparison}
    assert len(compared) == 3 and all("ssn-wo-shift" in one.too_low for one in compared.values())
    assert {one.run for one in beside.entrants} == set(NOISE)
    assert column(markdown(beside), "Outcome")["lite-k256-conv7x7", "common"] == (
        "not compared: too low a score of ssn-wo-shift"
    )
    without = Baselines.of(counted.of("figures", only=[f"{run}/seed0" for run in NOISE]))
    assert not any("ssn-wo-shift" in one.comparison.too_low for one in without.entrants if one.comparison)


def test_where_a_decisive_network_is_below_the_bound_nothing_is_compared(counted) -> None:
    noise = {**NOISE, "lite-k256": 11.0, "lite-k256-conv5x5": 12.0}
    ap = train(counted, "figures", noise)
    assert {run for run, one in ap.items() if one < 0.3} == {"simplebaseline-r50", "lite-k256", "lite-k256-conv5x5"}
    beside = Baselines.of(counted.of("figures"))
    compared = {one.run: one.comparison for one in beside.entrants if one.comparison}
    assert {run: set(one.too_low) for run, one in compared.items()} == {
        "simplebaseline-r50": {"lite-k256", "simplebaseline-r50"},
        "simplebaseline-r50/own": {"lite-k256"},
        "lite-k256-conv7x7": {"lite-k256"},
        "lite-k256-conv5x5": {"lite-k256", "lite-k256-conv5x5"},
    }
    assert all(one.outcome is Outcome.NOT_COMPARED and one.test.p_holm is None for one in compared.values())
    text = markdown(beside)
    assert column(text, "Outcome") == {
        ("ssn", "common"): "–",
        ("lite-k256", "common"): "–",
        ("simplebaseline-r50", "own"): "not compared: too low a score of lite-k256",
        ("simplebaseline-r50", "common"): "not compared: too low a score of lite-k256 and simplebaseline-r50",
        ("lite-k256-conv7x7", "common"): "not compared: too low a score of lite-k256",
        ("lite-k256-conv5x5", "common"): "not compared: too low a score of lite-k256 and lite-k256-conv5x5",
    }
    assert "nothing is compared where ssn or ssn-wo-shift or lite-k256 or lite-k512 is below AP 30" in text
    table = csv(beside).set_index(["network", "recipe"])
    assert table["p_holm"].isna().all() and table["p"].notna().sum() == len(compared)
    line = table.loc[("lite-k256-conv7x7", "common")]
    assert line["difference_measured"] == pytest.approx(100 * (ap["lite-k256-conv7x7"] - ap["lite-k256"]))
    without = Baselines.of(counted.of("figures", only=[f"{run}/seed0" for run in noise if run != "lite-k256"]))
    outcomes = {one.run: one.comparison.outcome for one in without.entrants if one.comparison}
    assert outcomes.pop("simplebaseline-r50") is Outcome.NOT_COMPARED
    assert outcomes.keys() == {"simplebaseline-r50/own"} and Outcome.NOT_COMPARED not in outcomes.values()


def test_a_network_below_the_bound_is_on_no_front_and_pale(
    counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import matplotlib.pyplot as plt

    noise = {"vipnas-mbv3": 12.0, "simplebaseline-r50/own": 11.0} | {run: NOISE[run] for run in ("ssn", "lite-k256")}
    drawn, cheapest = {}, ("vipnas-mbv3", "common")
    monkeypatch.setattr(plt, "close", lambda figure: None)
    for preset in ("figures", "smoke"):
        ap = train(counted, preset, noise)
        assert {run for run, one in ap.items() if one < 0.3} == {"vipnas-mbv3", "simplebaseline-r50/own"}
        shown = page_of(Baselines.of(counted.of(preset)))
        fronts = column(to_markdown(shown, "baselines"), "On the front of")
        assert fronts[cheapest] == ("–" if preset == "figures" else "parameters, MACs"), "without a bound it is on it"
        assert fronts["simplebaseline-r50", "own"] == ("–" if preset == "figures" else fronts[cheapest])
        assert fronts["ssn", "common"] == "parameters, MACs"
        shown.pictures[0].draw(tmp_path / f"{preset}.png")
        drawn[preset] = plt.gcf().axes
    for preset, on_front in (("figures", ["ssn"]), ("smoke", ["vipnas-mbv3", "simplebaseline-r50/own", "ssn"])):
        heights = [pytest.approx(100 * ap[run]) for run in on_front]
        low = sorted(100 * ap[run] for run in ("vipnas-mbv3", "simplebaseline-r50/own"))
        assert len(drawn[preset]) == 2
        for panel in drawn[preset]:
            (line,) = (one for one in panel.lines if one.get_drawstyle() == "steps-post")
            assert line.get_ydata().tolist() == heights
            points = [one for one in panel.lines if one.get_marker() != "None"]
            pale = sorted(one.get_ydata()[0] for one in points if one.get_markeredgecolor() != "black")
            assert len(points) == len(noise)
            assert pale == (pytest.approx(low) if preset == "figures" else [])
    monkeypatch.undo()
    plt.close("all")


def test_a_picture_of_networks_that_are_all_too_low_is_drawn(tmp_path: Path) -> None:
    points = [Point(name, "a", {"cost": cost}, 5.0, too_low=True) for name, cost in (("one", 1.0), ("two", 2.0))]
    draw(points, ["a", "b", "c"], "own", "title", "AP", tmp_path / "low.png")
    assert (tmp_path / "low.png").stat().st_size > 0


def test_a_control_is_shown_and_compared_in_table1_alone(counted) -> None:
    train(counted, "smoke", {"lite-k256": 5.0, "lite-k256-frozen": 6.0})
    beside = Baselines.of(counted.of("smoke"))
    assert {one.run: one.comparison for one in beside.entrants} == {"lite-k256": None, "lite-k256-frozen": None}
    assert "**Outcome**" not in markdown(beside)


def test_full_size_networks_are_those_that_are_counted(study) -> None:
    full_size = {one.network: one for one in read_full_size(study.of("smoke"))}
    assert "ssn-384x288" not in full_size, "its AP is printed on another split alone"
    assert full_size["ssn"].deployed == study.of("smoke").full_size_costs()["ssn"].deployed
    assert full_size["hrnet-w32"].latency is None and full_size["ssn"].latency.wall_ms == {1: 1000, 2: 500}


def test_where_a_cost_and_a_time_come_from(beside: Baselines, tmp_path: Path) -> None:
    file = tmp_path / "baselines.csv"
    file.write_text(to_csv(page_of(beside).records[""]))
    (time,) = origins(file, "ssn", "wall_ms_1_threads")
    assert time.facts["made by"].startswith("timing") and time.facts["commit"] == "c0ffee"
    (printed,) = origins(file, "simplebaseline-r50", "ap_printed", {"recipe": "own"})
    assert printed.facts["made by"].startswith("MMPose's model zoo")
    (cost,) = origins(file, "ssn", "trained_deployed_params")
    assert "full-size" not in cost.facts.get("made by", "")
