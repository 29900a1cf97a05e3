"""Table 1 from score files: what it shows, what it says about it, and what it refuses."""

import argparse
import copy
import io
import json
import re

import pandas as pd
import pytest

from mmpose_ssn.commands import table as table_command
from mmpose_ssn.paper import orderings as paper_orderings
from mmpose_ssn.paper import table1 as paper_table1
from mmpose_ssn.report import orderings as orderings_file
from mmpose_ssn.report.inputs import RefusedInput
from mmpose_ssn.report.orderings import MeasuredOrdering, read_orderings
from mmpose_ssn.report.references import REFERENCES
from mmpose_ssn.report.rendering import orderings_to_csv, to_csv, to_markdown, to_tex
from mmpose_ssn.report.table1 import Table1
from mmpose_ssn.variants import CONTROLS

DRAWN = "drawn v1 (400 images, seed 0)"

SCORES = {
    "variant": "ssn",
    "preset": "mini",
    "seed": 0,
    "final": "P4",
    "predictors": {
        "E1": {"AP": 0.11, "AP .5": 0.3, "AR": 0.2, "AP_interval": [0.1, 0.12]},
        "P4": {"AP": 0.61237, "AP .5": 0.9, "AR": 0.7, "AP_interval": [0.5951, 0.6322]},
    },
    "images": 400,
    "instances": 800,
    "resamples": 1000,
    "protocol": {"boxes": "ground truth", "flip_test": True},
    "network": {"params": 634123, "macs": 112345678, "ops": 123456789},
    "provenance": {
        "config_digest": "sha256:c0",
        "commit": "abc1234",
        "checkpoint_digest": "sha256:c1",
        "data": DRAWN,
        "data_digest": "sha256:d0",
        "seed": 0,
        "machine": "x86_64, 2 cores, cpu",
        "torch": "2.14.1",
        "iterations": 600,
        "wall_time_s": 123.4,
        "date": "2026-11-22",
    },
}


MEAN_POSE = {
    "variant": "mean-pose",
    "preset": "mini",
    "final": "mean-pose",
    "predictors": {"mean-pose": {"AP": 0.0213, "AP_interval": [0.015, 0.029]}},
    "images": 400,
    "instances": 800,
    "resamples": 1000,
    "protocol": {"boxes": "ground truth"},
    "provenance": {
        "config_digest": "sha256:c2",
        "commit": "abc1234",
        "training_annotations_digest": "sha256:t0",
        "data": DRAWN,
        "data_digest": "sha256:d0",
        "machine": "x86_64, 2 cores, cpu",
        "wall_time_s": 2.0,
        "date": "2026-11-22",
    },
}


def changed(path, value, scores=SCORES):
    """A copy of the scores with one field, named by its path of keys, set to a value."""
    scores = copy.deepcopy(scores)
    *parents, last = path
    at = scores
    for key in parents:
        at = at[key]
    at[last] = value
    return scores


def without(path):
    scores = copy.deepcopy(SCORES)
    *parents, last = path
    at = scores
    for key in parents:
        at = at[key]
    del at[last]
    return scores


def full_size_costs():
    """Costs that round to every printed figure, but for ssn's FLOPs."""
    rows = []
    for variant, printed in paper_table1().items():
        params, ops = round(float(printed.params_m.text) * 1e6), round(float(printed.flops_g.text) * 1e9)
        if variant == "ssn":
            params, ops = 40_475_123, 13_097_000_000
        rows.append(
            {
                "variant": variant,
                "params": params,
                "macs": ops - 1_000_000,
                "ops": ops,
                "deployed_params": params - 1,
                "deployed_macs": ops - 3_000_000,
                "deployed_ops": ops - 2_000_000,
                "policy": "convolutions & the rest",
            }
        )
    return pd.DataFrame(rows)


def trained(variant, ap, seed=0):
    """Scores of a network, in percent."""
    scores = changed(["variant"], variant, changed(["seed"], seed))
    return changed(["predictors", "P4", "AP"], ap / 100, scores)


def measured(name, difference, interval=(-1.0, 1.0), outcome="undecided", seeds=(0,)):
    made = {"preset": "mini", "data": DRAWN, "data_digest": "sha256:d0", "protocol": "{}", "commit": "abc1234"}
    return MeasuredOrdering(
        ordering=paper_orderings()[name],
        difference=difference,
        interval=interval,
        p=0.002,
        p_holm=0.022,
        outcome=outcome,
        seeds=seeds,
        images=400,
        resamples=1000,
        made={**made, "date": "2026-11-22"},
    )


