"""Table 3: the printed rows as they are, ours beside them, and what is taken for a figure of COCO's server."""

import argparse
import copy
import hashlib
import io
import json
import re
from importlib import resources

import pandas as pd
import pytest
import yaml

from mmpose_ssn import paper
from mmpose_ssn.commands import table3 as table3_command
from mmpose_ssn.report.inputs import RefusedInput
from mmpose_ssn.report.table3 import read_server_result, table3_lines, to_csv, to_markdown, to_tex

OURS = ("ssn", "ssn-384x288", "lite-k256", "lite-k512")
PRINTED = yaml.safe_load(resources.files("mmpose_ssn.paper").joinpath("table3.yaml").read_text(encoding="utf-8"))
ARCHIVE = b"what was uploaded"
SERVER = {
    "date": "2026-12-01",
    "archive_digest": "sha256:" + hashlib.sha256(ARCHIVE).hexdigest(),
    "figures": {
        "AP": "0.740",
        "AP .5": "0.914",
        "AP .75": "0.802",
        "AP (M)": "0.690",
        "AP (L)": "0.774",
        "AR": "0.7874",
        "AR .5": "0.950",
        "AR .75": "0.850",
        "AR (M)": "0.740",
        "AR (L)": "1.000",
    },
    "provenance": {
        "preset": "paper",
        "seed": 2,
        "commit": "abc1234",
        "machine": "x86_64, 8 cores, one GPU",
        "config_digest": "sha256:" + "0" * 64,
        "checkpoint_digest": "sha256:" + "1" * 64,
        "protocol": "detector boxes; flip test",
    },
}


@pytest.fixture
def complexity(tmp_path):
    counts = {"params": 40_474_606, "macs": 13_096_611_840, "ops": 13_284_357_120}
    counts |= {f"deployed_{name}": 1 for name in ("params", "macs", "ops")}
    file = tmp_path / "complexity.csv"
    pd.DataFrame([{"variant": v, **counts, "policy": "a & b"} for v in paper.table1()]).to_csv(file, index=False)
    return file


@pytest.fixture
def write(tmp_path):
    def write_server(content, variant="ssn"):
        file = tmp_path / "test-dev" / variant / "server.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return file

    return write_server


def markdown_rows(text):
    table = re.search(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)[0]
    rows = [
        [re.sub(r"\\(.)", r"\1", cell.strip()) for cell in line.strip("|").split("|")] for line in table.splitlines()
    ]
    return rows[0], rows[2:]


def read(text):
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)


def test_printed_rows_stand_in_printed_order_as_printed(complexity):
    header, rows = markdown_rows(to_markdown(table3_lines(complexity, [])))
    assert header[4:] == ["Params, M", "FLOPs, G", "AP", "AP .5", "AP .75", "AP (M)", "AP (L)", "AR"]
    printed = [row for row in rows if row[1] != "this project"]
    assert printed == [
        [
            fields["method"] + " *" * fields.get("bottom_up", False),
            printed[k][1],
            *(fields[name] or "–" for name in ("backbone", "input_size", "params_m", "flops_g")),
            *(fields["scores"][name] or "–" for name in header[6:]),
        ]
        for k, fields in enumerate(PRINTED.values())
    ]
    assert [row[0] for row in printed if row[0].endswith("*")] == ["CMU-Pose *", "Associative Embedding *"]
    assert [row[1] for row in printed][:2] == ["Cao et al., CVPR 2017", "He et al., ICCV 2017"]
    assert [row[1] for row in printed][-4:] == ["the paper"] * 4


def test_our_rows_follow_the_papers_and_are_not_run(complexity):
    _, rows = markdown_rows(to_markdown(table3_lines(complexity, [])))
    ours = [k for k, row in enumerate(rows) if row[1] == "this project"]
    assert [rows[k - 1][1] for k in ours] == ["the paper"] * 4
    assert [rows[k][0] for k in ours] == [rows[k - 1][0] for k in ours]
    assert {tuple(rows[k][4:]) for k in ours} == {("40.475", "13.284", *["not run"] * 6)}
    csv = read(to_csv(table3_lines(complexity, []))).set_index("variant")
    assert list(csv.index) == list(PRINTED)
    assert csv.loc[list(OURS), "status"].unique().tolist() == ["not run"]
    assert csv["status"].value_counts()["quoted"] == 9


def test_nothing_is_ranked_whatever_the_server_says(complexity, write):
    best = copy.deepcopy(SERVER)
    best["figures"]["AP"] = "0.999"
    without, with_server = (
        [row[:2] for row in markdown_rows(to_markdown(table3_lines(complexity, files)))[1]]
        for files in ([], [write(best, "lite-k256")])
    )
    assert with_server == without
    assert "counted" in to_markdown(table3_lines(complexity, [])) and "not comparable" in to_tex(
        table3_lines(complexity, [])
    ).replace("\n", " ")


