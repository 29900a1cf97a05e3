"""Table 1 from a folder of results: what it shows, what it says about it, and what it refuses."""

import importlib
import io
import json
import math
import re
from statistics import fmean

import pandas as pd
import pytest

from mmpose_ssn import claims, paper
from mmpose_ssn.__main__ import main
from mmpose_ssn.commands.page import PAGES
from mmpose_ssn.evaluation.comparison import Basis, Outcome, Spread, TTest, holm
from mmpose_ssn.evaluation.scores import check_together, read_scores
from mmpose_ssn.experiment.presets import load_preset
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.networks import networks, shown_on
from mmpose_ssn.pages.render import escape_tex, to_csv, to_markdown, to_tex
from mmpose_ssn.pages.study import interval_note, outcome_note
from mmpose_ssn.pages.table1 import Table1, page, page_of
from mmpose_ssn.pages.wording import outcome_words, spread_words

DRAWN = "drawn v1 (400 images, seed 0)"
TITLES = {
    "ssn-frozen": "SSN, offsets frozen at random",
    "ssn-eq6": "SSN, its attention not times H·W",
    "lite-k256-frozen": "3Block + 3FSM, K = 256, offsets frozen at random",
    "lite-k256-wo-shift": "3Block + 3FSM, K = 256, w/o shifting",
    "lite-k256-wo-fsm": "3Block, without modules",
    "mean-pose": "Mean pose in the box",
}
CONTROLS = list(TITLES)
GONE = object()


def markdown(shown):
    return to_markdown(shown, "table1")


def csv(shown):
    return to_csv(shown.records[""])


def orderings_csv(shown):
    return to_csv(shown.records["-orderings"])


@pytest.fixture
def made(made):
    """The costs round to every printed figure, but for ssn's FLOPs."""
    made.count({"ssn": {"params": 40_475_123, "macs": 13_096_000_000, "ops": 13_097_000_000}})
    return made


@pytest.fixture
def score(made):
    """Write the scores of a training, in percent, on 400 images; without detections."""

    def write(run="ssn", ap=61.237, seed=0, preset="figures", **changed):
        final = "mean-pose" if run == "mean-pose" else "P4"
        provenance = {"data": DRAWN, "commit": "abc1234", "machine": "x86_64, 2 cores, cpu"}
        if final == "P4":
            provenance |= {"iterations": 600, "wall_time_s": 123.4}
        provenance |= changed.pop("provenance", {})
        changed = {"images": 400, "instances": 800, "resamples": 1000, **changed, "provenance": provenance}
        predictors = {"E1": 0.11, final: ap / 100} if final == "P4" else {final: ap / 100}
        return made.score(run, predictors, preset=preset, seed=seed, **changed)

    return write


def markdown_rows(text, number=0):
    """Cells of a Markdown table (the first one's rows are methods) by their first, escapes undone."""
    tables = re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    lines = tables[number].splitlines()
    rows = [[re.sub(r"\\(.)", r"\1", cell.strip()) for cell in line.strip("|").split("|")] for line in lines]
    return rows[0], {row[0]: row[1:] for row in rows[2:]}


def tex_rows(text):
    body = text[text.index(r"\midrule") : text.index(r"\bottomrule")].splitlines()[1:]
    return {row[0]: row[1:] for row in ([cell.strip() for cell in line.split(" & ")] for line in body)}


def csv_rows(text):
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)


def spoil(file, path, value):
    """Set one field of a JSON file, named by its path of keys, to a value, or take it away."""
    content = json.loads(file.read_text())
    *parents, last = path
    at = content
    for key in parents:
        at = at[key]
    if value is GONE:
        del at[last]
    else:
        at[last] = value
    file.write_text(json.dumps(content))


def test_measured_row(made, score):
    score()
    shown = page(made.of())
    header, rows = markdown_rows(markdown(shown))
    assert header[1:3] == ["AP, printed<br>COCO val2017", "AP, measured<br>drawn v1<br>(not COCO val2017)"]
    assert rows["SSN"] == [
        "73.0",
        "61.2 [59.2, 63.2]",
        "40.475 (40.5 ✓)",
        "13.097 (13.3 ✗)",
        "13.096",
        "0.634",
        "0.112",
    ]
    assert tex_rows(to_tex(shown))["SSN"][:4] == [
        "73.0",
        "61.2 {[}59.2, 63.2{]}",
        r"40.475 (40.5 $\surd$)",
        r"13.097 (13.3 $\times$)",
    ]
    row = csv_rows(csv(shown)).set_index("network").loc["ssn"]
    assert float(row["measured"]) == pytest.approx(61.237, abs=1e-12)
    assert (row["ap_printed"], row["ap_printed_on"], row["measured_on"]) == ("73.0", "COCO val2017", DRAWN)
    assert (row["params"], row["params_match"], row["flops_match"]) == ("40475123", "True", "False")
    assert (row["trained_params"], row["seed"], row["commit"]) == ("634123", "0", "abc1234")
    assert (row["config_digest"], row["checkpoint_digest"]) == ("config_digest of ssn", "checkpoint_digest of ssn")