@pytest.fixture
def make_table(tmp_path):
    def make(*scores, preset="mini", orderings=None):
        full_size_costs().to_csv(tmp_path / "complexity.csv", index=False)
        paths = []
        for number, one in enumerate(scores):
            paths.append(tmp_path / f"scores{number}.json")
            paths[-1].write_text(one if isinstance(one, str) else json.dumps(one))
        if orderings is None:
            return Table1.from_files(preset, tmp_path / "complexity.csv", paths)
        (tmp_path / "orderings.csv").write_text(orderings_file.to_csv(orderings))
        return Table1.from_files(preset, tmp_path / "complexity.csv", paths, tmp_path / "orderings.csv")

    return make


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


def test_measured_row(make_table):
    table = make_table(SCORES)
    header, rows = markdown_rows(to_markdown(table))
    assert header[1:3] == ["AP, printed<br>COCO val2017", "AP, measured<br>drawn v1<br>(not COCO val2017)"]
    assert rows["SSN"] == [
        "73.0",
        "61.2 [59.5, 63.2]",
        "40.475 (40.5 ✓)",
        "13.097 (13.3 ✗)",
        "13.096",
        "0.634",
        "0.112",
    ]
    assert tex_rows(to_tex(table))["SSN"][:4] == [
        "73.0",
        "61.2 {[}59.5, 63.2{]}",
        r"40.475 (40.5 $\surd$)",
        r"13.097 (13.3 $\times$)",
    ]
    row = csv_rows(to_csv(table)).set_index("variant").loc["ssn"]
    assert float(row["ap_measured"]) == pytest.approx(61.237, abs=1e-12)
    assert (row["ap_printed"], row["ap_printed_on"], row["ap_measured_on"]) == ("73.0", "COCO val2017", DRAWN)
    assert (row["params"], row["params_match"], row["flops_match"]) == ("40475123", "True", "False")
    assert (row["trained_params"], row["seed"], row["commit"]) == ("634123", "0", "abc1234")
    assert (row["config_digest"], row["checkpoint_digest"]) == ("sha256:c0", "sha256:c1")


def test_every_paper_row_is_shown_whatever_was_run(make_table):
    for table in (make_table(), make_table(SCORES)):
        _, rows = markdown_rows(to_markdown(table))
        assert list(rows)[:10] == [row.method for row in paper_table1().values()]
        assert rows["Backbone"][:3] == ["69.7", "not run", "25.100 (25.1 ✓)"]
        assert rows["SSN, 384x288"][:4] == ["–", "–", "40.500 (40.5 ✓)", "29.900 (29.9 ✓)"]
        assert list(tex_rows(to_tex(table))) == list(rows)
        csv = csv_rows(to_csv(table)).set_index("variant")
        assert list(csv.index) == [*paper_table1(), *CONTROLS, "mean-pose"]
        assert csv.loc["backbone", "status"] == "not run"
        assert csv.loc["ssn-384x288", "status"] == "cost only"
        assert csv.loc[list(REFERENCES), "status"].unique().tolist() == ["not run"]
    assert "no AP measured yet" in make_table().title


def test_seeds_are_averaged_and_each_is_in_the_csv(make_table):
    second = changed(["predictors", "P4", "AP"], 0.65, changed(["seed"], 11))
    table = make_table(second, SCORES)
    _, rows = markdown_rows(to_markdown(table))
    assert rows["SSN"][1] == "63.1 ± 2.7 (2 seeds)"
    csv = csv_rows(to_csv(table)).query("variant == 'ssn'")
    assert list(csv["seed"]) == ["0", "11"]
    assert list(csv["ap_measured"].astype(float)) == pytest.approx([61.237, 65.0])
    assert list(csv["ap_mean_of_seeds"].astype(float)) == pytest.approx([63.1185] * 2)


def test_reference_rows_stand_below_the_papers_and_say_that_they_are_ours(make_table):
    table = make_table(MEAN_POSE, trained("lite-k256-frozen", 41.2), SCORES)
    _, rows = markdown_rows(to_markdown(table))
    frozen = "3Block + 3FSM, K = 256, offsets frozen at random (not in the paper)"
    assert list(rows)[10:] == [frozen, "Mean pose in the box (not in the paper)"]
    assert rows[frozen] == ["–", "41.2 [59.5, 63.2]", "–", "–", "–", "0.634", "0.112"]
    assert rows["Mean pose in the box (not in the paper)"] == ["–", "2.1 [1.5, 2.9]", *["–"] * 5]
    csv = csv_rows(to_csv(table)).set_index("variant")
    assert csv.loc[["ssn", "lite-k256-frozen", "mean-pose"], "status"].tolist() == ["measured", "control", "control"]
    assert csv.loc["mean-pose", ["ap_printed", "place", "params", "trained_params", "seed", "iterations"]].tolist() == [
        "",
        "not in the paper",
        *[""] * 4,
    ]
    assert csv.loc["lite-k256-frozen", "trained_params"] == "634123"
    assert "Mean pose in the box (not in the paper)" in to_tex(table)


