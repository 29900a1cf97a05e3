"""The ledger says of each claim what the files say, and never calls a small network's figure a reproduction."""

from __future__ import annotations

import io
import math
import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from mmpose_ssn.__main__ import main
from mmpose_ssn.claims import claims, orderings
from mmpose_ssn.claims.ledger import Counted, Entry, ledger
from mmpose_ssn.claims.questions import compared, planned_families, questions
from mmpose_ssn.claims.verdicts import FindingKind, VerdictKind, judge_point
from mmpose_ssn.evaluation.comparison import Spread, holm
from mmpose_ssn.evaluation.scores import read_scores
from mmpose_ssn.evaluation.trained import TrainedPredictors, difference, question
from mmpose_ssn.experiment.presets import load_preset
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.pages.blocks import Heading
from mmpose_ssn.pages.claims import page, page_of
from mmpose_ssn.pages.render import to_csv, to_markdown
from mmpose_ssn.pages.study import Study, bound_words

IMAGES, RESAMPLES = 40, 200

# The deviation in pixels of every predictor: the more, the lower its AP. Halving K changes nothing.
NOISE = {
    "ssn": {"E1": 8.0, "E2": 6.5, "E3": 5.5, "P1": 12.0, "P2": 6.0, "P3": 4.2, "P4": 4.0},
    "ssn-k256": {"P4": 4.0},
    "ssn-wo-ca": {"P4": 7.0},
    "backbone-esp": {"E1": 16.0, "E2": 10.0, "E3": 7.5, "P1": 14.0, "P2": 8.0, "P3": 5.2, "P4": 5.0},
    "ssn-wo-esp": {"P1": 14.0, "P2": 8.0, "P3": 6.0, "P4": 6.0},
    "backbone": {"P1": 8.0, "P2": 10.0, "P3": 8.0, "P4": 8.0},
}

Noise = Mapping[str, Mapping[str, float]]


@pytest.fixture(scope="module")
def folder(make_results, tmp_path_factory: pytest.TempPathFactory):
    return make_results(tmp_path_factory.mktemp("study"), IMAGES, RESAMPLES)


def detections(folder, noise: float) -> list[dict]:
    """The same direction for all: nothing but its size tells networks apart."""
    return folder.found(noise, 7)


def ap(folder, noise: float) -> float:
    return 100 * folder.ap(detections(folder, noise))


def train(folder, preset: str, noise: Noise, seed: int = 0) -> list[Path]:
    found = {run: {name: detections(folder, one) for name, one in of.items()} for run, of in noise.items()}
    return [folder.train(run, of, preset=preset, seed=seed) for run, of in found.items()]


@pytest.fixture(scope="module")
def trained(folder):
    """The trainings of a preset, of several seeds where there are several deviations."""

    def of(preset: str, *noise: Noise, **options: object) -> TrainedPredictors:
        files = [file for seed, one in enumerate(noise or (NOISE,)) for file in train(folder, preset, one, seed)]
        options = {"families": planned_families(), "given": load_preset(preset).given_spread, **options}
        if preset == "figures":  # else one training each could hardly decide
            options["given"] = {}
        return TrainedPredictors(preset, map(read_scores, files), resamples=RESAMPLES, **options)

    return of


@pytest.fixture(scope="module")
def study(folder, trained):
    """Entries by claim, for a preset, deviations, and what else tells what is decided."""

    def of(preset: str, *noise: Noise, **options: object) -> dict[str, Entry]:
        given = trained(preset, *noise, **options)
        counted = {
            "modules": Counted(13, "13", "equal to", True, "FSMs of the built network"),
            "shifting-channels": Counted(511, "512", "equal to", False, "K of the built modules"),
        }
        sources = {"cost": folder.path / "cost-claims.csv"}
        return {entry.claim.id: entry for entry in ledger(given, compared(given), counted, {}, sources)}

    return of


@pytest.fixture(scope="module")
def figures(study) -> dict[str, Entry]:
    return study("figures")