def test_every_paper_row_is_shown_whatever_was_run(made, score):
    nothing = page(made.of())
    assert "no AP measured yet" in nothing.title
    score()
    for shown in (nothing, page(made.of())):
        _, rows = markdown_rows(markdown(shown))
        assert list(rows)[:10] == [row.method for row in paper.table1().values()]
        assert rows["Backbone"][:3] == ["69.7", "not run", "25.100 (25.1 ✓)"]
        assert rows["SSN, 384x288"][:4] == ["–", "–", "40.500 (40.5 ✓)", "29.900 (29.9 ✓)"]
        assert list(tex_rows(to_tex(shown))) == [escape_tex(row) for row in rows]
        lines = csv_rows(csv(shown)).set_index("network")
        assert list(lines.index) == [*paper.table1(), *CONTROLS]
        assert lines.loc["backbone", "status"] == "not run"
        assert lines.loc["ssn-384x288", "status"] == "cost only"
        assert lines.loc[CONTROLS, "status"].unique().tolist() == ["not run"]


def test_seeds_are_averaged_and_each_is_in_the_csv(made, score):
    score(seed=11, ap=65.0)
    score(seed=2)
    shown = page(made.of())
    _, rows = markdown_rows(markdown(shown))
    assert rows["SSN"][1] == "63.1 ± 2.7 (2 seeds)"
    lines = csv_rows(csv(shown)).query("network == 'ssn'")
    assert list(lines["seed"]) == ["2", "11"]
    assert list(lines["measured"].astype(float)) == pytest.approx([61.237, 65.0])
    assert list(lines["mean_of_seeds"].astype(float)) == pytest.approx([63.1185] * 2)


def test_only_chosen_trainings_are_shown(made, score):
    for run, seed in (("ssn", 0), ("ssn", 1), ("lite-k256", 0), ("mean-pose", 0)):
        score(run, 40.0, seed)
    for chosen, expected in (
        (["ssn/seed0", "ssn/seed1"], {("ssn", "0"), ("ssn", "1")}),
        (["ssn/seed0", "lite-k256/seed0", "mean-pose"], {("ssn", "0"), ("lite-k256", "0"), ("mean-pose", "")}),
        (["ssn/seed1", "mean-pose"], {("ssn", "1"), ("mean-pose", "")}),
        (["mean-pose"], {("mean-pose", "")}),
        (None, {("ssn", "0"), ("ssn", "1"), ("lite-k256", "0"), ("mean-pose", "")}),
    ):
        lines = csv_rows(csv(page(made.of(only=chosen)))).query("measured != ''")
        assert set(zip(lines["network"], lines["seed"], strict=True)) == expected


def test_reference_rows_stand_below_the_papers_and_say_that_they_are_ours(made, score):
    trained = {
        "ssn-frozen": 55.1,
        "ssn-eq6": 54.3,
        "lite-k256-frozen": 41.2,
        "lite-k256-wo-shift": 38.4,
        "lite-k256-wo-fsm": 30.7,
    }
    for run, ap in {"mean-pose": 2.13, **trained, "backbone": 61.237}.items():  # none that a control is held against
        score(run, ap)
    shown = page(made.of())
    _, rows = markdown_rows(markdown(shown))
    said = {run: f"{title} (not in the paper)" for run, title in TITLES.items()}
    assert list(rows)[10:] == list(said.values())
    for run, ap in trained.items():
        interval = f"{ap} [{ap - 2:.1f}, {ap + 2:.1f}]"
        assert rows[said[run]] == ["–", interval, "–", "–", "–", "0.634", "0.112"], run
    assert rows[said["mean-pose"]] == ["–", "2.1 [0.1, 4.1]", *["–"] * 5]
    lines = csv_rows(csv(shown)).set_index("network")
    assert lines.loc["backbone", "status"] == "measured"
    assert lines.loc[CONTROLS, "status"].unique().tolist() == ["control"]
    empty = ["params", "trained_params", "seed", "iterations"]
    assert lines.loc["mean-pose", ["ap_printed", "place", *empty]].tolist() == ["", "not in the paper", *[""] * 4]
    assert lines.loc[list(trained), "trained_params"].unique().tolist() == ["634123"]
    assert all(escape_tex(row) in to_tex(shown) for row in said.values())


def test_every_control_has_a_name():
    ours = [networks()[name] for name in shown_on("table1") if name not in paper.table1()]
    assert [(one.id, one.title) for one in ours] == list(TITLES.items())
    assert all(one.title != one.id and one.place == "not in the paper" for one in ours)


