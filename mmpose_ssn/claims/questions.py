"""What each of the paper's claims on AP asks of trained networks, and the comparisons that answer it."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Hashable, Sequence

from mmpose_ssn.claims.catalogue import claims
from mmpose_ssn.claims.claim import Claim
from mmpose_ssn.evaluation.comparison import Comparison
from mmpose_ssn.evaluation.trained import Contrast, TrainedPredictors

_EARLY = ("E1", "E2", "E3")


def questions(claim: Claim) -> list[Contrast]:
    """The sums of AP that must be above zero for a claim on AP to hold: one, or several for a shape.

    A difference without a printed value has one sum as well, which is to be near zero.
    """

    def of(predictor: str | None) -> Contrast:
        return {(name, predictor): float(weight) for name, weight in claim.contrast.items()}

    subjects = [name for name, weight in claim.contrast.items() if weight > 0]
    if claim.id == "stages-add-up":
        falling: list[list[Contrast]] = [[{(name, p): 1.0} for p in ("P4", *reversed(_EARLY))] for name in subjects]
        return [contrast for terms in falling for contrast in _descending(terms)]
    if claim.id == "modules-help-early-most":
        return _descending([of(predictor) for predictor in (*_EARLY, "P4")])
    if claim.id == "early-predictors-raise-every-predictor":
        pairs = (("ssn", "ssn-wo-esp"), ("backbone-esp", "backbone"))
        return [{(a, p): 1.0, (b, p): -1.0} for a, b in pairs for p in ("P1", "P2", "P3", "P4")]
    if claim.id == "early-predictors-bad-without-modules":
        (name,) = subjects
        return [{(name, "P4"): claim.bound if p == "E1" else 1.0, (name, p): -1.0} for p in _EARLY]
    if claim.kind == "shape":
        raise LookupError(f"nobody has written what {claim.id} asks for: do so in {__name__}")
    return [of(claim.predictor)]


def compared(trained: TrainedPredictors) -> dict[str, list[Comparison]]:
    """The comparisons that the claims on AP ask for, by the claim's id, where all networks of a claim are trained.

    Where the preset names what it decides, that is decided and the rest is descriptive. Else the comparisons that one
    table of the paper makes are a family, those that its text makes are another, and those that one shape needs are one
    each: Holm's adjustment is made within each family. What several claims ask for is compared once, for the first.

    Raises:
        RefusedInput: If a detection file is missing, or does not give the AP that its ``scores.json`` holds.
    """
    families: dict[str, dict[Hashable, Contrast]] = defaultdict(dict)
    homes: dict[Hashable, str] = {}
    asked: dict[str, list[Hashable]] = {}
    for claim in claims().values():
        if claim.decided_by != "scores" or claim.kind == "point":
            continue
        contrasts = questions(claim)
        if any(trained.missing(contrast) for contrast in contrasts):
            continue
        family = claim.id if claim.kind == "shape" else claim.place.table or "text"
        asked[claim.id] = [trained.question(contrast) for contrast in contrasts]
        for question, contrast in zip(asked[claim.id], contrasts, strict=True):
            families[homes.setdefault(question, family)][question] = contrast
    found: dict[Hashable, Comparison] = {}
    for contrasts_of_one in families.values():
        found |= trained.compare(contrasts_of_one)
    return {claim: [found[question] for question in own] for claim, own in asked.items()}


def _descending(terms: Sequence[Contrast]) -> list[Contrast]:
    """Contrasts that say that each of some sums, which share no term, is above the next."""
    return [
        {**first, **{term: -weight for term, weight in second.items()}} for first, second in itertools.pairwise(terms)
    ]
