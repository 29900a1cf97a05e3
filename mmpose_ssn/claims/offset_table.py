"""``offsets.csv``: for each claim about offsets what was measured, how sure that is, or what is missing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from mmpose_ssn.claims.offset_claims import ClaimNotRun, MeasuredClaim

COLUMNS = (
    *("claim", "status", "seen", "finding", "figure", "unit", "boundary", "at_start"),
    *("low90", "high90", "low95", "high95", "stability", "p", "p_holm"),
    *("over", "seeds", "modules", "offsets", "preset", "weights", "commit", "missing"),
)
"""Columns of ``offsets.csv``. The claim is that the figure lies above the boundary, and ``seen`` says whether it does;
``over`` says what the intervals and p are taken over. ``finding`` is empty on the paper's own preset.
"""


def to_csv(results: Iterable[MeasuredClaim | ClaimNotRun], preset: str, commit: str) -> str:
    """The text of ``offsets.csv``, with one line for each claim.

    Args:
        results: The claims as :func:`mmpose_ssn.claims.offset_claims.measure` gives them.
        preset: Preset of the trainings.
        commit: Commit of the code that measured.
    """
    lines = [{"preset": preset, "commit": commit, **_line(one)} for one in results]
    table = pd.DataFrame(lines, columns=list(COLUMNS), dtype=object)
    table = table.map(lambda value: float(f"{value:.6g}") if isinstance(value, float) else value)
    return table.to_csv(index=False, lineterminator="\n")


def _line(one: MeasuredClaim | ClaimNotRun) -> dict[str, Any]:
    if isinstance(one, ClaimNotRun):
        return {"claim": one.claim.id, "status": "not run", "missing": one.missing}
    own = ("figure", "unit", "boundary", "at_start", "stability", "p", "p_holm", "modules", "offsets")
    return {
        "claim": one.claim.id,
        "status": "measured",
        "seen": "yes" if one.seen else "no",
        "finding": one.finding.kind.value if one.finding else None,
        **{name: getattr(one, name) for name in own},
        "low90": one.interval90[0],
        "high90": one.interval90[1],
        "low95": one.interval95[0],
        "high95": one.interval95[1],
        "over": "channels" if len(one.seeds) == 1 else "channels and seeds",
        "seeds": " ".join(map(str, one.seeds)),
        "weights": " ".join(f"{name}={digest}" for name, digest in one.weights.items()),
    }
