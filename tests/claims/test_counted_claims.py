"""Every claim that counting decides is counted, by the full-size networks alone, and a wrong network is noticed."""

from __future__ import annotations

import csv
import functools
import re
from dataclasses import replace

import pytest

import mmpose_ssn.claims
from mmpose_ssn.__main__ import main
from mmpose_ssn.claims import counted_claims as counting
from mmpose_ssn.claims.counted_claims import CountedClaim, Relation, counted_claims, full_size
from mmpose_ssn.complexity import POLICY
from mmpose_ssn.complexity import full_size as network_counting
from mmpose_ssn.complexity.full_size import count_network
from mmpose_ssn.paper import PrintedNumber, formulas, supplement, table3

claims = functools.cache(mmpose_ssn.claims.claims)

# SSN's modules: (C, K, height x width of the map), by hand from Section 4 and ResNet-50's table
MODULES = [
    (64, 256, 64 * 48),
    *[(256, 512, 64 * 48)] * 3,  # two in stage 1, one before stage 2
    *[(512, 512, 32 * 24)] * 3,
    *[(1024, 512, 16 * 12)] * 5,
    (2048, 512, 8 * 6),
]
# The 3x3 convolutions of the blocks that follow them: (channels, height x width of the output)
FOLLOWING = [
    *[(64, 64 * 48)] * 3,
    *[(128, 32 * 24)] * 3,
    *[(256, 16 * 12)] * 5,
    *[(512, 8 * 6)] * 2,
]


@pytest.fixture(scope="module")
def costs(counted):
    """What each network costs, by its name."""
    simplebaseline, _ = count_network(full_size("simplebaseline-r101"))
    return {name: entry.whole for name, entry in counted.items()} | {"simplebaseline-r101": simplebaseline}


@pytest.fixture(scope="module")
def ledger(costs):
    """The counted claims by id."""
    return {own.claim.id: own for own in counted_claims(costs=costs)}


@pytest.fixture
def count_one(costs, monkeypatch):
    """Count one claim, with networks of other configs in the place of those that it names."""

    def counted(claim, **instead):
        monkeypatch.setattr(counting, "claims", lambda: {claim: claims()[claim]})
        (own,) = counted_claims(lambda name: instead.get(name) or full_size(name), costs)
        return own

    return counted


def failing(counted):
    return {own.claim.id for own in counted if not own.holds}


def test_the_claims_counted_are_the_cost_claims_of_the_ledger(ledger):
    assert list(ledger) == [claim.id for claim in claims().values() if claim.decided_by == "cost"]


def test_all_hold_but_two(ledger):
    assert failing(ledger.values()) == {"ssn-cheaper-than-simplebaseline-r101", "fsm-as-light-as-a-convolution"}


def test_printed_figures_round_to_their_digits(ledger):
    points = [own for own in ledger.values() if own.claim.kind == "point"]
    assert len(points) == 26
    for own in points:
        assert f"{own.counted:.1f}" == own.as_row()["bound"], own.claim.id


def test_gaps_by_hand(ledger):
    def by_hand(number):
        return pytest.approx(number, rel=1e-12)

    shifted = 7 * sum(k * positions for _, k, positions in MODULES)
    assert ledger["shift-costs-operations"].counted == by_hand(shifted / 1e9)
    assert ledger["shift-costs-no-parameters"].counted == by_hand(2 * sum(k for _, k, _ in MODULES) / 1e6)
    attention = sum(k * c + k for c, k, _ in MODULES)
    assert ledger["attention-costs-parameters"].counted == by_hand(attention / 1e6)
    # two of the three convolutions with their biases, the offsets, and BN
    modules = sum(2 * k * c + k + c + 2 * k + 2 * c for c, k, _ in MODULES)
    assert ledger["module-parameters-without-attention"].counted == by_hand(modules / 1e6)
    # E1, E2 and E3: a 1x1 convolution to 256 channels where there are others, then 1x1, 3x3 and BN
    predictors = sum((c * 256 + 512) * (c != 256) + 256 * 256 + 512 + 256 * 17 * 9 + 34 for c in (256, 512, 1024))
    assert ledger["predictors-cost-parameters"].counted == by_hand(predictors / 1e6)


def test_modules_over_convolutions_by_hand(ledger):
    macs = sum(3 * k * c * positions for c, k, positions in MODULES)
    # biases, shift, the attention's softplus, sum, division and product; then residual, BN and ReLU
    others = sum((2 * k + c + 7 * k + 4 * k + 4 * c) * positions for c, k, positions in MODULES)
    following = sum(9 * c * c * positions for c, positions in FOLLOWING)
    dense = sum(9 * c * c * positions for c, _, positions in MODULES)
    own = ledger["fsm-as-light-as-a-convolution"]
    assert len(MODULES) == len(FOLLOWING) == 13
    assert own.counted == pytest.approx((macs + others) / following, rel=1e-12) and not own.holds
    parameters = sum(3 * k * c + 2 * k + 2 * k + c + 2 * c for c, k, _ in MODULES)
    assert f"{parameters / sum(9 * c * c for c, _ in FOLLOWING):.2f} times the parameters" in own.how
    of_dense = parameters / sum(9 * c * c for c, _, _ in MODULES)
    assert f"channels {of_dense:.2f} and {(macs + others) / dense:.2f}" in own.how


