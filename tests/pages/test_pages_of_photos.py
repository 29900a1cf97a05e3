"""Pages of a preset that PCK decides: what they call it, that its figures are those of a loop over photos, and that the
printed AP stays what it is.
"""

from __future__ import annotations

import io
import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmpose_ssn import claims
from mmpose_ssn.datasets.leeds import KEYPOINTS
from mmpose_ssn.evaluation.bootstrap import draw_images
from mmpose_ssn.evaluation.comparison import Basis, Comparison
from mmpose_ssn.evaluation.trained import TrainedPredictors, difference
from mmpose_ssn.experiment.presets import load_preset
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.pages import baselines, table1, table2
from mmpose_ssn.pages import claims as claims_page
from mmpose_ssn.pages.blocks import Page
from mmpose_ssn.pages.origin import origins
from mmpose_ssn.pages.readme_block import render_block
from mmpose_ssn.pages.render import to_csv, to_markdown, to_tex
from mmpose_ssn.pages.study import bound_words
from mmpose_ssn.pages.table2 import PREDICTORS

PHOTOS = 12
DATA = "Leeds Sports Pose, version 1.0, test"
MEASURED = f"PCK@0.2 measured on {DATA}"
NOTICE = f"The measured PCK@0.2 is on {DATA}, not on COCO val2017: it neither reproduces nor refutes a printed AP."
NOT_AP = re.compile(
    r"(measured|mean) AP|\bAP(,? measured| points| less| of the (first|network|final)| against|, %, on Leeds)",
    re.IGNORECASE,
)
"""How a page would call a measured figure AP. The paper's are "AP, printed" and "a printed AP"."""

SHOULDER, HIP = KEYPOINTS.index("left_shoulder"), KEYPOINTS.index("right_hip")
NOISE = {  # pixels, of torsos of some 60: the more, the lower PCK
    "ssn": 6.0,
    "ssn-wo-ca": 12.0,
    "ssn-k256": 9.0,
    "backbone-esp": 14.0,
    "backbone": 16.0,
    "lite-k256": 8.0,
    "lite-k256-conv7x7": 11.0,
}
SEEDS = {"ssn": (0, 1)}  # all others: one training


def shares(people: list[dict[str, Any]], found: list[dict[str, Any]], threshold: float = 0.2) -> dict[int, float]:
    """The share of joints of each photo that are found, joint by joint; photos without a torso are left out."""
    of_photos = {}
    for person in people:
        true = [person["keypoints"][3 * k : 3 * k + 3] for k in range(14)]
        if not (true[SHOULDER][2] and true[HIP][2]):
            continue
        reach = threshold * math.dist(true[SHOULDER][:2], true[HIP][:2])
        of_photo = [one for one in found if one["image_id"] == person["image_id"]]
        best = max(of_photo, key=lambda one: one["score"])["keypoints"]
        near = [math.dist(true[k][:2], best[3 * k : 3 * k + 2]) < reach for k in range(14) if true[k][2]]
        of_photos[person["image_id"]] = sum(near) / len(near)
    return of_photos