def test_every_claim_is_there_once(figures) -> None:
    assert list(figures) == list(claims())


def test_costs_are_decided_on_any_machine(figures) -> None:
    assert figures["modules"].verdict.kind is VerdictKind.REPRODUCED
    assert figures["shifting-channels"].verdict.kind is VerdictKind.CONTRADICTED
    uncounted = figures["bottleneck-blocks"].verdict
    assert uncounted.kind is VerdictKind.NOT_RUN and uncounted.basis.startswith("its count")


def test_small_networks_give_findings_and_no_verdict(figures) -> None:
    for entry in figures.values():
        if entry.claim.decided_by != "cost":
            assert entry.verdict.kind in (VerdictKind.NOT_RUN, VerdictKind.NOT_TESTABLE), entry.claim.id
        if entry.finding and entry.finding.kind is not FindingKind.NOT_COMPARED:
            assert entry.finding.words.startswith("in these runs: "), "one training each, and nothing of earlier ones"
    assert figures["table1-ssn-ap"].finding is None, "another network's AP says nothing of a printed one"


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
def test_findings_are_what_the_detections_were_made_to_show(figures, claim: str, kind: FindingKind) -> None:
    assert figures[claim].finding is not None, figures[claim].verdict.words
    assert figures[claim].finding.kind is kind, figures[claim].evidence


def test_evidence_is_the_difference_that_pycocotools_finds(folder, figures) -> None:
    first, second = (ap(folder, NOISE[name]["E1"]) for name in ("ssn", "backbone-esp"))
    assert figures["modules-help-e1"].evidence.startswith(f"{first - second:+.2f} points")
    files = [file.parent.parent.name for file in figures["modules-help-e1"].sources]
    assert files == ["ssn", "backbone-esp"]


def test_sum_of_parts_is_over_all_four_networks(folder, study) -> None:
    noise = {name: {"P4": size} for name, size in {"ssn": 4.0, "ssn-wo-ca": 7.0, "backbone-esp": 5.0}.items()}
    noise["ssn-wo-shift"] = {"P4": 6.0}
    entry = study("figures", noise)["parts-cooperate-at-all"]
    of = {name: ap(folder, one["P4"]) for name, one in noise.items()}
    expected = of["ssn"] + of["backbone-esp"] - of["ssn-wo-ca"] - of["ssn-wo-shift"]
    assert entry.evidence.startswith(f"{expected:+.2f} points")


def test_untrained_networks_are_named(figures) -> None:
    entry = figures["bn-inside-the-module"]
    assert entry.finding is None and "ssn-gn-fsm" in entry.verdict.basis


@pytest.fixture(scope="module")
def bounded(study) -> dict[str, Entry]:
    """The same networks, where none is compared whose AP is below 30: the backbone's is."""
    return study("figures", least_score=30.0)


def test_a_network_below_the_bound_gives_no_finding_either_way(folder, figures, bounded) -> None:
    assert ap(folder, NOISE["backbone"]["P4"]) < 30 < ap(folder, NOISE["ssn-wo-ca"]["P4"])
    asked_of = {
        name: {run for contrast in questions(entry.claim) for run, _ in contrast}
        for name, entry in bounded.items()
        if entry.finding
    }
    of_backbone = {name for name, runs in asked_of.items() if "backbone" in runs}
    assert {"ssn-over-backbone", "backbone-esp-over-backbone", "early-predictors-raise-every-predictor"} <= of_backbone
    for name, entry in bounded.items():
        if name in of_backbone:
            assert entry.finding.kind is FindingKind.NOT_COMPARED, name
            assert entry.finding.words == "not compared"
        else:
            assert entry.finding is None or entry.finding.kind is not FindingKind.NOT_COMPARED, name
        assert entry.verdict == figures[name].verdict
    assert bounded["ssn-over-wo-ca"].finding.kind is FindingKind.HOLDS


