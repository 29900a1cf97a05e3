"""Joint by joint, and what a preset decides: figures against a loop over photos, each family by a t test written out,
the trainings that decide, and how it is drawn.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from scipy import stats

from mmpose_ssn import plotting
from mmpose_ssn.__main__ import main
from mmpose_ssn.datasets.leeds import KEYPOINTS
from mmpose_ssn.evaluation.bootstrap import draw_images
from mmpose_ssn.evaluation.comparison import Basis, Comparison, Outcome
from mmpose_ssn.evaluation.trained import difference
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.networks import networks
from mmpose_ssn.pages import joint_table, table1
from mmpose_ssn.pages.joint_table import Joints, joint_figures
from mmpose_ssn.pages.plots import interval_plot, joint_plot
from mmpose_ssn.pages.render import to_csv, to_markdown
from mmpose_ssn.pages.results import Results
from mmpose_ssn.pages.wording import outcome_words

PHOTOS, PRESET, FIGURE = 10, "photos-smoke", "confused@0.2"
NOISE = {"ssn": 7.0, "ssn-wo-shift": 12.0, "backbone-esp": 10.0, "lite-k256": 8.0, "lite-k256-frozen": 13.0}
SWAPPED = {"ssn": 0.05, "ssn-wo-shift": 0.6, "backbone-esp": 0.3, "lite-k256": 0.1, "lite-k256-frozen": 0.2}
SEEDS = {run: (0, 1, 2, 3) if run.startswith("lite") else (0, 1, 2) for run in NOISE}
DECIDES = {
    "networks": list(NOISE),
    "seeds": [0, 1, 2],
    "seeds_of": {"lite-k256": [0, 1, 2, 3], "lite-k256-frozen": [3, 2, 1, 0]},
    "primary": {"differences": [["ssn", "backbone-esp"], ["ssn", "ssn-wo-shift"], ["lite-k256", "lite-k256-frozen"]]},
    "secondary": {"figure": FIGURE, "differences": [["ssn", "ssn-wo-shift"], ["ssn", "backbone-esp"]]},
}
ALL = [f"{run}/seed{seed}" for run, seeds in SEEDS.items() for seed in seeds]
SHOULDER, HIP = KEYPOINTS.index("left_shoulder"), KEYPOINTS.index("right_hip")


def mirror(joint: str) -> str | None:
    side, _, rest = joint.partition("_")
    return {"left": f"right_{rest}", "right": f"left_{rest}"}.get(side)


def of_photos(people: dict[str, Any], found: list[dict[str, Any]]) -> dict[str, list[float]]:
    """What each photo gives to each figure, joint by joint, as pages name the figures."""
    given: dict[str, list[float]] = {}
    for person, ours in zip(people["annotations"], found, strict=True):
        true = {joint: person["keypoints"][3 * k : 3 * k + 3] for k, joint in enumerate(KEYPOINTS)}
        place = {joint: ours["keypoints"][3 * k : 3 * k + 2] for k, joint in enumerate(KEYPOINTS)}
        reach = 0.2 * math.dist(true["left_shoulder"][:2], true["right_hip"][:2])
        labelled = [joint for joint in KEYPOINTS if true[joint][2]]
        right = {joint: math.dist(place[joint], true[joint][:2]) for joint in labelled}
        confused = [
            right[joint] > reach and math.dist(place[joint], true[mirror(joint)][:2]) < reach
            for joint in labelled
            if mirror(joint) in labelled
        ]
        figures = {
            f"PCK@0.2 {joint}": float(right[joint] < reach) if joint in right else math.nan for joint in KEYPOINTS
        }
        figures["PCK@0.2"] = float(np.mean([one < reach for one in right.values()]))
        figures["PCK@0.1"] = float(np.mean([one < reach / 2 for one in right.values()]))
        figures[FIGURE] = float(np.mean(confused))
        for name, one in figures.items():
            given.setdefault(name, []).append(one)
    return given


@pytest.fixture(scope="module")
def folder(make_results, tmp_path_factory: pytest.TempPathFactory):
    """Trainings of five networks of photos with one person each, and the mean pose."""

    class Photos(make_results):
        DATA = "32 photos a split of Leeds Sports Pose, version 1.0, test"

        def __init__(self, path: Path) -> None:
            super().__init__(path, PHOTOS, 100)
            rng = np.random.default_rng(5)
            for number, one in enumerate(self.people["annotations"]):
                places = rng.uniform(0, 400, (14, 2))
                places[HIP] = places[SHOULDER] + (10.0, 60.0)
                labelled = np.full(14, 2)
                labelled[number % 4] = 0  # a leg's joint, but for the torso's end
                labelled[[SHOULDER, HIP]] = 2
                one["keypoints"] = np.c_[places, labelled].ravel().tolist()
            self.people["categories"][0]["keypoints"] = list(KEYPOINTS)
            (path / "annotations.json").write_text(json.dumps(self.people))
            self.given: dict[tuple[str, int, str], Mapping[str, list[float]]] = {}

        def found(self, run: str, seed: int, more: float = 0.0) -> list[dict[str, Any]]:
            rng, found = np.random.default_rng([seed, *run.encode()]), []
            flip = [KEYPOINTS.index(mirror(joint) or joint) for joint in KEYPOINTS]
            for one in self.people["annotations"]:
                places = np.reshape(one["keypoints"], (14, 3))[:, :2]
                swap = rng.random(14) < SWAPPED[run]
                places = np.where(swap[:, None], places[flip], places) + rng.normal(0, NOISE[run] + more, (14, 2))
                keypoints = np.c_[places, np.ones(14)].ravel().tolist()
                found.append({"image_id": one["image_id"], "category_id": 1, "keypoints": keypoints, "score": 0.5})
            return found

        def trained(self, run: str, seed: int) -> None:
            final = "P" if run.startswith("lite") else "P4"
            found = {
                name: self.found(run, seed, 6.0 * (name == "E1"))
                for name in ("E1", final)
                if name != "E1" or final == "P4"
            }
            predictors = {}
            for name, one in found.items():
                given = of_photos(self.people, one)
                self.given[run, seed, name] = given
                figures = {figure: float(np.nanmean(shares)) for figure, shares in given.items()}
                predictors[name] = {"AP": 0.5, **figures, "PCK@0.2_interval": [0.1, 0.9]}
            file = self.score(
                run, dict.fromkeys(found, 0.5), preset=PRESET, seed=seed, metric="PCK@0.2", predictors=predictors
            )
            (file.parent / "predictions").mkdir()
            for name, one in found.items():
                (file.parent / "predictions" / f"predictor.{name}.keypoints.json").write_text(json.dumps(one))

        def deciding(self, only: list[str] | None = None, **changed: Any) -> Results:
            """The preset's results, with what it decides; settings that are None are left out."""
            results = self.of(PRESET, only=only)
            settings = {**results.settings.settings, **DECIDES, **changed}
            settings = {name: value for name, value in settings.items() if value is not None}
            vars(results)["settings"] = replace(results.settings, settings=settings)
            return results

        def percent(self, run: str, figure: str, predictor: str | None = None) -> list[float]:
            """A figure of each training."""
            name = predictor or ("P" if run.startswith("lite") else "P4")
            return [100 * float(np.nanmean(self.given[run, seed, name][figure])) for seed in SEEDS[run]]

    folder = Photos(tmp_path_factory.mktemp("joints"))
    folder.count()
    for run, seeds in SEEDS.items():
        for seed in seeds:
            folder.trained(run, seed)
    none = {"AP": 0.1, "PCK@0.2": 0.2, "PCK@0.1": 0.1, FIGURE: 0.07, "PCK@0.2_interval": [0.1, 0.3]}
    none |= {f"PCK@0.2 {joint}": 0.25 if joint != "neck" else None for joint in KEYPOINTS}
    folder.score("mean-pose", {"mean-pose": 0.2}, preset=PRESET, metric="PCK@0.2", predictors={"mean-pose": none})
    return folder