@pytest.fixture(scope="module")
def photos_folder(make_results):
    """A folder of results that are scored by PCK on photos with one person each, one of them without a torso."""

    class PhotosFolder(make_results):
        DATA = DATA

        def __init__(self, path: Path) -> None:
            super().__init__(path, PHOTOS, 100)
            rng = np.random.default_rng(1)
            for number, one in enumerate(self.people["annotations"]):
                labelled = np.where(rng.random(14) < 0.85, 2, 0)
                labelled[[SHOULDER, HIP]] = 2 * (number != 4), 2
                places = rng.uniform(100, 200, (14, 2))
                places[HIP] = places[SHOULDER] + (rng.uniform(-10, 10), rng.uniform(40, 80))
                one["keypoints"] = np.c_[places, labelled].ravel().tolist()
                one["num_keypoints"] = int((labelled > 0).sum())
            self.people["categories"][0]["keypoints"] = list(KEYPOINTS)
            (path / "annotations.json").write_text(json.dumps(self.people))
            self.images = len(self.shares(self.found(1.0, 0)))
            assert self.images == PHOTOS - 1

        def found(self, noise: float, seed: int) -> list[dict[str, Any]]:
            """Each person with noise of so many pixels, and in every second photo a worse one of a lower score."""
            rng = np.random.default_rng(seed)
            found = []
            for number, one in enumerate(self.people["annotations"]):
                true = np.reshape(one["keypoints"], (14, 3))[:, :2]
                for size, score in ((150.0, 0.1), (noise, 0.9))[(number + 1) % 2 :]:
                    keypoints = np.c_[true + rng.normal(0, size, (14, 2)), np.ones(14)].ravel().tolist()
                    found.append(
                        {"image_id": one["image_id"], "category_id": 1, "keypoints": keypoints, "score": score}
                    )
            return found

        def shares(self, found: list[dict[str, Any]], threshold: float = 0.2) -> dict[int, float]:
            return shares(self.people["annotations"], found, threshold)

        def ap(self, found: list[dict[str, Any]], people: None = None, threshold: float = 0.2) -> float:
            """What decides here, as a fraction."""
            return float(np.mean(list(self.shares(found, threshold).values())))

        def train(self, run: str, found: dict[str, list[dict[str, Any]]], **how: Any) -> Path:
            strict = {name: self.ap(one, threshold=0.1) for name, one in found.items()}
            return super().train(run, found, strict=strict, **how)

        def score(
            self,
            run: str,
            ap: dict[str, float],
            *,
            preset: str = "photos",
            strict: dict[str, float] | None = None,
            **changed: Any,
        ) -> Path:
            """Beside PCK every predictor has an AP, which Table 1 alone shows beside it."""
            beside = {"AP": 0.987, "AP_interval": [0.97, 0.99], "PCK@0.2 neck": None, "confused@0.2": 0.04}
            predictors = {
                name: {
                    **beside,
                    "PCK@0.1": (strict or {}).get(name, 0.1),
                    "PCK@0.2": one,
                    "PCK@0.2_interval": [max(one - 0.03, 0.0), min(one + 0.03, 1.0)],
                }
                for name, one in ap.items()
            }
            changed = {"metric": "PCK@0.2", "predictors": predictors, **changed}
            changed["protocol"] = {"decoder": "quarter offset", **changed.get("protocol", {})}
            return super().score(run, ap, preset=preset, **changed)

    return PhotosFolder


def predictors_of(run: str) -> tuple[str, ...]:
    return PREDICTORS[3:] if run == "backbone" else PREDICTORS


@pytest.fixture(scope="module")
def photos(photos_folder, tmp_path_factory: pytest.TempPathFactory):
    """Trainings of seven networks under the preset photos, the mean pose, and what counting writes."""
    folder = photos_folder(tmp_path_factory.mktemp("photos"))
    folder.count()
    costs = {"params": 100, "macs": 1000, "ops": 2000, "mmpose_flops": 2000, "policy": "all"}
    published = {f"published_{name}": "" for name in ("params_m", "flops_g", "ap")}
    others = [{"network": "hrnet-w32", "input_size": "256x192", **costs, **published}]
    pd.DataFrame(others).to_csv(folder.path / "compared-costs.csv", index=False)
    counted = dict(id="modules", counted=13, relation="equal to", bound="13", holds=True, how="FSMs of the network")
    pd.DataFrame([counted]).to_csv(folder.path / "cost-claims.csv", index=False)
    folder.by_run = {}
    for run, noise in NOISE.items():
        for seed in SEEDS.get(run, (0,)):
            first = 1000 * seed + sum(run.encode())
            found = {
                name: folder.found(noise + 2.0 * (6 - PREDICTORS.index(name)), first + k)
                for k, name in enumerate(predictors_of(run))
            }
            folder.train(run, found, seed=seed)
            folder.by_run.setdefault(run, []).append(found)
    folder.score("mean-pose", {"mean-pose": 0.2})
    return folder


def pck(folder, run: str, predictor: str = "P4") -> float:
    """In percent, the mean over trainings."""
    return 100 * float(np.mean([folder.ap(found[predictor]) for found in folder.by_run[run]]))


