"""Table 2 from detections on disk: its gains against pycocotools, what it shows, how it is drawn, what it refuses."""

import io
import itertools
import json
import re

import numpy as np
import pandas as pd
import pytest

from mmpose_ssn import claims, paper
from mmpose_ssn.__main__ import main
from mmpose_ssn.evaluation.bootstrap import draw_images
from mmpose_ssn.evaluation.comparison import Basis
from mmpose_ssn.experiment.presets import load_preset
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.networks import PREDICTORS
from mmpose_ssn.pages.render import to_csv, to_markdown, to_tex
from mmpose_ssn.pages.table2 import Table2, page, page_of

DATA, RESAMPLED = "drawn figures, version 1.0, val", 40
PYRAMID = PREDICTORS[3:]
EXTENSION = ("ssn-wo-ca", "ssn-wo-shift", "ssn-k256")
NOISE = {"backbone-esp": 4.0, "ssn": 2.0, "ssn-wo-esp": 3.0, "ssn-k256": 2.0}
MACS = {name: (k + 1) * 2_000_000 for k, name in enumerate(PREDICTORS)}


def predictors_of(made, network, seed=0, noise=None):
    """Detections of each of a network's predictors, the deeper the better."""
    names = PYRAMID if network in ("backbone", "ssn-wo-esp") else PREDICTORS
    noise, first = noise or NOISE[network], sum(network.encode()) + 100 * seed
    return {name: made.found(noise + 1.5 * (6 - k), first + k) for k, name in enumerate(names)}


def train(made, network, found, **how):
    cost = {"params": 100, "macs": 5848854528, "ops": 300}
    up_to = {name: {**cost, "macs": MACS[name]} for name in found}
    return made.train(network, found, cost={"whole": cost, "deployed": cost, "up_to": up_to}, **how)


@pytest.fixture
def study(made):
    """Detections of four networks, by network and predictor, which are in the folder."""
    found = {network: predictors_of(made, network) for network in NOISE}
    for network, one in found.items():
        train(made, network, one)
    return found


def markdown(shown):
    return to_markdown(shown, "table2")


def csv(shown, suffix=""):
    return pd.read_csv(io.StringIO(to_csv(shown.records[suffix])), dtype=str, keep_default_na=False)


def markdown_tables(text):
    """Rows of cells of each table, escapes undone."""
    tables = re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    return [
        [[re.sub(r"\\(.)", r"\1", cell.strip()) for cell in line.strip("|").split("|")] for line in one.splitlines()]
        for one in tables
    ]


def written_out(made, found, images):
    """The data set in which every draw of an image is a new image."""
    fresh = {**made.people, "images": [], "annotations": []}
    fresh_found = []
    for number, position in enumerate(images, start=1):
        fresh["images"].append({"id": number})
        fresh["annotations"].append({**made.people["annotations"][position], "id": number, "image_id": number})
        fresh_found += [{**one, "image_id": number} for one in found if one["image_id"] == position + 1]
    return fresh_found, fresh


def test_printed_and_measured_lines_each_name_their_data(made, study):
    header, _, *lines = markdown_tables(markdown(page(made.of())))[0]
    assert header == ["Method", "Score", *PREDICTORS]
    rows = {tuple(line[:2]): line[2:] for line in lines}
    assert len(rows) == len(lines) == 4 * 2 + 3
    measured = "AP, measured, drawn figures, version 1.0, val (not COCO val2017)"
    assert {source for _, source in rows} == {"AP, printed, COCO val2017", measured}
    assert rows["Backbone + FSM + ESP (SSN)", "AP, printed, COCO val2017"] == [
        *("44.9", "64.6", "66.9", "24.9", "67.6", "72.8", "73.0")
    ]
    assert rows["Backbone + FSM", "AP, printed, COCO val2017"] == [*("–", "–", "–"), *("24.1", "66.8", "71.9", "72.0")]
    ap = [made.ap(study["ssn"][name]) for name in PREDICTORS]
    assert rows["Backbone + FSM + ESP (SSN)", measured] == [
        f"{100 * one:.1f} [{max(100 * one - 2, 0):.1f}, {min(100 * one + 2, 100):.1f}]" for one in ap
    ]
    assert len({f"{one:.3f}" for one in ap}) == len(PREDICTORS), "the study is drawn so"
    assert rows["Backbone", measured] == ["–", "–", "–", *["not run"] * 4]
    assert re.fullmatch(r"[\d.]+ \[[\d.]+, [\d.]+\]", rows["SSN, K = 256 (not in the paper's Table 2)", measured][0])
    assert rows["SSN, w/o CA (not in the paper's Table 2)", measured] == ["not run"] * 7