def rows(text: str, number: int) -> tuple[list[str], dict[str, list[str]]]:
    """Header of a table of the page, and its other cells by the first."""
    tables = [part for part in text.split("\n\n") if part.startswith("| ")]
    header, _, *lines = [
        [cell.strip().replace("\\", "") for cell in line.strip("|").split("|")] for line in tables[number].splitlines()
    ]
    return header, {line[0]: line[1:] for line in lines}


def t_test(folder, figure: str, pair: tuple[str, str]) -> tuple[float, float, float]:
    """Difference, standard error and p by docs/statistics.md, of networks of one group."""
    lite = pair[0].startswith("lite")
    group = [run for run in NOISE if run.startswith("lite") == lite and run != "lite-k256-frozen"]
    alone = [[run] for run in pair if run == "lite-k256-frozen"]
    parts = []
    for runs in (group, *alone):
        freedom = sum(len(SEEDS[run]) - 1 for run in runs)
        spread = sum(np.var(folder.percent(run, figure), ddof=1) * (len(SEEDS[run]) - 1) for run in runs) / freedom
        parts.append((spread * sum(1 / len(SEEDS[run]) for run in pair if run in runs), freedom))
    name = "P" if lite else "P4"
    means = [np.mean([folder.given[run, seed, name][figure] for seed in SEEDS[run]], axis=0) for run in pair]
    draws = draw_images(PHOTOS, 2000, seed=0)
    parts.append((float(np.var([100 * np.mean((means[0] - means[1])[row]) for row in draws], ddof=1)), PHOTOS - 1))
    variance = sum(one for one, _ in parts)
    freedom = variance**2 / sum(one**2 / of for one, of in parts)
    gap = np.mean(folder.percent(pair[0], figure)) - np.mean(folder.percent(pair[1], figure))
    return gap, math.sqrt(variance), 2 * stats.t.sf(abs(gap) / math.sqrt(variance), freedom)


