"""The paper as extracted text, where somebody has it: SSN_PAPER names the file, or its folder."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mmpose_ssn.paper import files


class PaperText:
    """The paper's main part and its supplement, their tables' cells between tabs and formulas as plain characters."""

    def __init__(self, text: str) -> None:
        plain = re.sub(r"\s*\\times\s*", "x", text).replace("$", "")
        self.main, self.supplement = plain.split("# Supplementary Materials", 1)

    def section(self, number: str) -> str:
        """Running text from a section's heading to the next section's, without tables; S for the supplement's."""
        text = self.supplement if number.startswith("S") else self.main
        start = re.search(rf"^#+ {re.escape(number.removeprefix('S'))}\. .*$", text, re.MULTILINE)
        assert start, f"the paper has no section {number}"
        rest = text[start.end() :]
        end = re.search(r"^#+ (\d+(\.\d+)?\. |References)", rest, re.MULTILINE)
        lines = rest[: end.start() if end else None].splitlines()
        return "\n".join(line for line in lines if "\t" not in line)

    def table(self, header: str, supplement: bool = False) -> list[list[str]]:
        """Cells of the rows below a header that begins so, up to the next empty line."""
        text = self.supplement if supplement else self.main
        body = text[text.index(f"\n{header}") :].lstrip("\n").split("\n\n")[0]
        return [line.split("\t") for line in body.splitlines()[1:]]


@pytest.fixture(scope="session")
def paper_text() -> PaperText:
    named = os.environ.get("SSN_PAPER")
    if not named:
        pytest.skip("the paper's text is not here: SSN_PAPER may name its file or folder")
    texts = sorted(Path(named).glob("*.txt")) if Path(named).is_dir() else [Path(named)]
    assert texts, f"SSN_PAPER is {named}, a folder without a .txt file; expected the paper's text"
    return PaperText("\n".join(text.read_text(encoding="utf-8") for text in texts))


@pytest.fixture
def spoil(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, object], None]]:
    """Has a file of the package read as something else, for the length of a test: ``spoil("table1", content)``."""
    load = files._load

    def read_as(name: str, content: object) -> None:
        monkeypatch.setattr(files, "_load", lambda file: content if file == f"{name}.yaml" else load(file))
        files.load_checked.cache_clear()

    yield read_as
    files.load_checked.cache_clear()