def test_gains_and_their_images_part_are_those_of_written_out_resamples(made, study):
    table = Table2.of(made.of())
    gains = {(gain.higher, gain.lower, gain.predictor): gain.measured for gain in table.gains}
    draws = draw_images(made.images, table.resamples, seed=0)[:RESAMPLED]
    for higher, lower, predictor in (("ssn", "backbone-esp", "E1"), ("ssn", "ssn-wo-esp", "P4")):
        first, second = study[higher][predictor], study[lower][predictor]
        differences = [
            100 * (made.ap(*written_out(made, first, images)) - made.ap(*written_out(made, second, images)))
            for images in draws
        ]
        measured = gains[higher, lower, predictor]
        assert measured.difference == pytest.approx(100 * (made.ap(first) - made.ap(second)), abs=1e-7)
        assert measured.images_error == pytest.approx(np.std(differences, ddof=1), rel=0.5), "of more draws"


def test_an_early_predictor_takes_no_spread_of_final_ones(made, study):
    gains = {gain.id: gain.measured for gain in Table2.of(made.of()).gains}
    final, early = gains["table2-ssn-p4-esp-gain"], gains["table2-ssn-e1-fsm-gain"]
    given = load_preset("figures").given_spread["deep"]
    assert final.test.basis is Basis.GIVEN and final.spreads == {"deep": given}
    assert final.test.error == pytest.approx(np.hypot(np.sqrt(2) * given.sd, final.images_error))
    assert early.test.basis is Basis.UNKNOWN and early.spreads == {}
    assert early.test.error == pytest.approx(early.images_error)


def test_every_printed_gain_stands_beside_ours(made, study):
    shown = page(made.of())
    _, _, *lines = markdown_tables(markdown(shown))[1]
    printed = {(introduced, network, predictor): gain for introduced, network, _, predictor, gain, *_ in lines}
    outcomes = {line[-1] for line in lines}
    assert outcomes == {"descriptive", "not run", "not compared: too low a score of ssn-wo-esp"}
    assert printed == {
        **{("ESP", "Backbone + ESP", p): f"+{g}" for p, g in zip(PYRAMID, ["0.4", "0.4", "0.5", "0.4"], strict=True)},
        **{
            ("FSM", "Backbone + FSM + ESP (SSN)", p): f"+{g}"
            for p, g in zip(("E1", "E2", "E3"), ["33.4", "16.9", "3.7"], strict=True)
        },
        **{
            ("ESP", "Backbone + FSM + ESP (SSN)", p): f"+{g}"
            for p, g in zip(PYRAMID, ["0.8", "0.8", "0.9", "1.0"], strict=True)
        },
    }
    gains = csv(shown, "-gains").set_index("gain")
    assert set(gains.index) <= set(claims.claims()), "the gains have the ledger's ids"
    measured = gains[gains["status"] == "measured"]
    assert len(measured) == 3 + 4, "the backbone was not run"
    assert set(measured["higher"]) == {"ssn"}
    one = measured.loc["table2-ssn-e1-fsm-gain"]
    expected = 100 * (made.ap(study["ssn"]["E1"]) - made.ap(study["backbone-esp"]["E1"]))
    assert float(one["difference_measured"]) == pytest.approx(expected, abs=1e-9)
    assert (one["seeds"], one["data"], one["resamples"]) == ("0", DATA, "2000")
    assert (one["trainings"], one["outcome"]) == ("ssn=1 backbone-esp=1", "descriptive")
    assert one["commit"] and re.fullmatch(r"\d{4}-\d\d-\d\d", one["date"])
    assert all("neither reproduces nor refutes" in notice for notice in gains["notice"])