def check_family(found: list[Comparison], expected: list[tuple[float, float, float]]) -> None:
    p = [one[2] for one in expected]
    adjusted, largest = dict.fromkeys(range(len(p)), 0.0), 0.0
    for place, number in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        largest = max(largest, min(1.0, (len(p) - place) * p[number]))
        adjusted[number] = largest
    for number, one in enumerate(found):
        assert (one.difference, one.test.error, one.test.p) == pytest.approx(expected[number], rel=1e-6)
        assert one.family == len(p) and one.test.basis is Basis.POOLED
        assert one.test.p_holm == pytest.approx(adjusted[number], rel=1e-6)
        side = Outcome.HIGHER if one.difference > 0 else Outcome.LOWER
        assert one.outcome is (side if adjusted[number] <= 0.05 else Outcome.UNDECIDED)


def primary(results: Results) -> list[Comparison]:
    found = table1.Table1.of(results)
    return [found.comparisons[name] for name in found.drawn]


def test_each_family_is_decided_by_itself(folder) -> None:
    results = folder.deciding()
    first, second = results.settings.primary, results.settings.secondary
    check_family(primary(results), [t_test(folder, "PCK@0.2", pair) for pair in first])
    assert second[0] == FIGURE and len(first) == 3 != len(second[1])
    found = Joints.of(results).comparisons
    assert list(found) == list(second[1])
    check_family(list(found.values()), [t_test(folder, FIGURE, pair) for pair in found])
    assert found["ssn", "ssn-wo-shift"].outcome is Outcome.LOWER, "fewer joints on the wrong side"
    deep = [run for run in NOISE if not run.startswith("lite")]
    for figure, one in (("PCK@0.2", primary(results)[0]), (FIGURE, found["ssn", "backbone-esp"])):
        by_scipy = stats.levene(*(folder.percent(run, figure) for run in deep), center="median")
        assert one.levene == pytest.approx(by_scipy.pvalue)


