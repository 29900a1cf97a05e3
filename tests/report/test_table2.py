"""Table 2 from detections on disk: its gains against pycocotools, what it shows, how it is drawn, what it refuses."""

import argparse
import contextlib
import io
import itertools
import json
import re

import numpy as np
import pandas as pd
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmpose_ssn import paper
from mmpose_ssn.commands import table2 as table2_command
from mmpose_ssn.evaluation.bootstrap import draw_images
from mmpose_ssn.report import stage_plot
from mmpose_ssn.report.inputs import RefusedInput, read_scores
from mmpose_ssn.report.table2 import EXTENSION, PREDICTORS, Table2
from mmpose_ssn.report.table2_rendering import gains_to_csv, to_csv, to_markdown, to_tex

M, IMAGES, RESAMPLES = 17, 6, 30
DRAWN = "drawn v1 (400 images, seed 0)"
PYRAMID = PREDICTORS[3:]
DIGESTS = ("config_digest", "commit", "checkpoint_digest", "data_digest", "machine", "torch")


def people():
    rng = np.random.default_rng(0)
    annotations = []
    for image in range(1, IMAGES + 1):
        keypoints = np.c_[rng.uniform(100, 200, (M, 2)), np.full(M, 2)]
        annotations.append(
            {
                **dict.fromkeys(("id", "image_id"), image),
                "category_id": 1,
                "iscrowd": 0,
                "num_keypoints": M,
                "area": 7000.0,
                "bbox": [100, 100, 100, 100],
                "keypoints": keypoints.ravel().tolist(),
            }
        )
    images = [{"id": image} for image in range(1, IMAGES + 1)]
    return {"images": images, "categories": [{"id": 1, "name": "person"}], "annotations": annotations}


PEOPLE = people()


def detections(noise, seed):
    """Every person, with noise in pixels."""
    rng = np.random.default_rng(seed)
    found = []
    for one in PEOPLE["annotations"]:
        keypoints = np.reshape(one["keypoints"], (M, 3)) + np.c_[rng.normal(0, noise, (M, 2)), np.zeros(M)]
        fields = {"keypoints": keypoints.ravel().tolist(), "score": float(rng.uniform())}
        found.append({"image_id": one["image_id"], "category_id": 1, **fields})
    return found


def ap(annotations, found):
    """By pycocotools alone."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = json.loads(json.dumps(annotations))
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(json.loads(json.dumps(found))), "keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0])


def written_out(found, images):
    """The data set in which every draw of an image is a new image."""
    fresh = {"images": [], "categories": PEOPLE["categories"], "annotations": []}
    fresh_found = []
    for number, position in enumerate(images, start=1):
        fresh["images"].append({"id": number})
        fresh["annotations"].append({**PEOPLE["annotations"][position], "id": number, "image_id": number})
        fresh_found += [{**one, "image_id": number} for one in found if one["image_id"] == position + 1]
    return fresh, fresh_found


def network(variant, seed=0, noise=8.0):
    """Detections of each of a network's predictors."""
    names = PYRAMID if variant in ("backbone", "ssn-wo-esp") else PREDICTORS
    first = sum(variant.encode()) + 100 * seed
    return {name: detections(noise + 2 * (6 - k), first + k) for k, name in enumerate(names)}


STUDY = {
    ("backbone-esp", 0): network("backbone-esp", noise=12.0),
    ("ssn", 0): network("ssn"),
    ("ssn-wo-esp", 0): network("ssn-wo-esp", noise=9.0),
    ("ssn-k256", 0): network("ssn-k256"),
}


@pytest.fixture
def write(tmp_path):
    """Write trainings to disk; returns the paths of their scores.json."""

    def write_study(study, *, data=DRAWN, preset="mini"):
        (tmp_path / "annotations.json").write_text(json.dumps(PEOPLE))
        paths = []
        for (variant, seed), found in study.items():
            folder = tmp_path / preset / variant / f"seed{seed}"
            (folder / "predictions").mkdir(parents=True)
            for name, one in found.items():
                (folder / "predictions" / f"predictor.{name}.keypoints.json").write_text(json.dumps(one))
            content = {
                "variant": variant,
                "preset": preset,
                "seed": seed,
                "final": "P4",
                "predictors": {
                    name: {"AP": ap(PEOPLE, one), "AP_interval": [0.125, 0.875]} for name, one in found.items()
                },
                "images": IMAGES,
                "instances": IMAGES,
                "resamples": RESAMPLES,
                "protocol": {"boxes": "ground truth", "flip_test": True, "predictor": "answer"},
                "network": {"params": 100, "macs": 5848854528, "ops": 300},
                "provenance": {
                    **{name: f"{name} of {variant}" for name in DIGESTS},
                    "data": data,
                    "data_digest": "sha256:d0",
                    "iterations": 1,
                    "wall_time_s": 1,
                    "date": "2026-11-22",
                },
            }
            paths.append(folder / "scores.json")
            paths[-1].write_text(json.dumps(content))
        return paths

    return write_study