def test_what_is_not_compared_is_measured_all_the_same(folder, bounded) -> None:
    difference = ap(folder, NOISE["ssn"]["P4"]) - ap(folder, NOISE["backbone"]["P4"])
    evidence = bounded["ssn-over-backbone"].evidence
    assert evidence.startswith(f"{difference:+.2f} points, 95 %") and "after Holm" not in evidence
    assert "after Holm" in bounded["ssn-over-wo-ca"].evidence


def test_little_between_networks_below_the_bound_is_not_compared(study) -> None:
    noise = {name: {"P4": 9.0} for name in ("ssn", "ssn-k256")}
    assert study("figures", noise)["half-the-channels-cost-little"].finding.kind is FindingKind.HOLDS
    entry = study("figures", noise, least_score=30.0)["half-the-channels-cost-little"]
    assert entry.finding.kind is FindingKind.NOT_COMPARED


def test_a_decisive_network_below_the_bound_leaves_no_finding_on_any_network(folder, study, figures, bounded) -> None:
    below = study("figures", least_score=30.0, decisive=("backbone", "lite-k256"))
    assert {name for name, entry in below.items() if entry.finding} == {n for n, e in figures.items() if e.finding}
    for name, entry in below.items():
        if entry.finding:
            assert entry.finding.kind is FindingKind.NOT_COMPARED and "after Holm" not in entry.evidence, name
        assert entry.verdict == figures[name].verdict
    assert bounded["ssn-over-wo-ca"].finding.kind is FindingKind.HOLDS, "where backbone is not decisive"
    passed = study("figures", least_score=30.0, decisive=("ssn", "lite-k256"))
    assert passed == bounded, "lite-k256 is not there, and ssn is above it"


# What is decided


def test_one_question_has_one_home_whoever_asks_it() -> None:
    """Table 1's ordering, Table 2's gain and a sentence may ask for one difference."""
    families = [[question(one) for one in family] for family in planned_families()]
    every = [one for family in families for one in family]
    assert len(set(every)) == len(every)
    asked = [claim for claim in claims().values() if claim.decided_by == "scores" and claim.kind != "point"]
    assert {question(one) for claim in asked for one in questions(claim)} <= set(every)
    in_text = {question(one) for claim in asked if claim.place.table is None for one in questions(claim)}
    of_table1 = {question(one) for claim in asked if claim.place.table == "1" for one in questions(claim)}
    named = {question(difference(one.higher, one.lower)) for one in orderings().values()}
    assert named <= set(families[0]) <= named | of_table1 and of_table1 - set(families[0]) <= in_text
    gains = [claim for claim in asked if claim.place.table == "2" and claim.kind == "difference"]
    of_table2 = {question(one) for claim in gains for one in questions(claim)}
    assert of_table2 & set(families[0]) == {
        question(difference(*pair)) for pair in (("ssn", "ssn-wo-esp"), ("backbone-esp", "backbone"))
    }
    assert any(set(family) >= of_table2 - set(families[0]) - in_text for family in families)


def test_table_1_decides_its_orderings_and_the_one_sum_that_is_claimed_of_four_of_its_rows() -> None:
    """Another one among them would change every adjusted p of a preset that names nothing, such as paper."""
    claim = claims()["parts-cooperate"]
    assert claim.place.table == "1" and len(claim.contrast) == 4
    named = [question(difference(one.higher, one.lower)) for one in orderings().values()]
    assert [question(one) for one in planned_families()[0]] == [*named, *map(question, questions(claim))]


def test_one_question_is_compared_once_and_adjusted_for_its_whole_family(trained) -> None:
    """Of Table 1's 13 orderings and one sum of four networks not all were trained."""
    found = compared(trained("figures"))
    same = [found[name] for name in ("table2-ssn-p4-esp-gain", "ssn-over-wo-esp", "early-predictors-gain")]
    assert same[0] == same[1] == same[2]
    table1, size = {one.id: found[one.id][0] for one in orderings().values() if one.id in found}, 14
    assert 5 <= len(table1) < size and {one.family for one in table1.values()} == {size}
    expected = holm([one.test.p for one in table1.values()], size)
    assert [one.test.p_holm for one in table1.values()] == pytest.approx(expected)