def test_another_difference_of_the_second_figure_is_descriptive(folder) -> None:
    results = folder.deciding()
    trained = results.trained(results.scores("table1"), secondary=True)
    (one,) = trained.compare({"one": difference("lite-k256", "lite-k256-frozen")}).values()
    assert one.outcome is Outcome.DESCRIPTIVE and one.difference == pytest.approx(
        t_test(folder, FIGURE, ("lite-k256", "lite-k256-frozen"))[0]
    )
    with pytest.raises(ValueError, match=f"the preset {PRESET} has no secondary figure"):
        folder.deciding(secondary=None).trained([], secondary=True)


@pytest.mark.parametrize(
    ("only", "changed", "decides"),
    [
        (ALL, {}, True),
        ([one for one in ALL if not one.startswith("backbone")], {}, True),
        ([one for one in ALL if one != "backbone-esp/seed2"], {}, False),
        ([one for one in ALL if one != "lite-k256/seed3"], {}, False),
        (ALL, {"seeds_of": {"lite-k256": [0, 1, 2, 3]}}, False),
        (ALL, {"seeds": [0, 1]}, False),
        (ALL, {"seeds": [3], "seeds_of": {**{run: [0, 1, 2] for run in NOISE}, **DECIDES["seeds_of"]}}, True),
        (ALL, {"primary": {"seeds": [0, 1, 2], **DECIDES["primary"]}}, False),
        ([one for one in ALL if not one.endswith("3")], {"primary": {"seeds": [2, 1, 0], **DECIDES["primary"]}}, True),
    ],
    ids=[
        "all",
        "a network less",
        "a seed less",
        "a seed of its own less",
        "a seed more",
        "seeds more",
        "each its own",
        "named, and one more",
        "named",
    ],
)
def test_just_the_presets_seeds_decide_and_of_both_figures(
    folder, only: list[str], changed: dict, decides: bool
) -> None:
    results = folder.deciding([*only, "mean-pose"], **changed)
    found = [*primary(results), *Joints.of(results).comparisons.values()]
    assert len(found) >= 3
    assert {one.family for one in found} == ({2, 3} if decides else {None})
    assert all((one.outcome is Outcome.DESCRIPTIVE) != decides for one in found)


def test_family_keeps_its_size_where_a_network_is_not_trained(folder) -> None:
    only = [one for one in ALL if not one.startswith("backbone")]
    (one,) = Joints.of(folder.deciding(only)).comparisons.values()
    assert one.family == 2 and one.test.p_holm == pytest.approx(min(1, 2 * one.test.p))


def test_joints_are_those_of_a_loop_left_and_right_in_one(folder) -> None:
    text = to_markdown(joint_table.page(folder.deciding()), "joints")
    header, lines = rows(text, 0)
    joints = ["ankle", "knee", "hip", "wrist", "elbow", "shoulder", "neck", "top head"]
    assert header[1:] == [*joints, "PCK@0.2", "PCK@0.1"]
    for run, title in (("ssn", "SSN"), ("lite-k256", "3Block + 3FSM, K = 256")):
        for joint, sides in (("knee", ("left_knee", "right_knee")), ("neck", ("neck",)), ("top head", ("top_head",))):
            expected = np.mean([folder.percent(run, f"PCK@0.2 {side}") for side in sides])
            assert lines[title][header.index(joint) - 1] == f"{expected:.1f}", (run, joint)
        for figure in ("PCK@0.2", "PCK@0.1"):
            assert lines[title][header.index(figure) - 1] == f"{np.mean(folder.percent(run, figure)):.1f}"
    assert lines["Mean pose in the box"][header.index("knee") - 1] == "25.0"
    assert lines["Mean pose in the box"][header.index("neck") - 1] == "–", "no photo shows it"
    for line in pd.read_csv(io.StringIO(to_csv(joint_table.page(folder.deciding()).records[""]))).to_dict("records"):
        if line["network"] in NOISE:
            given = folder.given[line["network"], int(line["seed"]), line["predictor"]]
            for figure in ("PCK@0.2", "PCK@0.1", FIGURE, "PCK@0.2 left_knee", "PCK@0.2 neck"):
                assert line[figure] == pytest.approx(100 * np.nanmean(given[figure])), (line["network"], figure)