def test_wall_time_and_machine_of_each_training_are_in_the_csv(made, score):
    for run, ap, seed in (("ssn", 61, 0), ("ssn", 62, 1), ("lite-k256", 40, 0), ("mean-pose", 2, 0)):
        score(run, ap, seed)
    shown = page(made.of())
    lines = csv_rows(csv(shown)).set_index("network")
    assert lines.loc["ssn", "wall_time_s"].tolist() == ["123.4", "123.4"]
    assert lines.loc["lite-k256", "machine"] == "x86_64, 2 cores, cpu"
    # 3 x 123.4 s; the mean pose is no training.
    assert "wall time of the trainings, added up: 370 s in 3 trainings" in markdown(shown)


def test_orderings_stand_under_the_table(made, score):
    for run, ap in (("ssn", 61.23), ("ssn-k256", 60.0), ("ssn-wo-ca", 63.0)):
        score(run, ap)
    found = {
        "ssn-over-k256": made.compared(1.23, 0.79, 0.022),
        "ssn-over-wo-ca": made.compared(-1.52, 1.48, 0.022),
    }
    shown = page_of(made.table1(found))
    text = markdown(shown)
    assert text.index("## Orderings") > text.index("**Made by**")
    header, rows = markdown_rows(text, number=1)
    assert header == [
        "Ordering",
        "Where",
        "Difference, printed<br>COCO val2017",
        "Difference, measured<br>drawn v1<br>(not COCO val2017)",
        "Outcome",
    ]
    assert rows["SSN > SSN, K = 256"][1:] == ["+0.5", "+1.2 [+0.4, +2.0]", "in these runs: higher"]
    assert rows["SSN > SSN, w/o CA"][1:] == ["+1.7", "−1.5 [−3.0, +0.0]", "in these runs: lower"]
    assert rows["SSN > Backbone"] == ["Table 1, rows 7 and 1", "+3.3", "not run", "not run"]
    ours = "3Block + 3FSM, K = 256 > 3Block + 3FSM, K = 256, offsets frozen at random"
    assert rows[ours] == ["not in the paper: learned offsets against random reach", "–", "not run", "not run"]
    assert len(rows) == len(claims.orderings())
    for said in (
        "variance of 1000 draws of the same 400 images",
        "Holm's adjustment for the 2 comparisons that are decided together",
        "Each network was trained once",
    ):
        assert said in text
    tex = to_tex(shown)
    assert r"+1.2 {[}+0.4, +2.0{]} & in these runs: higher" in tex
    assert r"\label{tab:table1-figures-orderings}" in tex and tex.isascii()
    assert tex.count("neither reproduces nor refutes") == 2


def test_orderings_csv_has_every_ordering_and_the_notices(made, score):
    for run, ap in (("ssn", 61.23), ("ssn-k256", 60.0)):
        score(run, ap)
    spreads = {"deep": Spread(1.826, 14), "lite": Spread(0.3, math.inf)}
    welch = TTest(Basis.WELCH, 0.5, 3.0, 0.04, 0.08)
    options = {"basis": Basis.POOLED, "spreads": spreads, "welch": welch, "levene": 0.4}
    lines = csv_rows(
        orderings_csv(page_of(made.table1({"ssn-over-k256": made.compared(1.23, 0.79, 0.022, **options)})))
    )
    lines = lines.set_index("ordering")
    assert list(lines.index) == list(claims.orderings())
    line = lines.loc["ssn-over-k256"]
    words = ["status", "outcome", "difference_printed", "preset", "basis", "trainings", "seeds", "data", "spreads"]
    assert line[words].tolist() == [
        *("measured", "higher (rests on pooling)", "0.5", "figures", "pooled over its group", "ssn=1 ssn-k256=1", "0"),
        *(DRAWN, "deep 1.83, with 14 degrees of freedom; lite 0.30, assumed"),
    ]
    numbers = {"difference_measured": 1.23, "difference_low": 0.44, "difference_high": 2.02, "error": 0.79 / 1.95996}
    numbers |= {"images_error": 0.1, "freedom": math.inf, "p": 0.002, "p_holm": 0.022, "p_welch": 0.04}
    numbers |= {"p_welch_holm": 0.08, "levene": 0.4, "decided_together": 2, "images": 400, "resamples": 1000}
    assert line[list(numbers)].astype(float).tolist() == pytest.approx(list(numbers.values()), rel=1e-5)
    assert lines["status"].value_counts().to_dict() == {"not run": len(claims.orderings()) - 1, "measured": 1}
    assert all("neither reproduces nor refutes" in notice for notice in lines["notice"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "in these runs: undecided"),
        ({"basis": Basis.GIVEN}, "undecided"),
        ({"p_holm": 0.01, "basis": Basis.POOLED}, "higher"),
        ({"p_holm": None}, "descriptive"),
        ({"too_low": ("ssn", "backbone")}, "not compared: too low a score of ssn and backbone"),
        (
            {"basis": Basis.POOLED, "p_holm": 0.01, "welch": TTest(Basis.WELCH, 1.0, 2.0, 0.1, 0.2)},
            "higher (rests on pooling)",
        ),
        ({"basis": Basis.POOLED, "welch": TTest(Basis.WELCH, 1.0, 2.0, 0.1, 0.2)}, "undecided"),
    ],
)
def test_an_outcome_says_what_it_depends_on(made, options, said):
    assert outcome_words(made.compared(1.0, **options)) == said