def test_what_a_preset_names_is_decided_and_everything_else_described(study) -> None:
    named = [difference("ssn", "ssn-wo-ca"), difference("ssn", "ssn-wo-esp", "P4"), difference("ssn", "ssn-wo-shift")]
    entries = study("figures", families=[named])
    holds = {name for name, entry in entries.items() if entry.finding and entry.finding.kind is FindingKind.HOLDS}
    assert holds == {
        *("ssn-over-wo-ca", "attention-gain"),
        *("ssn-over-wo-esp", "early-predictors-gain", "table2-ssn-p4-esp-gain"),
    }, "a question is decided by whatever name"
    others = {entry.finding.kind for name, entry in entries.items() if entry.finding and name not in holds}
    assert others == {FindingKind.DESCRIPTIVE}
    assert all(("after Holm" in entry.evidence) == (name in holds) for name, entry in entries.items() if entry.finding)
    assert entries["early-predictors-raise-every-predictor"].finding.words == "descriptive", "P4 does not decide it"


def test_evidence_of_several_comparisons_is_that_of_the_decisive_one(figures, trained) -> None:
    (name, several), *_ = ((k, v) for k, v in compared(trained("figures")).items() if k == "stages-add-up")
    words = {str(one): one for one in several}
    prefix = f"{len(several)} comparisons, the least sure of them: "
    shown = figures[name].evidence
    assert shown.startswith(prefix) and words[shown.removeprefix(prefix)].test.p == max(one.test.p for one in several)


# The paper's own preset


def full_size(study, *noise: Noise) -> dict[str, Entry]:
    entries = study("paper", *noise)
    assert not any(entry.finding for entry in entries.values())
    return entries


def test_points_are_judged_by_the_spread_of_their_group_and_the_claims_margin(folder, study) -> None:
    second = {name: {"P4": of["P4"] + 0.3 * k} for k, (name, of) in enumerate(NOISE.items())}
    both = [{name: {"P4": of["P4"]} for name, of in NOISE.items()}, second]
    entries = full_size(study, *both)
    of_each = {name: [ap(folder, noise[name]["P4"]) for noise in both] for name in NOISE}
    spread = Spread.pooled(of_each.values())
    assert spread.freedom == len(NOISE)
    printed = claims()["table1-ssn-ap"].value
    assert entries["table1-ssn-ap"].verdict == judge_point("paper", of_each["ssn"], printed, spread, 0.7)
    files = [file.parent.name for file in entries["table1-ssn-ap"].sources]
    assert files == ["seed0", "seed1"]


def test_a_point_of_one_training_has_the_spread_that_was_assumed_before_any_run(folder, study) -> None:
    verdict = full_size(study, {"ssn": {"P4": 4.0}})["table1-ssn-ap"].verdict
    printed = claims()["table1-ssn-ap"].value
    assert verdict == judge_point("paper", [ap(folder, 4.0)], printed, Spread(0.3, math.inf), 0.7)


def test_an_early_predictor_is_shown_and_not_judged(folder, study) -> None:
    verdict = full_size(study, {"ssn": {"E1": 8.0, "P4": 4.0}})["table2-ssn-e1"].verdict
    deviation = ap(folder, 8.0) - float(claims()["table2-ssn-e1"].value)
    assert verdict.kind is VerdictKind.INCONCLUSIVE
    assert str(verdict.basis).startswith(f"{deviation:+.2f} AP") and "no margin is known" in str(verdict.basis)


@pytest.mark.parametrize(
    ("without", "kind"),
    [(4.2, VerdictKind.INCONCLUSIVE), (9.0, VerdictKind.REPRODUCED), (3.0, VerdictKind.CONTRADICTED)],
    ids=["too small to tell", "far larger", "the other way"],
)
def test_a_printed_gain_is_judged_by_its_direction(folder, study, without: float, kind: VerdictKind) -> None:
    entries = full_size(study, {"ssn": {"P4": 4.0}, "ssn-wo-ca": {"P4": without}})
    gain = ap(folder, 4.0) - ap(folder, without)
    if kind is VerdictKind.REPRODUCED:
        assert gain > float(claims()["attention-gain"].value) + 5, "far outside of what was once a region around it"
    for name in ("attention-gain", "ssn-over-wo-ca"):
        assert entries[name].verdict.words == kind.value, entries[name].verdict.basis
        assert str(entries[name].verdict.basis).startswith(f"{gain:+.2f} points")
        assert "given beforehand" in str(entries[name].verdict.basis)


