"""The README's block: what it shows of committed files, where it goes, and what it refuses."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import pandas as pd
import pytest

from mmpose_ssn import paper
from mmpose_ssn.commands import readme as readme_command
from mmpose_ssn.report.inputs import RefusedInput, read_scores
from mmpose_ssn.report.orderings import MeasuredOrdering, to_csv
from mmpose_ssn.report.readme import inject, render_block
from mmpose_ssn.report.rendering import orderings_to_csv
from mmpose_ssn.report.rendering import to_csv as table_to_csv
from mmpose_ssn.report.table1 import Table1

README = "# Title\n\n<!-- table1:begin, written by a command -->\nold\n<!-- table1:end -->\n\nafter\n"
DATA = "drawn figures, version 1.0, val"


def scores(variant: str, ap: float) -> dict:
    provenance = {
        **dict.fromkeys(("config_digest", "commit", "checkpoint_digest", "data_digest", "torch"), "x"),
        "data": DATA,
        "machine": "x86_64, 2 cores",
        "iterations": 900,
        "wall_time_s": 90.0,
        "date": "2026-11-22",
    }
    content = {
        "variant": variant,
        "preset": "mini",
        "seed": 0,
        "final": "P4",
        "predictors": {"P4": {"AP": ap, "AP_interval": [ap - 0.02, ap + 0.02]}},
        "images": 400,
        "instances": 800,
        "resamples": 1000,
        "protocol": {"boxes": "ground truth"},
        "network": {"params": 1, "macs": 1, "ops": 1},
        "provenance": provenance,
    }
    if variant == "mean-pose":
        del content["seed"], content["network"], provenance["iterations"]
        provenance |= {"training_annotations_digest": "x", "wall_time_s": 2.0}
    return content


@pytest.fixture
def committed(tmp_path: Path) -> Path:
    """A folder with table1.csv and orderings.csv, as the table's command writes them."""
    counts = dict.fromkeys(("params", "macs", "ops", "deployed_params", "deployed_macs", "deployed_ops"), 1)
    costs = [{"variant": variant, **counts, "policy": "all"} for variant in paper.table1()]
    pd.DataFrame(costs).to_csv(tmp_path / "complexity.csv", index=False)
    files = []
    for variant, ap in {"ssn": 0.61, "ssn-wo-ca": 0.63, "lite-k256-frozen": 0.4, "mean-pose": 0.02}.items():
        files.append(tmp_path / f"{variant}.json")
        files[-1].write_text(json.dumps(scores(variant, ap)))
    made = {"preset": "mini", "data": DATA, "data_digest": "x", "protocol": "{}", "commit": "x", "date": "2026-11-22"}
    ordering = paper.orderings()["ssn-over-wo-ca"]
    difference = 100 * (read_scores(files[0]).ap - read_scores(files[1]).ap)
    one = MeasuredOrdering(ordering, difference, (-3.5, -0.5), 0.002, 0.002, "lower", (0,), 400, 1000, made)
    (tmp_path / "compared.csv").write_text(to_csv([one]))
    table = Table1.from_files("mini", tmp_path / "complexity.csv", files, tmp_path / "compared.csv")
    folder = tmp_path / "docs" / "mini"
    folder.mkdir(parents=True)
    (folder / "table1.csv").write_text(table_to_csv(table))
    (folder / "orderings.csv").write_text(orderings_to_csv(table))
    return folder


def cells(text: str, start: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"| {start}"))
    return [re.sub(r"\\(.)", r"\1", cell.strip()) for cell in line.strip("|").split("|")]


def test_block_shows_measured_rows_controls_and_orderings(committed: Path) -> None:
    block = render_block([committed])
    assert cells(block, "Method") == [
        "Method",
        "AP, printed<br>COCO val2017",
        f"AP, measured<br>on mini: {DATA}<br>not COCO val2017",
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
    assert "Outcome<br>on mini<br>in these runs" in block
    for said in (
        "neither reproduces nor refutes",
        "2026-11-22, on x86\\_64, 2 cores: 3 trainings of 900 iterations, whose wall time adds up to 4 minutes",
        "Holm's adjustment for the 1 comparison",
        "Each network was trained once",
    ):
        assert said in block


def test_block_replaces_what_stands_between_the_marks_and_nothing_else() -> None:
    text = inject(README, r"new \1 block")
    assert text == README.replace("old\n", "\nnew \\1 block\n\n")
    assert inject(text, r"new \1 block") == text
    for spoilt in (README.replace(":end", ":fin"), README.replace(":begin", ":start"), README + README, "nothing"):
        with pytest.raises(ValueError, match="expected one of each"):
            inject(spoilt, "new")


def test_runs_stand_side_by_side_and_share_the_notes_that_are_the_same(committed: Path, tmp_path: Path) -> None:
    other = tmp_path / "docs" / "midi"
    other.mkdir()
    table = pd.read_csv(committed / "table1.csv", dtype=str, keep_default_na=False).assign(preset="midi")
    ssn = table["variant"] == "ssn"
    again = table[ssn].assign(seed="1", ap_measured="64.0", ap_mean_of_seeds="62.5", seeds="2")
    table.loc[ssn, ["ap_mean_of_seeds", "seeds"]] = ["62.5", "2"]
    pd.concat([table, again]).to_csv(other / "table1.csv", index=False)
    orderings = pd.read_csv(committed / "orderings.csv", dtype=str, keep_default_na=False).assign(preset="midi")
    orderings.to_csv(other / "orderings.csv", index=False)
    block = render_block([committed, other])
    assert cells(block, "Method")[2:] == [
        f"AP, measured<br>on {p}: {DATA}<br>not COCO val2017" for p in ("mini", "midi")
    ]
    assert cells(block, "SSN  ")[2:] == ["61.0 [59.0, 63.0]", "62.5 ± 2.1 (2 seeds)"]
    assert cells(block, r"SSN \> SSN, w/o CA")[3:] == ["lower", "−2.0 [−3.5, −0.5]", "lower"]
    assert "**Outcome**" in block and "**Run, mini**" in block and "**Run, midi**" in block


def test_files_of_different_runs_are_refused(committed: Path) -> None:
    table = committed / "table1.csv"
    text = table.read_text()
    table.write_text(text.replace("61.0,", "61.5,"))
    with pytest.raises(RefusedInput, match=r"-2\.0000 AP points .* has -1\.5000 .* commit both files of one run"):
        render_block([committed])
    table.write_text("\n".join(line for line in text.splitlines() if not line.startswith("ssn-wo-ca,")))
    with pytest.raises(RefusedInput, match="commit both files of one run"):
        render_block([committed])
    table.write_text(text.replace("wall_time_s", "seconds"))
    with pytest.raises(RefusedInput, match="lacks the columns wall_time_s"):
        render_block([committed])


def run_command(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    readme_command.add_arguments(parser)
    return readme_command.run(parser.parse_args([str(argument) for argument in arguments]))


def test_command_writes_once_and_checks(committed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(README)
    common = ["--runs", committed, "--readme", readme]
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
    assert run_command("--runs", tmp_path / "absent", "--readme", readme) == 1
    error = capsys.readouterr().err
    assert "absent/table1.csv: cannot be read" in error and "commit results/table1.csv" in error
    (committed / "orderings.csv").unlink()
    assert run_command("--runs", committed, "--readme", readme) == 1
    assert "orderings.csv: cannot be read" in capsys.readouterr().err
    assert readme.read_text() == README
