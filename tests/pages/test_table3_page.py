"""Table 3: the printed rows as they are, ours beside them, and what is taken for a figure of COCO's server."""

import copy
import hashlib
import io
import json
import re
from importlib import resources

import pandas as pd
import pytest
import yaml

from mmpose_ssn.__main__ import main
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.pages.render import to_csv, to_markdown, to_tex
from mmpose_ssn.pages.table3 import page, read_server_result, table3_lines

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
def made(made):
    counts = {"params": 40_474_606, "macs": 13_096_611_840, "ops": 13_284_357_120}
    made.count(dict.fromkeys(OURS, counts))
    return made


@pytest.fixture
def write(tmp_path):
    def write_server(content, network="ssn"):
        file = tmp_path / "test-dev" / network / "server.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return file

    return write_server


def markdown(made):
    return to_markdown(page(made.of("paper")), "table3")


def markdown_rows(text):
    table = re.search(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)[0]
    rows = [
        [re.sub(r"\\(.)", r"\1", cell.strip()) for cell in line.strip("|").split("|")] for line in table.splitlines()
    ]
    return rows[0], rows[2:]


def csv(made):
    text = to_csv(page(made.of("paper")).records[""])
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False).set_index("network")


def test_printed_rows_stand_in_printed_order_as_printed(made):
    header, rows = markdown_rows(markdown(made))
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


def test_our_rows_follow_the_papers_and_are_not_run(made):
    _, rows = markdown_rows(markdown(made))
    ours = [k for k, row in enumerate(rows) if row[1] == "this project"]
    assert [rows[k - 1][1] for k in ours] == ["the paper"] * 4
    assert [rows[k][0] for k in ours] == [rows[k - 1][0] for k in ours]
    assert {tuple(rows[k][4:]) for k in ours} == {("40.475", "13.284", *["not run"] * 6)}
    lines = csv(made)
    assert list(lines.index) == list(PRINTED)
    assert lines.loc[list(OURS), "status"].unique().tolist() == ["not run"]
    assert lines["status"].value_counts()["quoted"] == 9


def test_nothing_is_ranked_whatever_the_server_says(made, write):
    text, tex = markdown(made), to_tex(page(made.of("paper")))
    assert "counted" in text and "not comparable" in tex.replace("\n", " ")
    best = copy.deepcopy(SERVER)
    best["figures"]["AP"] = "0.999"
    write(best, "lite-k256")
    with_server = markdown(made)
    assert "99.9" in with_server and "99.9" not in text
    assert [row[:2] for row in markdown_rows(with_server)[1]] == [row[:2] for row in markdown_rows(text)[1]]


def test_the_servers_figures_keep_their_digits_and_their_provenance(made, write):
    file = write(SERVER)
    _, rows = markdown_rows(markdown(made))
    (ours,) = (row for row in rows if row[1] == "this project" and row[6] != "not run")
    assert ours[0] == "SSN" and ours[3] == "256x192"
    assert ours[6:] == ["74.0", "91.4", "80.2", "69.0", "77.4", "78.74"]
    row = csv(made).loc["ssn"]
    assert (row["ap_printed"], row["ap_measured"], row["ap_50_measured"], row["ar_l_measured"]) == (
        *("72.4", "74.0", "91.4", "100.0"),
    )
    assert (row["ap_printed_on"], row["ap_measured_on"]) == ("COCO test-dev2017", "COCO test-dev2017")
    for name, value in SERVER["provenance"].items():
        assert row[name] == str(value)
    assert (row["date"], row["archive_digest"]) == (SERVER["date"], SERVER["archive_digest"])
    assert (row["status"], row["files"]) == ("measured", file.as_posix())


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
        (changed(["provenance", "preset"], "figures"), r"\$\.provenance\.preset: 'paper' was expected"),
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


def test_networks_that_the_table_does_not_have_are_refused(made, write):
    file = write(SERVER, "hrnet")
    with pytest.raises(RefusedInput, match=r"the folder 'hrnet', expected one of: ssn, ssn-384x288, lite-k256"):
        table3_lines(made.of("paper"))
    file.unlink()
    write(SERVER, "cpn")
    with pytest.raises(RefusedInput, match="the folder 'cpn', expected"):
        table3_lines(made.of("paper"))


def test_tex_is_balanced_and_ascii(made, write):
    write(SERVER)
    text = to_tex(page(made.of("paper")))
    assert text.isascii() and r"\label{tab:table3}" in text
    unescaped = re.sub(r"\\.", "", text)
    assert unescaped.count("{") == unescaped.count("}")
    body = text[text.index(r"\midrule") : text.index(r"\bottomrule")].splitlines()[1:]
    assert len(body) == 13 + 4 and {line.count(" & ") for line in body} == {11}
    assert r"\textbf{Whose results these are}: " in text


def test_command_writes_the_files_or_says_why_not(made, write, tmp_path, capsys):
    out = tmp_path / "elsewhere" / "table3"
    command = ["page", "table3", "--preset", "paper", "--results", str(tmp_path), "--out", str(out)]
    write(SERVER)
    assert main(command) == 0
    assert sorted(file.name for file in out.parent.iterdir()) == ["table3.csv", "table3.md", "table3.tex"]
    assert "figures on COCO test-dev2017" in capsys.readouterr().out
    write("{", "lite-k256")
    assert main(command) == 1
    assert "is not JSON" in capsys.readouterr().err