def test_the_servers_figures_keep_their_digits_and_their_provenance(complexity, write):
    lines = table3_lines(complexity, [write(SERVER)])
    _, rows = markdown_rows(to_markdown(lines))
    (ours,) = (row for row in rows if row[1] == "this project" and row[6] != "not run")
    assert ours[0] == "SSN" and ours[3] == "256x192"
    assert ours[6:] == ["74.0", "91.4", "80.2", "69.0", "77.4", "78.74"]
    row = read(to_csv(lines)).set_index("variant").loc["ssn"]
    assert (row["ap_printed"], row["ap_measured"], row["ap_50_measured"], row["ar_l_measured"]) == (
        *("72.4", "74.0", "91.4", "100.0"),
    )
    assert (row["ap_printed_on"], row["ap_measured_on"]) == ("COCO test-dev2017", "COCO test-dev2017")
    for name, value in SERVER["provenance"].items():
        assert row[name] == str(value)
    assert (row["date"], row["archive_digest"]) == (SERVER["date"], SERVER["archive_digest"])


def changed(path, value):
    content = copy.deepcopy(SERVER)
    *parents, last = path
    at = content
    for key in parents:
        at = at[key]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"server\.json: is not JSON"),
        (changed(["figures", "AR (L)"], None), r"\$\.figures: 'AR \(L\)' is a required property"),
        (changed(["figures", "AP"], 0.74), r"\$\.figures\['?AP'?\]|\$\.figures\.AP: 0\.74 is not of type 'string'"),
        (changed(["figures", "AP"], "74.0"), r"\$\.figures\.AP: '74\.0' does not match"),
        (changed(["figures", "AP"], "0.74"), r"\$\.figures\.AP: '0\.74' does not match"),
        (changed(["archive_digest"], "abc"), r"\$\.archive_digest: 'abc' does not match"),
        (changed(["date"], "yesterday"), r"\$\.date: 'yesterday' is not a 'date'"),
        (changed(["provenance", "preset"], "mini"), r"\$\.provenance\.preset: 'paper' was expected"),
        (changed(["provenance", "checkpoint_digest"], None), r"'checkpoint_digest' is a required property"),
    ],
)
def test_what_is_no_result_of_the_server_is_refused(write, content, message):
    with pytest.raises(RefusedInput, match=message):
        read_server_result(write(content))


def test_figures_of_another_archive_are_refused(write):
    file = write(SERVER)
    archive = file.parent / "person_keypoints_test-dev2017_ssn_results.zip"
    archive.write_bytes(ARCHIVE)
    assert read_server_result(file).figures["AP"] == "74.0"
    archive.write_bytes(b"another")
    with pytest.raises(RefusedInput, match=r"\$\.archive_digest: is sha256:.*, but person_keypoints.* beside it has"):
        read_server_result(file)


def test_networks_that_the_table_does_not_have_are_refused(complexity, write):
    with pytest.raises(RefusedInput, match=r"the folder 'hrnet', expected one of: ssn, ssn-384x288, lite-k256"):
        table3_lines(complexity, [write(SERVER, "hrnet")])
    with pytest.raises(RefusedInput, match="the folder 'cpn', expected"):
        table3_lines(complexity, [write(SERVER, "cpn")])


def test_tex_is_balanced_and_ascii(complexity, write):
    text = to_tex(table3_lines(complexity, [write(SERVER)]))
    assert text.isascii() and r"\label{tab:table3}" in text
    unescaped = re.sub(r"\\.", "", text)
    assert unescaped.count("{") == unescaped.count("}")
    body = text[text.index(r"\midrule") : text.index(r"\bottomrule")].splitlines()[1:]
    assert len(body) == 13 + 4 and {line.count(" & ") for line in body} == {11}


def test_command_writes_the_files_or_says_why_not(complexity, write, tmp_path, capsys):
    def run_command(*arguments):
        parser = argparse.ArgumentParser()
        table3_command.add_arguments(parser)
        return table3_command.run(parser.parse_args([str(argument) for argument in arguments]))

    out = tmp_path / "results" / "table3"
    assert run_command("--complexity", complexity, "--server", write(SERVER), "--out", out) == 0
    assert sorted(file.name for file in out.parent.iterdir()) == ["table3.csv", "table3.md", "table3.tex"]
    assert "1 of our networks" in capsys.readouterr().out
    assert run_command("--complexity", complexity, "--server", write("{", "lite-k256"), "--out", out) == 1
    assert "is not JSON" in capsys.readouterr().err
