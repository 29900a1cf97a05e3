"""The README's Table 1 is what the command makes of the committed files."""

from pathlib import Path

import pytest

from mmpose_ssn.__main__ import main

REPOSITORY = Path(__file__).resolve().parents[2]
COMMITTED = REPOSITORY / "docs" / "mini"


def test_readme_holds_the_committed_table(capsys: pytest.CaptureFixture[str]) -> None:
    if not any((COMMITTED / name).exists() for name in ("table1.csv", "orderings.csv")):
        pytest.skip("docs/mini has no table1.csv: no experiment on the preset mini has been committed yet")
    status = main(
        ["readme", "--check", "--table", str(COMMITTED / "table1.csv"), "--readme", str(REPOSITORY / "README.md")]
    )
    assert status == 0, capsys.readouterr().err


def test_readme_has_a_place_for_it() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert text.count("<!-- table1-mini:begin") == text.count("<!-- table1-mini:end -->") == 1