def images_error(folder, weights: dict[tuple[str, str], float]) -> float:
    """Deviation of a weighted sum of networks' PCK over the draws that every comparison is to be made of."""
    of_photos = []  # what each photo gives to the sum, for each training
    for (run, predictor), weight in weights.items():
        every = [folder.shares(found[predictor]) for found in folder.by_run[run]]
        assert all(list(of) == sorted(of) for of in every), "photos are drawn in the order of their ids"
        of_photos += [[100 * weight * share / len(every) for share in of.values()] for of in every]
    values = []
    for drawn in draw_images(folder.images, 2000, seed=0).tolist():
        values.append(sum(sum(of[k] for k in drawn) / len(drawn) for of in of_photos))
    return float(np.std(values, ddof=1))


def check(folder, one: Comparison, higher: str, lower: str, predictor: str = "P4") -> None:
    """A comparison is that of a loop over photos."""
    assert one.difference == pytest.approx(pck(folder, higher, predictor) - pck(folder, lower, predictor), abs=1e-9)
    expected = images_error(folder, {(higher, predictor): 1.0, (lower, predictor): -1.0})
    assert one.images_error == pytest.approx(expected, rel=1e-9) and expected > 0


def csv(shown: Page, suffix: str = "") -> pd.DataFrame:
    return pd.read_csv(io.StringIO(to_csv(shown.records[suffix])), dtype=str, keep_default_na=False)


def cells(text: str, start: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"| {start}"))
    return [re.sub(r"\\(.)", r"\1", cell.strip()) for cell in line.strip("|").split("|")]


def check_words(shown: Page, name: str) -> str:
    """The page in every form: never is what decides called AP, and every line of its files says what it is."""
    text = to_markdown(shown, name)
    files = [csv(shown, suffix).drop(columns=["says", "unit"], errors="ignore").to_csv() for suffix in shown.records]
    for form in (text, to_tex(shown), *files):
        assert not NOT_AP.search(form), NOT_AP.search(form)
        assert name == "table1" or "98.7" not in form, "the AP that the scores have too"
    assert NOTICE in text and shown.notices[0].startswith(NOTICE)
    return text


def lines_of(folder, lines: pd.DataFrame) -> None:
    """Every measured line has the loop's figure, its interval, what it is and on what; the print is AP on COCO."""
    measured = lines[lines["measured"] != ""]
    assert set(lines.get("metric")) == {"PCK@0.2"} and set(measured["measured_on"]) == {DATA}
    assert lines["notice"].str.contains(NOTICE, regex=False).all()
    assert set(lines["ap_printed_on"]) == {"COCO val2017", ""}
    for line in measured[measured["network"] != "mean-pose"].to_dict("records"):
        found = folder.by_run[line["network"]][int(line["seed"])][line.get("predictor", "P4") or "P4"]
        expected = 100 * folder.ap(found)
        assert float(line["measured"]) == pytest.approx(expected)
        assert float(line["measured_low"]) == pytest.approx(max(expected - 3, 0))
        assert float(line["measured_high"]) == pytest.approx(min(expected + 3, 100))
        predictor = line.get("predictor", "P4") or "P4"
        assert float(line["mean_of_seeds"]) == pytest.approx(pck(folder, line["network"], predictor))


