"""The ledger as a Markdown page and a csv: verdicts first, then what nobody has decided and what that would take."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from mmpose_ssn.paper.verdicts import VerdictKind
from mmpose_ssn.report.ledger import Entry
from mmpose_ssn.report.markup import Columns, escape_markdown, markdown_list, markdown_table

_NONE = "–"


def ledger_to_csv(entries: Sequence[Entry], made: Mapping[str, str]) -> str:
    """One line a claim, with ``made`` (preset, commit, date, ...) on each."""
    lines = []
    for entry in entries:
        claim = entry.claim
        lines.append(
            {
                "claim": claim.id,
                "kind": claim.kind,
                "place": str(claim.place),
                "says": claim.says,
                "printed": claim.value and claim.value.text,
                "unit": claim.unit,
                "margin": claim.margin.value,
                "verdict": entry.verdict.kind.value,
                "basis": str(entry.verdict.basis),
                "asked": entry.asked if entry.finding else None,
                "finding": entry.finding and entry.finding.kind.value,
                "evidence": entry.evidence,
                "files": " ".join(file.as_posix() for file in entry.sources),
                "protocol": claim.protocol.id,
                "note": claim.note,
                **made,
            }
        )
    return pd.DataFrame(lines, dtype=object).to_csv(index=False, lineterminator="\n")


def ledger_to_markdown(entries: Sequence[Entry], preset: str, data: str, folder: Path, made: Mapping[str, str]) -> str:
    """The page.

    Args:
        entries: every claim.
        preset: whose trainings were looked at.
        data: what they were scored on.
        folder: where the page will lie, for its links.
        made: commit, date and the like, to be said at its foot.
    """
    kinds = Counter(entry.verdict.kind for entry in entries)
    asked = [entry for entry in entries if entry.finding]
    findings = Counter(entry.finding.kind.value for entry in asked if entry.finding)
    decided = sorted(  # what does not hold stands first
        (entry for entry in entries if entry.decided), key=lambda entry: entry.verdict.kind is VerdictKind.REPRODUCED
    )
    open_entries = [entry for entry in entries if entry.verdict.kind is VerdictKind.INCONCLUSIVE]
    counts = ", ".join(f"{kinds[kind]} {kind.value}" for kind in VerdictKind)
    page = [
        f"# {len(entries)} claims of the paper",
        "",
        f"**Verdicts on the paper's claims**: {counts}.",
        "",
    ]
    if asked:
        words = ", ".join(f"{number} {word}" for word, number in findings.items())
        page += [
            f"**In the controlled experiment** ({escape_markdown(f'preset {preset}, {data}')}), which asks the same "
            f"questions of other networks on other data and cannot reproduce a COCO number: {words}.",
            "",
        ]
    if asked:
        page += [f"## In the controlled experiment, preset {preset}", "", markdown_table(_findings(asked, folder)), ""]
    page += ["## Verdicts", "", markdown_table(_verdicts(decided + open_entries, folder)), ""]
    page += ["## Not run, by what is missing", "", *_grouped(entries, VerdictKind.NOT_RUN)]
    page += ["## Not testable, and why", "", *_grouped(entries, VerdictKind.NOT_TESTABLE)]
    notes = {
        "Verdict": "reproduced: the 90 % interval of the deviation from the print lies within the margin; "
        "contradicted: the 95 % interval lies wholly outside; else inconclusive. A count is held against the printed "
        "digits. "
        "mmpose_ssn/paper/verdicts.py has the rules, claims.yaml beside it every margin, fixed before any run.",
        "In the controlled experiment": "the direction of a difference, or that a difference is small, by the same "
        "tests and Holm's adjustment within each of the paper's tables, and within its text. With one seed it speaks "
        "of these runs.",
        "Made by": ", ".join(f"{key} {value}" for key, value in made.items()),
    }
    return "\n".join([*page, *markdown_list(notes), ""])


def _verdicts(entries: Sequence[Entry], folder: Path) -> Columns:
    return {
        ("Claim",): [entry.claim.says for entry in entries],
        ("Where",): [str(entry.claim.place) for entry in entries],
        ("Verdict",): [entry.verdict.kind.value for entry in entries],
        ("Because",): [_because(entry) for entry in entries],
        ("From",): [_links(entry, folder) for entry in entries],
    }


def _findings(entries: Sequence[Entry], folder: Path) -> Columns:
    return {
        ("Claim",): [entry.claim.says for entry in entries],
        ("Where",): [str(entry.claim.place) for entry in entries],
        ("Printed,", "COCO val2017"): [str(entry.claim.value or _NONE) for entry in entries],
        ("Asked of the", "experiment"): [entry.asked for entry in entries],
        ("In the controlled", "experiment"): [entry.finding.kind.value if entry.finding else "" for entry in entries],
        ("Because",): [entry.evidence for entry in entries],
        ("From",): [_links(entry, folder) for entry in entries],
    }


def _because(entry: Entry) -> str:
    return f"{entry.verdict.basis} ({entry.evidence})" if entry.evidence else str(entry.verdict.basis)


def _links(entry: Entry, folder: Path) -> str:
    return ", ".join(os.path.relpath(file, folder) for file in entry.sources)


def _grouped(entries: Sequence[Entry], kind: VerdictKind) -> list[str]:
    """A list of claims under each reason, most claims first."""
    reasons: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.verdict.kind is kind:
            reasons[str(entry.verdict.basis)].append(entry)
    lines = []
    for reason, of_it in sorted(reasons.items(), key=lambda item: -len(item[1])):
        ids = ", ".join(entry.claim.id for entry in of_it)
        lines += ["<details>", f"<summary>{len(of_it)}: {escape_markdown(reason)}</summary>"]
        lines += ["", ids, "", "</details>", ""]
    return lines
