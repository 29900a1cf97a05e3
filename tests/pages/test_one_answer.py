"""One difference has one interval and one outcome wherever it stands, and figures decides what was registered."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mmpose_ssn.claims import claims, orderings
from mmpose_ssn.claims.questions import compared, questions
from mmpose_ssn.evaluation.comparison import Basis, Outcome, holm
from mmpose_ssn.evaluation.trained import difference, question
from mmpose_ssn.networks import PREDICTORS
from mmpose_ssn.pages.table1 import Table1
from mmpose_ssn.pages.table2 import Table2

DOCS = Path(__file__).parents[2] / "docs"
SEEDS = (3, 4, 5)
NOISE = {  # pixels: what a network's AP comes from
    "ssn": 3.0,
    "ssn-wo-shift": 5.0,
    "backbone-esp": 6.0,
    "ssn-wo-ca": 3.2,
    "ssn-wo-esp": 4.0,
    "ssn-frozen": 4.5,
    "lite-k256": 4.0,
    "lite-k256-frozen": 5.5,
    "lite-k512": 3.5,
}
TABLE1 = [f"{run}/seed{seed}" for run in NOISE for seed in SEEDS]


def registered() -> list[tuple[str, str]]:
    text = (DOCS / "figures" / "confirmation.md").read_text()
    (said,) = re.findall(r"\*\*Five primary contrasts\*\*.*?Holm", text, re.DOTALL)
    return re.findall(r"`([\w-]+)`\s+less\s+`([\w-]+)`", said)


def train(folder, run: str, seed: int, noise: float) -> None:
    names = {"ssn-wo-esp": PREDICTORS[3:]}.get(run, PREDICTORS if run.startswith(("ssn", "backbone")) else ("P4",))
    found = {name: folder.found(noise + 1.5 * (6 - PREDICTORS.index(name)), 100 * seed + len(run)) for name in names}
    folder.train(run, found, seed=seed)


@pytest.fixture(scope="module")
def confirmed(make_results, tmp_path_factory: pytest.TempPathFactory):
    """What was registered; and by seed 0 one network of it, and one that the ledger alone shows."""
    folder = make_results(tmp_path_factory.mktemp("confirmed"))
    folder.count()
    for run, noise in NOISE.items():
        for seed in SEEDS:
            train(folder, run, seed, noise)
    train(folder, "ssn-sigmoid", 0, 5.0)
    train(folder, "ssn", 0, 3.0)
    return folder


@pytest.fixture(scope="module")
def table1(confirmed) -> Table1:
    return Table1.of(confirmed.of(only=[*TABLE1, "mean-pose"]))


def test_figures_decides_the_registered_contrasts_and_describes_all_others(table1: Table1) -> None:
    found = {(one.higher, one.lower): table1.comparisons.get(one.id) for one in orderings().values()}
    decided = {pair: one for pair, one in found.items() if one and one.family is not None}
    assert sorted(decided) == sorted(registered()) and len(decided) == 5
    tests = [one.test for one in decided.values()]
    assert {one.family for one in decided.values()} == {5} and {test.basis for test in tests} <= {
        *(Basis.POOLED, Basis.WELCH)
    }
    assert [test.p_holm for test in tests] == pytest.approx(holm([test.p for test in tests]))
    others = [one for pair, one in found.items() if one and pair not in decided]
    assert len(others) >= 2 and {(one.outcome, one.test.p_holm) for one in others} == {(Outcome.DESCRIPTIVE, None)}


def test_a_difference_is_the_same_on_table_1_table_2_and_in_the_ledger(confirmed, table1: Table1) -> None:
    pages: dict[str, dict] = {}
    pages["table1"] = {
        question(difference(one.higher, one.lower)): table1.comparisons[one.id]
        for one in orderings().values()
        if one.id in table1.comparisons
    }
    pages["table2"] = {
        question(difference(gain.higher, gain.lower, gain.predictor)): gain.measured
        for gain in Table2.of(confirmed.of(only=TABLE1)).gains
        if gain.measured
    }
    ledger = confirmed.of(only=[*TABLE1, "ssn-sigmoid/seed0"])
    pages["claims"] = {
        question(contrast): one
        for name, several in compared(ledger.trained(ledger.scores("claims"))).items()
        for contrast, one in zip(questions(claims()[name]), several, strict=True)
    }
    assert question(difference("ssn", "ssn-wo-esp")) in pages["table1"].keys() & pages["table2"].keys()
    assert len(pages["table1"].keys() & pages["claims"].keys()) >= 5
    assert len(pages["table2"].keys() & pages["claims"].keys()) >= 5
    for first, second in (("table1", "table2"), ("table1", "claims"), ("table2", "claims")):
        for asked in pages[first].keys() & pages[second].keys():
            assert pages[first][asked] == pages[second][asked], (first, second, asked)
    assert any("ssn-sigmoid" in one.trainings for one in pages["claims"].values()), "of another seed, and there"


@pytest.mark.parametrize(
    "only",
    [
        [one for one in TABLE1 if not one.endswith("seed5")],
        [one for one in TABLE1 if one != "ssn-wo-esp/seed5"],
        [one for one in TABLE1 if not one.startswith("lite-k512/")],
        [*TABLE1, "ssn/seed0"],
    ],
    ids=["two seeds", "one network lacks a seed", "a decisive network is not there", "a seed more"],
)
def test_other_trainings_than_the_registered_ones_decide_nothing(confirmed, only: list[str]) -> None:
    results = confirmed.of(only=only)
    (found,) = results.trained(results.scores("table1")).compare({"one": difference("ssn", "ssn-wo-shift")}).values()
    assert found.outcome is Outcome.DESCRIPTIVE


def test_some_of_the_registered_trainings_decide_as_if_the_others_counted(confirmed) -> None:
    runs = ("ssn", "ssn-wo-shift", "lite-k256", "lite-k512")
    results = confirmed.of(only=[one for one in TABLE1 if one.partition("/")[0] in runs])
    (found,) = results.trained(results.scores("table1")).compare({"one": difference("ssn", "ssn-wo-shift")}).values()
    assert found.family == 5 and found.test.p_holm == pytest.approx(min(1, 5 * found.test.p))