@pytest.fixture
def labels(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whatever a picture has for its title and its axes."""
    told: list[str] = []
    for owner, name in ((Axes, "set_ylabel"), (Axes, "set_xlabel"), (Figure, "suptitle"), (Figure, "supylabel")):
        draws = getattr(owner, name)
        monkeypatch.setattr(
            owner, name, lambda of, text, draws=draws, **how: told.append(text) or draws(of, text, **how)
        )
    return told


# What pages say and show


def test_table1_shows_pck_beside_the_printed_ap(photos) -> None:
    shown = table1.page(photos.of("photos"))
    text = check_words(shown, "table1")
    assert text.splitlines()[0] == f"# Table 1, preset photos: {MEASURED}"
    header = cells(text, "Method")
    assert header[1:3] == ["AP, printed<br>COCO val2017", f"PCK@0.2, measured<br>{DATA}<br>(not COCO val2017)"]
    both = [100 * photos.ap(found["P4"]) for found in photos.by_run["ssn"]]
    assert cells(text, "SSN  ")[1:3] == ["73.0", f"{np.mean(both):.1f} ± {np.std(both, ddof=1):.1f} (2 seeds)"]
    one = pck(photos, "backbone")
    assert cells(text, "Backbone  ")[1:3] == ["69.7", f"{one:.1f} [{one - 3:.1f}, {one + 3:.1f}]"]
    for said in (
        "**PCK@0.2**: PCK@0.2 (the share of a photo's joints that lie within 0.2 torsos",
        f"in percent of the final predictor (P4) on {PHOTOS - 1} images",
        "Mean PCK@0.2 of the first network over its trainings less that of the second, in PCK points; the printed one "
        "is the gap between two AP of the paper, on COCO val2017.",
        "The networks behind the measured PCK@0.2 are scaled versions of the paper's.",
    ):
        assert said in text, said
    assert cells(text, "Ordering")[2:4] == [
        "Difference, printed<br>COCO val2017",
        f"Difference, measured<br>{DATA}<br>(not COCO val2017)",
    ]
    lines_of(photos, csv(shown))
    orderings = csv(shown, "-orderings")
    assert set(orderings["metric"]) == {"PCK@0.2"} and set(orderings["data"]) == {DATA, ""}


def test_table1_differences_are_those_of_a_loop_over_photos(photos) -> None:
    found = table1.Table1.of(photos.of("photos")).comparisons
    for one in claims.orderings().values():
        assert (one.id in found) == ({one.higher, one.lower} <= set(NOISE))
        if one.id in found:
            check(photos, found[one.id], one.higher, one.lower)
    assert len(found) >= 4
    spread = np.std([100 * photos.ap(of["P4"]) for of in photos.by_run["ssn"]], ddof=1)
    one = found["ssn-over-k256"]
    assert one.test.basis is Basis.POOLED and one.spreads["deep"].sd == pytest.approx(spread)
    assert one.test.error == pytest.approx(np.sqrt(spread**2 / 2 + spread**2 + one.images_error**2))


def test_table2_shows_pck_of_every_predictor(photos, labels, tmp_path: Path) -> None:
    table = table2.Table2.of(photos.of("photos"))
    shown = table2.page_of(table)
    text = check_words(shown, "table2")
    assert text.splitlines()[0] == f"# Table 2, preset photos: {MEASURED}"
    assert cells(text, "Method") == ["Method", "Score", *PREDICTORS]
    sources = {line.split("|")[2].strip() for line in text.split("## ")[0].splitlines() if line.startswith("| ")}
    assert sources == {"Score", "AP, printed, COCO val2017", f"PCK@0.2, measured, {DATA} (not COCO val2017)"}
    for said in (
        "**PCK@0.2**: PCK@0.2 (the share of a photo's joints",
        "PCK@0.2 of the network with what was introduced, less that of the network without",
        "in PCK points. The printed one is of AP, on COCO val2017.",
        "![PCK@0.2 of each predictor against the multiply-accumulates up to it]",
    ):
        assert said in text, said
    lines_of(photos, csv(shown))
    gains = csv(shown, "-gains")
    assert set(gains["metric"]) == {"PCK@0.2"} and set(gains["difference_printed_on"]) == {"COCO val2017"}
    (picture,) = shown.pictures
    picture.draw(tmp_path / "table2.png")
    assert f"PCK@0.2, %, on {DATA} (not COCO val2017)" in labels and f"Table 2, preset photos: {MEASURED}" in labels
    assert not any(re.search(r"\bAP\b", label) for label in labels)
    measured = [gain for gain in table.gains if gain.measured]
    assert {gain.predictor for gain in measured} == set(PREDICTORS)
    for gain in measured:
        check(photos, gain.measured, gain.higher, gain.lower, gain.predictor)


def test_baselines_show_pck_and_full_size_networks_their_printed_ap(photos, labels, tmp_path: Path) -> None:
    beside = baselines.Baselines.of(photos.of("photos"))
    shown = baselines.page_of(beside)
    text = to_markdown(shown, "baselines")
    trained, full_size = text.split("## At full size, as published")
    assert not NOT_AP.search(trained) and NOTICE in trained
    assert text.splitlines()[0] == f"# SSN beside other networks, preset photos: {MEASURED}"
    assert cells(trained, "Network")[3] == f"PCK@0.2, measured<br>{DATA} (not COCO val2017)"
    assert "PCK@0.2 less that of the paper's network whose budget it was made for, in PCK points." in trained
    assert "![PCK@0.2 against parameters, multiply-accumulates and time]" in trained
    assert "AP is what the paper and MMPose print, on COCO val2017" in full_size and "PCK" not in full_size
    lines_of(photos, csv(shown))
    assert "metric" not in csv(shown, "-full-size")
    compared = {one.run: one.comparison for one in beside.entrants if one.comparison}
    assert set(compared) == {"lite-k256-conv7x7"}
    check(photos, compared["lite-k256-conv7x7"], "lite-k256-conv7x7", "lite-k256")
    assert {one.run: one.score for one in beside.entrants} == {
        one.run: pytest.approx(pck(photos, one.run)) for one in beside.entrants
    }
    first, second = shown.pictures
    first.draw(tmp_path / "trained.png")
    assert f"PCK@0.2, %, on {DATA} (not COCO val2017)" in labels
    assert not any(re.search(r"\bAP\b", label) for label in labels)
    labels.clear()
    second.draw(tmp_path / "full_size.png")
    assert "AP, %, as printed, on COCO val2017" in labels and not any("PCK" in label for label in labels)


def test_ledger_finds_on_pck_and_says_so(photos) -> None:
    shown = claims_page.page(photos.of("photos"))
    text = check_words(shown, "claims")
    assert f"(preset photos, PCK@0.2 on {DATA}), which asks the same questions of other networks" in text
    below = text.split("## In the controlled experiment")[1].split("## Verdicts")[0]
    asked = [line.split("|")[4:] for line in below.splitlines() if line.startswith("|")]  # beside what the paper says
    assert len(asked) > 10 and not any("AP" in cell for line in asked for cell in line)
    table = csv(shown).set_index("claim")
    assert set(table["metric"]) == {"PCK@0.2"} and set(table["data"]) == {DATA}
    assert table["notice"].str.contains(NOTICE, regex=False).all()
    line = table.loc["ssn-over-k256"]
    gap = pck(photos, "ssn") - pck(photos, "ssn-k256")
    assert line["evidence"].startswith(f"{gap:+.2f} points, 95 % [") and line["finding"]
    assert table.loc["half-the-channels-cost-little", "asked"] == "within 1 points"
    assert line["verdict"].startswith("not run")
    assert table.loc["table1-ssn-ap", ["verdict", "finding"]].tolist() == ["not run", ""], "PCK is no AP to hold there"


def test_readme_block_names_the_figure_of_its_run(photos, tmp_path: Path) -> None:
    records = table1.page(photos.of("photos")).records
    folder = tmp_path / "docs" / "photos"
    folder.mkdir(parents=True)
    (folder / "table1.csv").write_text(to_csv(records[""]))
    (folder / "orderings.csv").write_text(to_csv(records["-orderings"]))
    block = render_block(folder)
    assert cells(block, "Method")[1:] == [
        "AP, printed<br>COCO val2017",
        f"PCK@0.2, measured<br>{DATA}<br>(not COCO val2017)",
    ]
    assert "- **PCK@0.2**: PCK@0.2 (the share of a photo's joints" in block and "in PCK points" in block
    assert not NOT_AP.search(block) and NOTICE in block


def test_a_number_is_asked_for_by_the_name_of_its_figure(photos) -> None:
    file = photos.path / "table1.csv"
    file.write_text(to_csv(table1.page(photos.of("photos")).records[""]))
    first, second = origins(file, "ssn", "PCK@0.2")
    assert (first.column, second.column) == ("measured", "measured")
    assert float(first.value) == pytest.approx(100 * photos.ap(photos.by_run["ssn"][0]["P4"]))
    assert first.facts["metric"] == "PCK@0.2" and first.facts["data"] == DATA
    assert [origin.value for origin in origins(file, "ssn", "pck@0.2", {"seed": "1"})] == [second.value]
    assert {float(one.value) for one in origins(file, "ssn", "AP")} == {98.7}, "OKS AP, which stands beside it"
    assert origins(file, "ssn", "AP printed")[0].value == "73.0"


def test_a_bound_of_validity_is_on_what_decides() -> None:
    validity = {"least_score": 30, "decisive": ["ssn"]}
    preset = load_preset("photos")
    words = bound_words(replace(preset, settings={**preset.settings, "validity": validity}))
    assert "nothing is compared where ssn is below PCK@0.2 30, in the mean" in words


def test_nothing_run_is_said_of_the_presets_figure(photos_folder, tmp_path: Path) -> None:
    folder = photos_folder(tmp_path)
    folder.count()
    for page, name in ((table1.page, "Table 1"), (table2.page, "Table 2")):
        assert page(folder.of("photos")).title == f"{name}, preset photos: no PCK@0.2 measured yet"
        assert page(folder.of("figures")).title == f"{name}, preset figures: no AP measured yet"


def test_every_figure_is_read_and_another_one_than_the_deciding_can_be_compared(photos) -> None:
    results = photos.of("photos")
    scores = results.scores("table1")
    assert all(one.score == one.predictors[one.final].figures["PCK@0.2"] for one in scores)
    (first, *_) = (one.predictors["E1"].figures for one in scores if one.network == "ssn")
    assert list(first) == ["AP", "PCK@0.2 neck", "confused@0.2", "PCK@0.1", "PCK@0.2"], "without intervals"
    assert (first["AP"], math.isnan(first["PCK@0.2 neck"])) == (0.987, True), "null is no figure"
    trained = TrainedPredictors("photos", scores, figure="PCK@0.1")
    (one,) = trained.compare({"one": difference("ssn", "backbone", "P1")}).values()
    strict = {
        run: np.mean([photos.ap(found["P1"], threshold=0.1) for found in photos.by_run[run]])
        for run in ("ssn", "backbone")
    }
    assert one.difference == pytest.approx(100 * (strict["ssn"] - strict["backbone"]))
    assert one.difference != pytest.approx(pck(photos, "ssn", "P1") - pck(photos, "backbone", "P1"))


# What is refused

PAGES = {"table1": table1.page, "table2": table2.page, "baselines": baselines.page, "claims": claims_page.page}


@pytest.fixture
def few(photos_folder, tmp_path: Path):
    """Two networks of each preset, scored by what decides there."""
    folder = photos_folder(tmp_path)
    folder.count()
    for number, run in enumerate(("ssn", "backbone")):
        found = {name: folder.found(8.0, number + k) for k, name in enumerate(predictors_of(run))}
        folder.train(run, found)
        folder.train(run, found, preset="figures", metric="AP")
    return folder


@pytest.mark.parametrize("page", PAGES)
def test_scores_of_another_metric_than_the_presets_are_refused(few, page: str) -> None:
    for preset, metric, other in (("photos", "AP", "PCK@0.2"), ("figures", "PCK@0.2", "AP")):
        files = [few.path / preset / run / "seed0" / "scores.json" for run in ("ssn", "backbone")]
        contents = [json.loads(file.read_text()) for file in files]
        for file, content in zip(files, contents, strict=True):
            file.write_text(json.dumps({**content, "metric": metric}))
        said = rf"/seed0/scores\.json: \$\.metric: is {metric}, but the preset {preset} is scored by {other}; evaluate"
        with pytest.raises(RefusedInput, match=said):
            PAGES[page](few.of(preset))
        files[1].write_text(json.dumps(contents[1]))
        with pytest.raises(RefusedInput, match=rf"\$\.metric: is '({metric}|{other})', but '({metric}|{other})' in "):
            PAGES[page](few.of(preset))


def test_detections_of_another_pck_are_refused(few) -> None:
    file = few.path / "photos" / "ssn" / "seed0" / "predictions" / "predictor.P4.keypoints.json"
    file.write_text(json.dumps(few.found(20.0, 9)))
    with pytest.raises(RefusedInput, match=r"P4\.keypoints\.json: its PCK@0\.2 on .* but .*scores\.json says"):
        table1.page(few.of("photos"))
