"""Whoever reads an output finds all of it: what was there before until the new one is whole, whatever goes wrong."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch

from mmpose_ssn.__main__ import main
from mmpose_ssn.files import draft, is_draft, sha256, write_together


def test_text_and_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    text, pixels = "5 × 3\r\nß\n", bytes(range(256))
    write_together({tmp_path / "new" / "folder" / "text.md": text, tmp_path / "image.png": pixels})
    assert (tmp_path / "new" / "folder" / "text.md").read_bytes() == text.encode("utf-8")
    assert (tmp_path / "image.png").read_bytes() == pixels
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image.png", "new"]


def test_files_are_replaced_together_or_not_at_all(tmp_path: Path) -> None:
    old = tmp_path / "a.md"
    old.write_text("old")
    (tmp_path / "not-a-folder").write_text("")
    with pytest.raises(OSError, match="not-a-folder"):
        write_together({old: "new", tmp_path / "not-a-folder" / "b.csv": "new"})
    assert old.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.md", "not-a-folder"]


def test_old_file_stays_until_the_draft_is_whole_and_for_good_after_an_error(tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    file.write_text("old")
    with pytest.raises(TypeError), draft(file) as unfinished, unfinished.open("w") as stream:
        json.dump({"half": "written", "no json": file}, stream)
    assert [path.name for path in tmp_path.iterdir()] == ["weights.pth"] and file.read_text() == "old"
    with draft(file) as unfinished:
        unfinished.write_text("new")
        assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["weights.pth"] and file.read_text() == "new"


def die_in_the_middle(file: Path) -> None:
    with draft(file) as unfinished:
        unfinished.write_text("ne")
        os._exit(1)


def test_killed_process_leaves_the_old_file_and_a_draft_that_is_known_as_one(tmp_path: Path) -> None:
    file = tmp_path / "scores.json"
    file.write_text("old")
    process = multiprocessing.get_context("fork").Process(target=die_in_the_middle, args=(file,))
    process.start()
    process.join()
    assert file.read_text() == "old"
    (left,) = set(tmp_path.iterdir()) - {file}
    assert is_draft(left)
    for name in ("scores.json", ".scores.json", "scores.json.part1", ".scores.part", ".part1", ".lock"):
        assert not is_draft(tmp_path / name), name


def test_saved_weights_do_not_depend_on_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, written = tmp_path / "weights.pth", set()
    for process in (7, 4_194_304):
        monkeypatch.setattr(os, "getpid", lambda process=process: process)
        with draft(file) as unfinished:
            torch.save({"state_dict": {"weight": torch.arange(3)}}, unfinished)
        written.add(file.read_bytes())
    assert len(written) == 1


def test_digest_is_of_all_bytes_and_tells_how_far_it_has_read(tmp_path: Path) -> None:
    content, read = bytes(range(256)) * 5000, []
    (tmp_path / "file").write_bytes(content)
    expected = hashlib.sha256(content).hexdigest()
    assert sha256(tmp_path / "file", read.append) == sha256(tmp_path / "file") == expected
    assert sum(read) == len(content) and len(read) > 1, "a file may be larger than the memory"


def write_config(file: Path, drawn: Path) -> None:
    arguments = ["--preset", "smoke", "--network", "ssn", "--data-root", str(drawn), "--out", str(file)]
    assert main(["resolve", *arguments]) == 0


def write_contact_sheet(file: Path, drawn: Path) -> None:
    from mmpose_ssn.datasets.drawn import contact_sheet

    contact_sheet(drawn, "val", file)


def timings() -> pd.DataFrame:
    from mmpose_ssn.benchmark.shift_cost import ShiftTiming

    figure = "shift forward + backward / copy_"
    return pd.DataFrame([vars(ShiftTiming(figure, "2x3", 1, "torch", 2.0, 1.0, 2.0, "copy_"))])


def write_plot(file: Path, drawn: Path) -> None:
    from mmpose_ssn.benchmark.shift_plot import draw

    draw(timings().assign(instructions="AVX2"), file)


WRITERS = pytest.mark.parametrize(
    ("name", "write", "start"),
    [
        ("config.py", write_config, b"# ssn, common recipe, preset smoke"),
        ("sheet.jpg", write_contact_sheet, b"\xff\xd8\xff"),
        ("plot.svg", write_plot, b"<?xml"),
        ("plot.png", write_plot, b"\x89PNG"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)


@WRITERS
def test_output_is_in_the_format_of_its_suffix(
    name: str, write: Callable[[Path, Path], None], start: bytes, drawn: Path, tmp_path: Path
) -> None:
    write(tmp_path / "new" / name, drawn)
    assert (tmp_path / "new" / name).read_bytes().startswith(start)


@WRITERS
def test_old_output_is_never_half_overwritten(
    name: str,
    write: Callable[[Path, Path], None],
    start: bytes,
    drawn: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / name).write_text("old")

    def fail(self: Path, target: Path) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", fail)  # the last step
    with pytest.raises(OSError, match="no space left"):
        write(tmp_path / name, drawn)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["old"]