def test_every_control_has_a_name():
    assert list(REFERENCES) == [*CONTROLS, "mean-pose"]
    assert all(name != variant for variant, name in REFERENCES.items())


def test_wall_time_and_machine_of_each_training_are_in_the_csv(make_table):
    table = make_table(trained("ssn", 61), trained("ssn", 62, seed=1), trained("lite-k256", 40), MEAN_POSE)
    csv = csv_rows(to_csv(table)).set_index("variant")
    assert csv.loc["ssn", "wall_time_s"].tolist() == ["123.4", "123.4"]
    assert csv.loc["lite-k256", "machine"] == "x86_64, 2 cores, cpu"
    # 3 x 123.4 s; the mean pose is no training.
    assert "wall time of the trainings, added up: 370 s in 3 trainings" in to_markdown(table)


def test_orderings_stand_under_the_table(make_table):
    scores = [trained("ssn", 61.23), trained("ssn-k256", 60.0), trained("ssn-wo-ca", 63.0)]
    orderings = [
        measured("ssn-over-k256", 1.23, (0.44, 2.0), "higher"),
        measured("ssn-over-wo-ca", -1.77, (-3.0, -0.04), "lower"),
    ]
    table = make_table(*scores, orderings=orderings)
    text = to_markdown(table)
    assert text.index("## Orderings") > text.index("**Made by**")
    header, rows = markdown_rows(text, number=1)
    assert header[2:] == [
        "Difference, printed<br>COCO val2017",
        "Difference, measured<br>drawn v1<br>(not COCO val2017)",
        "Outcome",
    ]
    assert rows["SSN > SSN, K = 256"][1:] == ["+0.5", "+1.2 [+0.4, +2.0]", "in these runs: higher"]
    assert rows["SSN > SSN, w/o CA"][1:] == ["+1.7", "−1.8 [−3.0, +0.0]", "in these runs: lower"]
    assert rows["SSN > Backbone"] == ["Table 1, rows 7 and 1", "+3.3", "not run", "not run"]
    ours = "3Block + 3FSM, K = 256 > 3Block + 3FSM, K = 256, offsets frozen at random"
    assert rows[ours] == ["not in the paper: learned offsets against random reach", "–", "not run", "not run"]
    assert len(rows) == len(paper_orderings())
    for said in (
        "both networks are scored on the same 400 images, drawn anew 1000 times",
        "Holm's adjustment for the 2 comparisons measured here",
        "Each network was trained once",
    ):
        assert said in text
    tex = to_tex(table)
    assert r"+1.2 {[}+0.4, +2.0{]} & in these runs: higher" in tex
    assert r"\label{tab:table1-mini-orderings}" in tex and tex.isascii()
    assert tex.count("neither reproduces nor refutes") == 2


def test_orderings_csv_has_every_ordering_and_the_notices(make_table, tmp_path):
    table = make_table(
        trained("ssn", 61.23), trained("ssn-k256", 60.0), orderings=[measured("ssn-over-k256", 1.23, outcome="higher")]
    )
    text = orderings_to_csv(table)
    csv = csv_rows(text).set_index("ordering")
    assert list(csv.index) == list(paper_orderings())
    assert csv.loc["ssn-over-k256", ["status", "outcome", "difference_printed", "preset"]].tolist() == [
        *("measured", "higher"),
        *("0.5", "mini"),
    ]
    assert csv["status"].value_counts().to_dict() == {"not run": 9, "measured": 1}
    assert all("neither reproduces nor refutes" in notice for notice in csv["notice"])
    (tmp_path / "table1-orderings.csv").write_text(text)
    assert read_orderings(tmp_path / "table1-orderings.csv") == dict(table.measured)


def test_with_several_seeds_the_outcome_does_not_speak_of_one_run(make_table):
    scores = [trained(name, ap, seed) for name, ap in (("ssn", 61), ("ssn-k256", 60)) for seed in (0, 1)]
    text = to_markdown(make_table(*scores, orderings=[measured("ssn-over-k256", 1.0, seeds=(0, 1))]))
    assert "over the seeds trained: undecided" in text
    assert "in these runs" not in text and "trained once" not in text
    assert "mean over the seeds that both networks have (0 1)" in text


