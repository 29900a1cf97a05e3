"""Cells run side by side, and their results on disk as they come: after a kill a new run goes on where it was."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from mmpose_ssn.dependency.cell_training import Result, run
from mmpose_ssn.dependency.cells import Cell
from mmpose_ssn.files import write_together
from mmpose_ssn.workers import follow_parent

_KEY = [field.name for field in fields(Cell)]


@dataclass(frozen=True)
class Record:
    """The files of one run of the experiment.

    Attributes:
        prefix: Beginning of the files' paths, such as ``results/dependency`` for ``results/dependency.csv``, one line
            for each cell, and ``results/dependency-offsets.csv``, one line for each channel.
    """

    prefix: Path

    @property
    def cells_file(self) -> Path:
        """Path of the table with one line for each cell."""
        return self.prefix.with_name(f"{self.prefix.name}.csv")

    @property
    def offsets_file(self) -> Path:
        """Path of the table with one line for each channel of each cell that has a feature shifting module."""
        return self.prefix.with_name(f"{self.prefix.name}-offsets.csv")

    def read(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Both tables; empty where there are none yet."""
        if not self.cells_file.exists():
            return pd.DataFrame(columns=_KEY), pd.DataFrame(columns=_KEY)
        return pd.read_csv(self.cells_file), pd.read_csv(self.offsets_file)

    def write(self, lines: pd.DataFrame, channels: pd.DataFrame) -> None:
        """Replace both tables in one step."""
        tables = {self.cells_file: lines, self.offsets_file: channels}
        write_together(
            {
                file: table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
                for file, table in tables.items()
            }
        )


def measure(record: Record, cells: Sequence[Cell], workers: int, made: Mapping[str, Any]) -> None:
    """Run the cells that the record lacks, and write each down when it is done.

    Args:
        record: Record that holds the results so far, and gets the new ones.
        cells: All cells of the experiment.
        workers: Number of processes, of one thread each; 1 runs the cells in this process.
        made: Further columns of each new line: the commit and the machine.

    Raises:
        ValueError: If the record has cells of another experiment, or if ``workers`` is below 1.
    """
    if workers < 1:
        raise ValueError(f"got {workers} workers; expected at least 1")
    lines, channels = record.read()
    done = [Cell(**key) for key in lines[_KEY].to_dict("records")]
    if strangers := set(done) - set(cells):
        raise ValueError(
            f"{record.cells_file} has {len(strangers)} results of other settings, one of them "
            f"{min(map(str, strangers))}: move it away, or name another --out"
        )
    missing = [cell for cell in cells if cell not in set(done)]
    if not missing:
        return
    order = {cell: place for place, cell in enumerate(cells)}
    with _results(missing, workers) as results:
        progress = tqdm(results, "cells", len(cells), initial=len(done), unit="cell", smoothing=0.02, delay=5)
        for line, of_channels in progress:
            lines = _in_order(lines, pd.DataFrame([{**line, **made}]), order)
            channels = _in_order(channels, of_channels, order)
            record.write(lines, channels)


@contextmanager
def _results(cells: Sequence[Cell], workers: int) -> Iterator[Iterator[Result]]:
    """The results as they come, from several processes, or from this process for a single worker."""
    if workers == 1:
        yield map(run, cells)
        return
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), follow_parent)
    try:
        yield (finished.result() for finished in as_completed([pool.submit(run, cell) for cell in cells]))
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(table: pd.DataFrame, more: pd.DataFrame, order: Mapping[Cell, int]) -> pd.DataFrame:
    """Both tables as one, in the order of the plan, whichever cell was done first."""
    tables = [each for each in (table, more) if len(each)]
    if not tables:
        return table
    whole = pd.concat(tables, ignore_index=True)
    place = [order[Cell(*key)] for key in whole[_KEY].itertuples(index=False, name=None)]
    return whole.iloc[pd.Series(place).argsort(kind="stable")].reset_index(drop=True)