def test_confusion_of_each_predictor_and_what_is_decided_of_it(folder) -> None:
    shown = joint_table.page(folder.deciding())
    text = to_markdown(shown, "joints")
    header, lines = rows(text, 1)
    assert header == ["Method", "E1", "final", "final, of<br>joints found"] and len(lines) == len(NOISE) + 1
    shares = []
    for seed in range(3):
        figures = {name: np.nanmean(of) for name, of in folder.given["ssn", seed, "P4"].items()}
        right = np.mean([of for name, of in figures.items() if re.match(r"PCK@0\.2 (left|right)_", name)])
        shares.append(100 * figures[FIGURE] / (figures[FIGURE] + right))
    assert lines["SSN"][2] == f"{np.mean(shares):.1f} ± {np.std(shares, ddof=1):.1f} (3 seeds)"
    for column, predictor in ((0, "E1"), (1, "P4")):
        values = folder.percent("ssn", FIGURE, predictor)
        assert lines["SSN"][column] == f"{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f} (3 seeds)"
    assert lines["3Block + 3FSM, K = 256"][0] == lines["Mean pose in the box"][0] == "–"
    assert lines["3Block + 3FSM, K = 256"][1].endswith("(4 seeds)")
    assert f"## What is decided of {FIGURE}" in text
    _, lines = rows(text, 2)
    gap = np.mean(folder.percent("ssn", FIGURE)) - np.mean(folder.percent("ssn-wo-shift", FIGURE))
    words, outcome = lines["SSN less SSN, w/o shifting"]
    assert words.startswith(f"−{-gap:.1f} [") and outcome.startswith("lower")
    assert "adjustment for the 2 comparisons that are decided together" in text
    record = shown.records["-differences"][0]
    assert (record["figure"], record["higher"], record["decided_together"]) == (FIGURE, "ssn", 2)
    assert record["difference_measured"] == pytest.approx(gap)
    assert all("it neither reproduces nor refutes" in one["notice"] for of in shown.records.values() for one in of)


def test_bars_are_of_the_networks_that_are_decided_and_lines_from_worst_to_best(folder, monkeypatch, tmp_path) -> None:
    drawn: dict[str, Any] = {"bars": {}, "lines": []}

    def bar(panel, x, heights, *args, label, real=Axes.bar, **how):
        drawn["bars"][label] = list(heights)
        return real(panel, x, heights, *args, label=label, **how)

    def vlines(panel, x, low, high, real=Axes.vlines, **how):
        drawn["lines"].append((list(low), list(high)))
        return real(panel, x, low, high, **how)

    monkeypatch.setattr(Axes, "bar", bar)
    monkeypatch.setattr(Axes, "vlines", vlines)
    (picture,) = joint_table.page(folder.deciding(primary={"differences": [["ssn", "ssn-wo-shift"]]})).pictures
    picture.draw(tmp_path / "joints.png")
    assert list(drawn["bars"]) == ["SSN", "SSN, w/o shifting"]
    joints = list(joint_figures(folder.deciding().scores("table1")[0].predictors["P4"], "PCK@0.2"))
    for run, heights, (low, high) in zip(("ssn", "ssn-wo-shift"), drawn["bars"].values(), drawn["lines"], strict=True):
        each = np.mean([folder.percent(run, f"PCK@0.2 {side}_wrist") for side in ("left", "right")], axis=0)
        place = joints.index("wrist")
        assert (heights[place], low[place], high[place]) == pytest.approx((each.mean(), each.min(), each.max()))


def test_joint_that_one_side_alone_shows_has_that_sides_figure(folder) -> None:
    one = folder.deciding().scores("table1")[0].predictors["P4"]
    of = joint_figures(
        replace(one, figures={"PCK@0.2 left_hip": 0.4, "PCK@0.2 right_hip": math.nan, "PCK@0.2 neck": math.nan}),
        "PCK@0.2",
    )
    assert of["hip"] == 40 and math.isnan(of["neck"])