@pytest.mark.parametrize(
    ("ordering", "message"),
    [
        (measured("ssn-over-k256", 1.5), r"says 1\.5000 AP points, but the scores differ by 1\.0000; run .* compare"),
        (measured("ssn-over-k256", 1.0, seeds=(1,)), "compares ssn seed 1, ssn-k256 seed 1, which have no scores here"),
        (measured("ssn-over-wo-ca", 1.0), "ssn-over-wo-ca: compares ssn-wo-ca seed 0, which have no scores"),
    ],
)
def test_orderings_of_other_scores_are_refused(make_table, ordering, message):
    with pytest.raises(RefusedInput, match=message):
        make_table(trained("ssn", 61), trained("ssn-k256", 60), orderings=[ordering])


@pytest.mark.parametrize("render", [to_markdown, to_csv, to_tex, orderings_to_csv])
def test_no_ordering_is_called_reproduced(make_table, render):
    text = render(make_table(trained("ssn", 61), trained("ssn-k256", 60), orderings=[measured("ssn-over-k256", 1.0)]))
    assert "reproduced" not in text.lower()
    assert "neither reproduces nor refutes" in text


@pytest.mark.parametrize("render", [to_markdown, to_csv, to_tex])
def test_drawn_figures_never_pass_for_coco_figures(make_table, render):
    text = render(make_table(SCORES))
    assert f"measured AP is on {DRAWN}, not on COCO val2017" in text
    assert "neither reproduces nor refutes" in text
    assert "scaled versions of the paper's" in text
    assert "meaningless" not in text


@pytest.mark.parametrize("render", [to_markdown, to_csv, to_tex])
def test_smoke_is_marked_meaningless(make_table, render):
    assert "meaningless" in render(make_table(changed(["preset"], "smoke"), preset="smoke"))


def test_full_size_networks_on_coco_are_compared_without_reserve(make_table):
    costs = full_size_costs().set_index("variant").loc["ssn", ["params", "macs", "ops"]]
    scores = changed(["network"], {name: int(count) for name, count in costs.items()})
    scores = changed(["provenance", "data"], "COCO val2017", changed(["preset"], "paper", scores))
    table = make_table(scores, preset="paper")
    assert table.title == "Table 1, preset paper: AP measured on COCO val2017"
    assert table.notices == ["The measured AP is on COCO val2017, the data of the printed one."]
    header, _ = markdown_rows(to_markdown(table))
    assert len(header) == 6, "no columns for scaled networks"


def test_notes_say_how_it_was_made(make_table):
    text = to_markdown(make_table(SCORES))
    for said in (
        "final predictor (P4) on 400 images with 800 people",
        "1000 resamples",
        "boxes: ground truth; flip test: yes.",
        "policy 'convolutions & the rest'",
        "params 10 of 10, FLOPs 9 of 10",
        "commit: abc1234; data digest: sha256:d0; iterations: 600",
        "its printed AP (73.7) is on COCO test-dev, another split",
    ):
        assert said in text


def test_tex_escapes_what_it_is_given(make_table):
    text = to_tex(make_table(changed(["provenance", "data"], r"50% of a_b & {c} #1 ~ ^ \ $5 <x>")))
    body = text[text.index(r"\caption") : text.index(r"\label")]
    assert r"50\% of a\_b \& \{c\} \#1 \textasciitilde{} \textasciicircum{} \textbackslash{} \$5" in body
    assert r"\textless{}x\textgreater{}" in body
    assert len({len(cells) for cells in tex_rows(text).values()}) == 1
    unescaped = re.sub(r"\\.", "", text)
    assert unescaped.count("{") == unescaped.count("}")
    assert text.isascii()