def test_little_is_judged_by_its_margin_at_full_size(study) -> None:
    alike = full_size(study, {"ssn": {"P4": 4.0}, "ssn-k256": {"P4": 4.0}})
    assert alike["half-the-channels-cost-little"].verdict.kind is VerdictKind.REPRODUCED
    assert alike["ssn-over-k256"].verdict.kind is VerdictKind.INCONCLUSIVE
    far = full_size(study, {"ssn": {"P4": 4.0}, "ssn-k256": {"P4": 7.0}})
    assert far["half-the-channels-cost-little"].verdict.kind is VerdictKind.CONTRADICTED


def test_every_claim_on_ap_has_a_question() -> None:
    for claim in claims().values():
        if claim.decided_by == "scores":
            asked = questions(claim)
            assert asked, claim.id
            assert all(contrast for contrast in asked)


def csv(shown) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(to_csv(shown.records[""])))


@pytest.mark.parametrize("entries", ["figures", "bounded"])
def test_page_and_csv_say_the_same(request, folder, tmp_path: Path, entries: str) -> None:
    of = request.getfixturevalue(entries)
    moved = [replace(entry, sources=tuple(tmp_path / file.name for file in entry.sources)) for entry in of.values()]
    bound = bound_words(load_preset("figures")) if entries == "bounded" else ""
    scores = [read_scores(file) for file in train(folder, "figures", NOISE)]
    study = Study("figures", scores, metric="AP", figures=(), small=True, bound=bound)
    shown = page_of(moved, study, tmp_path, {"preset": "figures", "data": "drawn", "commit": "c0ffee"})
    text, table = to_markdown(shown, "claims"), csv(shown)
    assert list(table.claim) == list(claims())
    quoted = table.quoted.astype(bool)
    assert set(table.claim[quoted]) == {name for name in claims() if re.match(r"table3-(?!ssn|lite)", name)}
    assert quoted.sum() == 61 and len(table) == len(claims())
    assert f"# {len(claims()) - 61} claims of the paper\n" in text and "beside them 61 figures of other work" in text
    for kind, count in table.verdict[~quoted].value_counts().items():
        assert f"{count} {kind}" in text
    for word, count in table.finding.str.removeprefix("in these runs: ").value_counts().items():
        assert f"{count} {word}" in text
    assert ("not compared" in set(table.finding)) == (entries == "bounded")
    notes = [line for line in text.splitlines() if line.startswith("- **Not compared**")]
    assert notes == ([f"- **Not compared**: {bound}"] if bound else [])
    assert shown.notices == study.data_notices and not shown.meaningless
    assert all("not on COCO val2017: it neither reproduces nor refutes" in notice for notice in table.notice)
    below = text.split("## In the controlled experiment")[1].split("## Verdicts")[0]
    assert "| its direction |" in " ".join(below.split()) and "| within 1 points |" in " ".join(below.split())
    assert "(preset figures, AP on drawn), which asks the same questions of other networks" in text
    assert "reproduced" not in below, "no word of a verdict stands beside a small network's figure"
    assert (table.commit == "c0ffee").all() and (table.preset == "figures").all()


@pytest.fixture
def small(make_results, tmp_path: Path):
    """Final predictors of four networks under figures, and the claims that are counted."""
    folder = make_results(tmp_path, 12, 100)
    noise = {"ssn": 3.0, "ssn-wo-ca": 6.0, "ssn-k256": 3.0, "backbone": 10.0}
    train(folder, "figures", {name: {"P4": size} for name, size in noise.items()})
    columns = dict(id="modules", counted=13, relation="equal to", bound="13", holds=True, how="FSMs of the network")
    pd.DataFrame([columns]).to_csv(tmp_path / "cost-claims.csv", index=False)
    return folder


