"""The latency command times every network that is asked for, in turn, and writes them beside SSN's."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch

from mmpose_ssn import networks


def test_each_network_is_timed_for_each_number_of_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import argparse

    from mmpose_ssn.commands import latency as command

    monkeypatch.setattr(networks, "REFERENCE", "rtmpose-t")  # SSN at full size takes a second
    out, before = tmp_path / "latency.csv", torch.get_num_threads()
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    options = ["--networks", "shufflenetv2", "--threads", "2", "1", "--seconds", "0.1", "--out", str(out)]
    assert command.run(parser.parse_args(options)) == 0

    table = pd.read_csv(out)
    assert table[["network", "threads"]].values.tolist() == [
        ["rtmpose-t", 2],
        ["shufflenetv2", 2],
        ["rtmpose-t", 1],
        ["shufflenetv2", 1],
    ]
    assert (table.input_size == "256x192").all() and (table.wall_ms > 0).all() and (table.preset == "full size").all()
    assert (table.groupby("network").peak_mb.nunique() == 1).all() and (table.peak_mb > 1).all()
    assert (table.ratio[table.network == "rtmpose-t"] == 1).all()
    for _, rows in table.groupby("threads"):
        expected = rows.wall_ms.iloc[1] / rows.wall_ms.iloc[0]
        assert rows.ratio.iloc[1] == pytest.approx(expected, rel=1e-2)
    assert torch.get_num_threads() == before
    assert "shufflenetv2" in capsys.readouterr().out
