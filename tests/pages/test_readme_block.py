"""The README's block: what it shows of a committed run, where it goes, and what it refuses."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from mmpose_ssn.__main__ import main
from mmpose_ssn.evaluation.comparison import Comparison
from mmpose_ssn.experiment.presets import load_preset
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.pages.readme_block import inject, render_block
from mmpose_ssn.pages.render import to_csv
from mmpose_ssn.pages.table1 import page_of

README = "# Title\n\n<!-- table1:begin, written by a command -->\nold\n<!-- table1:end -->\n\nafter\n"
DATA = "drawn figures, version 1.0, val"


def comparison(difference: float, interval: tuple[float, float], seeds: tuple[int, ...] = (0,)) -> Comparison:
    return Comparison("figures", seeds, difference, interval, interval, 0.002, 0.002, 0.01)


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
    return commit(scored, {"ssn-over-wo-ca": comparison(-2.0, (-3.5, -0.5))}, tmp_path / "docs" / "figures")


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
        "Outcome<br>in these runs",
    ]
    assert cells(block, "SSN  ") == ["SSN", "73.0", "61.0 [59.0, 63.0]"]
    assert cells(block, "Backbone  ") == ["Backbone", "69.7", "not run"]
    assert cells(block, "Mean pose")[1:] == ["–", "2.0 [0.0, 4.0]"]
    assert "offsets frozen at random (not in the paper)" in block and "384x288" not in block
    assert cells(block, r"SSN \> SSN, w/o CA") == [
        "SSN > SSN, w/o CA",
        "+1.7",
        "−2.0 [−3.5, −0.5]",
        "lower",
    ]
    for said in (
        "neither reproduces nor refutes",
        "2026-11-22, on x86\\_64, 2 cores: 3 trainings of 900 iterations, whose wall time adds up to 4 minutes",
        "on 400 images with 800 people",
        "the same 400 images, drawn anew 1000 times",
        "Holm's adjustment for the 1 comparison",
        "Each network was trained once",
    ):
        assert said in block


def test_of_several_seeds_the_block_has_mean_and_deviation(scored, tmp_path: Path) -> None:
    score(scored, "ssn", 0.64, seed=1)
    score(scored, "ssn-wo-ca", 0.65, seed=1)
    compared = {"ssn-over-wo-ca": comparison(-1.5, (-3.5, 0.5), (0, 1))}
    block = render_block(commit(scored, compared, tmp_path / "docs" / "figures"))
    assert cells(block, "SSN  ")[2] == "62.5 ± 2.1 (2 seeds)"
    assert cells(block, r"SSN \> SSN, w/o CA")[2:] == ["−1.5 [−3.5, +0.5]", "lower"]
    assert "Outcome<br>over the seeds trained" in block and "(0 1)" in block
    assert "in these runs" not in block and "trained once" not in block


def test_a_run_with_the_first_name_of_the_column_is_read(committed: Path) -> None:
    block = render_block(committed)
    table = committed / "table1.csv"
    text = table.read_text()
    table.write_text(text.replace("network,", "variant,", 1))
    assert table.read_text() != text and render_block(committed) == block


def below(made, preset: str = "figures") -> dict[str, Comparison]:
    """Three networks under a preset, of which ssn-wo-ca has an AP of 29.9, compared."""
    score(made, "ssn", 0.61, preset=preset)
    found = {}
    for name, ap in {"wo-ca": 0.299, "k256": 0.4}.items():
        score(made, f"ssn-{name}", ap, preset=preset)
        difference = 61 - 100 * ap
        found[f"ssn-over-{name}"] = comparison(difference, (difference - 2, difference + 2))
    return found


def test_an_ordering_of_a_network_below_the_presets_bound_has_no_outcome(made, tmp_path: Path) -> None:
    compared = below(made)
    folder = commit(made, compared, tmp_path / "docs" / "figures")
    lines = pd.read_csv(folder / "orderings.csv").set_index("ordering")["outcome"]
    assert lines["ssn-over-wo-ca"] == "higher", "the run was made before there was a bound"
    block = render_block(folder)
    assert cells(block, r"SSN \> SSN, w/o CA")[2:] == [
        "+31.1 [+29.1, +33.1]",
        "not compared: too low an AP of ssn-wo-ca",
    ]
    assert cells(block, r"SSN \> SSN, K = 256")[3] == "higher"
    assert "Holm's adjustment for the 2 comparisons measured here" in block, "as the run was made"


@pytest.mark.parametrize("decisive", load_preset("figures").decisive)
def test_a_decisive_network_below_the_bound_leaves_no_ordering_an_outcome(made, tmp_path: Path, decisive: str) -> None:
    for run in {"backbone", "backbone-esp", "ssn-wo-ca", "lite-k256-frozen", *load_preset("figures").decisive}:
        score(made, run, 0.299 if run in (decisive, "ssn-wo-ca") else 0.6)
    compared = {
        "backbone-esp-over-backbone": comparison(0.0, (-1.0, 1.0)),
        "lite-k512-over-k256": comparison(30.1 * ((decisive == "lite-k256") - (decisive == "lite-k512")), (-40, 40)),
        "ssn-over-wo-ca": comparison(30.1 * (decisive != "ssn"), (-1.0, 40.0)),
    }
    block = render_block(commit(made, compared, tmp_path / "docs" / "figures"))
    assert cells(block, r"Backbone, w/ ESP \> Backbone")[3] == f"not compared: too low an AP of {decisive}"
    assert cells(block, r"3Block + 3FSM, K = 512 \>")[3] == f"not compared: too low an AP of {decisive}"
    assert cells(block, r"SSN \> SSN, w/o CA")[3] == f"not compared: too low an AP of {decisive} and ssn-wo-ca"
    assert "nothing is compared where ssn or ssn-wo-shift or lite-k256 or lite-k512 is below AP 30, in the" in block


@pytest.mark.parametrize("seeds", [(0.299, 0.302), (0.302, 0.299)])
def test_the_bound_on_a_decisive_network_is_on_its_mean_too(made, tmp_path: Path, seeds: tuple[float, float]) -> None:
    for seed, ap in enumerate(seeds):
        score(made, "lite-k512", ap, seed)
    for run in ("backbone", "backbone-esp"):
        score(made, run, 0.6)
    compared = {"backbone-esp-over-backbone": comparison(0.0, (-1.0, 1.0))}
    block = render_block(commit(made, compared, tmp_path / "docs" / "figures"))
    assert "not compared" not in block and "too low" not in block


@pytest.mark.parametrize("seeds", [(0.299, 0.302), (0.302, 0.299)])
def test_the_bound_is_on_the_mean_over_seeds(made, tmp_path: Path, seeds: tuple[float, float]) -> None:
    for seed, ap in enumerate(seeds):
        score(made, "ssn", 0.61, seed)
        score(made, "ssn-wo-ca", ap, seed)
    compared = {"ssn-over-wo-ca": comparison(61 - 30.05, (29.0, 33.0), (0, 1))}
    block = render_block(commit(made, compared, tmp_path / "docs" / "figures"))
    assert cells(block, r"SSN \> SSN, w/o CA")[3] == "higher"


def test_a_run_that_the_page_refused_to_compare_stays_so(made, tmp_path: Path) -> None:
    for number, (run, noise) in enumerate({"ssn": 4.0, "ssn-wo-ca": 10.0, "ssn-k256": 5.0}.items()):
        made.train(run, {"P4": made.found(noise, number)})
    assert main(["page", "table1", "--preset", "figures", "--results", str(tmp_path)]) == 0
    folder = tmp_path / "docs" / "figures"
    folder.mkdir(parents=True)
    (tmp_path / "table1.csv").rename(folder / "table1.csv")
    (tmp_path / "table1-orderings.csv").rename(folder / "orderings.csv")
    outcomes = pd.read_csv(folder / "orderings.csv").dropna(subset="outcome").set_index("ordering")["outcome"]
    assert outcomes["ssn-over-wo-ca"] == "not compared: too low an AP of ssn-wo-ca"
    block = render_block(folder)
    assert cells(block, r"SSN \> SSN, w/o CA")[3] == outcomes["ssn-over-wo-ca"]
    assert cells(block, r"SSN \> SSN, K = 256")[3] == outcomes["ssn-over-k256"]
    assert "Holm's adjustment for the 1 comparison measured here" in block
    assert "is below AP 30, in the mean over seeds" in block
    renamed = render_block(folder.rename(folder.with_name("figures-again")))
    assert cells(renamed, r"SSN \> SSN, w/o CA")[3] == outcomes["ssn-over-wo-ca"], "whatever its folder is called"
    assert "below AP" not in renamed, "no preset of that name says one"


@pytest.mark.parametrize("name", ["smoke", "midi"])
def test_a_run_of_a_preset_without_a_bound_has_every_outcome(made, tmp_path: Path, name: str) -> None:
    compared = below(made, "smoke")
    block = render_block(commit(made, compared, tmp_path / "docs" / name, "smoke"))
    assert cells(block, r"SSN \> SSN, w/o CA")[3] == "higher"
    assert "not compared" not in block and "for the 2 comparisons measured here" in block


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
    with pytest.raises(RefusedInput, match=r"-2\.0 AP points .* has -1\.5000 .* commit both files of one run"):
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


@pytest.mark.parametrize(("column", "other"), [("preset", "smoke"), ("ap_measured_on", "COCO val2017")])
def test_a_table_of_two_runs_is_refused(committed: Path, column: str, other: str) -> None:
    table = pd.read_csv(committed / "table1.csv", dtype=str, keep_default_na=False)
    table.loc[table["network"] == "ssn", column] = other
    table.to_csv(committed / "table1.csv", index=False)
    with pytest.raises(RefusedInput, match=rf"column {column} has .*; commit the table of one run"):
        render_block(committed)


def test_a_table_without_a_run_is_refused(committed: Path) -> None:
    table = pd.read_csv(committed / "table1.csv", dtype=str, keep_default_na=False)
    table[table["ap_measured"] == ""].to_csv(committed / "table1.csv", index=False)
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
