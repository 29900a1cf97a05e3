"""The catalogue of claims: every number and every checkable sentence of the paper, each once, with what would decide
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from mmpose_ssn.checked_yaml import load_checked
from mmpose_ssn.claims.claim import Claim, Margin, Place, PrintedProtocol
from mmpose_ssn.claims.printed_claims import printed_claims
from mmpose_ssn.paper.printed import printed

T = TypeVar("T")


def claims() -> dict[str, Claim]:
    """All claims, keyed by id: those of the tables, orderings and formulas, then the sentences of ``claims.yaml``.

    Raises:
        jsonschema.ValidationError: If a file does not fit its schema; the error names the field.
        ValueError: If two claims have one id, or a claim refers to a margin or protocol that the file does not have.
    """
    loaded = load_checked("mmpose_ssn.claims", "claims")
    protocols = {name: PrintedProtocol(id=name, **fields) for name, fields in loaded["protocols"].items()}
    margins = {name: Margin(**fields) for name, fields in loaded["margins"].items()}
    ledger = {claim.id: claim for claim in printed_claims(protocols, margins)}
    for name, fields in loaded["claims"].items():
        if name in ledger:
            raise ValueError(f"claims.yaml: {name!r} is a claim of a table already, expected another id")
        ledger[name] = _sentence(name, fields, protocols, margins)
    return ledger


def _sentence(
    name: str, fields: dict[str, Any], protocols: Mapping[str, PrintedProtocol], margins: Mapping[str, Margin]
) -> Claim:
    margin = fields["margin"]
    return Claim(
        id=name,
        kind=fields["kind"],
        place=Place(**fields["place"]),
        says=fields["says"],
        quantity=fields["quantity"],
        unit=fields["unit"],
        protocol=_named(protocols, fields["protocol"], name),
        margin=_named(margins, margin, name) if isinstance(margin, str) else Margin(**margin),
        decided_by=fields["decided_by"],
        contrast=fields.get("contrast") or _pair(fields.get("subject"), fields.get("reference")),
        predictor=fields.get("predictor"),
        value=printed(fields.get("value")),
        derived=fields.get("derived", False),
        why=fields.get("why"),
        note=fields.get("note"),
    )


def _named(known: Mapping[str, T], name: str, claim: str) -> T:
    if name not in known:
        raise ValueError(f"claims.yaml: {claim} refers to {name!r}, expected one of: {', '.join(known)}")
    return known[name]


def _pair(subject: str | None, reference: str | None) -> dict[str, int]:
    return {name: weight for name, weight in ((subject, 1), (reference, -1)) if name is not None}