def offsets(folder, **changed: object) -> Path:
    """A measured claim's line of offsets.csv, of networks that are there."""
    there = {"ssn", "ssn-wo-ca", "ssn-k256", "backbone"}
    measured = [name for name, one in claims().items() if one.decided_by == "offsets" and there >= set(one.contrast)]
    line = dict(claim=measured[0], status="measured", finding="holds", figure=1.5, unit="px", boundary=1)
    line |= dict(low95=1.2, high95=1.8, p_holm=0.01, over="channels", preset="figures") | changed
    file = folder.path / "figures" / "offsets.csv"
    pd.DataFrame([line]).to_csv(file, index=False)
    return file


UNNAMED = ("primary", "given_spread")
"""Settings of figures without which one training of each network is compared, and all that the paper claims decided."""


def findings(shown) -> pd.Series:
    """What is found of each claim, whether or not in these runs alone."""
    return csv(shown).set_index("claim")["finding"].str.removeprefix("in these runs: ")


def test_the_page_of_a_preset_keeps_to_its_bound(small) -> None:
    for without, others in ((UNNAMED, {"holds", "undecided"}), ((), {"descriptive"})):
        shown = page(small.of("figures", without))
        table, found = csv(shown).set_index("claim"), findings(shown)
        assert found["ssn-over-backbone"] == "not compared"
        assert found["ssn-over-wo-ca"] in others
        assert table.loc["ssn-over-wo-ca", "files"].split() == [
            (small.path / "figures" / name / "seed0" / "scores.json").as_posix() for name in ("ssn", "ssn-wo-ca")
        ]
        assert table.loc["modules", ["verdict", "evidence"]].tolist() == ["reproduced", "FSMs of the network"]


def test_the_page_of_a_preset_compares_nothing_where_a_decisive_network_is_below_its_bound(small) -> None:
    offsets(small)
    before = findings(page(small.of("figures"))).dropna()
    assert set(before) == {"descriptive", "not compared"}
    train(small, "figures", {"lite-k512": {"P4": 10.0}})
    shown = page(small.of("figures"))
    after = findings(shown).dropna()
    assert set(after) == {"not compared"}, "of offsets too"
    assert after.index.tolist() == before.index.tolist()
    assert csv(shown).set_index("claim").loc["modules", "verdict"] == "reproduced", "a count needs no training"
    said = "nothing is compared where ssn or ssn-wo-shift or lite-k256 or lite-k512 is below AP 30"
    assert said in to_markdown(shown, "claims")
    without = page(small.of("figures", only=["ssn/seed0", "ssn-wo-ca/seed0"]))
    assert findings(without)["ssn-over-wo-ca"] == "descriptive", "it is not there"


def test_the_page_says_what_is_decided(small) -> None:
    named, unnamed = (to_markdown(page(small.of("figures", without)), "claims") for without in ((), ("primary",)))
    assert "It decides what its preset names" in named and "Everything else is descriptive" in named
    assert "Everything else is descriptive" not in unnamed and "Holm's adjustment is within" in unnamed


def test_a_run_of_the_machinery_finds_nothing(small) -> None:
    noise = {name: {"P4": size} for name, size in {"ssn": 3.0, "ssn-wo-ca": 6.0, "ssn-k256": 3.0}.items()}
    train(small, "smoke", noise)
    shutil.copy(offsets(small), small.path / "smoke" / "offsets.csv")
    shown = page(small.of("smoke"))
    text, table = to_markdown(shown, "claims"), csv(shown).set_index("claim")
    assert shown.meaningless and "> [!WARNING]" in text and "meaningless" in shown.notices[0]
    assert table["notice"].str.contains("meaningless").all()
    assert table["finding"].isna().all() and table["asked"].isna().all()
    assert not [block for block in shown.blocks if isinstance(block, Heading) and "experiment" in block.text]
    assert table.loc["ssn-over-wo-ca", "verdict"] == "not run" and pd.isna(table.loc["ssn-over-wo-ca", "evidence"])
    assert table.loc["modules", "verdict"] == "reproduced", "a count is a count"
    assert findings(page(small.of("figures")))["ssn-over-wo-ca"] == "descriptive"


