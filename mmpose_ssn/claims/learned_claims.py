"""The paper's claims about what networks have learned (Sections 3.1, 3.3, 4.1 and 4.2), from what was measured in each
training (docs/analyses.md), as ``claims.yaml`` defines them.

Every claim is that one figure lies above a boundary, the margin of that file. It is taken in each training, or in each
pair of trainings of one seed. A t test over the seeds, against the boundary, tells how sure their mean is; with one
seed nothing does. Holm's adjustment is over all claims of this kind, measured or not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median, stdev

from scipy.special import stdtr, stdtrit

from mmpose_ssn.claims.catalogue import claims
from mmpose_ssn.claims.claim import Claim
from mmpose_ssn.evaluation.comparison import Interval, holm

Number = Callable[[str, str, str, str], float]
"""A measured number of a training by its name, what it is of, the predictor, and the reading of the score."""

_LITERAL, _GRADIENT = "as it is", "gradient"
_LOWER_BODY = ("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle")


@dataclass(frozen=True)
class LearnedClaim:
    """A claim that was measured in trained networks.

    Attributes:
        claim: The claim.
        figure: Its figure, the mean over seeds.
        seeds: The seeds.
        interval: 95 % interval over seeds; None of one seed.
        p_holm: Two-sided p of a figure at the boundary, adjusted; 1 of one seed.
    """

    claim: Claim
    figure: float
    seeds: tuple[int, ...]
    interval: Interval | None
    p_holm: float

    @property
    def seen(self) -> bool:
        """Whether the figure lies above the boundary."""
        return self.figure > self.claim.bound

    @property
    def words(self) -> str:
        """The figure and how sure it is."""
        said = f"{self.figure:.3g} {self.claim.unit}, held against {self.claim.bound:.3g}; "
        if self.interval is None:
            return said + f"seed {self.seeds[0]} alone"
        low, high = self.interval
        return said + f"95 % over {len(self.seeds)} seeds [{low:.3g}, {high:.3g}]"


@dataclass(frozen=True)
class _Measure:
    """How a claim's figure is computed from the trainings of its networks, the one that it speaks of first."""

    figure: Callable[[Sequence[Number], Sequence[str], str], float]
    of_faces: bool = False


def _one(name: str, of: str = "", reading: str = "", sign: int = 1) -> _Measure:
    """A number as it stands; with a reading, by the early predictor."""
    return _Measure(lambda trained, joints, early: sign * trained[0](name, of, early if reading else "", reading))


def _of_face(name: str, sign: int = 1) -> _Measure:
    return _Measure(_one(name, "head", _GRADIENT, sign).figure, of_faces=True)


def _less(what: Callable[[Number, Sequence[str], str], float]) -> _Measure:
    """The first network's figure less the second's."""
    return _Measure(lambda trained, joints, early: what(trained[0], joints, early) - what(trained[1], joints, early))


def _offsets(number: Number, joints: Sequence[str], early: str) -> float:
    return sum(number("channels-of-joint", joint, early, _LITERAL) for joint in joints)


def _mean_length(number: Number, joints: Sequence[str], early: str) -> float:
    known = [one for joint in joints if not math.isnan(one := number("length-of-joint", joint, early, _LITERAL))]
    return fmean(known) if known else math.nan


def _attention(number: Number, joints: Sequence[str], early: str) -> float:
    return sum(number("channels-of-attention", joint, early, _GRADIENT) for joint in joints)


def _wrists(trained: Sequence[Number], joints: Sequence[str], early: str) -> float:
    """The wrists' ratio of lengths over the larger of 1 and the median of all kinds, so that 1 is what both ask."""
    kinds = dict.fromkeys(joint.removeprefix("left_").removeprefix("right_").replace("_", " ") for joint in joints)
    ratios = {kind: _ratio(*(number("length", kind, early, _LITERAL) for number in trained)) for kind in kinds}
    known = [one for one in ratios.values() if not math.isnan(one)]
    return ratios["wrist"] / max(1.0, median(known)) if known else math.nan