def test_a_note_says_where_the_spread_over_trainings_comes_from():
    pooled, assumed = Spread(1.826, 14), Spread(0.3, math.inf)
    spreads = [spread_words({"deep": pooled}), spread_words({"deep": pooled, "lite": assumed}), ""]
    note = interval_note([Basis.POOLED.value, Basis.GIVEN.value, Basis.POOLED.value], spreads, 400, 2000)
    assert "spread over trainings (pooled over its group; given beforehand)" in note
    assert "variance over images of 2000 draws of the same 400 images" in note
    assert note.endswith(
        "Standard deviation over trainings: deep 1.83, with 14 degrees of freedom; lite 0.30, assumed."
    ), "each once"
    unknown = interval_note([Basis.UNKNOWN.value] * 2, ["", ""], 400, 2000)
    assert "Each network was trained once" in unknown and "Standard deviation" not in unknown
    partly = interval_note([Basis.UNKNOWN.value], spreads[:1], 400, 2000)
    assert "not known of every network" in partly and "trained once" not in partly


def test_a_note_says_what_is_decided_and_with_how_many_others():
    pooled, given = [Basis.POOLED.value], [Basis.GIVEN.value]
    assert "for the 5 comparisons that are decided together" in outcome_note([None, 5, 5], pooled, "")
    assert '"Rests on pooling"' in outcome_note([5], pooled, "")
    assert '"Rests on pooling"' not in outcome_note([5], given, "") + outcome_note([None], pooled, "")
    assert ("Descriptive" in outcome_note([5, None], pooled, ""), "Descriptive" in outcome_note([5], pooled, "")) == (
        *(True, False),
    )
    assert "Holm" not in outcome_note([None], pooled, "") and outcome_note([None], pooled, "B.").endswith(" B.")


UNNAMED, PLANNED = ("primary",), len(claims.orderings()) + 1
"""Without these settings figures decides so many together: all orderings, and the paper's sum of four networks."""


def train(made, noise, **how):
    """Trainings whose detections are off by so many pixels; AP in percent, by network and seed."""
    ap = {}
    for number, ((run, seed), size) in enumerate(noise.items()):
        made.train(run, {"P4": (found := made.found(size, number))}, seed=seed, **how)
        ap[run, seed] = 100 * made.ap(found)
    return ap


def test_orderings_are_of_the_means_over_whatever_trainings_there_are(made):
    seeds = [("ssn", 0), ("ssn", 1), ("ssn-k256", 1), ("ssn-k256", 0), ("ssn-k256", 2), ("ssn-wo-ca", 1)]
    ap = train(made, dict(zip(seeds, (3.0, 4.0, 4.5, 5.0, 2.0, 6.0), strict=True)))
    train(made, {("lite-k256", 0): 5.0, ("lite-k256-frozen", 1): 5.0})
    mean = {run: fmean(one for (name, _), one in ap.items() if name == run) for run, _ in ap}
    table = Table1.of(made.of("figures", UNNAMED))
    found = table.comparisons
    assert {name: dict(one.trainings) for name, one in found.items()} == {
        "ssn-over-wo-ca": {"ssn": 2, "ssn-wo-ca": 1},
        "ssn-over-k256": {"ssn": 2, "ssn-k256": 3},
        "lite-k256-over-frozen": {"lite-k256": 1, "lite-k256-frozen": 1},
    }, "they need no seed in common"
    assert found["ssn-over-k256"].difference == pytest.approx(mean["ssn"] - mean["ssn-k256"])
    assert found["ssn-over-wo-ca"].difference == pytest.approx(mean["ssn"] - mean["ssn-wo-ca"])
    bases = {name: one.test.basis for name, one in found.items()}
    assert bases == dict.fromkeys(("ssn-over-wo-ca", "ssn-over-k256"), Basis.POOLED) | {
        "lite-k256-over-frozen": Basis.GIVEN
    }, "each lite network was trained once, and figures gives the spread that such had before"
    tests = [one.test for one in found.values()]
    assert [test.p_holm for test in tests] == holm([test.p for test in tests], PLANNED)
    lines = csv_rows(orderings_csv(page_of(table))).set_index("ordering").query("status == 'measured'")
    assert lines["seeds"].to_dict() == {
        "ssn-over-wo-ca": "0 1",
        "ssn-over-k256": "0 1 2",
        "lite-k256-over-frozen": "0 1",
    }
    assert set(lines["resamples"]) == {"2000"}


