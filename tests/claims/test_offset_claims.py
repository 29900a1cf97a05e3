"""What is found in made-up offsets whose truth is known, how often chance alone is taken for a finding, and figures and
intervals against slow and closed forms.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import spearmanr

from mmpose_ssn.analysis.trained_offsets import Site, TrainedOffsets
from mmpose_ssn.claims.offset_claims import MEASURES, ClaimNotRun, DrawnChannels, MeasuredClaim, measure, offset_claims
from mmpose_ssn.claims.verdicts import FindingKind

FIVE = [Site(1, 0), Site(1, 1), Site(2, 0), Site(3, 0), Site(4, 0)]
SIXTEEN = [Site(stage, block) for stage, blocks in enumerate((3, 4, 6, 3), start=1) for block in range(blocks)]
HOLDS, DOES_NOT_HOLD, UNDECIDED = FindingKind.HOLDS, FindingKind.DOES_NOT_HOLD, FindingKind.UNDECIDED

ON_GRID = "most-modules-on-the-grid"
DEEPER = "deeper-modules-closer-to-the-grid"
LATE = "grid-late-in-training"
DENSE = "offsets-dense-at-the-centre"
PINNED = "late-rate-pins-offsets"
SHORTER = "shorter-offsets-without-attention"
SHALLOW = "shorter-offsets-without-attention-in-shallow-layers"
STUCK = "offsets-stuck-after-a-strided-block"
OUT = "undelayed-offsets-leave-the-map"

Draw = Callable[[np.random.Generator, int], np.ndarray]


def uniform(rng: np.random.Generator, k: int) -> np.ndarray:
    """As dense everywhere in a disc of 8 pixels."""
    return _polar(rng, 8 * np.sqrt(rng.random(k)))


def snapped(rng: np.random.Generator, k: int) -> np.ndarray:
    return np.round(uniform(rng, k)) + rng.uniform(-0.05, 0.05, (k, 2))


def dense(rng: np.random.Generator, k: int) -> np.ndarray:
    return _polar(rng, rng.exponential(1.5, k))


def _polar(rng: np.random.Generator, radius: np.ndarray) -> np.ndarray:
    angle = rng.uniform(0, 2 * math.pi, len(radius))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def offsets(rng, draw: Draw | dict[int, Draw] = uniform, sites=FIVE, k=64, scale=(1.0, 1.0)):
    """Offsets of every module: ``draw`` for all stages or by stage, scaled in stages 1 and 2, and in 3 and 4."""
    by_stage = draw if isinstance(draw, dict) else dict.fromkeys((1, 2, 3, 4), draw)
    return {site: scale[site.stage > 2] * by_stage[site.stage](rng, k) for site in sites}


def training(end, network="ssn", seed=0, **snapshots) -> TrainedOffsets:
    return TrainedOffsets(network, seed, (192, 256), f"sha256:{network}{seed}", end, **snapshots)


def found(*trainings: TrainedOffsets, preset="figures", descriptive=False, **options) -> dict[str, MeasuredClaim]:
    measured = measure(preset, trainings, descriptive, **options)
    return {one.claim.id: one for one in measured if isinstance(one, MeasuredClaim)}


def kinds(*trainings: TrainedOffsets, **options) -> dict[str, FindingKind]:
    return {name: one.finding.kind for name, one in found(*trainings, **options).items()}


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_every_claim_about_offsets_has_a_measure_and_no_other():
    assert list(MEASURES) == [claim.id for claim in offset_claims()]


# Made-up offsets


def test_offsets_that_ignore_the_grid_are_found_off_it_and_show_nothing_else(rng):
    ssn = training(offsets(rng, k=256), half=offsets(rng, k=256))
    assert kinds(ssn) == {ON_GRID: DOES_NOT_HOLD, DEEPER: UNDECIDED, LATE: UNDECIDED, DENSE: UNDECIDED}


def test_offsets_that_snapped_to_the_grid_late_are_found_there(rng):
    ssn = training(offsets(rng, snapped), half=offsets(rng))
    assert kinds(ssn)[ON_GRID] is HOLDS and kinds(ssn)[LATE] is HOLDS
    left_it = training(offsets(rng), half=offsets(rng, snapped))
    assert kinds(left_it)[LATE] is DOES_NOT_HOLD


def test_a_falling_rate_that_pins_offsets_is_told_from_one_that_does_not(rng):
    on, off = (training(offsets(rng, snapped)), training(offsets(rng), "ssn-no-offset-decay"))
    assert kinds(on, off)[PINNED] is HOLDS
    on, off = (training(offsets(rng, snapped), "ssn-no-offset-decay"), training(offsets(rng)))
    assert kinds(off, on)[PINNED] is DOES_NOT_HOLD


def test_stages_that_are_on_the_grid_are_told_apart_by_depth(rng):
    shallow, deep = {1: snapped, 2: snapped}, {3: snapped, 4: snapped}
    others = dict.fromkeys((1, 2, 3, 4), uniform)
    assert kinds(training(offsets(rng, others | deep)))[DEEPER] is HOLDS
    assert kinds(training(offsets(rng, others | shallow)))[DEEPER] is DOES_NOT_HOLD


def test_offsets_that_crowd_the_centre_are_found_dense(rng):
    assert kinds(training(offsets(rng, dense)))[DENSE] is HOLDS
    assert found(training(offsets(rng, dense)))[DENSE].figure > 0.9
    assert found(training(offsets(rng, uniform)))[DENSE].figure < 0.5
    (near,) = [found(training({site: 0.1 * one for site, one in offsets(rng).items()}))[DENSE]]
    assert near.figure == 1, "all of them in the first ring"


def test_longer_offsets_with_attention_are_found_and_so_is_the_opposite(rng):
    long, short = offsets(rng, scale=(1.5, 1.5)), offsets(rng)
    assert kinds(training(long), training(short, "ssn-wo-ca"))[SHORTER] is HOLDS
    assert kinds(training(short), training(long, "ssn-wo-ca"))[SHORTER] is DOES_NOT_HOLD


def test_where_offsets_are_longer_is_told_by_depth(rng):
    without = training(offsets(rng), "ssn-wo-ca")
    assert kinds(training(offsets(rng, scale=(2, 1))), without)[SHALLOW] is HOLDS
    assert kinds(training(offsets(rng, scale=(1, 2))), without)[SHALLOW] is DOES_NOT_HOLD
    alike = kinds(training(offsets(rng, scale=(2, 2))), without)
    assert (alike[SHORTER], alike[SHALLOW]) == (HOLDS, UNDECIDED)


def test_short_offsets_right_after_strided_blocks_are_found_stuck(rng):
    end = offsets(rng, sites=SIXTEEN)
    assert kinds(training(end, "ssn-16-fsm"))[STUCK] is UNDECIDED
    after = {site: 0.1 * end[site] for site in (Site(2, 1), Site(3, 1), Site(4, 1))}
    stage1 = {site: np.zeros((64, 2)) for site in SIXTEEN if site.stage == 1}  # which has no strided block
    one = found(training(end | after | stage1, "ssn-16-fsm"))[STUCK]
    others = np.concatenate([module for site, module in end.items() if site.stage > 1 and site.block != 1])
    assert one.finding.kind is HOLDS
    assert one.figure == pytest.approx(1 - np.mean(np.hypot(*others.T) < 1))


def test_only_offsets_longer_than_their_map_in_one_direction_have_left_it(rng):
    """On a crop of 192x256 the maps before the strided blocks are 48x64, 24x32 and 12x16, that in stage 4 is 6x8."""
    ends = {Site(1, 0): 48, Site(2, 0): 48, Site(2, 1): 24, Site(3, 0): 24, Site(4, 0): 12, Site(4, 2): 6}
    end = {
        site: np.array([[width - 0.1, 0], [-width - 0.1, 0], [0, width + 0.1], [0, 0]]) for site, width in ends.items()
    }
    still = {site: np.zeros((4, 2)) for site in ends}
    one = found(training(end, "ssn-no-delayed-insertion"), training(still))[OUT]
    assert one.figure == 1 / 4


# Chance alone


def test_chance_is_seldom_taken_for_a_finding():
    """Four questions whose answer is neither; the Holm adjustment is over all of the table."""
    rng, tables, wrong = np.random.default_rng(11), 200, 0
    for number in range(tables):
        ssn = training(offsets(rng), half=offsets(rng))
        answers = kinds(ssn, training(offsets(rng), "ssn-wo-ca"), draws=500, seed=number)
        wrong += any(answers[name] is not UNDECIDED for name in (DEEPER, LATE, SHORTER, SHALLOW))
    assert wrong / tables <= 0.07


def test_what_seeds_differ_in_is_not_taken_for_the_network():
    """Each training has a length of its own, alike in distribution for both networks. One seed cannot know."""
    rng, tables, wrong = np.random.default_rng(12), 60, {1: 0, 3: 0}
    for number in range(tables):
        trainings = [
            training(offsets(rng, scale=(rng.lognormal(0, 0.2),) * 2), network, seed)
            for network in ("ssn", "ssn-wo-ca")
            for seed in range(3)
        ]
        for seeds in wrong:
            own = [one for one in trainings if one.seed < seeds]
            wrong[seeds] += kinds(*own, draws=500, seed=number)[SHORTER] is not UNDECIDED
    assert wrong[1] / tables > 0.3
    assert wrong[3] / tables <= 0.05


def test_three_seeds_that_agree_decide(rng):
    pairs = [
        training(offsets(rng, scale=(scale, scale)), network, seed)
        for network, scale in (("ssn", 1.5), ("ssn-wo-ca", 1.0))
        for seed in range(3)
    ]
    one = found(*pairs)[SHORTER]
    assert one.finding.kind is HOLDS and one.seeds == (0, 1, 2)


def test_a_figure_that_most_draws_contradict_decides_nothing():
    """1, 2 and 4 offsets in rings that each have three and four times the area of the one inside: it takes only one
    offset less in an inner ring for the shape to be lost.
    """
    rings = np.array([0.5, 1.5, 1.5, 3, 3, 3, 3])
    end = {site: np.stack([rings, np.zeros(7)], axis=1) for site in FIVE}
    one = found(training(end))[DENSE]
    assert (one.figure, one.seen) == (1, True)
    assert one.stability < 0.3 and one.p == 1


def test_every_draw_has_scipys_rank_correlation_of_ring_and_density(rng):
    module = np.stack([rng.exponential(3.0, 40), np.zeros(40)], axis=1)
    drawn = DrawnChannels.draw(training({Site(1, 0): module}), 50, rng)
    edges = [0, 1]
    while edges[-1] < module[:, 0].max():
        edges.append(2 * edges[-1])
    expected = []
    for times in drawn.times[Site(1, 0)]:
        density = np.histogram(module[:, 0], edges, weights=times)[0] / np.diff(np.square(edges))
        expected.append(-spearmanr(np.arange(len(density)), density).statistic)
    np.testing.assert_allclose(MEASURES[DENSE].figure([drawn], 0.5), expected, atol=1e-12)


def test_offsets_that_avoid_the_centre_are_found_not_dense(rng):
    def hollow(rng: np.random.Generator, k: int) -> np.ndarray:
        angle, radius = rng.uniform(0, 2 * math.pi, k), rng.uniform(5.0, 8.0, k)
        return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)

    assert kinds(training(offsets(rng, hollow)))[DENSE] is DOES_NOT_HOLD


# Figures and intervals by other ways


def test_figures_are_those_of_the_plain_definitions(rng):
    shapes = {1: dense, 2: uniform, 3: snapped, 4: dense}
    end, half, start = (offsets(rng, shapes) for _ in range(3))
    end[FIVE[0]] = end[FIVE[0]][:32]  # the first module has half of the channels
    half[FIVE[0]] = half[FIVE[0]][:32]
    without = offsets(rng)
    ours = found(training(end, half=half, start=start), training(without, "ssn-wo-ca", start=without))

    def share(of, stages):
        values = [v for site in of if site.stage in stages for v in of[site].ravel().tolist()]
        return sum(abs(v - round(v)) <= 0.1 for v in values) / len(values)

    def mean_length(of, stages):
        each = [np.mean([math.hypot(*v) for v in of[site].tolist()]) for site in of if site.stage in stages]
        return np.mean(each)

    def falls(module):
        radius = np.hypot(*module.T)
        edges = [0, 1]
        while edges[-1] < radius.max():
            edges.append(2 * edges[-1])
        density = np.histogram(radius, edges)[0] / np.diff(np.square(edges))
        return -spearmanr(np.arange(len(density)), density).statistic

    every, shallow, deep = {1, 2, 3, 4}, {1, 2}, {3, 4}
    modules_on_grid = [share({site: one}, every) >= 0.3 for site, one in end.items()]
    ratios = [mean_length(end, stages) / mean_length(without, stages) for stages in (shallow, deep)]
    assert {name: one.figure for name, one in ours.items()} == pytest.approx(
        {
            ON_GRID: np.mean(modules_on_grid),
            DEEPER: share(end, deep) - share(end, shallow),
            LATE: share(end, every) - share(half, every),
            DENSE: np.mean([falls(module) for module in end.values()]),
            SHORTER: mean_length(end, every) - mean_length(without, every),
            SHALLOW: ratios[0] / ratios[1],
        }
    )
    assert ours[SHORTER].at_start == pytest.approx(mean_length(start, every) - mean_length(without, every))
    assert ours[DEEPER].at_start == pytest.approx(share(start, deep) - share(start, shallow))
    assert ours[LATE].at_start is None
    assert (ours[DEEPER].modules, ours[DEEPER].offsets) == (5, 32 + 4 * 64)


def test_intervals_of_a_mean_are_the_normal_ones(rng):
    ends = {network: offsets(rng, k=256) for network in ("ssn", "ssn-wo-ca")}
    one = found(*(training(end, network) for network, end in ends.items()), draws=5000)[SHORTER]
    lengths = [np.linalg.norm(module, axis=1) for end in ends.values() for module in end.values()]
    error = math.sqrt(sum(length.var() / 256 for length in lengths)) / 5
    for (low, high), width in ((one.interval90, 1.6449), (one.interval95, 1.96)):
        assert low == pytest.approx(one.figure - width * error, abs=0.1 * error)
        assert high == pytest.approx(one.figure + width * error, abs=0.1 * error)


def test_moves_of_the_same_offsets_are_compared_in_pairs(rng):
    """Every tenth offset goes onto the grid: far less than the spread of two independent sets would show."""
    half = offsets(rng)
    end = {site: np.where(np.arange(64)[:, None] % 10 == 0, np.round(module), module) for site, module in half.items()}
    assert kinds(training(end, half=half))[LATE] is HOLDS
    assert kinds(training(end, half=end))[LATE] is UNDECIDED, "what does not move shows nothing"


# What is missing, and what is the paper's


def test_a_claim_without_its_trainings_says_what_it_needs(rng):
    ssn, without = training(offsets(rng)), training(offsets(rng), "ssn-wo-ca", seed=1)
    missing = {
        one.claim.id: one.missing for one in measure("figures", [ssn, without], False) if isinstance(one, ClaimNotRun)
    }
    assert missing == {
        STUCK: "a training of ssn-16-fsm",
        OUT: "a training of ssn-no-delayed-insertion",
        LATE: "the snapshot of the offsets at half of the training of ssn seed 0",
        PINNED: "a training of ssn-no-offset-decay",
        SHORTER: "a seed that ssn and ssn-wo-ca have in common",
        SHALLOW: "a seed that ssn and ssn-wo-ca have in common",
    }


def test_where_the_preset_decides_other_questions_all_is_measured_and_nothing_found(rng):
    pair = training(offsets(rng, snapped, scale=(1.5, 1.5))), training(offsets(rng), "ssn-wo-ca")
    decided, told = found(*pair), found(*pair, descriptive=True)
    assert {one.finding.kind for one in told.values()} == {FindingKind.DESCRIPTIVE}
    assert HOLDS in {one.finding.kind for one in decided.values()}
    assert {name: (one.figure, one.interval95, one.p_holm) for name, one in told.items()} == {
        name: (one.figure, one.interval95, one.p_holm) for name, one in decided.items()
    }


def test_full_size_results_are_not_found(rng):
    pair = training(offsets(rng, scale=(1.5, 1.5))), training(offsets(rng), "ssn-wo-ca")
    one = found(*pair, preset="paper")[SHORTER]
    assert one.finding is None and one.seen and one.p_holm < 0.05