def test_markdown_escapes_what_it_is_given(make_table):
    text = to_markdown(make_table(changed(["provenance", "data"], "a|b *c* <d>")))
    header = next(line for line in text.splitlines() if line.startswith("| Method"))
    assert r"a\|b \*c\* \<d\>" in header
    assert r"a\|b \*c\* \<d\>" in text.splitlines()[0]


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([changed(["preset"], "smoke")], r"scores0\.json: \$\.preset: is 'smoke', but the table is for 'mini'"),
        ([without(["provenance", "commit"])], r"scores0\.json: \$\.provenance: 'commit' is a required property"),
        ([without(["network"])], r"scores0\.json: \$: 'network' is a required property"),
        ([without(["predictors", "P4", "AP_interval"])], r"\$\.predictors\.P4: 'AP_interval' is a required"),
        ([changed(["predictors", "P4", "AP"], 61.2)], r"\$\.predictors\.P4\.AP: 61\.2 is greater than the maximum"),
        ([changed(["predictors", "P4", "AP"], float("nan"))], r"scores0\.json: is not JSON: NaN is no JSON number"),
        ([changed(["final"], "P5")], r"\$\.final: 'P5' is none of the file's predictors \(E1, P4\)"),
        ([changed(["variant"], "resnet")], r"\$\.variant: 'resnet' is none of backbone, backbone-esp, "),
        ([SCORES, SCORES], r"scores1\.json: \$\.seed: ssn, seed 0, is already given by .*scores0\.json"),
        (
            [SCORES, changed(["provenance", "data_digest"], "sha256:d1", changed(["seed"], 1))],
            r"scores1\.json: \$\.provenance\.data_digest: is 'sha256:d1', but 'sha256:d0' in .*scores0\.json",
        ),
        (
            [SCORES, changed(["protocol", "flip_test"], False, changed(["seed"], 1))],
            r"scores1\.json: \$\.protocol: ",
        ),
        (["{"], r"scores0\.json: is not JSON"),
        ([SCORES, changed(["protocol", "boxes"], "detector", MEAN_POSE)], r"scores1\.json: \$\.protocol: .*detector"),
        ([changed(["protocol", "boxes"], "detector", MEAN_POSE), SCORES], r"scores0\.json: \$\.protocol: .*detector"),
        ([MEAN_POSE, MEAN_POSE], r"scores1\.json: \$\.seed: mean-pose is already given by"),
        ([changed(["seed"], 0, MEAN_POSE)], r"scores0\.json: \$\.seed: "),
        ([changed(["network"], SCORES["network"], MEAN_POSE)], r"scores0\.json: \$\.network: "),
        ([without(["seed"])], r"scores0\.json: \$: 'seed' is a required property"),
        ([without(["provenance", "torch"])], r"\$\.provenance: 'torch' is a required property"),
    ],
)
def test_score_files_that_do_not_belong_are_refused(make_table, scores, message):
    with pytest.raises(RefusedInput, match=message):
        make_table(*scores)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda costs: costs.drop(columns="ops"), "complexity.csv: .*ops"),
        (lambda costs: costs[costs["variant"] != "ssn"], "complexity.csv: column variant lacks ssn;"),
        (lambda costs: costs.astype(str).replace("13097000000", "13.1 G"), r"complexity.csv: .*13\.1 G"),
    ],
)
def test_complexity_files_that_do_not_fit_are_refused(tmp_path, spoil, message):
    spoil(full_size_costs()).to_csv(tmp_path / "complexity.csv", index=False)
    with pytest.raises(RefusedInput, match=message):
        Table1.from_files("mini", tmp_path / "complexity.csv", [])


def run_command(*arguments):
    parser = argparse.ArgumentParser()
    table_command.add_arguments(parser)
    return table_command.run(parser.parse_args([str(argument) for argument in arguments]))


def test_command_writes_the_four_files(tmp_path, make_table, capsys):
    table = make_table(
        trained("ssn", 61), trained("ssn-k256", 60), orderings=[measured("ssn-over-k256", 1.0, outcome="higher")]
    )
    inputs = [
        "--preset",
        "mini",
        "--complexity",
        tmp_path / "complexity.csv",
        "--orderings",
        tmp_path / "orderings.csv",
    ]
    inputs += ["--scores", tmp_path / "scores0.json", tmp_path / "scores1.json"]
    assert run_command(*inputs, "--out", tmp_path / "results" / "table1.v2") == 0
    written = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "results").iterdir()}
    assert written == {
        "table1.v2.md": to_markdown(table),
        "table1.v2.csv": to_csv(table),
        "table1.v2-orderings.csv": orderings_to_csv(table),
        "table1.v2.tex": to_tex(table),
    }


def test_command_refuses_in_one_line_and_writes_nothing(tmp_path, make_table, capsys):
    make_table(SCORES)
    inputs = ["--preset", "smoke", "--complexity", tmp_path / "complexity.csv", "--scores", tmp_path / "scores0.json"]
    assert run_command(*inputs, "--out", tmp_path / "results" / "table1") == 1
    assert re.fullmatch(r"error: .*scores0\.json: \$\.preset: .*\n", capsys.readouterr().err)
    assert not (tmp_path / "results").exists()
    inputs[-1] = tmp_path / "absent.json"
    assert run_command(*inputs, "--out", tmp_path / "results" / "table1") == 1
    assert "absent.json: cannot be read" in capsys.readouterr().err