def test_modules_of_few_channels_are_as_light_as_a_convolution(count_one):
    narrow = with_backbone("ssn", fsm=dict(shift_channels=32), first_shift_channels=32)
    assert count_one("fsm-as-light-as-a-convolution", ssn=narrow).holds


def test_the_module_that_other_convolutions_surpass_least_is_the_first(ledger):
    c, k, _ = MODULES[0]
    active, deformable, fsm = k * c**2 + 2 * k, k * c**2 + 2 * k * c, 3 * k * c + 2 * k
    assert ledger["fsm-cheaper-than-active-and-deformable"].counted == min(active, deformable) - fsm


def everywhere(config):
    """One network for all whose modules the formulas are held against."""
    return dict.fromkeys(("ssn", "ssn-k256", "lite-k256", "lite-k512"), config)


@pytest.mark.parametrize(
    ("claim", "wrong", "surplus"),
    [
        ("fsm-parameters", "3*K*C + 3*K", 256),
        ("active-convolution-parameters", "K*C**2", 2 * 256),
        ("deformable-convolution-parameters", "K*C**2 + 2*C", 2 * 256 * 256 - 2 * 256),
    ],
)
def test_a_wrong_formula_deviates_by_what_is_wrong_in_it(claim, wrong, surplus, count_one, monkeypatch):
    wrong_formula = replace(formulas()[claim], expression=wrong)
    monkeypatch.setattr(counting, "formulas", lambda: {claim: wrong_formula})
    own = count_one(claim, **everywhere(full_size("lite-k256")))
    assert own.counted == surplus and not own.holds


@pytest.mark.parametrize(("lacks", "number"), [(dict(shift=False), 2 * 256), (dict(attention=None), 256 * 256 + 256)])
def test_modules_that_lack_something_do_not_fit_the_formula(lacks, number, count_one):
    own = count_one("fsm-parameters", **everywhere(with_backbone("lite-k256", fsm=lacks)))
    assert own.counted == number and not own.holds