@pytest.fixture
def complexity(tmp_path):
    counts = dict.fromkeys(("params", "macs", "ops", "deployed_params", "deployed_macs", "deployed_ops"), 10)
    file = tmp_path / "complexity.csv"
    pd.DataFrame([{"variant": v, **counts, "policy": "p"} for v in paper.table1()]).to_csv(file, index=False)
    return file


@pytest.fixture
def make_table(tmp_path, complexity, write):
    def make(study=STUDY, **how):
        paths = write(study, **how)
        macs = {variant: {name: (k + 1) * 2_000_000 for k, name in enumerate(PREDICTORS)} for variant, _ in study}
        scores = [read_scores(path) for path in paths]
        return Table2.of(how.get("preset", "mini"), complexity, scores, macs, tmp_path / "annotations.json")

    return make


def markdown_tables(text):
    """Rows of cells of each table, escapes undone."""
    tables = re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    return [
        [[re.sub(r"\\(.)", r"\1", cell.strip()) for cell in line.strip("|").split("|")] for line in one.splitlines()]
        for one in tables
    ]


def read(text):
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)


def test_printed_and_measured_lines_each_name_their_data(make_table):
    header, _, *lines = markdown_tables(to_markdown(make_table(), "table2.png"))[0]
    assert header == ["Method", "AP", *PREDICTORS]
    rows = {tuple(line[:2]): line[2:] for line in lines}
    assert len(rows) == len(lines) == 4 * 2 + 3
    measured = "measured, drawn v1 (not COCO val2017)"
    assert {source for _, source in rows} == {"printed, COCO val2017", measured}
    assert rows["Backbone + FSM + ESP (SSN)", "printed, COCO val2017"] == [
        *("44.9", "64.6", "66.9", "24.9", "67.6", "72.8", "73.0")
    ]
    assert rows["Backbone + FSM", "printed, COCO val2017"] == [*("–", "–", "–"), *("24.1", "66.8", "71.9", "72.0")]
    assert rows["Backbone + FSM + ESP (SSN)", measured] == [
        f"{100 * ap(PEOPLE, STUDY['ssn', 0][name]):.1f} [12.5, 87.5]" for name in PREDICTORS
    ]
    assert rows["Backbone", measured] == ["–", "–", "–", *["not run"] * 4]
    assert rows["SSN, K = 256 (not in the paper's Table 2)", measured][0].endswith("[12.5, 87.5]")
    assert rows["SSN, w/o CA (not in the paper's Table 2)", measured] == ["not run"] * 7


def test_gains_and_intervals_are_those_of_written_out_resamples(make_table):
    gains = {(gain.higher, gain.lower, gain.predictor): gain for gain in make_table().gains}
    for higher, lower, predictor in (("ssn", "backbone-esp", "E1"), ("ssn", "ssn-wo-esp", "P4")):
        first, second = STUDY[higher, 0][predictor], STUDY[lower, 0][predictor]
        differences = [
            ap(*written_out(first, images)) - ap(*written_out(second, images))
            for images in draw_images(IMAGES, RESAMPLES, seed=0)
        ]
        paired = gains[higher, lower, predictor].paired
        assert paired.difference == pytest.approx(ap(PEOPLE, first) - ap(PEOPLE, second), abs=1e-9)
        assert paired.interval == pytest.approx(tuple(np.percentile(differences, [2.5, 97.5])), abs=1e-9)