def test_csv_has_every_predictor_with_its_provenance(made, study):
    lines = csv(page(made.of()))
    assert len(lines) == 2 * 4 + 2 * 7 + 3 * 7
    one = lines.set_index(["network", "predictor"]).loc["ssn", "E2"]
    assert float(one["measured"]) == pytest.approx(100 * made.ap(study["ssn"]["E2"]), abs=1e-12)
    assert (one["ap_printed"], one["ap_printed_on"], one["measured_on"]) == ("64.6", "COCO val2017", DATA)
    assert one["trained_macs_up_to_predictor"] == "4000000"
    assert [one[name] for name in ("config_digest", "checkpoint_digest", "commit")] == [
        f"{name} of ssn" for name in ("config_digest", "checkpoint_digest", "commit")
    ]
    assert (one["seed"], one["protocol"]) == ("0", "boxes: ground truth; flip test: yes.")
    status = lines.drop_duplicates("network").set_index("network")["status"]
    assert status.to_dict() == {
        "backbone": "not run",
        "ssn-wo-esp": "measured",
        "backbone-esp": "measured",
        "ssn": "measured",
        "ssn-wo-ca": "not run",
        "ssn-wo-shift": "not run",
        "ssn-k256": "extension",
    }
    assert tuple(status.index[-3:]) == EXTENSION
    assert all("neither reproduces nor refutes" in notice for notice in lines["notice"])


def test_seeds_are_averaged_and_gains_are_of_the_means(made, study):
    second, other = (predictors_of(made, name, seed=1, noise=5.0) for name in ("ssn", "backbone-esp"))
    train(made, "ssn", second, seed=1)
    train(made, "backbone-esp", other, seed=1)
    table = Table2.of(made.of())
    shown = page_of(table)
    mean = {
        (name, predictor): 50 * (made.ap(study[name][predictor]) + made.ap(one[predictor]))
        for name, one in (("ssn", second), ("backbone-esp", other))
        for predictor in ("E1", "P4")
    }
    lines = markdown_tables(markdown(shown))[0]
    (ssn,) = (line for line in lines if line[0].endswith("(SSN)") and line[1].startswith("AP, measured"))
    assert re.fullmatch(rf"{mean['ssn', 'E1']:.1f} ± [\d.]+ \(2 seeds\)", ssn[2])
    gains = {gain.id: gain.measured for gain in table.gains}
    fsm, esp = gains["table2-ssn-e1-fsm-gain"], gains["table2-ssn-p4-esp-gain"]
    assert fsm.difference == pytest.approx(mean["ssn", "E1"] - mean["backbone-esp", "E1"])
    assert fsm.test.basis is Basis.WELCH, "E1 has a spread of its own"
    assert esp.difference == pytest.approx(mean["ssn", "P4"] - 100 * made.ap(study["ssn-wo-esp"]["P4"]))
    assert esp.trainings == {"ssn": 2, "ssn-wo-esp": 1} and esp.test.basis is Basis.POOLED
    assert esp.spreads["deep"].freedom == 2, "of ssn and backbone-esp"
    (notes,) = (one.notes for one in shown.tables if "Gain" in one.notes)
    assert "pooled over its group" in notes["Gain"] and "each network's own" in notes["Gain"]
    assert f"deep {esp.spreads['deep'].sd:.2f}, with 2 degrees of freedom" in notes["Gain"]
    assert "Descriptive" in notes["Outcome"]
    assert list(csv(shown).query("network == 'ssn' and predictor == 'E1'")["seed"]) == ["0", "1"]


def test_on_the_papers_data_no_line_warns(made):
    train(made, "ssn", predictors_of(made, "ssn"), preset="paper", provenance={"data": "COCO val2017"})
    text = markdown(page(made.of("paper")))
    assert "not COCO" not in text.replace("neither", "") and "AP, measured, COCO val2017" in text
    assert text.splitlines()[0] == "# Table 2, preset paper: AP measured on COCO val2017"


def test_nothing_run_leaves_the_printed_figures(made):
    shown = page(made.of())
    tables = markdown_tables(markdown(shown))
    assert len(tables) == 2, "no costs of networks that were not trained"
    assert {line[-1] for line in tables[1][2:]} == {"not run"}
    assert "no AP measured yet" in shown.title
    assert not shown.pictures


