"""The README's block: what it shows of a committed run, where it goes, and what it refuses."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from mmpose_ssn.__main__ import main
from mmpose_ssn.evaluation.comparison import Basis, Comparison, Spread
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.pages.readme_block import inject, render_block
from mmpose_ssn.pages.render import to_csv
from mmpose_ssn.pages.table1 import page_of

README = "# Title\n\n<!-- table1:begin, written by a command -->\nold\n<!-- table1:end -->\n\nafter\n"
DATA = "drawn figures, version 1.0, val"


def commit(made, comparisons: dict[str, Comparison], folder: Path, preset: str = "figures") -> Path:
    """A folder with table1.csv and orderings.csv, as copies of what the page table1 writes."""
    records = page_of(made.table1(comparisons, preset)).records
    folder.mkdir(parents=True)
    (folder / "table1.csv").write_text(to_csv(records[""]))
    (folder / "orderings.csv").write_text(to_csv(records["-orderings"]))
    return folder


@pytest.fixture
def scored(made):
    """Three trainings and the mean pose, on 400 images with 800 people."""
    for run, ap in {"ssn": 0.61, "ssn-wo-ca": 0.63, "lite-k256-frozen": 0.4, "mean-pose": 0.02}.items():
        score(made, run, ap)
    return made


def score(made, run: str, ap: float, seed: int = 0, **how: object) -> None:
    final = "mean-pose" if run == "mean-pose" else "P4"
    sizes = {"images": 400, "instances": 800, "resamples": 1000}
    made.score(run, {final: ap}, seed=seed, **sizes, provenance={"machine": "x86_64, 2 cores", "commit": "x"}, **how)


@pytest.fixture
def committed(scored, tmp_path: Path) -> Path:
    return commit(scored, {"ssn-over-wo-ca": scored.compared(-2.0, 1.5, 0.01)}, tmp_path / "docs" / "figures")


def cells(text: str, start: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"| {start}"))
    return [re.sub(r"\\(.)", r"\1", cell.strip()) for cell in line.strip("|").split("|")]


def test_block_shows_measured_rows_controls_and_orderings(committed: Path) -> None:
    block = render_block(committed)
    assert cells(block, "Method") == [
        "Method",
        "AP, printed<br>COCO val2017",
        f"AP, measured<br>{DATA}<br>(not COCO val2017)",
    ]
    assert cells(block, "Ordering") == [
        "Ordering",
        "Difference, printed<br>COCO val2017",
        f"Difference, measured<br>{DATA}<br>(not COCO val2017)",
        "Outcome",
    ]
    assert cells(block, "SSN  ") == ["SSN", "73.0", "61.0 [59.0, 63.0]"]
    assert cells(block, "Backbone  ") == ["Backbone", "69.7", "not run"]
    assert cells(block, "Mean pose")[1:] == ["–", "2.0 [0.0, 4.0]"]
    assert "offsets frozen at random (not in the paper)" in block and "384x288" not in block
    assert cells(block, r"SSN \> SSN, w/o CA") == [
        "SSN > SSN, w/o CA",
        "+1.7",
        "−2.0 [−3.5, −0.5]",
        "in these runs: lower",
    ]
    for said in (
        "neither reproduces nor refutes",
        "2026-11-22, on x86\\_64, 2 cores: 3 trainings of 900 iterations, whose wall time adds up to 4 minutes",
        "on 400 images with 800 people",
        "variance of 1000 draws of the same 400 images",
        "Holm's adjustment for the 2 comparisons that are decided together",
        "Each network was trained once",
    ):
        assert said in block


def test_of_several_seeds_the_block_has_mean_and_deviation(scored, tmp_path: Path) -> None:
    score(scored, "ssn", 0.64, seed=1)
    score(scored, "ssn-wo-ca", 0.65, seed=1)
    pooled = {"basis": Basis.POOLED, "spreads": {"deep": Spread(1.77, 2)}, "welch": None}
    compared = {
        "ssn-over-wo-ca": scored.compared(-1.5, 2.0, 0.01, **pooled),
        "ssn-over-k256": scored.compared(-1.5, 2.0, None, **pooled),
    }
    score(scored, "ssn-k256", 0.64)
    block = render_block(commit(scored, compared, tmp_path / "docs" / "figures"))
    assert cells(block, "SSN  ")[2] == "62.5 ± 2.1 (2 seeds)"
    assert cells(block, r"SSN \> SSN, w/o CA")[2:] == ["−1.5 [−3.5, +0.5]", "lower"]
    assert cells(block, r"SSN \> SSN, K = 256")[2:] == ["−1.5 [−3.5, +0.5]", "descriptive"]
    for said in (
        "spread over trainings (pooled over its group)",
        "deep 1.77, with 2 degrees of freedom",
        "Descriptive: not among what the preset decides",
        '"Rests on pooling"',
    ):
        assert said in block
    assert "in these runs" not in block and "trained once" not in block


def test_a_run_with_the_first_name_of_the_column_is_read(committed: Path) -> None:
    block = render_block(committed)
    table = committed / "table1.csv"
    text = table.read_text()
    table.write_text(text.replace("network,", "variant,", 1))
    assert table.read_text() != text and render_block(committed) == block


def test_an_outcome_is_told_as_the_page_told_it(made, tmp_path: Path) -> None:
    """The page knows of the bound, the seeds and what is decided; the block repeats it."""
    for run, ap in {"ssn": 0.61, "ssn-wo-ca": 0.299, "ssn-k256": 0.4}.items():
        score(made, run, ap)
    compared = {
        "ssn-over-wo-ca": made.compared(31.1, 2.0, None, too_low=("ssn-wo-ca",)),
        "ssn-over-k256": made.compared(21.0, 2.0, 0.01, basis=Basis.GIVEN),
    }
    block = render_block(commit(made, compared, tmp_path / "docs" / "figures"))
    assert cells(block, r"SSN \> SSN, w/o CA")[2:] == [
        "+31.1 [+29.1, +33.1]",
        "not compared: too low a score of ssn-wo-ca",
    ]
    assert cells(block, r"SSN \> SSN, K = 256")[3] == "higher"
    assert "nothing is compared where ssn or ssn-wo-shift or lite-k256 or lite-k512 is below AP 30, in the" in block


def test_a_run_that_the_page_refused_to_compare_stays_so(made, tmp_path: Path) -> None:
    for number, (run, noise) in enumerate({"ssn": 4.0, "ssn-wo-ca": 10.0, "ssn-k256": 5.0}.items()):
        made.train(run, {"P4": made.found(noise, number)})
    assert main(["page", "table1", "--preset", "figures", "--results", str(tmp_path)]) == 0
    folder = tmp_path / "docs" / "figures"
    folder.mkdir(parents=True)
    (tmp_path / "table1.csv").rename(folder / "table1.csv")
    (tmp_path / "table1-orderings.csv").rename(folder / "orderings.csv")
    outcomes = pd.read_csv(folder / "orderings.csv").dropna(subset="outcome").set_index("ordering")["outcome"]
    assert outcomes["ssn-over-wo-ca"] == "not compared: too low a score of ssn-wo-ca"
    block = render_block(folder)
    assert cells(block, r"SSN \> SSN, w/o CA")[3] == outcomes["ssn-over-wo-ca"]
    assert cells(block, r"SSN \> SSN, K = 256")[3] == outcomes["ssn-over-k256"]
    assert outcomes["ssn-over-k256"] == "descriptive" and "Holm" not in block
    assert "is below AP 30, in the mean over seeds" in block
    renamed = render_block(folder.rename(folder.with_name("figures-again")))
    assert cells(renamed, r"SSN \> SSN, w/o CA")[3] == outcomes["ssn-over-wo-ca"], "whatever its folder is called"
    assert "below AP" not in renamed, "no preset of that name says one"


@pytest.mark.parametrize("name", ["smoke", "midi"])
def test_of_a_preset_without_a_bound_none_is_told(made, tmp_path: Path, name: str) -> None:
    for run, ap in {"ssn": 0.61, "ssn-wo-ca": 0.299}.items():
        score(made, run, ap, preset="smoke")
    folder = commit(made, {"ssn-over-wo-ca": made.compared(31.1, 2.0, 0.01)}, tmp_path / "docs" / name, "smoke")
    block = render_block(folder)
    assert cells(block, r"SSN \> SSN, w/o CA")[3] == "in these runs: higher"
    assert "not compared" not in block and "below AP" not in block


@pytest.mark.parametrize("column", ["basis", "decided_together", "spreads", "resamples", "outcome"])
def test_orderings_of_an_older_rule_are_refused(committed: Path, column: str) -> None:
    lines = pd.read_csv(committed / "orderings.csv", dtype=str, keep_default_na=False)
    lines.drop(columns=column).to_csv(committed / "orderings.csv", index=False)
    with pytest.raises(RefusedInput, match=rf"orderings\.csv: lacks the columns {column}; run .* page table1 again"):
        render_block(committed)


def test_block_replaces_what_stands_between_the_marks_and_nothing_else() -> None:
    text = inject(README, r"new \1 block")
    assert text == README.replace("old\n", "\nnew \\1 block\n\n")
    assert inject(text, r"new \1 block") == text
    for spoilt in (README.replace(":end", ":fin"), README.replace(":begin", ":start"), README + README, "nothing"):
        with pytest.raises(ValueError, match="expected one of each"):
            inject(spoilt, "new")


def test_files_of_different_runs_are_refused(committed: Path) -> None:
    table = committed / "table1.csv"
    text = table.read_text()
    table.write_text(text.replace("61.0,", "61.5,"))
    with pytest.raises(RefusedInput, match=r"-2\.0 points .* has -1\.5000 .* commit both files of one run"):
        render_block(committed)
    table.write_text("\n".join(line for line in text.splitlines() if not line.startswith("ssn-wo-ca,")))
    with pytest.raises(RefusedInput, match="commit both files of one run"):
        render_block(committed)
    table.write_text(text.replace("wall_time_s", "seconds"))
    with pytest.raises(RefusedInput, match="lacks the columns wall_time_s"):
        render_block(committed)
    table.write_text(text)
    orderings = committed / "orderings.csv"
    orderings.write_text(orderings.read_text().replace("ssn-over-wo-ca,", "ssn-over-all,"))
    with pytest.raises(RefusedInput, match=r"orderings\.csv: ssn-over-all are none of claims/orderings\.yaml"):
        render_block(committed)


@pytest.mark.parametrize(
    ("column", "other"), [("preset", "smoke"), ("metric", "PCK@0.2"), ("measured_on", "COCO val2017")]
)
def test_a_table_of_two_runs_is_refused(committed: Path, column: str, other: str) -> None:
    table = pd.read_csv(committed / "table1.csv", dtype=str, keep_default_na=False)
    table.loc[table["network"] == "ssn", column] = other
    table.to_csv(committed / "table1.csv", index=False)
    with pytest.raises(RefusedInput, match=rf"column {column} has .*; commit the table of one run"):
        render_block(committed)


def test_a_table_without_a_run_is_refused(committed: Path) -> None:
    table = pd.read_csv(committed / "table1.csv", dtype=str, keep_default_na=False)
    table[table["measured"] == ""].to_csv(committed / "table1.csv", index=False)
    with pytest.raises(RefusedInput, match="no row is measured; commit the table of a preset that has run"):
        render_block(committed)


def run_command(*arguments: object) -> int:
    return main(["readme", *map(str, arguments)])


def test_command_writes_once_and_checks(committed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(README)
    common = ["--folder", committed, "--readme", readme]
    assert run_command(*common, "--check") == 1
    assert "run python -m mmpose_ssn readme" in capsys.readouterr().err
    assert readme.read_text() == README
    assert run_command(*common) == 0
    written = readme.read_text()
    assert "| SSN " in written and written.endswith("<!-- table1:end -->\n\nafter\n")
    assert run_command(*common, "--check") == 0
    readme.write_text(written.replace("61.0", "73.0"))
    assert run_command(*common, "--check") == 1


def test_command_says_what_is_missing(committed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(README)
    assert run_command("--folder", tmp_path / "absent", "--readme", readme) == 1
    error = capsys.readouterr().err
    assert "absent/table1.csv: cannot be read" in error and "copy both of its CSV files here" in error
    (committed / "orderings.csv").unlink()
    assert run_command("--folder", committed, "--readme", readme) == 1
    assert "orderings.csv: cannot be read" in capsys.readouterr().err
    assert readme.read_text() == README
