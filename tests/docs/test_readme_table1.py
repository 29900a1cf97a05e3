"""The README's Table 1 is what the command makes of the committed runs."""

from pathlib import Path

import pytest

from mmpose_ssn.__main__ import main


def test_readme_holds_the_committed_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(Path(__file__).resolve().parents[2])
    assert main(["readme", "--check"]) == 0, capsys.readouterr().err
