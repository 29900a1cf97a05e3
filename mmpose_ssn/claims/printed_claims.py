"""Each number that the paper's tables print, each order of Table 1 and each printed formula, as a claim of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from mmpose_ssn.claims.claim import Claim, Margin, Place, PrintedProtocol
from mmpose_ssn.claims.orderings import orderings
from mmpose_ssn.networks import FINAL_PREDICTOR
from mmpose_ssn.paper.formulas import formulas
from mmpose_ssn.paper.tables import PaperRow, Table3Row, table1, table2, table3

_QUOTED = "a result of other work, which the paper quotes and neither trained nor scored"


def printed_claims(protocols: Mapping[str, PrintedProtocol], margins: Mapping[str, Margin]) -> Iterator[Claim]:
    """Yield the claims that need no words of their own, in the order of the paper's tables.

    Args:
        protocols: Protocols by id, with ``val``, ``test-dev`` and ``counted`` among them.
        margins: Margins by id, with ``reimplementation``, ``unknown``, ``digits`` and ``direction`` among them.
    """
    yield from _table1(protocols, margins)
    yield from _table2(protocols["val"], margins)
    for row in table3().values():
        yield from _test_dev(row, protocols, margins)
    yield from _orderings(protocols["val"], margins["direction"])
    for formula in formulas().values():
        yield Claim(
            id=formula.id,
            kind="count",
            place=Place(formula.section),
            says=f"{formula.says} Their number is {formula.expression}.",
            quantity="parameters",
            unit=formula.unit,
            protocol=protocols["counted"],
            margin=margins["digits"],
            decided_by="cost",
            note=formula.note,
        )


def _table1(protocols: Mapping[str, PrintedProtocol], margins: Mapping[str, Margin]) -> Iterator[Claim]:
    for row in table1().values():
        if row.table != 1 or row.ap is None:
            continue
        place = Place("4.2", "1", row.row)
        yield Claim(
            id=f"table1-{row.id}-ap",
            kind="point",
            place=replace(place, column="mAP"),
            says=f"{row.method} reaches {row.ap}.",
            quantity="AP",
            unit="AP points",
            protocol=protocols["val"],
            margin=margins["reimplementation"],
            decided_by="scores",
            contrast={row.id: 1},
            value=row.ap,
        )
        yield from _costs(row, place, protocols["counted"], margins["digits"])


def _costs(
    row: PaperRow | Table3Row, place: Place, protocol: PrintedProtocol, margin: Margin, why: str | None = None
) -> Iterator[Claim]:
    for name, column, quantity, unit, value in (
        ("params", "#Params", "parameters", "M", row.params_m),
        ("flops", "FLOPS", "FLOPs", "G", row.flops_g),
    ):
        if value is not None:
            yield Claim(
                id=f"table{place.table}-{row.id}-{name}",
                kind="point",
                place=replace(place, column=column),
                says=f"{row.method} has {value} {unit} {quantity}.",
                quantity=quantity,
                unit=unit,
                protocol=protocol,
                margin=margin,
                decided_by="not testable" if why else "cost",
                contrast={row.id: 1},
                value=value,
                why=why,
                quoted=why == _QUOTED,
            )


def _table2(protocol: PrintedProtocol, margins: Mapping[str, Margin]) -> Iterator[Claim]:
    for row in table2().values():
        for predictor, ap in row.ap.items():
            yield Claim(
                id=f"table2-{row.id}-{predictor.lower()}",
                kind="point",
                place=Place("4.2", "2", row.row, predictor),
                says=f"{predictor} of {row.method} reaches {ap}.",
                quantity="AP",
                unit="AP points",
                protocol=protocol,
                margin=margins["reimplementation" if predictor == FINAL_PREDICTOR else "unknown"],
                decided_by="scores",
                contrast={row.id: 1},
                predictor=predictor,
                value=ap,
            )
        for gain in row.gains:
            for predictor, points in gain.points.items():
                yield Claim(
                    id=f"table2-{row.id}-{predictor.lower()}-{gain.introduced.lower()}-gain",
                    kind="difference",
                    place=Place("4.2", "2", row.row, predictor),
                    says=f"{gain.introduced} raises {predictor} of {row.method} by {points}.",
                    quantity="AP",
                    unit="AP points",
                    protocol=protocol,
                    margin=margins["direction"],
                    decided_by="scores",
                    contrast={row.id: 1, gain.over: -1},
                    predictor=predictor,
                    value=points,
                )


def _test_dev(
    row: Table3Row, protocols: Mapping[str, PrintedProtocol], margins: Mapping[str, Margin]
) -> Iterator[Claim]:
    why = _QUOTED if row.citation else None
    place = Place("4.3", "3", row.row)
    yield from _costs(row, place, protocols["counted"], margins["digits"], why)
    for name, value in row.scores.items():
        yield Claim(
            id=f"table3-{row.id}-{_SCORES[name]}",
            kind="point",
            place=replace(place, column=name),
            says=f"{row.method} reaches {value} in {name} on test-dev.",
            quantity=name,
            unit="AR points" if name == "AR" else "AP points",
            protocol=protocols["test-dev"],
            margin=margins["reimplementation" if name == "AP" else "unknown"],
            decided_by="not testable" if why else "test-dev",
            contrast={row.id: 1},
            value=value,
            why=why,
            quoted=why == _QUOTED,
        )


_SCORES = {"AP": "ap", "AP .5": "ap50", "AP .75": "ap75", "AP (M)": "apm", "AP (L)": "apl", "AR": "ar"}


def _orderings(protocol: PrintedProtocol, margin: Margin) -> Iterator[Claim]:
    rows = table1()
    for ordering in orderings().values():
        if ordering.ours:
            continue
        higher, lower = rows[ordering.higher], rows[ordering.lower]
        yield Claim(
            id=ordering.id,
            kind="ordering",
            place=Place("4.2", "1", None, "mAP"),
            says=f"{higher.method} does better than {lower.method}.",
            quantity="AP",
            unit="AP points",
            protocol=protocol,
            margin=margin,
            decided_by="scores",
            contrast={ordering.higher: 1, ordering.lower: -1},
            value=ordering.difference,
            derived=True,
            note=ordering.place,
        )