@pytest.mark.parametrize("low", ["ssn-wo-ca", "ssn-k256", "ssn", "lite-k256"])
@pytest.mark.parametrize(("without", "otherwise"), [(UNNAMED, "holds"), ((), "descriptive")])
def test_offsets_of_a_network_below_the_bound_are_not_compared(small, low: str, without, otherwise: str) -> None:
    """The file says that all of them hold, as it would if it were older than what the preset names."""
    train(small, "figures", {low: {"P4": 10.0}})
    about = {name: set(claim.contrast) for name, claim in claims().items() if claim.decided_by == "offsets"}
    assert any("ssn-wo-ca" in of for of in about.values()) and not all("ssn-wo-ca" in of for of in about.values())
    file = offsets(small)
    line = pd.read_csv(file).iloc[0].to_dict()
    pd.DataFrame([line | {"claim": name} for name in about]).to_csv(file, index=False)
    shown = page(small.of("figures", without))
    table, found = csv(shown).set_index("claim"), findings(shown)
    decisive = low in load_preset("figures").decisive
    there = {"ssn", "ssn-wo-ca", "ssn-k256", "backbone", low}
    shown_here = {name: of for name, of in about.items() if of <= there}
    assert {name: found[name] for name in shown_here} == {
        name: "not compared" if decisive or low in of else otherwise for name, of in shown_here.items()
    }
    assert all(table.loc[name, "evidence"].startswith("1.5 px, held against 1") for name in shown_here), "all the same"
    assert set(shown_here) < set(about), "some are of networks that this page does not show"
    assert all(pd.isna(found[name]) for name in set(about) - set(shown_here))


@pytest.mark.parametrize(
    ("over", "said"), [("channels", "in these runs: holds"), ("channels and seeds", "holds")], ids=["one", "several"]
)
def test_claims_that_the_offsets_decide_are_found_in_the_presets_folder(small, over: str, said: str) -> None:
    file = offsets(small, over=over)
    name = pd.read_csv(file).claim[0]
    entry = csv(page(small.of("figures", UNNAMED))).set_index("claim").loc[name]
    assert (entry["finding"], entry["verdict"], entry["files"]) == (said, "not run", file.as_posix())
    assert entry["evidence"] == "1.5 px, held against 1; 95 % [1.2, 1.8], p = 0.01 after Holm"


def test_files_of_another_preset_or_version_are_refused(small) -> None:
    offsets(small, preset="smoke")
    with pytest.raises(RefusedInput, match=r"offsets\.csv: .*: preset is 'smoke', but the ledger is for 'figures'"):
        page(small.of("figures"))
    offsets(small, claim="gone")
    with pytest.raises(RefusedInput, match=r"offsets\.csv: the ledger has no claim gone; run .* offsets again"):
        page(small.of("figures"))
    offsets(small)
    costs = small.path / "cost-claims.csv"
    costs.write_text(costs.read_text().replace("modules", "gone"))
    with pytest.raises(RefusedInput, match=r"cost-claims\.csv: the ledger has no claim gone; run .* --claims again"):
        page(small.of("figures"))


def test_command_writes_the_ledger_with_links_that_lead_to_its_files(small, tmp_path: Path) -> None:
    assert main(["page", "claims", "--preset", "figures", "--results", str(tmp_path)]) == 0
    text = (tmp_path / "claims.md").read_text()
    assert "figures/ssn/seed0/scores.json, figures/ssn-wo-ca/seed0/scores.json" in text
    assert len(pd.read_csv(tmp_path / "claims.csv")) == len(claims())
    assert not (tmp_path / "claims.tex").exists()