def test_without_what_is_decided_all_trained_networks_are_drawn(folder) -> None:
    shown = joint_table.page(folder.deciding(primary=None, secondary=None))
    assert Joints.of(folder.deciding(primary=None, secondary=None)).drawn == tuple(
        dict.fromkeys(one.network for one in folder.deciding().scores("table1") if one.cost)
    )
    assert "What is decided" not in to_markdown(shown, "joints") and shown.records["-differences"] == []
    lite = to_markdown(joint_table.page(folder.deciding([one for one in ALL if one.startswith("lite")])), "joints")
    assert rows(lite, 1)[0] == ["Method", "final", "final, of<br>joints found"]


def test_page_that_has_nothing_to_show_is_refused(folder, capsys: pytest.CaptureFixture) -> None:
    for only in ([], ["mean-pose"]):
        with pytest.raises(RefusedInput, match=rf"{PRESET}: no network is scored; evaluate one first"):
            joint_table.page(folder.deciding(only))
    with pytest.raises(RefusedInput, match="the preset figures is scored by AP, which is of whole people"):
        joint_table.page(folder.of("figures"))
    assert main(["page", "joints", "--preset", "smoke", "--results", str(folder.path)]) == 1
    assert "the preset smoke is scored by AP" in capsys.readouterr().err


def test_a_difference_that_is_no_ordering_is_refused(folder) -> None:
    for pair in (["ssn-wo-shift", "ssn"], ["ssn", "ssn-eq6"]):
        results = folder.deciding(primary={"differences": [["ssn", "ssn-wo-shift"], pair]})
        with pytest.raises(RefusedInput, match=f"decides {pair[0]} less {pair[1]}, which Table 1 does not show"):
            table1.Table1.of(results)


def test_command_writes_what_the_workflow_expects(folder, tmp_path: Path) -> None:
    for page, endings in (
        ("joints", {".md", ".csv", "-differences.csv", ".png"}),
        ("table1", {".md", ".csv", "-orderings.csv", ".tex", "-intervals.png"}),
    ):
        only = ["--only", *(one for one in ALL if one[-1] in "01"), "mean-pose"]
        how = ["--preset", PRESET, "--results", str(folder.path), "--out", str(tmp_path / page)]
        assert main(["page", page, *how, *only]) == 0
        assert {file.name for file in tmp_path.glob(f"{page}*")} == {page + ending for ending in endings}


# The picture of what is decided


