"""How many channels have to do with each keypoint (Figure 6), and how many would by chance.

Figure 6 counts channels of the module's input P, of the non-local maps N and of the attention F. Two traps:

- As Q = ReLU(BN(P + N)), the gradient at N is also the one at P along its direct path. So the literal count says of
  which channels the later layers make use, whoever filled them; the gradient times the activation tells P and N apart.
- F and F * S have one and the same gradient times activation at every position, and so has S, unless F is predicted
  from it. So this form tells nothing of F that it does not tell of S.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmpose_ssn.analysis.keypoint_channels import THRESHOLD, above
from mmpose_ssn.analysis.probe import FloatArray

IntArray = npt.NDArray[np.int64]


def channel_counts(scores: FloatArray, threshold: float = THRESHOLD) -> IntArray:
    """How many channels have a score above the threshold, for each keypoint (Figure 6).

    Args:
        scores: Scores [M, channels] of :func:`mmpose_ssn.analysis.keypoint_scores`.
        threshold: Threshold on the scores.

    Returns:
        Counts [M].
    """
    return above(scores, threshold).sum(axis=1)


@dataclass(frozen=True, eq=False)
class PermutedCounts:
    """Counts of channels, and those with the keypoints' labels permuted.

    Attributes:
        observed: The counts, [M].
        drawn: The counts in each of D draws, [D, M]; each draw's add up to the observed ones' sum.
    """

    observed: IntArray
    drawn: IntArray

    def p_at_least(self, keypoints: npt.ArrayLike) -> float:
        """Share of the draws, the observed counts being one, in which a keypoint, or several together, have as many
        channels as observed or more.

        Args:
            keypoints: Number of a keypoint or numbers of several.
        """
        return self._share(keypoints, 1)

    def p_at_most(self, keypoints: npt.ArrayLike) -> float:
        """Likewise, as many channels as observed or fewer."""
        return self._share(keypoints, -1)

    def _share(self, keypoints: npt.ArrayLike, sign: int) -> float:
        chosen = np.atleast_1d(np.asarray(keypoints))
        drawn, observed = self.drawn[:, chosen].sum(axis=1), self.observed[chosen].sum()
        return float((1 + (sign * (drawn - observed) >= 0).sum()) / (1 + len(drawn)))


def permuted_counts(
    scores: FloatArray, draws: int = 2000, seed: int = 0, threshold: float = THRESHOLD
) -> PermutedCounts:
    """What the counts would be if each channel served as many keypoints as it does, but any of them.

    In each draw every channel's scores are dealt out anew among the keypoints, each channel's for itself. So both the
    number of channels that serve a given number of keypoints and the sum of all counts stay. Channels are taken to be
    independent, which those of one network are not quite: what stands out against the draws stands out from evenness,
    and what another training would give is for other seeds to say.

    Args:
        scores: Scores [M, channels].
        draws: D, number of draws.
        seed: Seed of the draws.
        threshold: Threshold on the scores.
    """
    rng = np.random.default_rng(seed)
    is_above = above(scores, threshold)
    drawn = np.stack([rng.permuted(is_above, axis=0).sum(axis=1) for _ in range(draws)])
    return PermutedCounts(channel_counts(scores, threshold), drawn)
