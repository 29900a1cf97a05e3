"""The ledger: every claim of the paper with its verdict, what nobody has decided, and what that would take."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from mmpose_ssn import claims
from mmpose_ssn.claims.learned_claims import measure_learned
from mmpose_ssn.claims.ledger import Counted, Entry, MeasuredElsewhere, ledger
from mmpose_ssn.claims.questions import compared, repeated
from mmpose_ssn.claims.verdicts import PAPER_PRESET, Finding, FindingKind, VerdictKind, find_shape
from mmpose_ssn.evaluation.trained import TrainedPredictors
from mmpose_ssn.experiment.provenance import commit
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.pages.analyses import Analyses
from mmpose_ssn.pages.blocks import NONE, Block, Columns, Folded, Heading, Notes, Page, Paragraph, Table
from mmpose_ssn.pages.results import Results, read_table
from mmpose_ssn.pages.study import Study


def page(results: Results) -> Page:
    """The ledger, as far as the files go.

    Raises:
        RefusedInput: If a file does not fit its format, another file, or the preset.
    """
    scores = results.scores("claims")
    study, trained = Study.of(results, scores), results.trained(scores)
    costs, offsets = results.folder / "cost-claims.csv", results.folder / results.preset / "offsets.csv"
    comparisons, measured = {}, {}
    if not study.meaningless:  # such a preset has no finding on anything
        comparisons = compared(trained)
        measured = read_offsets(offsets, trained, study.primary) if offsets.is_file() else {}
        measured |= read_learned(results, trained, study.primary)
    sources = {"cost": costs, "offsets": offsets}
    entries = ledger(trained, comparisons, read_costs(costs), measured, sources)
    made = {"preset": results.preset, "metric": study.metric, "data": study.data or "nothing scored"}
    return page_of(entries, study, results.folder, made | {"commit": commit(), "date": date.today().isoformat()})


def page_of(entries: Sequence[Entry], study: Study, folder: Path, made: Mapping[str, str]) -> Page:
    """The page of some entries.

    Args:
        entries: Every claim.
        study: The measured figures.
        folder: The folder that the page will lie in, for its links.
        made: Preset, metric, data, commit and date, to be said at the page's foot and on each line of its CSV file.
    """
    quoted = sum(entry.claim.quoted for entry in entries)
    kinds = Counter(entry.verdict.kind for entry in entries if not entry.claim.quoted)
    asked = [entry for entry in entries if entry.finding]
    decided = sorted(  # what does not hold stands first
        (entry for entry in entries if entry.decided), key=lambda entry: entry.verdict.kind is VerdictKind.REPRODUCED
    )
    open_entries = [entry for entry in entries if entry.verdict.kind is VerdictKind.INCONCLUSIVE]
    counts = ", ".join(f"{kinds[kind]} {kind.value}" for kind in VerdictKind)
    if quoted:
        counts += f"; beside them {quoted} figures of other work, which the paper quotes and nothing here can test"
    if again := repeated():
        counts += f"; {len(again)} of the claims rest on a difference that another one rests on"
    blocks: list[Block] = [Paragraph(f": {counts}.", "Verdicts on the paper's claims")]
    if asked:
        findings = Counter(entry.finding.kind for entry in asked if entry.finding)
        words = ", ".join(f"{findings[kind]} {kind.value}" for kind in FindingKind if findings[kind])
        experiment = f"preset {made['preset']}, {study.metric} on {made['data']}"
        blocks += [
            Paragraph(
                f" ({experiment}), which asks the same questions of other networks on other data: {words}.",
                "In the controlled experiment",
            ),
            Heading(f"In the controlled experiment, preset {made['preset']}"),
            Table(_findings(asked, folder)),
        ]
    blocks += [
        Heading("Verdicts"),
        Table(_verdicts(decided + open_entries, folder)),
        Heading("Not run, by what is missing"),
        *_grouped(entries, VerdictKind.NOT_RUN),
        Heading("Not testable, and why"),
        *_grouped(entries, VerdictKind.NOT_TESTABLE),
        Notes(
            {
                "Verdict": "reproduced: the 90 % interval of the deviation from the print lies within the margin; "
                "contradicted: the 95 % interval lies wholly outside; else inconclusive. A gain is judged by its "
                "direction, a count is held against the printed digits. mmpose_ssn/claims/verdicts.py has the rules, "
                "claims.yaml beside it every margin, fixed before any run.",
                "In the controlled experiment": "the direction of a difference, or that a difference is small, by the "
                "same tests. " + _DECIDED[study.primary],
                **({"Not compared": study.bound} if study.bound else {}),
                "Made by": ", ".join(f"{key} {value}" for key, value in made.items()),
            }
        ),
    ]
    notices = study.data_notices
    return Page(
        title=f"{len(entries) - quoted} claims of the paper",
        notices=notices,
        meaningless=study.meaningless,
        blocks=blocks,
        records={"": [_record(one, made) | {"notice": " ".join(notices)} for one in entries]},
    )


_DECIDED = {
    True: "It decides what its preset names, all of that together by Holm. Everything else is descriptive: its figures "
    "are shown, and nothing is said of whether it holds.",
    False: "Holm's adjustment is within each of the paper's tables, and within its text.",
}
"""What is decided, by whether the preset names it."""


def read_costs(file: Path) -> dict[str, Counted]:
    """The lines of ``cost-claims.csv``, by claim id.

    Raises:
        RefusedInput: If the file is missing, lacks a column, or is of another version of the claims.
    """
    command = "complexity --claims"
    lines = read_table(file, ("id", "counted", "relation", "bound", "holds", "how"), command)
    _expect_known(file, [line["id"] for line in lines], command)
    return {
        line["id"]: Counted(
            float(line["counted"]), line["bound"], line["relation"], line["holds"] == "True", line["how"]
        )
        for line in lines
    }


def read_offsets(file: Path, trained: TrainedPredictors, primary: bool) -> dict[str, MeasuredElsewhere]:
    """The claims of ``offsets.csv`` that were measured and have a finding, by claim id.

    Raises:
        RefusedInput: If the file is missing, lacks a column, or is of another preset or version of the claims.
    """
    columns = (
        "claim",
        "status",
        "finding",
        "figure",
        "unit",
        "boundary",
        "low95",
        "high95",
        "p_holm",
        "over",
        "preset",
    )
    lines, found = read_table(file, columns, "offsets"), {}
    _expect_known(file, [line["claim"] for line in lines], "offsets")
    for line in lines:
        if line["preset"] != trained.preset:
            raise RefusedInput(
                f"{file}: {line['claim']}: preset is {line['preset']!r}, but the ledger is for {trained.preset!r}"
            )
        if line["status"] != "measured" or not line["finding"]:
            continue
        figure = f"{float(line['figure']):.3g} {line['unit']}, held against {float(line['boundary']):.3g}"
        interval = f"95 % [{float(line['low95']):.3g}, {float(line['high95']):.3g}]"
        networks = claims.claims()[line["claim"]].contrast
        if not all(trained.of(network) for network in networks):
            continue  # measured on trainings that this page does not show
        too_low = trained.too_low(networks)
        kind = FindingKind(line["finding"])
        if too_low or primary:  # whatever the preset said when the file was written
            kind = FindingKind.NOT_COMPARED if too_low else FindingKind.DESCRIPTIVE
        found[line["claim"]] = MeasuredElsewhere(
            Finding(trained.preset, kind, in_these_runs=line["over"] == "channels"),
            f"{figure}; {interval}" + ("" if primary else f", p = {float(line['p_holm']):.2g} after Holm"),
        )
    return found


def read_learned(results: Results, trained: TrainedPredictors, primary: bool) -> dict[str, MeasuredElsewhere]:
    """The claims about what the preset's networks have learned, as far as these were looked into, by claim id.

    Raises:
        RefusedInput: If an analysis does not fit its format or another one.
    """
    if trained.preset == PAPER_PRESET or not (analyses := Analyses.any_of(results, "figure7")):
        return {}
    shown = [one for one in analyses.read if trained.of(one.network)]
    numbers = {name: {one.seed: one.value for one in shown if one.network == name} for name in analyses.networks}
    found = {}
    for name, one in measure_learned(numbers, analyses.joints, analyses.early).items():
        too_low, alone = trained.too_low(one.claim.contrast), len(one.seeds) == 1
        finding = find_shape(trained.preset, one.seen, one.p_holm, alone, descriptive=primary)
        if too_low:
            finding = Finding(trained.preset, FindingKind.NOT_COMPARED, in_these_runs=alone)
        files = [of.file for of in shown if of.network in one.claim.contrast and of.seed in one.seeds]
        said = one.words + ("" if primary or alone else f", p = {one.p_holm:.2g} after Holm")
        found[name] = MeasuredElsewhere(finding, said, tuple(files))
    return found


def _expect_known(file: Path, names: Sequence[str], command: str) -> None:
    if strangers := sorted(set(names) - claims.claims().keys()):
        raise RefusedInput(
            f"{file}: the ledger has no claim {', '.join(strangers)}; run python -m mmpose_ssn {command} again"
        )


def _record(entry: Entry, made: Mapping[str, str]) -> dict[str, Any]:
    """A claim's line of the CSV file."""
    claim = entry.claim
    return {
        "claim": claim.id,
        "kind": claim.kind,
        "place": str(claim.place),
        "says": claim.says,
        "printed": claim.value and claim.value.text,
        "unit": claim.unit,
        "margin": claim.margin.value,
        "verdict": entry.verdict.words,
        "basis": str(entry.verdict.basis),
        "asked": entry.asked if entry.finding else None,
        "finding": entry.finding and entry.finding.words,
        "evidence": entry.evidence,
        "files": " ".join(file.as_posix() for file in entry.sources),
        "protocol": claim.protocol.id,
        "note": claim.note,
        "quoted": claim.quoted,
        **made,
    }


