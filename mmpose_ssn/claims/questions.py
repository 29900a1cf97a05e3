"""What each of the paper's claims on AP asks of trained networks, and the comparisons that answer it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from mmpose_ssn.claims.catalogue import claims
from mmpose_ssn.claims.claim import Claim
from mmpose_ssn.claims.orderings import orderings
from mmpose_ssn.evaluation.comparison import Comparison
from mmpose_ssn.evaluation.trained import Contrast, Question, TrainedPredictors, difference, question
from mmpose_ssn.networks import EARLY_PREDICTORS, FINAL_PREDICTOR, PYRAMID_PREDICTORS


def questions(claim: Claim) -> list[Contrast]:
    """The sums of AP that must be above zero for a claim on AP to hold: one, or several for a shape.

    A difference without a printed value has one sum as well, which is to be near zero.
    """

    def of(predictor: str | None) -> Contrast:
        return {(name, predictor): float(weight) for name, weight in claim.contrast.items()}

    subjects = [name for name, weight in claim.contrast.items() if weight > 0]
    if claim.id == "stages-add-up":
        deepest_first = (FINAL_PREDICTOR, *reversed(EARLY_PREDICTORS))
        falling: list[list[Contrast]] = [[{(name, p): 1.0} for p in deepest_first] for name in subjects]
        return [contrast for terms in falling for contrast in _descending(terms)]
    if claim.id == "modules-help-early-most":
        return _descending([of(predictor) for predictor in (*EARLY_PREDICTORS, FINAL_PREDICTOR)])
    if claim.id == "early-predictors-raise-every-predictor":
        pairs = (("ssn", "ssn-wo-esp"), ("backbone-esp", "backbone"))
        return [{(a, p): 1.0, (b, p): -1.0} for a, b in pairs for p in PYRAMID_PREDICTORS]
    if claim.id == "early-predictors-bad-without-modules":
        (name,) = subjects
        first, *_ = EARLY_PREDICTORS
        return [
            {(name, FINAL_PREDICTOR): claim.bound if p == first else 1.0, (name, p): -1.0} for p in EARLY_PREDICTORS
        ]
    if claim.kind == "shape":
        raise LookupError(f"nobody has written what {claim.id} asks for: do so in {__name__}")
    return [of(claim.predictor)]


def planned_families() -> list[list[Contrast]]:
    """What is decided together where a preset names nothing: the orderings of Table 1, ours among them, and what else
    it claims; then what each other table claims, what the text claims, and what each shape needs. What several claims
    ask is asked once, by the first of them.
    """
    families: dict[str, list[Contrast]] = {"1": [difference(one.higher, one.lower) for one in orderings().values()]}
    # This family has one comparison more than there are orderings: the paper also claims of Table 1's figures that
    # shift and attention together bring more than each alone, added up (parts-cooperate). That sum of four rows is one
    # more chance of a false outcome from the same table, so that it counts in the same adjustment.
    asked = {question(contrast) for contrast in families["1"]}
    for claim, contrasts in _asking():
        for contrast in contrasts:
            if question(contrast) not in asked:
                asked.add(question(contrast))
                home = claim.id if claim.kind == "shape" else claim.place.table or "text"
                families.setdefault(home, []).append(contrast)
    return list(families.values())


def repeated() -> list[str]:
    """The claims that rest on just the differences that an earlier one rests on, by their ids."""
    asked: set[frozenset[Question]] = set()
    found = []
    for claim, contrasts in _asking():
        own = frozenset(map(question, contrasts))
        if own in asked:
            found.append(claim.id)
        asked.add(own)
    return found


def compared(trained: TrainedPredictors) -> dict[str, list[Comparison]]:
    """The comparisons that the claims on AP ask for, by the claim's id, where all networks of a claim are trained.

    Raises:
        RefusedInput: If a detection file is missing, or does not give the AP that its ``scores.json`` holds.
    """
    asked = {
        claim.id: contrasts
        for claim, contrasts in _asking()
        if not any(trained.missing(contrast) for contrast in contrasts)
    }
    found = trained.compare({question(one): one for contrasts in asked.values() for one in contrasts})
    return {name: [found[question(one)] for one in contrasts] for name, contrasts in asked.items()}


def _asking() -> list[tuple[Claim, list[Contrast]]]:
    """The claims that compare trained networks' AP, each with the sums that it asks for."""
    compare = [claim for claim in claims().values() if claim.decided_by == "scores" and claim.kind != "point"]
    return [(claim, questions(claim)) for claim in compare]


def _descending(terms: Sequence[Contrast]) -> list[Contrast]:
    """Contrasts that say that each of some sums, which share no term, is above the next."""
    return [
        {**first, **{term: -weight for term, weight in second.items()}} for first, second in itertools.pairwise(terms)
    ]