def test_detections_of_other_scores_are_refused(made):
    train(made, {("ssn", 0): 3.0, ("ssn-k256", 0): 4.0})
    spoil(made.path / "figures" / "ssn" / "seed0" / "scores.json", ["predictors", "P4", "AP"], 0.5)
    with pytest.raises(RefusedInput, match=r"ssn/seed0/.*P4\.keypoints\.json: its AP on .* but .*says 0\.500000"):
        Table1.of(made.of())
    (made.path / "figures" / "ssn-k256" / "seed0" / "predictions" / "predictor.P4.keypoints.json").unlink()
    spoil(
        made.path / "figures" / "ssn" / "seed0" / "scores.json", ["predictors", "P4", "AP"], made.ap(made.found(3, 0))
    )
    with pytest.raises(RefusedInput, match=r"ssn-k256/.*P4\.keypoints\.json: cannot be read"):
        Table1.of(made.of())


LOW = {("ssn", 0): 4.0, ("ssn-wo-ca", 0): 10.0, ("ssn-k256", 0): 5.0, ("backbone", 0): 12.0, ("backbone-esp", 0): 11.0}


def test_a_network_below_the_bound_is_compared_with_none(made):
    ap = train(made, LOW)
    assert {run for (run, _), one in ap.items() if one < 30} == {"ssn-wo-ca", "backbone", "backbone-esp"}
    table = Table1.of(made.of("figures", UNNAMED))
    assert {name: one.too_low for name, one in table.comparisons.items()} == {
        "ssn-over-wo-ca": ("ssn-wo-ca",),
        "ssn-over-k256": (),
        "ssn-over-backbone-esp": ("backbone-esp",),
        "ssn-over-backbone": ("backbone",),
        "backbone-esp-over-backbone": ("backbone-esp", "backbone"),
    }
    decided = table.comparisons["ssn-over-k256"]
    assert decided.test.p_holm == pytest.approx(min(1, PLANNED * decided.test.p)), "of what Table 1 claims"
    shown = page_of(table)
    _, rows = markdown_rows(markdown(shown), number=1)
    refused = rows["SSN > SSN, w/o CA"]
    assert refused[-1] == "not compared: too low a score of ssn-wo-ca"
    assert refused[2].startswith(f"+{ap['ssn', 0] - ap['ssn-wo-ca', 0]:.1f} ["), "it is measured all the same"
    assert rows["Backbone, w/ ESP > Backbone"][-1].endswith(
        "not compared: too low a score of backbone-esp and backbone"
    )
    assert rows["SSN > SSN, K = 256"][-1] == decided.outcome.value
    assert f"adjustment for the {PLANNED} comparisons" in markdown(shown)
    lines = csv_rows(orderings_csv(shown)).set_index("ordering")
    assert lines.loc["ssn-over-wo-ca", "outcome"] == "not compared: too low a score of ssn-wo-ca"
    assert lines.loc["ssn-over-wo-ca", "p_holm"] == "" != lines.loc["ssn-over-wo-ca", "p"]
    assert lines.loc["ssn-over-k256", "p_holm"] != ""


def test_the_bound_is_on_the_mean_over_seeds(made):
    ap = train(made, {("ssn", 0): 4.0, ("ssn", 1): 4.0, ("ssn-k256", 0): 5.5, ("ssn-k256", 1): 8.5})
    assert ap["ssn-k256", 1] < 30 < fmean((ap["ssn-k256", 0], ap["ssn-k256", 1]))
    assert Table1.of(made.of()).comparisons["ssn-over-k256"].outcome is not Outcome.NOT_COMPARED
    (one,) = Table1.of(made.of(only=["ssn/seed1", "ssn-k256/seed1"])).comparisons.values()
    assert one.outcome is Outcome.NOT_COMPARED


