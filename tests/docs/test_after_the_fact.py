"""Midi's trainings under the later rule: docs/midi/after-the-fact.md says what is computed here from its tables."""

import math
import re
from pathlib import Path

import pandas as pd
import pytest
from scipy import stats

from mmpose_ssn import claims
from mmpose_ssn.evaluation.comparison import holm
from mmpose_ssn.experiment.presets import load_preset
from mmpose_ssn.networks import spread_group

DOCS = Path(__file__).resolve().parents[2] / "docs"
PRIMARY = load_preset("figures").primary
LACKED = ("ssn", "ssn-frozen")  # midi did not train it
IMAGES = 400


@pytest.fixture(scope="module")
def midi():
    """AP of each network's three trainings, by its id."""
    table = pd.read_csv(DOCS / "midi" / "table1.csv", index_col=0)
    table = table[table["status"].isin(["measured", "control"]) & table["seed"].notna()]
    return {name: lines["measured"].to_numpy() for name, lines in table.groupby(level=0)}


@pytest.fixture(scope="module")
def over_images():
    """Standard error over the same images, of the same networks trained with seeds 3, 4 and 5."""
    lines = pd.read_csv(DOCS / "figures" / "orderings.csv").set_index(["higher", "lower"])
    return {pair: float(error) for pair, error in lines["images_error"].items()}


def t_test(midi, pair, images, pooled):
    """Difference, its 95 % interval and p: the formulas of docs/statistics.md, written out."""
    difference = midi[pair[0]].mean() - midi[pair[1]].mean()
    shares = [(images**2, IMAGES - 1)]
    groups = {}
    for name in pair:
        groups.setdefault(spread_group(name) if pooled else name, []).append(name)
    for group, members in groups.items():
        networks = [ap for name, ap in midi.items() if spread_group(name) == group] if pooled else [midi[group]]
        variance = sum(ap.var(ddof=1) for ap in networks) / len(networks)
        shares.append((variance * len(members) / 3, 2 * len(networks)))
    total = sum(share for share, _ in shares)
    freedom = total**2 / sum(share**2 / of for share, of in shares)
    half = stats.t.ppf(0.975, freedom) * math.sqrt(total)
    p = 2 * stats.t.sf(abs(difference) / math.sqrt(total), freedom)
    return difference, (difference - half, difference + half), p


def signed(points):
    return f"{points:+.1f}".replace("-", "−")


def test_the_page_says_what_midis_tables_give(midi, over_images):
    planned = pd.read_csv(DOCS / "midi" / "orderings.csv").set_index(["higher", "lower"])
    asked = [pair for pair in PRIMARY if pair != LACKED]
    pooled, welch = ([t_test(midi, pair, over_images[pair], way) for pair in asked] for way in (True, False))
    adjusted = [holm([p for _, _, p in tests], len(PRIMARY)) for tests in (pooled, welch)]
    rows = []
    for number, pair in enumerate(asked):
        outcomes = [
            "undecided" if p[number] > 0.05 else "higher" if pooled[number][0] > 0 else "lower" for p in adjusted
        ]
        outcome = outcomes[0] + (" (rests on pooling)" if outcomes[0] != outcomes[1] else "")
        difference, (low, high), _ = pooled[number]
        line = planned.loc[pair]
        before = f"[{signed(line['difference_low'])}, {signed(line['difference_high'])}], {line['outcome']}"
        now = f"[{signed(low)}, {signed(high)}], p = {adjusted[0][number]:.2g}, {outcome}"
        rows.append(f"| `{pair[0]}` less `{pair[1]}` | {signed(difference)} | {before} | {now} |")
    page = (DOCS / "midi" / "after-the-fact.md").read_text()
    assert re.findall(r"^\| `.*$", page, flags=re.MULTILINE) == rows


def test_the_given_spreads_of_the_preset_are_midis(midi):
    for group, spread in load_preset("figures").given_spread.items():
        networks = [ap for name, ap in midi.items() if spread_group(name) == group]
        assert spread.freedom == 2 * len(networks)
        assert spread.sd == pytest.approx(math.sqrt(sum(ap.var(ddof=1) for ap in networks) / len(networks)), abs=5e-4)


def test_the_contrasts_that_midi_planned_are_the_papers_and_one_of_ours():
    planned = pd.read_csv(DOCS / "midi" / "orderings.csv")["ordering"]
    assert set(planned) <= set(claims.orderings())