def _verdicts(entries: Sequence[Entry], folder: Path) -> Columns:
    return {
        ("Claim",): [entry.claim.says for entry in entries],
        ("Where",): [str(entry.claim.place) for entry in entries],
        ("Verdict",): [entry.verdict.words for entry in entries],
        ("Because",): [_because(entry) for entry in entries],
        ("From",): [_links(entry, folder) for entry in entries],
    }


def _findings(entries: Sequence[Entry], folder: Path) -> Columns:
    return {
        ("Claim",): [entry.claim.says for entry in entries],
        ("Where",): [str(entry.claim.place) for entry in entries],
        ("Printed,", "COCO val2017"): [str(entry.claim.value or NONE) for entry in entries],
        ("Asked of the", "experiment"): [entry.asked for entry in entries],
        ("In the controlled", "experiment"): [entry.finding.words if entry.finding else "" for entry in entries],
        ("Because",): [entry.evidence for entry in entries],
        ("From",): [_links(entry, folder) for entry in entries],
    }


def _because(entry: Entry) -> str:
    return f"{entry.verdict.basis} ({entry.evidence})" if entry.evidence else str(entry.verdict.basis)


def _links(entry: Entry, folder: Path) -> str:
    return ", ".join(os.path.relpath(file, folder) for file in entry.sources)


def _grouped(entries: Sequence[Entry], kind: VerdictKind) -> list[Folded]:
    """The claims under each reason, most claims first."""
    reasons: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.verdict.kind is kind:
            reasons[str(entry.verdict.basis)].append(entry)
    return [
        Folded(f"{len(of_it)}: {reason}", ", ".join(entry.claim.id for entry in of_it))
        for reason, of_it in sorted(reasons.items(), key=lambda item: -len(item[1]))
    ]