def test_tex_is_balanced_and_names_its_data(made, study):
    text = to_tex(page(made.of()))
    assert text.isascii()
    unescaped = re.sub(r"\\.", "", text)
    assert unescaped.count("{") == unescaped.count("}")
    for label in ("tab:table2-figures", "tab:table2-figures-gains", "tab:table2-figures-macs"):
        assert rf"\label{{{label}}}" in text
    assert text.count("neither reproduces nor refutes") == 3
    assert text.count("AP, measured, drawn figures, version 1.0, val (not COCO val2017)") == 7


@pytest.mark.parametrize(
    ("noise", "chosen"),
    [(2.0, (*paper.table2(), *EXTENSION)), (400.0, ("backbone", "ssn"))],
    ids=["all networks", "AP at zero"],
)
def test_every_marker_has_its_name_and_no_two_names_overlap(made, tmp_path, monkeypatch, noise, chosen):
    import matplotlib.pyplot as plt

    monkeypatch.setattr(plt, "close", lambda figure: None)
    for network in chosen:
        train(made, network, predictors_of(made, network, noise=noise))
    table = Table2.of(made.of())
    (picture,) = page_of(table).pictures
    picture.draw(tmp_path / "table2.png")
    assert (tmp_path / "table2.png").stat().st_size > 0
    figure = plt.gcf()
    panels = [panel for panel in figure.axes if panel.get_visible()]
    rows = [row for row in table.rows if row.network in chosen]
    assert [panel.get_title() for panel in panels] == [row.method for row in rows]
    for panel, row in zip(panels, rows, strict=True):
        assert sorted(text.get_text() for text in panel.texts) == sorted(row.predictors)
        for one, other in itertools.combinations([text.get_window_extent() for text in panel.texts], 2):
            assert not one.overlaps(other)
        assert max(text.get_window_extent().y1 for text in panel.texts) <= panel.get_window_extent().y1
        own = [line for line in panel.lines if line.get_color() == "black"]
        assert [point for line in own for point in line.get_xydata().tolist()] == [
            [MACS[name] / 1e6, row.score(name)] for name in row.predictors
        ]
    assert "(not COCO val2017)" in figure.get_supylabel()
    monkeypatch.undo()
    plt.close(figure)


def test_scores_without_a_predictor_of_the_table_are_refused(made):
    train(made, "ssn", predictors_of(made, "ssn-wo-esp"))
    with pytest.raises(
        RefusedInput, match=r"scores\.json: \$\.predictors: lacks E1, E2, E3 of ssn, has P1, P2, P3, P4"
    ):
        page(made.of())


def test_scores_of_a_network_that_the_table_does_not_have_are_refused(made, study):
    train(made, "lite-k256", study["ssn"])
    page(made.of())
    file = made.path / "figures" / "ssn" / "seed0" / "scores.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "network": "lite-k256"}))
    with pytest.raises(RefusedInput, match=r"'lite-k256' is none of backbone"):
        page(made.of())


def test_detections_of_other_scores_are_refused(made, study):
    file = made.path / "figures" / "ssn" / "seed0" / "predictions" / "predictor.E1.keypoints.json"
    file.write_text(json.dumps(made.found(1.0, 0)))
    with pytest.raises(RefusedInput, match=r"predictor\.E1\.keypoints\.json: its AP on .* but .*scores\.json says"):
        page(made.of())


def test_command_writes_the_files(made, study, tmp_path):
    out = tmp_path / "elsewhere" / "table2"
    assert main(["page", "table2", "--preset", "figures", "--results", str(tmp_path), "--out", str(out)]) == 0
    assert sorted(file.name for file in out.parent.iterdir()) == [
        *("table2-gains.csv", "table2.csv", "table2.md", "table2.png", "table2.tex")
    ]
    lines = pd.read_csv(f"{out}.csv").dropna(subset="measured").set_index(["network", "predictor"])
    assert lines.loc[("ssn", "P4"), "trained_macs_up_to_predictor"] == MACS["P4"]
    assert "](table2.png)" in (out.parent / "table2.md").read_text()
