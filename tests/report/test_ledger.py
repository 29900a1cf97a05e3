"""The ledger says of each claim what the files say, and never calls a small network's figure a reproduction."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmpose_ssn import paper
from mmpose_ssn.paper.verdicts import CocoRuns, FindingKind, Printed, VerdictKind, judge_difference, judge_point
from mmpose_ssn.report.contrasts import TrainedPredictors
from mmpose_ssn.report.inputs import read_scores
from mmpose_ssn.report.ledger import PRIOR, Counted, Entry, compared, ledger, questions
from mmpose_ssn.report.ledger_page import ledger_to_csv, ledger_to_markdown

M, IMAGES, RESAMPLES = 17, 40, 640  # enough for Holm over the 16 comparisons of the text


def people() -> dict:
    rng = np.random.default_rng(0)
    annotations = [
        {
            "id": image,
            "image_id": image,
            "category_id": 1,
            "iscrowd": 0,
            "num_keypoints": M,
            "keypoints": np.c_[rng.uniform(100, 200, (M, 2)), np.full(M, 2)].ravel().tolist(),
            "bbox": [100, 100, 100, 100],
            "area": 7000.0,
        }
        for image in range(1, IMAGES + 1)
    ]
    images = [{"id": image} for image in range(1, IMAGES + 1)]
    return {"images": images, "categories": [{"id": 1, "name": "person"}], "annotations": annotations}


PEOPLE = people()
# The deviation in pixels of every predictor: the more, the lower its AP. Halving K changes nothing.
NOISE = {
    "ssn": {"E1": 8.0, "E2": 6.5, "E3": 5.5, "P1": 12.0, "P2": 6.0, "P3": 4.2, "P4": 4.0},
    "ssn-k256": {"P4": 4.0},
    "ssn-wo-ca": {"P4": 7.0},
    "backbone-esp": {"E1": 16.0, "E2": 10.0, "E3": 7.5, "P1": 14.0, "P2": 8.0, "P3": 5.2, "P4": 5.0},
    "ssn-wo-esp": {"P1": 14.0, "P2": 8.0, "P3": 6.0, "P4": 6.0},
    "backbone": {"P1": 11.0, "P2": 10.0, "P3": 8.0, "P4": 8.0},
}


def detections(noise: float) -> list[dict]:
    rng = np.random.default_rng(7)  # the same direction for all: nothing but its size tells networks apart
    return [
        {
            "image_id": one["image_id"],
            "category_id": 1,
            "keypoints": (
                np.reshape(one["keypoints"], (M, 3)) + noise * np.c_[rng.normal(size=(M, 2)), np.zeros(M)]
            ).ravel().tolist(),
            "score": round(float(rng.uniform()), 3),
        }
        for one in PEOPLE["annotations"]
    ]  # fmt: skip


def ap(found: list[dict]) -> float:
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = json.loads(json.dumps(PEOPLE))
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(json.loads(json.dumps(found))), "keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0])


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory):
    """Entries by claim, for a preset; its scores are made once."""
    root = tmp_path_factory.mktemp("study")
    (root / "annotations.json").write_text(json.dumps(PEOPLE))

    def of(preset: str, noise: dict[str, dict[str, float]] = NOISE) -> dict[str, Entry]:
        scores = []
        for variant, predictors in noise.items():
            folder = root / preset / variant
            (folder / "predictions").mkdir(parents=True, exist_ok=True)
            found = {name: detections(size) for name, size in predictors.items()}
            for name, results in found.items():
                (folder / "predictions" / f"predictor.{name}.keypoints.json").write_text(json.dumps(results))
            unknown = ("config_digest", "commit", "checkpoint_digest", "data_digest", "machine", "torch")
            content = {
                "variant": variant,
                "preset": preset,
                "seed": 0,
                "final": "P4",
                "predictors": {name: {"AP": ap(results), "AP_interval": [0, 1]} for name, results in found.items()},
                "images": IMAGES,
                "instances": IMAGES,
                "resamples": RESAMPLES,
                "protocol": {},
                "network": {"params": 1, "macs": 1, "ops": 1},
                "provenance": {
                    **dict.fromkeys(unknown, "x"),
                    "data": "drawn",
                    "iterations": 1,
                    "wall_time_s": 1,
                    "date": "2026-11-22",
                },
            }
            (folder / "scores.json").write_text(json.dumps(content))
            scores.append(read_scores(folder / "scores.json"))
        trained = TrainedPredictors(scores, root / "annotations.json", RESAMPLES)
        counted = {
            "modules": Counted(13, "13", "equal to", True, "FSMs of the built network"),
            "shifting-channels": Counted(511, "512", "equal to", False, "K of the built modules"),
        }
        entries = ledger(preset, trained, compared(preset, trained), counted, {}, {"cost": root / "cost-claims.csv"})
        return {entry.claim.id: entry for entry in entries}

    return of


@pytest.fixture(scope="module")
def mini(study) -> dict[str, Entry]:
    return study("mini")


def test_every_claim_is_there_once(mini) -> None:
    assert list(mini) == list(paper.claims())


def test_costs_are_decided_on_any_machine(mini) -> None:
    assert mini["modules"].verdict.kind is VerdictKind.REPRODUCED
    assert mini["shifting-channels"].verdict.kind is VerdictKind.CONTRADICTED
    assert mini["bottleneck-blocks"].verdict.words.startswith("not run: its count")


def test_small_networks_give_findings_and_no_verdict(mini) -> None:
    for entry in mini.values():
        if entry.claim.decided_by != "cost":
            assert entry.verdict.kind in (VerdictKind.NOT_RUN, VerdictKind.NOT_TESTABLE), entry.claim.id
        if entry.finding:
            assert entry.finding.words.startswith("in the controlled experiment: ")
    assert mini["table1-ssn-ap"].finding is None, "another network's AP says nothing of a printed one"


@pytest.mark.parametrize(
    ("claim", "kind"),
    [
        ("ssn-over-wo-ca", FindingKind.HOLDS),
        ("ssn-over-backbone", FindingKind.HOLDS),
        ("backbone-esp-over-backbone", FindingKind.HOLDS),
        ("ssn-over-k256", FindingKind.UNDECIDED),  # the same detections
        ("half-the-channels-cost-little", FindingKind.HOLDS),
        ("modules-help-e1", FindingKind.HOLDS),
        ("first-predictor-gain", FindingKind.HOLDS),
        ("stages-add-up", FindingKind.HOLDS),
        ("early-predictors-bad-without-modules", FindingKind.HOLDS),
        ("early-predictors-raise-every-predictor", FindingKind.DOES_NOT_HOLD),  # P1 of the backbone is the better one
    ],
)
def test_findings_are_what_the_detections_were_made_to_show(mini, claim: str, kind: FindingKind) -> None:
    assert mini[claim].finding is not None, mini[claim].verdict.words
    assert mini[claim].finding.kind is kind, mini[claim].evidence


def test_evidence_is_the_difference_that_pycocotools_finds(mini) -> None:
    first, second = (100 * ap(detections(NOISE[name]["E1"])) for name in ("ssn", "backbone-esp"))
    assert mini["modules-help-e1"].evidence.startswith(f"{first - second:+.2f} AP")
    files = [file.parent.name for file in mini["modules-help-e1"].sources]
    assert files == ["ssn", "backbone-esp"]


def test_sum_of_parts_is_over_all_four_networks(study) -> None:
    noise = {name: {"P4": size} for name, size in {"ssn": 4.0, "ssn-wo-ca": 7.0, "backbone-esp": 5.0}.items()}
    noise["ssn-wo-shift"] = {"P4": 6.0}
    entry = study("mini", noise)["parts-cooperate-at-all"]
    names = ("ssn", "ssn-wo-ca", "ssn-wo-shift", "backbone-esp")
    of = {name: 100 * ap(detections(noise[name]["P4"])) for name in names}
    expected = of["ssn"] + of["backbone-esp"] - of["ssn-wo-ca"] - of["ssn-wo-shift"]
    assert entry.evidence.startswith(f"{expected:+.2f} AP")


def test_untrained_networks_are_named(mini) -> None:
    entry = mini["bn-inside-the-module"]
    assert entry.finding is None and "ssn-gn-fsm" in entry.verdict.words


def test_full_size_networks_are_judged_by_the_claims_margin(study) -> None:
    entries, claims = study("paper"), paper.claims()
    runs = {name: CocoRuns("paper", (100 * ap(detections(NOISE[name]["P4"])),)) for name in ("ssn", "ssn-wo-ca")}
    point, difference = claims["table1-ssn-ap"], claims["attention-gain"]
    assert entries[point.id].verdict == judge_point(runs["ssn"], Printed.figure(point.value), PRIOR, 0.7)
    printed = Printed(float(difference.value), difference.rounding)
    expected = judge_difference(runs["ssn"], runs["ssn-wo-ca"], printed, PRIOR, difference.margin.value)
    assert entries[difference.id].verdict == expected
    assert entries["ssn-over-wo-ca"].verdict.words.startswith("in these runs: reproduced")
    assert not any(entry.finding for entry in entries.values())


def test_every_claim_on_ap_has_a_question(mini) -> None:
    for claim in paper.claims().values():
        if claim.decided_by == "scores":
            asked = questions(claim)
            assert asked, claim.id
            assert all(contrast for contrast in asked)


def test_page_and_csv_say_the_same(mini, tmp_path: Path) -> None:
    entries = [replace(entry, sources=tuple(tmp_path / file.name for file in entry.sources)) for entry in mini.values()]
    made = {"preset": "mini", "commit": "c0ffee"}
    page = ledger_to_markdown(entries, "mini", "drawn", tmp_path, made)
    table = pd.read_csv(io.StringIO(ledger_to_csv(entries, made)))
    assert list(table.claim) == list(paper.claims())
    assert f"# {len(table)} claims of the paper" in page
    for kind, count in table.verdict.value_counts().items():
        assert f"{count} {kind}" in page
    for word, count in table.finding.value_counts().items():
        assert f"{count} {word}" in page
    below = page.split("## In the controlled experiment")[1].split("## Verdicts")[0]
    assert "| its direction |" in " ".join(below.split())
    assert "reproduced" not in below, "no word of a verdict stands beside a small network's figure"
