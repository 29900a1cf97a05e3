"""Claims about what networks have learned, from numbers that were made up, and the t test against SciPy's own."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
from scipy.stats import ttest_1samp

from mmpose_ssn.claims import claims
from mmpose_ssn.claims.learned_claims import MEASURES, Number, measure_learned

JOINTS = ("nose", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_ankle", "right_ankle")


def training(**numbers: float) -> Number:
    """A training with these numbers, ``name__of`` with underscores for blanks, whatever predictor and reading."""

    def number(name: str, of: str, predictor: str, reading: str) -> float:
        key = (f"{name}__{of}" if of else name).replace("-", "_").replace(" ", "_")
        return numbers.get(key, math.nan)

    return number


def measured(joints=JOINTS, **networks: Mapping[int, Number]):
    return measure_learned({name.replace("_", "-"): of for name, of in networks.items()}, joints, "E1")


def of_joints(name: str, values: Mapping[str, float]) -> dict[str, float]:
    return {f"{name}__{joint}": values.get(joint, values.get("", 0.0)) for joint in JOINTS}


def test_every_claim_on_heatmaps_but_one_is_measured():
    decided = {name for name, claim in claims().items() if claim.decided_by == "heatmaps"}
    assert decided - MEASURES.keys() == {"normalisation-focuses"}
    assert MEASURES.keys() - decided == {"windows-differ-between-input-channels", "fsm-widens-the-receptive-field"}


def test_over_seeds_it_is_a_t_test_against_the_margin():
    below = [0.62, 0.71, 0.66]
    one = measured(ssn={seed: training(shoulders_below=value) for seed, value in enumerate(below)})
    claim = one["shoulders-look-down"]
    tested = ttest_1samp(below, 0.5)
    assert claim.figure == pytest.approx(sum(below) / 3) and claim.seen and claim.seeds == (0, 1, 2)
    assert claim.interval == pytest.approx(tuple(tested.confidence_interval(0.95)))
    assert claim.p_holm == pytest.approx(min(1, len(MEASURES) * tested.pvalue))
    assert "held against 0.5; 95 % over 3 seeds" in claim.words


def test_one_seed_decides_nothing():
    claim = measured(ssn={4: training(hips_vertical=1.2)})["hips-look-up-and-down"]
    assert (claim.seen, claim.interval, claim.p_holm) == (False, None, 1.0)
    assert claim.words.endswith("seed 4 alone")


def test_seeds_that_agree_have_no_spread():
    same = {seed: training(shoulders_below=0.75) for seed in (0, 1)}
    claim = measured(ssn=same)["shoulders-look-down"]
    assert claim.interval == (0.75, 0.75) and claim.p_holm == 0


def test_two_networks_are_held_against_each_other_seed_by_seed():
    with_it = {0: training(field_of_peak=20), 1: training(field_of_peak=26), 2: training(field_of_peak=99)}
    without = {0: training(field_of_peak=18), 1: training(field_of_peak=20)}
    claim = measured(ssn=with_it, backbone_esp=without)["fsm-widens-the-receptive-field"]
    assert claim.figure == 4 and claim.seeds == (0, 1)
    assert "fsm-widens-the-receptive-field" not in measured(ssn=with_it)


def test_faces_are_needed_for_what_is_said_of_them():
    numbers = {0: training(share_moved__head=-0.2, share_of_input__head=0.6, share_moved__upper_limbs=0.1)}
    found = measured(ssn=numbers)
    assert found["fsm3-moves-focus-off-the-face"].figure == 0.2 and found["input-channels-serve-the-face"].seen
    assert set(measured(("left_hip", "top_head"), ssn=numbers)) == {"fsm3-moves-focus-to-upper-limbs"}


def test_counts_and_lengths_are_those_of_all_joints():
    mine = training(
        **of_joints("channels_of_joint", {"": 3}), **of_joints("length_of_joint", {"": 2, "nose": math.nan})
    )
    other = training(**of_joints("channels_of_joint", {"": 1}), **of_joints("length_of_joint", {"": 5}))
    found = measured(ssn={0: mine}, ssn_wo_ca={0: other})
    assert found["fewer-offsets-contribute-without-attention"].figure == 2 * len(JOINTS)
    assert found["smaller-windows-without-attention"].figure == -3


def test_wrists_must_shrink_and_more_than_others():
    plain = {f"length__{kind}": 1.0 for kind in ("nose", "wrist", "hip", "ankle")}
    for lengths, seen in (
        ({"length__wrist": 1.5}, True),
        ({"length__wrist": 0.9, "length__hip": 0.5, "length__nose": 0.5, "length__ankle": 0.5}, False),
        ({"length__wrist": 1.5, "length__hip": 2, "length__nose": 2, "length__ankle": 2}, False),
    ):
        found = measured(ssn={0: training(**{**plain, **lengths})}, ssn_wo_ca={0: training(**plain)})
        assert found["smaller-wrist-window-without-attention"].seen == seen


def test_the_lower_body_is_held_against_the_rest():
    lower = {joint: 6.0 for joint in JOINTS if "hip" in joint or "ankle" in joint}
    mine, other = (training(**of_joints("channels_of_attention", one)) for one in ({"": 4, **lower}, {"": 2}))
    found = measured(ssn={0: mine}, ssn_wo_shift={0: other})
    assert found["attention-contributes-less-to-the-lower-body"].figure == pytest.approx(3 / 2)
    assert found["attention-contributes-less-without-shift"].figure == 4 * (6 - 2) + 3 * (4 - 2)