def test_every_printed_gain_stands_beside_ours(make_table):
    table = make_table()
    _, _, *lines = markdown_tables(to_markdown(table, "table2.png"))[1]
    printed = {(introduced, network, predictor): gain for introduced, network, _, predictor, gain, _ in lines}
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
    csv = read(gains_to_csv(table, "c0ffee", "2026-11-23")).set_index("gain")
    claims = paper.claims()
    assert set(csv.index) <= set(claims), "the gains have the ledger's ids"
    measured = csv[csv["status"] == "measured"]
    assert len(measured) == 3 + 4, "the backbone was not run"
    assert set(measured["higher"]) == {"ssn"}
    one = measured.loc["table2-ssn-e1-fsm-gain"]
    expected = 100 * (ap(PEOPLE, STUDY["ssn", 0]["E1"]) - ap(PEOPLE, STUDY["backbone-esp", 0]["E1"]))
    assert float(one["difference_measured"]) == pytest.approx(expected, abs=1e-9)
    assert (one["commit"], one["seeds"], one["data"]) == ("c0ffee", "0", DRAWN)
    assert all("neither reproduces nor refutes" in notice for notice in csv["notice"])


def test_csv_has_every_predictor_with_its_provenance(make_table):
    csv = read(to_csv(make_table()))
    assert len(csv) == 2 * 4 + 2 * 7 + 3 * 7
    one = csv.set_index(["variant", "predictor"]).loc["ssn", "E2"]
    assert float(one["ap_measured"]) == pytest.approx(100 * ap(PEOPLE, STUDY["ssn", 0]["E2"]), abs=1e-12)
    assert (one["ap_printed"], one["ap_printed_on"], one["ap_measured_on"]) == ("64.6", "COCO val2017", DRAWN)
    assert one["trained_macs_up_to_predictor"] == "4000000"
    assert [one[name] for name in ("config_digest", "checkpoint_digest", "commit")] == [
        f"{name} of ssn" for name in ("config_digest", "checkpoint_digest", "commit")
    ]
    assert (one["seed"], one["protocol"]) == ("0", "boxes: ground truth; flip test: yes.")
    status = csv.drop_duplicates("variant").set_index("variant")["status"]
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
    assert all("neither reproduces nor refutes" in notice for notice in csv["notice"])


def test_seeds_are_averaged_and_gains_paired_by_seed(make_table):
    second = network("ssn", seed=1, noise=14.0)
    table = make_table({**STUDY, ("ssn", 1): second, ("backbone-esp", 1): network("backbone-esp", seed=1)})
    mean = 50 * (ap(PEOPLE, STUDY["ssn", 0]["E1"]) + ap(PEOPLE, second["E1"]))
    lines = markdown_tables(to_markdown(table, "p.png"))[0]
    (ssn,) = (line for line in lines if line[0].endswith("(SSN)") and line[1].startswith("measured"))
    assert re.fullmatch(rf"{mean:.1f} ± [\d.]+ \(2 seeds\)", ssn[2])
    gains = {gain.id: gain for gain in table.gains}
    assert gains["table2-ssn-e1-fsm-gain"].seeds == (0, 1)
    assert gains["table2-ssn-p4-esp-gain"].seeds == (0,), "ssn-wo-esp has one"
    assert "(0 1; 0)" in table.gain_notes["Seeds"] and "from a t distribution" in table.gain_notes["Seeds"]
    assert list(read(to_csv(table)).query("variant == 'ssn' and predictor == 'E1'")["seed"]) == ["0", "1"]


def test_on_the_papers_data_no_line_warns(make_table):
    table = make_table({("ssn", 0): STUDY["ssn", 0]}, data="COCO val2017", preset="paper")
    text = to_markdown(table, "table2.png")
    assert "not COCO" not in text.replace("neither", "") and "measured, COCO val2017" in text
    assert text.splitlines()[0] == "# Table 2, preset paper: AP measured on COCO val2017"


def test_nothing_run_leaves_the_printed_figures(make_table, tmp_path):
    table = make_table({})
    tables = markdown_tables(to_markdown(table, "table2.png"))
    assert len(tables) == 2, "no costs of networks that were not trained"
    assert {line[-1] for line in tables[1][2:]} == {"not run"}
    assert "no AP measured yet" in table.title
    stage_plot.draw(table, tmp_path / "empty.png")
    assert (tmp_path / "empty.png").stat().st_size > 0


def test_tex_is_balanced_and_names_its_data(make_table):
    text = to_tex(make_table())
    assert text.isascii()
    unescaped = re.sub(r"\\.", "", text)
    assert unescaped.count("{") == unescaped.count("}")
    for label in ("tab:table2-mini", "tab:table2-mini-gains", "tab:table2-mini-macs"):
        assert rf"\label{{{label}}}" in text
    assert text.count("neither reproduces nor refutes") == 3
    assert text.count("measured, drawn v1 (not COCO val2017)") == 7