@pytest.fixture
def picture(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What is left of the next picture: its one panel and its figure."""
    kept: dict[str, Any] = {}

    @contextlib.contextmanager
    def keep(file, *args, real=plotting.figure, **options):
        with real(file, *args, **options) as (drawn, grid):
            kept.update(drawn=drawn, panel=grid[0, 0])
            yield drawn, grid
            drawn.canvas.draw()
            drawn.canvas.draw()  # labels follow the panel that the first one has placed
            kept["boxes"] = {
                text.get_text(): text.get_window_extent() for text in (*grid[0, 0].get_yticklabels(), *grid[0, 0].texts)
            }
            kept["axes"], kept["all"] = grid[0, 0].get_window_extent().frozen(), drawn.bbox.frozen()
            kept["legends"] = [one.get_window_extent() for one in drawn.legends]

    for module in (interval_plot, joint_plot):
        monkeypatch.setattr(module, "figure", keep)
    return kept


def test_what_is_decided_is_drawn_as_it_was_compared(folder, picture, tmp_path: Path) -> None:
    results = folder.deciding()
    shown, found = table1.page(results), primary(results)
    assert [one.suffix for one in shown.pictures] == ["-intervals"]
    shown.pictures[0].draw(tmp_path / "intervals.png")
    panel = picture["panel"]
    labels = [label.get_text() for label in panel.get_yticklabels()]
    assert labels[:2] == ["SSN\nless Backbone, w/ ESP", "SSN\nless SSN, w/o shifting"] and len(labels) == 3
    bottom, top = panel.get_ylim()
    assert bottom > 2 and top < 0, "the first on top"
    lines = {line.get_label(): line for line in panel.lines}
    ticks = lines["the paper's difference, AP points on COCO val2017"].get_xydata().tolist()
    assert ticks == [[2.9, 0], [1.8, 1]], "the paper has no frozen network"
    outcomes = set()
    for row, one in enumerate(found):
        whisker, point = [
            line for line in panel.lines if set(line.get_ydata()) == {row} and "paper" not in line.get_label()
        ]
        assert list(whisker.get_xdata()) == pytest.approx(one.interval()) and point.get_xdata() == pytest.approx(
            one.difference
        )
        decided = one.outcome in (Outcome.HIGHER, Outcome.LOWER)
        outcomes.add(decided)
        assert (whisker.get_color() == point.get_color() == "black") == decided
        assert (point.get_markerfacecolor() == "white") != decided
        (said,) = [text for text in panel.texts if text.xy[1] == row]
        assert said.get_text().replace("\n", " ") == outcome_words(one) and said.get_color() == point.get_color()
    low, high = panel.get_xlim()
    assert low < 0 < high and "PCK points" in panel.get_xlabel() and "(not COCO val2017)" in panel.get_xlabel()


def test_what_is_undecided_is_pale_and_what_has_no_print_has_no_tick(picture, tmp_path: Path) -> None:
    how = ("title", "points", "the paper's", tmp_path / "intervals.png")
    interval_plot.draw([interval_plot.Difference("a", 5.0, (4.0, 6.0), "undecided", False)], *how)
    colors = {line.get_color() for line in picture["panel"].lines if {4.0, 5.0} & set(line.get_xdata())}
    assert len(colors) == 1 and "black" not in colors
    assert not picture["drawn"].legends and picture["panel"].get_xlim()[0] < 0, "zero is in the picture"


def test_no_text_of_long_names_is_cut_or_lies_upon_another(picture, tmp_path: Path) -> None:
    names = [one.title for one in networks().values() if "table1" in one.pages][-6:]
    outcomes = [
        "higher (rests on pooling)",
        "undecided",
        "not compared: too low a score of lite-k256 and lite-k256-frozen",
    ]
    rows = [
        interval_plot.Difference(
            f"{name} {number}\nless {name}", 5.0, (4.0, 6.0), f"{outcomes[number % 3]} {number}", True, 1.0
        )
        for number, name in enumerate(names)
    ]
    interval_plot.draw(
        rows, "title " * 30, "points\non photos", "the paper's difference, AP points on COCO", tmp_path / "a.png"
    )
    boxes = list(picture["boxes"].values())
    assert len(boxes) == 12
    for number, one in enumerate(boxes):
        assert one.x0 >= picture["all"].x0 and one.x1 <= picture["all"].x1 + 1
        assert one.x1 <= picture["axes"].x0 or one.x0 >= picture["axes"].x1
        assert not any(one.overlaps(other) for other in boxes[number + 1 :])
    assert picture["axes"].width > picture["all"].width / 5, "the intervals have a place"
    joints = {joint: [40.0, 50.0] for joint in ("ankle", "knee")}
    joint_plot.draw(dict.fromkeys(names, joints), "title", "PCK", tmp_path / "b.png")
    (legend,) = picture["legends"]
    assert legend.x0 >= picture["all"].x0 and legend.x1 <= picture["all"].x1


def test_without_what_is_decided_all_orderings_are_drawn(folder, picture, tmp_path: Path) -> None:
    found = table1.Table1.of(folder.deciding(primary=None, secondary=None))
    assert found.drawn == tuple(found.comparisons) and len(found.drawn) == 3
    nothing = folder.deciding(["ssn/seed0", "lite-k256/seed0"])
    assert table1.Table1.of(nothing).drawn == ()
    table1.page(nothing).pictures[0].draw(tmp_path / "a.png")
    assert (tmp_path / "a.png").is_file() and "no two networks to compare" in picture["boxes"]