@pytest.mark.parametrize("decisive", load_preset("figures").decisive)
def test_where_a_decisive_network_is_below_the_bound_nothing_is_compared(made, decisive):
    noise = {("backbone", 0): 4.0, ("backbone-esp", 0): 5.0, ("ssn-k256", 0): 5.0, ("ssn-wo-ca", 0): 10.0}
    noise |= {(name, 0): 4.5 for name in load_preset("figures").decisive} | {(decisive, 0): 12.0}
    ap = train(made, noise)
    assert {run for (run, _), one in ap.items() if one < 30} == {decisive, "ssn-wo-ca"}
    table = Table1.of(made.of())
    assert len(table.comparisons) == 7
    for name, one in table.comparisons.items():
        assert one.too_low == ((decisive, "ssn-wo-ca") if "wo-ca" in name else (decisive,)), name
        assert one.outcome is Outcome.NOT_COMPARED and one.test.p_holm is None, name
    shown = page_of(table)
    _, rows = markdown_rows(markdown(shown), number=1)
    assert rows["Backbone, w/ ESP > Backbone"][-1] == f"not compared: too low a score of {decisive}"
    assert rows["Backbone, w/ ESP > Backbone"][2].startswith(
        f"{ap['backbone-esp', 0] - ap['backbone', 0]:+.1f} [".replace("-", "−")
    ), "it is measured all the same"
    assert {cells[-1].partition(":")[0] for cells in rows.values()} == {"not compared", "not run"}
    lines = csv_rows(orderings_csv(shown)).query("status == 'measured'")
    assert (lines["p_holm"] == "").all() and lines["outcome"].str.contains(decisive).all()
    assert "nothing is compared where ssn or ssn-wo-shift or lite-k256 or lite-k512 is below AP 30" in markdown(shown)

    without = Table1.of(made.of(only=[f"{run}/seed0" for run, _ in noise if run != decisive]))
    assert without.comparisons["backbone-esp-over-backbone"].outcome is not Outcome.NOT_COMPARED, "it is not there"


def test_the_bound_on_a_decisive_network_is_on_its_mean_over_seeds(made):
    ap = train(made, {("backbone", 0): 4.0, ("backbone-esp", 0): 5.0, ("ssn", 0): 5.5, ("ssn", 1): 8.5})
    assert ap["ssn", 1] < 30 < fmean((ap["ssn", 0], ap["ssn", 1]))
    name = "backbone-esp-over-backbone"
    assert Table1.of(made.of()).comparisons[name].outcome is not Outcome.NOT_COMPARED
    alone = made.of(only=["backbone/seed0", "backbone-esp/seed0", "ssn/seed1"])
    assert Table1.of(alone).comparisons[name].too_low == ("ssn",)


def test_a_preset_without_a_bound_compares_everything(made):
    train(made, LOW, preset="smoke")
    table = Table1.of(made.of("smoke"))
    assert len(table.comparisons) == 5
    assert not any(one.outcome is Outcome.NOT_COMPARED for one in table.comparisons.values())
    assert "not compared" not in markdown(page_of(table)) and "below AP" not in markdown(page_of(table))
    assert {one.family for one in table.comparisons.values()} == {PLANNED}
    assert all(one.in_these_runs for one in table.comparisons.values()), "one training each, and no spread is given"


@pytest.mark.parametrize("render", [markdown, csv, to_tex, orderings_csv])
def test_no_ordering_is_called_reproduced(made, score, render):
    for run, ap in (("ssn", 61), ("ssn-k256", 60)):
        score(run, ap)
    text = render(page_of(made.table1({"ssn-over-k256": made.compared(1.0)})))
    assert "reproduced" not in text.lower()
    assert "neither reproduces nor refutes" in text


@pytest.mark.parametrize("render", [markdown, csv, to_tex])
def test_drawn_figures_never_pass_for_coco_figures(made, score, render):
    score()
    text = render(page(made.of()))
    assert f"measured AP is on {DRAWN}, not on COCO val2017" in text
    assert "neither reproduces nor refutes" in text
    assert "scaled versions of the paper's" in text
    assert "meaningless" not in text


@pytest.mark.parametrize("render", [markdown, csv, to_tex])
def test_smoke_is_marked_meaningless(made, score, render):
    score(preset="smoke")
    assert "meaningless" in render(page(made.of("smoke")))


def test_full_size_networks_on_coco_are_compared_without_reserve(made, score):
    score(preset="paper", provenance={"data": "COCO val2017"})
    shown = page(made.of("paper"))
    assert shown.title == "Table 1, preset paper: AP measured on COCO val2017"
    assert shown.notices == ["The measured AP is on COCO val2017, the data of the printed one."]
    header, _ = markdown_rows(markdown(shown))
    assert len(header) == 6, "no columns for scaled networks"


def test_notes_say_how_it_was_made(made, score):
    score()
    text = markdown(page(made.of()))
    for said in (
        "final predictor (P4) on 400 images with 800 people",
        "1000 resamples",
        "boxes: ground truth; flip test: yes; predictor: final.",
        "policy 'convolutions & the rest'",
        "params 10 of 10, FLOPs 9 of 10",
        "commit: abc1234; data digest: sha256:d0; iterations: 600",
        "its printed AP (73.7) is on COCO test-dev, another split",
    ):
        assert said in text


def test_tex_escapes_what_it_is_given(made, score):
    score(provenance={"data": r"50% of a_b & {c} #1 ~ ^ \ $5 <x>"})
    text = to_tex(page(made.of()))
    body = text[text.index(r"\caption") : text.index(r"\label")]
    assert r"50\% of a\_b \& \{c\} \#1 \textasciitilde{} \textasciicircum{} \textbackslash{} \$5" in body
    assert r"\textless{}x\textgreater{}" in body
    assert len({len(cells) for cells in tex_rows(text).values()}) == 1
    unescaped = re.sub(r"\\.", "", text)
    assert unescaped.count("{") == unescaped.count("}")
    assert text.isascii()