@pytest.mark.parametrize(
    ("noise", "variants"),
    [(2.0, (*paper.table2(), *EXTENSION)), (400.0, ("backbone", "ssn"))],
    ids=["all networks", "AP at zero"],
)
def test_every_marker_has_its_name_and_no_two_names_overlap(make_table, tmp_path, monkeypatch, noise, variants):
    import matplotlib.pyplot as plt

    monkeypatch.setattr(plt, "close", lambda figure: None)
    table = make_table({(variant, 0): network(variant, noise=noise) for variant in variants})
    stage_plot.draw(table, tmp_path / "table2.png")
    figure = plt.gcf()
    panels = [panel for panel in figure.axes if panel.get_visible()]
    rows = [row for row in table.rows if row.id in variants]
    assert [panel.get_title() for panel in panels] == [row.method for row in rows]
    for panel, row in zip(panels, rows, strict=True):
        assert sorted(text.get_text() for text in panel.texts) == sorted(row.predictors)
        for one, other in itertools.combinations([text.get_window_extent() for text in panel.texts], 2):
            assert not one.overlaps(other)
        assert max(text.get_window_extent().y1 for text in panel.texts) <= panel.get_window_extent().y1
        own = [line for line in panel.lines if line.get_color() == "black"]
        assert [point for line in own for point in line.get_xydata().tolist()] == [
            [row.macs[name] / 1e6, row.ap(name)] for name in row.predictors
        ]
    assert "(not COCO val2017)" in figure.get_supylabel()
    monkeypatch.undo()
    plt.close(figure)


def test_scores_that_do_not_fit_are_refused(make_table, complexity, tmp_path):
    with pytest.raises(
        RefusedInput, match=r"scores\.json: \$\.predictors: lacks E1, E2, E3 of ssn, has P1, P2, P3, P4"
    ):
        make_table({("ssn", 0): network("ssn-wo-esp")})
    with pytest.raises(RefusedInput, match=r"'lite-k256' is none of backbone"):
        make_table({("lite-k256", 0): network("ssn")})
    study = {("ssn", 0): STUDY["ssn", 0], ("backbone-esp", 0): STUDY["backbone-esp", 0]}
    make_table(study, preset="midi")
    file = tmp_path / "midi" / "ssn" / "seed0" / "predictions" / "predictor.E1.keypoints.json"
    file.write_text(json.dumps(detections(1.0, 0)))
    scores = [read_scores(tmp_path / "midi" / variant / "seed0" / "scores.json") for variant, _ in study]
    macs = {variant: dict.fromkeys(PREDICTORS, 1) for variant, _ in study}
    with pytest.raises(RefusedInput, match=r"predictor\.E1\.keypoints\.json: its AP on .* but .*scores\.json says"):
        Table2.of("midi", complexity, scores, macs, tmp_path / "annotations.json")


def run_command(*arguments):
    parser = argparse.ArgumentParser()
    table2_command.add_arguments(parser)
    return table2_command.run(parser.parse_args([str(argument) for argument in arguments]))


def test_command_counts_on_the_config_beside_the_scores(tmp_path, complexity, write, capsys):
    from mmengine.config import Config

    from mmpose_ssn.variants import config_file

    (path,) = write({("backbone-esp", 0): STUDY["backbone-esp", 0]})
    out = tmp_path / "results" / "table2"
    common = ["--preset", "mini", "--complexity", complexity, "--annotations", tmp_path / "annotations.json"]
    arguments = [*common, "--scores", path, "--out", out]
    assert run_command(*arguments) == 1
    assert "config.py: is not there" in capsys.readouterr().err
    Config.fromfile(config_file("backbone-esp")).dump(path.parent / "config.py")
    assert run_command(*arguments) == 0
    assert sorted(file.name for file in out.parent.iterdir()) == [
        *("table2-gains.csv", "table2.csv", "table2.md", "table2.png", "table2.tex")
    ]
    macs = read((out.parent / "table2.csv").read_text()).query("ap_measured != ''").set_index("predictor")
    assert macs.loc["P4", "trained_macs_up_to_predictor"] == "4967104512", "the deployed network's"
    assert "](table2.png)" in (out.parent / "table2.md").read_text()

    Config.fromfile(config_file("ssn")).dump(path.parent / "config.py")
    assert run_command(*arguments) == 1
    assert "its network has 13096611840 MACs, but the one of" in capsys.readouterr().err