def test_simplebaselines_printed_operations_are_near_those_of_another_policy(costs):
    row, own = table3()["simplebaseline-r101"], costs["simplebaseline-r101"]
    width, height = full_size("simplebaseline-r101").model.head.decoder.input_size
    assert row.input_size == f"{height}x{width}"
    assert row.params_m.matches(own.params / 1e6)
    # Three transposed convolutions of 4x4 and stride 2 to 256 channels, the first from 2048 at 1/32. Whoever counts
    # them at each output has them four times.
    inputs = [2048 * height * width // 32**2, 256 * height * width // 16**2, 256 * height * width // 8**2]
    at_outputs = own.ops + 3 * 16 * 256 * sum(inputs)
    assert at_outputs / 1e9 == pytest.approx(float(row.flops_g), abs=0.1)
    assert own.ops / 1e9 < 0.7 * float(row.flops_g)


def test_costs_of_a_wrong_network_are_noticed(costs):
    noticed = failing(counted_claims(costs=costs | {"ssn": costs["ssn-k256"]}))
    assert noticed >= {
        *("table1-ssn-params", "table1-ssn-flops", "table3-ssn-params", "table3-ssn-flops"),
        *("attention-costs-parameters", "attention-costs-operations", "shift-costs-operations"),
        *("shift-costs-no-parameters", "predictors-cost-parameters", "predictors-cost-operations"),
    }
    assert not noticed & {"table1-ssn-k256-params", "modules", "shifting-channels", "fsm-parameters"}


def test_a_network_is_counted_where_its_cost_is_not_given(costs, monkeypatch):
    monkeypatch.setattr(counting, "claims", lambda: {"table1-lite-k512-params": claims()["table1-lite-k512-params"]})
    (own,) = counted_claims(lambda _: full_size("lite-k256"))
    assert own.counted == costs["lite-k256"].params / 1e6 and not own.holds


def with_backbone(network, **arguments):
    config = full_size(network)
    config.model.backbone.update(arguments)
    return config


@pytest.mark.parametrize(
    ("claim", "arguments", "number"),
    [
        ("modules", dict(every_block=True), 16),
        ("modules", dict(stage_blocks=(3, 3, 7, 3)), 13),
        ("bottleneck-blocks", dict(stage_blocks=(4, 4, 4, 4)), 16),
        ("shifting-channels-of-the-first", dict(first_shift_channels=512), 512),
        ("shifting-channels", dict(fsm=dict(shift_channels=511)), 511),
    ],
    ids=str,
)
def test_a_wrong_ssn_is_noticed(claim, arguments, number, count_one):
    own = count_one(claim, ssn=with_backbone("ssn", **arguments))
    assert not own.holds
    assert number is None or own.counted == number


@pytest.mark.parametrize(
    ("arguments", "number", "layers"),
    [(dict(blocks=2), 2, 4), (dict(blocks=4), 4, 4), (dict(fsm=None), 0, 7)],
    ids=str,
)
def test_a_lite_network_with_other_layers_is_noticed(arguments, number, layers, count_one):
    for claim, counted in (("lite-blocks-and-modules", number), ("lite-layers", layers)):
        own = count_one(claim, **{"lite-k512": with_backbone("lite-k512", **arguments)})
        assert own.counted == counted and not own.holds


@pytest.mark.parametrize(
    ("index", "printed"),
    [
        (0, dict(output=(3, 192, 256))),
        (1, dict(kernel=5)),
        (1, dict(layer="conv-BN-ReLU")),
        (2, dict(stride=1)),
        (3, dict(layer="Bottleneck")),
        (9, dict(kernel=3)),
        (10, dict(output=(16, 64, 48))),
    ],
    ids=str,
)
def test_another_printed_layer_is_told_from_the_networks(index, printed, count_one, monkeypatch):
    table = list(supplement())
    table[index] = replace(table[index], **printed)
    monkeypatch.setattr(counting, "supplement", lambda: tuple(table))
    own = count_one("lite-layers")
    assert own.counted == 1 and not own.holds


def a_claim(**fields):
    return replace(claims()["table1-ssn-params"], id="a-claim", **fields)


@pytest.mark.parametrize(
    "fields",
    [
        dict(kind="shape"),
        dict(quantity="latency", unit="ms"),
        dict(kind="difference", value=None),
        dict(contrast={}),
        dict(unit="G"),
    ],
    ids=str,
)
def test_a_claim_that_nobody_counts_is_an_error(fields, monkeypatch):
    unknown = a_claim(**fields)
    monkeypatch.setattr(counting, "claims", lambda: {unknown.id: unknown})
    with pytest.raises(LookupError, match=re.escape("'a-claim'") + ".*write its count in"):
        counted_claims()


def holds(figure, relation, **fields):
    return CountedClaim(a_claim(**fields), figure, relation, "by nothing").holds


def test_a_printed_figure_is_met_by_its_digits_and_a_gap_within_the_rounding_of_both():
    value = PrintedNumber("2.5")
    assert holds(2.549, Relation.DIGITS, value=value)
    assert not holds(2.551, Relation.DIGITS, value=value)
    gap = dict(value=value, derived=True, contrast={"ssn": 1, "ssn-wo-ca": -1})
    assert holds(2.59, Relation.ROUNDING, **gap) and holds(2.41, Relation.ROUNDING, **gap)
    assert not holds(2.61, Relation.ROUNDING, **gap)
    assert not holds(2.39, Relation.ROUNDING, **gap)


def test_a_direction_needs_more_than_nothing_and_a_limit_may_be_reached():
    assert not holds(0, Relation.ABOVE) and holds(1e-9, Relation.ABOVE)
    assert holds(0, Relation.AT_MOST) and not holds(1e-9, Relation.AT_MOST)
    assert holds(0, Relation.AT_LEAST) and not holds(-1e-9, Relation.AT_LEAST)


def test_a_figure_is_not_held_against_a_print_that_there_is_not():
    with pytest.raises(ValueError, match="'a-claim' has no printed value"):
        holds(1, Relation.DIGITS, value=None)


def test_the_command_writes_a_line_for_each_claim(counted, costs, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(network_counting, "count_papers_networks", lambda: list(counted.values()))
    file = tmp_path / "results" / "cost-claims.csv"
    assert main(["complexity", "--claims", str(file)]) == 0
    with file.open(encoding="utf-8") as lines:
        rows = {row["id"]: row for row in csv.DictReader(lines)}
    assert list(rows) == [claim.id for claim in claims().values() if claim.decided_by == "cost"]
    assert rows["table1-ssn-params"] == {
        "id": "table1-ssn-params",
        "counted": str(costs["ssn"].params / 1e6),
        "unit": "M",
        "relation": "equal to printed digits",
        "bound": "40.5",
        "holds": "True",
        "how": "trainable parameters of ssn",
        "policy": POLICY,
    }
    assert (rows["lite-much-smaller"]["relation"], rows["lite-much-smaller"]["bound"]) == ("at least", "2")
    said = capsys.readouterr().out
    assert f"{len(rows) - 2} of {len(rows)} hold" in said
    assert "✗ ssn-cheaper-than-simplebaseline-r101" in said and "✗ fsm-as-light-as-a-convolution" in said