def test_markdown_escapes_what_it_is_given(made, score):
    score(provenance={"data": "a|b *c* <d>"})
    text = markdown(page(made.of()))
    header = next(line for line in text.splitlines() if line.startswith("| Method"))
    assert r"a\|b \*c\* \<d\>" in header
    assert r"a\|b \*c\* \<d\>" in text.splitlines()[0]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["preset"], "smoke", r"seed0/scores\.json: \$\.preset: is 'smoke', but the page is for 'figures'"),
        (["provenance", "commit"], GONE, r"seed0/scores\.json: \$\.provenance: 'commit' is a required property"),
        (["cost"], GONE, r"seed0/scores\.json: \$: 'cost' is a required property"),
        (["annotations"], GONE, r"seed0/scores\.json: \$: 'annotations' is a required property"),
        (["predictors", "P4", "AP_interval"], GONE, r"\$\.predictors\.P4: 'AP_interval' is a required"),
        (["predictors", "P4", "AP"], 61.2, r"\$\.predictors\.P4\.AP: 61\.2 is greater than the maximum"),
        (["predictors", "P4", "AP"], float("nan"), r"seed0/scores\.json: is not JSON: NaN is no JSON number"),
        (["final"], "P5", r"\$\.final: 'P5' is none of the file's predictors \(E1, P4\)"),
        (["network"], "resnet", r"\$\.network: 'resnet' is none of backbone, backbone-esp, "),
        (["recipe"], "own", r"\$\.network: 'ssn/own' is none of backbone, backbone-esp, "),
        (["seed"], GONE, r"seed0/scores\.json: \$: 'seed' is a required property"),
        (["provenance", "torch"], GONE, r"\$\.provenance: 'torch' is a required property"),
    ],
)
def test_a_score_file_that_does_not_belong_is_refused(made, score, path, value, message):
    spoil(score(), path, value)
    with pytest.raises(RefusedInput, match=message):
        page(made.of())


def test_a_score_file_that_is_cut_off_is_refused(made, score):
    score().write_text("{")
    with pytest.raises(RefusedInput, match=r"seed0/scores\.json: is not JSON"):
        page(made.of())


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["seed"], 0, r"seed1/scores\.json: \$\.seed: ssn, seed 0, is already given by .*seed0/scores\.json"),
        (
            ["provenance", "data_digest"],
            "sha256:d1",
            r"seed1/scores\.json: \$\.provenance\.data_digest: is 'sha256:d1', but 'sha256:d0' in .*seed0/scores\.json",
        ),
        (["provenance", "data"], "COCO val2017", r"seed1/scores\.json: \$\.provenance\.data: is 'COCO val2017', but"),
        (["protocol", "flip_test"], False, r"seed1/scores\.json: \$\.protocol: "),
    ],
)
def test_score_files_that_do_not_go_together_are_refused(made, score, path, value, message):
    score()
    spoil(score(seed=1), path, value)
    with pytest.raises(RefusedInput, match=message):
        page(made.of())


@pytest.mark.parametrize("order", [1, -1])
def test_a_mean_pose_in_other_boxes_is_refused(made, score, order):
    files = [score(), score("mean-pose", 2.0, protocol={"boxes": "detector"})]
    scores = [read_scores(file) for file in files[::order]]
    with pytest.raises(RefusedInput, match=r"mean-pose/scores\.json: \$\.protocol: .*detector"):
        check_together("figures", scores, shown_on("table1"))
    with pytest.raises(RefusedInput, match=r"mean-pose/scores\.json: \$\.protocol: .*detector"):
        page(made.of())


def test_two_mean_poses_are_refused(made, score):
    file = score("mean-pose", 2.0)
    again = file.parent / "seed0" / "scores.json"
    again.parent.mkdir()
    again.write_text(file.read_text())
    with pytest.raises(RefusedInput, match=r"mean-pose/scores\.json: \$\.seed: mean-pose is already given by .*seed0"):
        page(made.of())


@pytest.mark.parametrize(("field", "value"), [("seed", 0), ("cost", {"whole": {}, "deployed": {}, "up_to": {}})])
def test_a_mean_pose_that_says_that_it_was_trained_is_refused(made, score, field, value):
    spoil(score("mean-pose", 2.0), [field], value)
    with pytest.raises(RefusedInput, match=rf"mean-pose/scores\.json: \$\.{field}"):
        page(made.of())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda costs: costs.drop(columns="ops"), "complexity.csv: .*ops"),
        (lambda costs: costs[costs["network"] != "ssn"], "complexity.csv: column network lacks ssn;"),
        (lambda costs: costs.astype(str).replace("13097000000", "13.1 G"), r"complexity.csv: .*13\.1 G"),
    ],
)
def test_complexity_files_that_do_not_fit_are_refused(made, change, message):
    file = made.path / "complexity.csv"
    change(pd.read_csv(file)).to_csv(file, index=False)
    with pytest.raises(RefusedInput, match=message):
        page(made.of())


