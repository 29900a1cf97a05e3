"""What made a number: the row and its files say it, one block a seed; and clear words where there is no number."""

import pandas as pd
import pytest

from mmpose_ssn.__main__ import main
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.pages.origin import origins

DIGESTS = {"config_digest": "sha256:c0", "checkpoint_digest": "sha256:w0", "data_digest": "sha256:d0"}
MADE = DIGESTS | {"commit": "abc1234", "machine": "x86_64, 2 cores", "torch": "2.14.1", "iterations": 600}


def row(network, seed, ap, **changed):
    return {
        "network": network,
        "method": network.upper(),
        "place": "Table 1, row 7",
        "status": "measured",
        "preset": "figures",
        "metric": "AP",
        "ap_printed": "73.0",
        "ap_printed_on": "COCO val2017",
        "seed": seed,
        "measured": ap,
        "measured_on": "drawn figures",
        "seeds": 2,
        "predictor": "P4",
        "protocol": "boxes: ground truth.",
        "params": 40474606,
        "counting_policy": "conv-macs",
        **MADE,
        "date": "2026-11-22",
        "notice": "not COCO",
        **changed,
    }


@pytest.fixture
def results(made, write_scores):
    """A folder as the workflow leaves it: two seeds of ssn, one of them with its files, and a network not run."""
    not_run = {
        "network": "backbone",
        "status": "not run",
        "preset": "figures",
        "metric": "AP",
        "ap_printed": "69.7",
        "notice": "not COCO",
    }
    table = [row("ssn", 0, 61.25), row("ssn", 3, 62.5, checkpoint_digest="sha256:w3"), not_run]
    pd.DataFrame(table, dtype=object).to_csv(made.path / "table1.csv", index=False)
    write_scores("ssn", 0)
    return made.path


@pytest.fixture
def write_scores(made):
    def write(run, seed, **changed):
        made_by = {**MADE, "data": "drawn figures", **changed}
        folder = made.score(run, {"E1": 0.25, "P4": 0.6125}, seed=seed, provenance=made_by).parent
        (folder / "predictions").mkdir()
        (folder / "predictions" / "predictor.P4.keypoints.json").write_text("[]")
        return folder

    return write


def test_every_measured_number_has_all_that_made_it(results):
    first, second = origins(results / "table1.csv", "ssn", "AP")
    assert (first.column, first.value, second.value) == ("measured", "61.25", "62.5")
    expected = {"config_digest": "sha256:c0", "commit": "abc1234", "checkpoint_digest": "sha256:w0"}
    expected |= {"data_digest": "sha256:d0", "seed": "0", "machine": "x86_64, 2 cores", "date": "2026-11-22"}
    expected |= {"protocol": "boxes: ground truth.", "data": "drawn figures", "notice": "not COCO"}
    assert expected.items() <= first.facts.items()
    assert (second.facts["seed"], second.facts["checkpoint_digest"]) == ("3", "sha256:w3")
    folder = results / "figures" / "ssn" / "seed0"
    assert first.sources == {
        folder / "scores.json": {"detections": str(folder / "predictions" / "predictor.P4.keypoints.json")}
    }
    assert second.sources == {}, "its files are gone"


def test_printed_and_counted_numbers_are_not_said_to_be_of_a_run(results):
    printed, counted = (origins(results / "table1.csv", "ssn", name)[0] for name in ("ap_printed", "params"))
    assert printed.facts == {
        "method": "SSN",
        "place": "Table 1, row 7",
        "made by": "the paper",
        "printed on": "COCO val2017",
    }
    assert counted.facts["counting policy"] == "conv-macs" and "untrained" in counted.facts["made by"]
    assert not printed.sources and not counted.sources


def test_a_file_that_has_changed_since_is_said_to_have(results):
    pd.DataFrame([row("ssn", 0, 61.25, checkpoint_digest="sha256:old")]).to_csv(results / "old.csv", index=False)
    (origin,) = origins(results / "old.csv", "ssn", "AP")
    (said,) = origin.sources.values()
    assert origin.facts["checkpoint_digest"] == "sha256:old"
    assert said["checkpoint_digest, which has changed since"] == "sha256:w0"
    (results / "figures" / "ssn" / "seed0" / "predictions" / "predictor.P4.keypoints.json").unlink()
    (origin,) = origins(results / "old.csv", "ssn", "AP")
    (said,) = origin.sources.values()
    assert said["detections"].endswith("(is not there)")


@pytest.mark.parametrize("folder", ["", "figures"])
def test_a_difference_comes_from_both_networks_files(results, write_scores, folder):
    write_scores("ssn-k256", 0, checkpoint_digest="sha256:k0")
    difference = {"higher": "ssn", "lower": "ssn-k256", "difference_measured": 1.5, "seeds": "0 3", "preset": "figures"}
    made = {"data": "drawn figures", "data_digest": "sha256:d0", "commit": "def5678", "protocol": "{}"}
    file = results / folder / "orderings.csv"
    pd.DataFrame([{"ordering": "ssn-over-k256", **difference, **made}]).to_csv(file, index=False)
    (origin,) = origins(file, "ssn-over-k256", "difference")
    assert (origin.facts["seed"], origin.facts["commit"]) == ("0 3", "def5678")
    assert "checkpoint_digest" not in origin.facts, "there are two"
    checkpoints = {path.parts[-3]: said["checkpoint_digest"] for path, said in origin.sources.items()}
    assert checkpoints == {"ssn": "sha256:w0", "ssn-k256": "sha256:k0"}
    assert {said["commit"] for said in origin.sources.values()} == {"abc1234"}


