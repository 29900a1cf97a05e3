"""``orderings.csv``: for each ordering of two networks, what was measured of it, and how that was decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mmpose_ssn import paper
from mmpose_ssn.report.inputs import RefusedInput

LEVEL = 0.95
"""Level of the intervals."""

OUTCOMES = ("higher", "lower", "undecided")
"""What is said of the first network against the second."""


@dataclass(frozen=True)
class MeasuredOrdering:
    """An ordering whose two networks were scored on the same images.

    Attributes:
        ordering: which networks, and what the paper prints.
        difference: AP of ``ordering.higher`` less that of ``ordering.lower`` in AP points, the mean over seeds.
        interval: its paired bootstrap interval at :data:`LEVEL`, in AP points.
        p: two-sided p-value of no difference.
        p_holm: the same, adjusted for all orderings of the file.
        outcome: one of :data:`OUTCOMES`.
        seeds: the trainings' seeds, in pairs.
        images: images evaluated.
        resamples: bootstrap resamples.
        made: preset, data, data_digest, protocol, commit and date.
    """

    ordering: paper.Ordering
    difference: float
    interval: tuple[float, float]
    p: float
    p_holm: float
    outcome: str
    seeds: tuple[int, ...]
    images: int
    resamples: int
    made: dict[str, str]

    def record(self) -> dict[str, Any]:
        """Its line of ``orderings.csv``."""
        return (
            claim(self.ordering)
            | {
                "status": "measured",
                "difference_measured": self.difference,
                "difference_low": self.interval[0],
                "difference_high": self.interval[1],
                "p": self.p,
                "p_holm": self.p_holm,
                "outcome": self.outcome,
                "seeds": " ".join(map(str, self.seeds)),
                "images": self.images,
                "resamples": self.resamples,
            }
            | self.made
        )


_CLAIM = ("ordering", "higher", "lower", "place", "ours", "difference_printed")
_MADE = ("preset", "data", "data_digest", "protocol", "commit", "date")
COLUMNS = (
    *_CLAIM,
    *("status", "difference_measured", "difference_low", "difference_high", "p", "p_holm", "outcome"),
    *("seeds", "images", "resamples"),
    *_MADE,
)
"""Columns of ``orderings.csv``; differences are in AP points."""


def claim(ordering: paper.Ordering) -> dict[str, Any]:
    """The columns of an ordering that nobody needs to have measured."""
    values = (ordering.id, ordering.higher, ordering.lower, ordering.place, ordering.ours, ordering.difference)
    return dict(zip(_CLAIM, values, strict=True))


def to_csv(measured: Iterable[MeasuredOrdering]) -> str:
    """One line an ordering; differences in AP points."""
    records = [one.record() for one in measured]
    return pd.DataFrame(records, columns=list(COLUMNS), dtype=object).to_csv(index=False, lineterminator="\n")


def read_orderings(path: Path) -> dict[str, MeasuredOrdering]:
    """Read what was measured, keyed by the ordering's id; lines of orderings that were not are passed over.

    Raises:
        RefusedInput: if the file is missing, lacks a column, or holds an ordering that the paper's file does not.
    """
    again = "run python -m mmpose_ssn compare again"
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except OSError as error:
        raise RefusedInput(f"{path}: cannot be read ({error.strerror}); run python -m mmpose_ssn compare") from error
    except ValueError as error:
        raise RefusedInput(f"{path}: {error}; {again}") from error
    if missing := [name for name in COLUMNS if name not in table]:
        raise RefusedInput(f"{path}: lacks the columns {', '.join(missing)}; {again}")
    known, measured = paper.orderings(), {}
    for line, row in enumerate(table.to_dict("records"), start=2):
        if row["status"] != "measured":
            continue
        name = row["ordering"]
        ordering = known.get(name)
        if ordering is None or (ordering.higher, ordering.lower) != (row["higher"], row["lower"]):
            raise RefusedInput(
                f"{path}: line {line}: {name!r} ({row['higher']} over {row['lower']}) is none of the orderings in "
                f"mmpose_ssn/paper/orderings.yaml ({', '.join(known)}); {again}"
            )
        if row["outcome"] not in OUTCOMES:
            raise RefusedInput(f"{path}: line {line}: outcome is {row['outcome']!r}, expected {', '.join(OUTCOMES)}")
        try:
            measured[name] = MeasuredOrdering(
                ordering=ordering,
                difference=float(row["difference_measured"]),
                interval=(float(row["difference_low"]), float(row["difference_high"])),
                p=float(row["p"]),
                p_holm=float(row["p_holm"]),
                outcome=row["outcome"],
                seeds=tuple(map(int, row["seeds"].split())),
                images=int(row["images"]),
                resamples=int(row["resamples"]),
                made={field: row[field] for field in _MADE},
            )
        except ValueError as error:
            raise RefusedInput(f"{path}: line {line}: {error}; {again}") from error
    return measured
