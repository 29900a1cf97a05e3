"""How cost grows with the size of the data: every step is run at each part of COCO's size, in a process of its own."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from mmpose_ssn.benchmark.coco_size import read_out, steps
from mmpose_ssn.benchmark.coco_size.drawn_copies import CocoSize, draw_scenes, write_root
from mmpose_ssn.benchmark.coco_size.measurement import Measurement
from mmpose_ssn.files import write_together

Step = Callable[..., list[Measurement]]


@dataclass(frozen=True)
class Effort:
    """How long to measure; by default long enough for numbers that mean something.

    Attributes:
        scenes: Number of different images to draw.
        rounds: Number of rounds of each ratio.
        batches: Number of batches in a round of loading.
        resamples: Number of resamples of the bootstrap.
        preset: Preset that gives the widths of the network whose predictors are timed.
    """

    scenes: int = 200
    rounds: int = 7
    batches: int = 12
    resamples: int = 1000
    preset: str = "paper"


QUICK = Effort(scenes=4, rounds=2, batches=1, resamples=20, preset="smoke")
"""Enough to see that everything runs; the numbers mean nothing."""


def measure(out: Path, fractions: Sequence[float], effort: Effort, table: Path, keep: bool = False) -> pd.DataFrame:
    """Run every step at every part of COCO's size, and write the table anew after each.

    Args:
        out: Folder in which a folder for the files is made, and removed at the end.
        fractions: Parts of COCO's size, each from 0.001 to 1.
        effort: How long to measure.
        table: Path of the csv file to write.
        keep: Whether to leave the files.

    Returns:
        A line for each :class:`Measurement`, with ``fraction`` and ``size`` (number of training people, or of
        detections) before it; both are empty where they do not matter.

    Raises:
        ValueError: If a fraction is out of range; nothing has been written then.
    """
    sizes = {fraction: CocoSize().part(fraction) for fraction in fractions}
    lines: list[dict[str, object]] = []
    with _scratch(out, keep) as files, tqdm(total=1 + 6 * len(sizes), desc="COCO's size", unit="step") as progress:

        def take(
            fraction: float | None, size: int | None, step: Callable[..., list[Measurement]], *args: object
        ) -> None:
            lines.extend({"fraction": fraction, "size": size, **vars(one)} for one in _in_new_process(step, *args))
            write_together({table: pd.DataFrame(lines).round(4).to_csv(index=False)})
            progress.update()

        take(None, None, read_out.all_predictors, effort.preset, effort.rounds)
        scenes = draw_scenes(files / "scenes", effort.scenes)
        for fraction, size in sizes.items():
            root = files / f"{fraction:g}"
            write_root(root, scenes, size)
            progress.update()
            people, detections = size.train_people, size.detections
            take(fraction, people, steps.start_up, root, steps.OURS)
            take(fraction, people, steps.start_up, root, steps.THEIRS)
            take(fraction, people, steps.loading, root, (0, 2), effort.rounds, effort.batches)
            take(fraction, detections, steps.scoring, root, size)
            take(fraction, detections, steps.resampling, root, effort.resamples)
            if not keep:
                shutil.rmtree(root)
    return pd.DataFrame(lines)


def exponents(table: pd.DataFrame) -> pd.Series:
    """The power of the size with which time and memory grow, 1 where they are proportional to it.

    It is the slope of the straight line, by least squares, through the logarithms.

    Args:
        table: Table that :func:`measure` returned, for several fractions.

    Returns:
        The power for each (figure, form, unit) in s, CPU s or MB whose value is above zero at two fractions or more.
    """
    grown = table[table["size"].notna() & table.unit.isin(["s", "CPU s", "MB"]) & (table.value > 0)]
    powers = {}
    for key, group in grown.groupby(["figure", "form", "unit"], sort=False):
        if len(group) > 1:
            powers[key] = float(np.polyfit(np.log(group["size"].astype(float)), np.log(group.value), 1)[0])
    return pd.Series(powers, dtype=float)


@contextmanager
def _scratch(out: Path, keep: bool) -> Iterator[Path]:
    out.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="files-", dir=out))
    try:
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _in_new_process(step: Step, *args: object) -> list[Measurement]:
    """A step's result from a process that has imported the steps and done nothing else."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([steps.__name__])  # imports once what takes seconds
    with ProcessPoolExecutor(1, context) as pool:
        return pool.submit(_quietly, step, *args).result()


def _quietly(step: Step, *args: object) -> list[Measurement]:
    warnings.simplefilter("ignore")  # MMPose warns which file it read the keypoints' names from
    with contextlib.redirect_stdout(io.StringIO()):  # the COCO tools print their progress
        return step(*args)