def test_a_difference_that_table_1_writes_leads_to_its_files(made):
    for number, (run, seed) in enumerate((("ssn", 0), ("ssn", 3), ("ssn-k256", 3))):
        made.train(run, {"P4": made.found(4.0 + number, number)}, seed=seed)
    assert main(["page", "table1", "--preset", "figures", "--results", str(made.path)]) == 0
    (origin,) = origins(made.path / "table1-orderings.csv", "ssn-over-k256", "difference")
    assert {path.parent.relative_to(made.path / "figures").as_posix() for path in origin.sources} == {
        *("ssn/seed0", "ssn/seed3", "ssn-k256/seed3")
    }


def test_a_row_of_an_own_recipe_comes_from_that_recipes_files(results, write_scores):
    for run in ("hrnet-w32", "hrnet-w32/own"):
        write_scores(run, 0, checkpoint_digest=f"sha256:{run}")
    lines = [
        row("hrnet-w32", 0, ap, recipe=recipe, checkpoint_digest="") for ap, recipe in ((40, "common"), (50, "own"))
    ]
    pd.DataFrame(lines).to_csv(results / "baselines.csv", index=False)
    for recipe, run in (("common", "hrnet-w32"), ("own", "hrnet-w32/own")):
        (origin,) = origins(results / "baselines.csv", "hrnet-w32", "AP", {"recipe": recipe})
        assert list(origin.sources) == [results / "figures" / run / "seed0" / "scores.json"]
        assert (
            origin.sources[results / "figures" / run / "seed0" / "scores.json"]["checkpoint_digest"] == f"sha256:{run}"
        )


def test_the_mean_poses_row_comes_from_its_one_file(made):
    file = made.score("mean-pose", {"mean-pose": 0.02})
    pd.DataFrame([row("mean-pose", "", 2.0, predictor="mean-pose")]).to_csv(made.path / "table1.csv", index=False)
    (origin,) = origins(made.path / "table1.csv", "mean-pose", "AP")
    assert list(origin.sources) == [file] and origin.facts["seed"] == "none"


def test_files_that_a_row_names_are_its_sources(results):
    gone = results / "offsets.csv"
    named = f"{results / 'mini' / 'ssn' / 'seed0' / 'scores.json'} {gone}"
    pd.DataFrame([{"claim": "c", "verdict": "reproduced", "files": named}]).to_csv(results / "claims.csv", index=False)
    (origin,) = origins(results / "claims.csv", "c", "verdict")
    assert [path.name for path in origin.sources] == ["scores.json", "offsets.csv"]
    assert origin.sources[gone] == {"file": "is not there"}


def test_where_nothing_is_recorded_that_is_said(tmp_path):
    (tmp_path / "speed.csv").write_text("case,ratio\n64x48,1.5\n")
    (origin,) = origins(tmp_path / "speed.csv", "64x48", "ratio")
    assert set(origin.facts.values()) == {"not recorded"}
    assert {"config_digest", "commit", "checkpoint_digest", "data_digest", "seed", "machine", "protocol"} < set(
        origin.facts
    )


@pytest.mark.parametrize(
    ("asked", "only", "message"),
    [
        (("resnet", "AP"), {}, r"column network has no 'resnet'; it has ssn, backbone$"),
        (("ssn", "mAP"), {}, r"has no column 'mAP'; it has network, method, .*measured"),
        (
            ("backbone", "AP"),
            {},
            r"backbone has no measured \(not run\); it has network, status, preset, metric, ap_printed",
        ),
        (("ssn", "AP"), {"seed": "7"}, r"ssn has no line with seed '7'; there it has 0, 3"),
        (("ssn", "AP"), {"sed": "0"}, r"has no column 'sed'"),
    ],
)
def test_what_is_not_there_is_said_with_what_there_is(results, asked, only, message):
    with pytest.raises(RefusedInput, match=message):
        origins(results / "table1.csv", *asked, only)
    with pytest.raises(RefusedInput, match="cannot be read"):
        origins(results / "absent.csv", *asked, only)


def test_command_prints_one_block_a_line_and_may_be_narrowed(results, capsys):
    table = str(results / "table1.csv")
    assert main(["where", table, "ssn", "AP"]) == 0
    blocks = capsys.readouterr().out.split("\n\n")
    assert [block.splitlines()[0] for block in blocks] == [
        f"{table}: ssn, measured = {value}" for value in (61.25, 62.5)
    ]
    assert "\n  config digest: sha256:c0\n" in blocks[0] and "\n  from " in blocks[0]
    assert main(["where", table, "ssn", "AP", "--only", "seed=3", "predictor=P4"]) == 0
    assert "62.5" in (out := capsys.readouterr().out) and "61.25" not in out
    assert main(["where", table, "ssn", "mAP"]) == 1
    assert "error: " in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["where", table, "ssn", "AP", "--only", "seed"])
    assert "expected COLUMN=VALUE" in capsys.readouterr().err