def test_every_page_of_the_command_has_a_module():
    for module in PAGES.values():
        assert callable(importlib.import_module(f"mmpose_ssn.pages.{module}").page), module


def test_command_writes_every_file(made, tmp_path, capsys):
    train(made, {("ssn", 0): 3.0, ("ssn-k256", 0): 4.0})
    shown = page(made.of())
    command = ["page", "table1", "--preset", "figures", "--results", str(tmp_path)]
    assert main([*command, "--out", str(tmp_path / "elsewhere" / "table1.v2")]) == 0
    written = {path.name: path.read_bytes() for path in (tmp_path / "elsewhere").iterdir()}
    assert written.pop("table1.v2-intervals.png").startswith(b"\x89PNG")
    assert {name: content.decode("utf-8") for name, content in written.items()} == {
        "table1.v2.md": to_markdown(shown, "table1.v2"),
        "table1.v2.csv": csv(shown),
        "table1.v2-orderings.csv": orderings_csv(shown),
        "table1.v2.tex": to_tex(shown),
    }
    assert shown.title in capsys.readouterr().out
    assert main(command) == 0
    assert (tmp_path / "table1.md").read_text(encoding="utf-8") == markdown(shown)


def test_command_refuses_in_one_line_and_writes_nothing(made, score, tmp_path, capsys):
    spoil(score(), ["preset"], "smoke")
    out = tmp_path / "elsewhere"
    command = ["page", "table1", "--preset", "figures", "--results", str(tmp_path), "--out", str(out / "table1")]
    assert main(command) == 1
    assert re.fullmatch(r"error: .*seed0/scores\.json: \$\.preset: .*\n", capsys.readouterr().err)
    assert main([*command[:3], "mini", *command[4:]]) == 1
    assert "error: unknown preset 'mini', expected one of: figures" in capsys.readouterr().err
    (tmp_path / "complexity.csv").unlink()
    assert main(command) == 1
    assert "complexity.csv: cannot be read" in capsys.readouterr().err
    assert not out.exists()


def test_command_shows_the_trainings_that_it_is_told(made, score, tmp_path):
    for run, seed in (("ssn", 0), ("ssn", 1), ("lite-k256", 0), ("mean-pose", 0)):
        score(run, 40.0, seed)
    command = ["page", "table1", "--preset", "figures", "--results", str(tmp_path)]
    assert main([*command, "--only", "ssn/seed1", "mean-pose"]) == 0
    lines = csv_rows((tmp_path / "table1.csv").read_text()).query("measured != ''")
    assert set(zip(lines["network"], lines["seed"], strict=True)) == {("ssn", "1"), ("mean-pose", "")}


OF_TRAININGS = ("table1", "table2", "joints", "figure5", "figure6", "figure7", "claims", "baselines", "curves")


@pytest.mark.parametrize("name", [name for name in PAGES if name not in OF_TRAININGS])
def test_command_refuses_a_choice_of_trainings_for_a_page_without_any(made, score, tmp_path, capsys, name):
    score()
    command = ["page", name, "--preset", "figures", "--results", str(tmp_path), "--out", str(tmp_path / "new" / name)]
    assert main([*command, "--only", "ssn/seed0"]) == 1
    assert f"error: --only goes with {', '.join(OF_TRAININGS)}, not with {name}\n" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", OF_TRAININGS)
def test_command_refuses_trainings_that_are_not_there(made, score, tmp_path, capsys, name):
    score()
    command = ["page", name, "--preset", "figures", "--results", str(tmp_path), "--out", str(tmp_path / "new" / name)]
    assert main([*command, "--only", "ssn/seed0", "ssn/seed1", "hrnet-w32/own/seed0", "mean-pose"]) == 1
    assert capsys.readouterr().err == f"error: {tmp_path / 'figures/ssn/seed1'} is not there\n"
    for strange in ("ssn", "ssn/0", "sns/seed0", "hrnet-w32/own", "../figures/ssn/seed0"):
        assert main([*command, "--only", strange]) == 1
        assert f"error: got {strange}, expected a training, e.g. ssn/seed0" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", PAGES)
def test_command_refuses_an_unknown_preset_for_every_page(made, tmp_path, capsys, name):
    command = ["page", name, "--preset", "mini", "--results", str(tmp_path), "--out", str(tmp_path / "new" / name)]
    assert main(command) == 1
    assert (
        capsys.readouterr().err
        == "error: unknown preset 'mini', expected one of: figures, paper, photos, photos-smoke, smoke\n"
    )
    assert not (tmp_path / "new").exists()