def _lower_body(trained: Sequence[Number], joints: Sequence[str], early: str) -> float:
    lower = [joint for joint in joints if joint in _LOWER_BODY]
    upper = [joint for joint in joints if joint not in _LOWER_BODY]
    below, above = (_ratio(*(_attention(number, part, early) for number in trained)) for part in (lower, upper))
    return _ratio(below, above)


def _ratio(first: float, second: float) -> float:
    return first / second if second else math.nan


MEASURES: Mapping[str, _Measure] = {
    "windows-differ-between-input-channels": _one("windows-differ-by-input"),
    "fsm-widens-the-receptive-field": _less(lambda number, joints, early: number("field-of-peak", "", early, "")),
    "keypoints-use-different-windows": _one("windows-differ", reading=_LITERAL),
    "shoulders-look-down": _one("shoulders-below", reading=_LITERAL),
    "hips-look-up-and-down": _one("hips-vertical", reading=_LITERAL),
    "ankles-look-around": _one("ankles-length-beyond-median", reading=_LITERAL),
    "input-channels-serve-the-face": _of_face("share-of-input"),
    "fsm3-moves-focus-off-the-face": _of_face("share-moved", sign=-1),
    "fsm3-moves-focus-to-upper-limbs": _one("share-moved", "upper limbs", _GRADIENT),
    "windows-differ-by-channel": _one("windows-differ-by-channel"),
    "windows-differ-by-position": _one("windows-differ-by-position"),
    "fewer-offsets-contribute-without-attention": _less(_offsets),
    "smaller-windows-without-attention": _less(_mean_length),
    "smaller-wrist-window-without-attention": _Measure(_wrists),
    "attention-contributes-less-without-shift": _less(_attention),
    "attention-contributes-less-to-the-lower-body": _Measure(_lower_body),
}
"""The measures by the claim's id."""


def measure_learned(
    trainings: Mapping[str, Mapping[int, Number]], joints: Sequence[str], early: str
) -> dict[str, LearnedClaim]:
    """Measure each claim whose networks were looked into, with the seeds that they have in common.

    Args:
        trainings: The numbers of each training, by network and seed.
        joints: Names of the joints.
        early: The predictor that the claims are about.

    Returns:
        The claims that have a figure in every such seed, by id.
    """
    figures: dict[str, tuple[tuple[int, ...], list[float]]] = {}
    for name, how in MEASURES.items():
        networks = list(claims()[name].contrast)
        seeds = set.intersection(*(set(trainings.get(network, ())) for network in networks))
        if not seeds or (how.of_faces and "nose" not in joints):
            continue
        found = [how.figure([trainings[one][seed] for one in networks], joints, early) for seed in sorted(seeds)]
        if not any(map(math.isnan, found)):
            figures[name] = tuple(sorted(seeds)), found
    tested = {name: _test(found, claims()[name].bound) for name, (_, found) in figures.items()}
    adjusted = holm([p for _, p in tested.values()], len(MEASURES))
    return {
        name: LearnedClaim(claims()[name], fmean(found), seeds, tested[name][0], p)
        for (name, (seeds, found)), p in zip(figures.items(), adjusted, strict=True)
    }


def _test(found: Sequence[float], boundary: float) -> tuple[Interval | None, float]:
    """95 % interval of the mean and two-sided p of the boundary, by a t test; of one figure neither is known."""
    if len(found) == 1:
        return None, 1.0
    mean, error, freedom = fmean(found), stdev(found) / math.sqrt(len(found)), len(found) - 1
    half = float(stdtrit(freedom, 0.975)) * error
    if error == 0:
        return (mean, mean), float(mean == boundary)
    return (mean - half, mean + half), 2 * float(stdtr(freedom, -abs(mean - boundary) / error))
