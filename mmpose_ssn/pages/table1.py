"""Table 1: the paper's printed rows and ours beside what one preset measured, and the orderings of two networks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import Any

from mmpose_ssn import claims, paper
from mmpose_ssn.evaluation.comparison import LEVEL, Comparison, Outcome
from mmpose_ssn.evaluation.scores import Scores
from mmpose_ssn.evaluation.trained import difference
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.networks import NOT_IN_THE_PAPER, Network, networks, shown_on
from mmpose_ssn.pages.blocks import MARKS, NONE, Columns, Heading, Page, Picture, Table
from mmpose_ssn.pages.plots import interval_plot
from mmpose_ssn.pages.results import FullSizeCost, Results
from mmpose_ssn.pages.study import FIGURES, PAPER_DATA, Study, points
from mmpose_ssn.pages.wording import (
    NOT_RUN,
    compared_record,
    comparison_record,
    difference_cell,
    distinct,
    listed,
    mean_cell,
    outcome_words,
    provenance_record,
    score_cell,
    signed,
)

_OKS = "AP"  # the figure's name where it stands beside the one that decides


@dataclass(frozen=True)
class Row:
    """One network: its printed row, its full-size cost, and the scores of its trainings, by ascending seed.

    Attributes:
        network: The network.
        printed: Its printed row; None for a row of ours, which the paper does not have.
        cost: Cost of the full-size network; None for a row of ours, which is not counted at full size.
        scores: Scores of its trainings; empty where it was not run.
    """

    network: Network
    printed: paper.PaperRow | None
    cost: FullSizeCost | None
    scores: tuple[Scores, ...]

    @property
    def method(self) -> str:
        """The method's printed name; that of a row of ours says that it is not in the paper."""
        return self.network.title + ("" if self.printed else f" ({NOT_IN_THE_PAPER})")

    @property
    def status(self) -> str:
        """``measured``, ``control`` for a measured row of ours, ``not run``, or ``cost only`` for a network of which
        the paper prints no val2017 AP.
        """
        if self.scores:
            return "measured" if self.printed else "control"
        return "cost only" if self.printed and self.printed.ap is None else NOT_RUN

    @property
    def params_match(self) -> bool | None:
        """Whether the counted parameters round to the print; None where there is none."""
        if self.printed is None or self.cost is None:
            return None
        return self.printed.params_m.matches(self.cost.whole.params / 1e6)

    @property
    def flops_match(self) -> bool | None:
        """Whether the counted operations round to the printed FLOPS; None where there is no print."""
        if self.printed is None or self.cost is None:
            return None
        return self.printed.flops_g.matches(self.cost.whole.ops / 1e9)


@dataclass(frozen=True)
class Table1:
    """Table 1 for one preset.

    Attributes:
        study: The measured figures.
        rows: The paper's rows in printed order, then ours.
        comparisons: What was measured of the orderings, by the ordering's id.
        drawn: Ids of the orderings that are drawn, as far as they were measured: those that the preset decides, in its
            order, or all where it names none.
        resamples: Number of draws of the images behind the comparisons.
    """

    study: Study
    rows: tuple[Row, ...]
    comparisons: Mapping[str, Comparison]
    drawn: tuple[str, ...]
    resamples: int

    @classmethod
    def of(cls, results: Results) -> Table1:
        """Put the paper's rows, the full-size networks' costs and the preset's scores together, and compare.

        Raises:
            RefusedInput: If a file does not fit its format, another file, or the preset, or the preset decides what is
                no ordering.
        """
        costs, scores = results.full_size_costs(), results.scores("table1")
        trained, printed = results.trained(scores), paper.table1()
        pairs = {name: difference(one.higher, one.lower) for name, one in claims.orderings().items()}
        of_pair = {(one.higher, one.lower): name for name, one in claims.orderings().items()}
        if strangers := [pair for pair in results.settings.primary or () if pair not in of_pair]:
            said = ", ".join(" less ".join(pair) for pair in strangers)
            raise RefusedInput(
                f"the preset {results.preset} decides {said}, which Table 1 does not show, as it is no ordering: add "
                "it to mmpose_ssn/claims/orderings.yaml"
            )
        comparisons = trained.compare(pairs)
        named = [of_pair[pair] for pair in results.settings.primary or of_pair]
        return cls(
            study=Study.of(results, scores),
            rows=tuple(
                Row(
                    network=networks()[name],
                    printed=printed.get(name),
                    cost=costs[name] if name in printed else None,
                    scores=tuple(one for one in scores if one.network == name),
                )
                for name in shown_on("table1")
            ),
            comparisons=comparisons,
            drawn=tuple(name for name in named if name in comparisons),
            resamples=trained.resamples,
        )


def page(results: Results) -> Page:
    """Table 1 of a preset's results.

    Raises:
        RefusedInput: If a file does not fit its format, another file, or the preset.
    """
    return page_of(Table1.of(results))


def page_of(table: Table1) -> Page:
    """The page of a table."""
    study, label = table.study, f"tab:table1-{table.study.preset}"
    return Page(
        title=study.title("Table 1"),
        notices=study.notices,
        meaningless=study.meaningless,
        blocks=[
            Table(_columns(table), _notes(table), label),
            Heading("Orderings"),
            _picture(table),
            Table(_ordering_columns(table), _ordering_notes(table), f"{label}-orderings", "orderings of two networks"),
        ],
        records={
            "": [record for row in table.rows for record in _records(table, row)],
            "-orderings": [_ordering_record(table, one) for one in claims.orderings().values()],
        },
    )


def _columns(table: Table1) -> Columns:
    rows, study = table.rows, table.study
    columns = {
        ("Method",): [row.method for row in rows],
        ("AP, printed", PAPER_DATA): [str((row.printed and row.printed.ap) or NONE) for row in rows],
        (f"{study.metric}, measured", *study.data_lines): [_measured(row) for row in rows],
        **({("OKS AP", *study.data_lines): [_oks(row) for row in rows]} if _OKS in study.figures else {}),
        ("Params, M", "full size", "(printed)"): [_params(row) for row in rows],
        ("FLOPs, G", "full size", "(printed)"): [_flops(row) for row in rows],
        ("MACs, G", "full size"): [f"{row.cost.whole.macs / 1e9:.3f}" if row.cost else NONE for row in rows],
    }
    if study.scaled:
        columns["Params, M", "trained here", "(not full size)"] = [_trained(row, "params", 1e6) for row in rows]
        columns["MACs, G", "trained here", "(not full size)"] = [_trained(row, "macs", 1e9) for row in rows]
    return columns


def _notes(table: Table1) -> dict[str, str]:
    """How the figures of the rows were made, by topic."""
    study, notes = table.study, {}
    networks = study.networks or study.scores
    if study.scores:
        notes[study.metric] = study.score_note(f"the final predictor ({distinct(one.final for one in networks)})")
        notes |= {"OKS AP": FIGURES[_OKS]} if _OKS in study.figures else {}
        notes["Protocol"] = listed(networks[0].protocol)
    notes["Not in the paper"] = (
        "Rows of our own, with no printed figure and not counted at full size. The offsets frozen at random tell "
        "what learned offsets add to random reach. The mean pose is chance: the average training person, put into "
        "each box of the same protocol without a look at the image. A preset that makes networks small may take "
        "the attention of Eq. 6 times H·W; one row has it as printed also there."
    )
    paper_rows = [row for row in table.rows if row.printed]
    params, flops = _share(row.params_match for row in paper_rows), _share(row.flops_match for row in paper_rows)
    policy = distinct(row.cost.policy for row in paper_rows if row.cost)
    notes["Cost"] = (
        "For one image, counted on the full-size networks; in parentheses the paper's figure, "
        f"{MARKS[True]} where ours rounds to it and {MARKS[False]} where not (params {params}, FLOPs {flops}). "
        f"FLOPs are operations under the policy {policy!r}, MACs the multiply-accumulates of convolutions alone."
    )
    for row in paper_rows:
        if row.printed and row.printed.ap is None:
            elsewhere = row.printed.ap_test_dev
            notes[row.printed.method] = f"{row.printed.place}, shown for its cost" + (
                f"; its printed AP ({elsewhere}) is on COCO test-dev, another split." if elsewhere else "."
            )
    if study.scores:
        notes["Made by"] = study.made_by
    return notes


def _picture(table: Table1) -> Picture:
    """The differences that matter most, drawn about zero."""
    study, orderings = table.study, claims.orderings()
    lines = []
    for name in table.drawn:
        ordering, measured = orderings[name], table.comparisons[name]
        lines.append(
            interval_plot.Difference(
                label=f"{networks()[ordering.higher].title}\nless {networks()[ordering.lower].title}",
                estimate=measured.difference,
                interval=measured.interval(),
                outcome=outcome_words(measured),
                decided=measured.outcome in (Outcome.HIGHER, Outcome.LOWER),
                printed=None if ordering.difference is None else float(ordering.difference),
            )
        )
    what = f"difference with its {100 * LEVEL:.0f} % interval, {study.points}\n{study.data_in_short}"
    printed = f"the paper's difference, AP points on {PAPER_DATA}"
    return Picture(
        partial(interval_plot.draw, lines, study.title("Orderings"), what, printed),
        "Difference, interval and outcome of each comparison that the preset decides, or of all where it names none",
        "-intervals",
    )


def _ordering_columns(table: Table1) -> Columns:
    orderings = claims.orderings().values()
    measured = [table.comparisons.get(one.id) for one in orderings]
    return {
        ("Ordering",): [f"{networks()[one.higher].title} > {networks()[one.lower].title}" for one in orderings],
        ("Where",): [one.place for one in orderings],
        ("Difference, printed", PAPER_DATA): [signed(one.difference) for one in orderings],
        ("Difference, measured", *table.study.data_lines): [difference_cell(one) for one in measured],
        ("Outcome",): [outcome_words(one) if one else NOT_RUN for one in measured],
    }


def _ordering_notes(table: Table1) -> dict[str, str]:
    study = table.study
    what = difference_note(study.metric)
    return study.comparison_notes("Difference", what, table.comparisons.values(), table.resamples)


def difference_note(metric: str) -> str:
    """What a page says of the difference of two networks."""
    return (
        f"Mean {metric} of the first network over its trainings less that of the second, in {points(metric)}; the "
        f"printed one is the gap between two AP of the paper, on {PAPER_DATA}."
    )


def _measured(row: Row) -> str:
    return score_cell([one.predictors[one.final] for one in row.scores]) if row.status != "cost only" else NONE


def _oks(row: Row) -> str:
    scores = [100 * one.predictors[one.final].figures[_OKS] for one in row.scores]
    return mean_cell(scores) if row.status != "cost only" else NONE


def _params(row: Row) -> str:
    if not (row.printed and row.cost):
        return NONE
    return f"{row.cost.whole.params / 1e6:.3f} ({row.printed.params_m} {MARKS[bool(row.params_match)]})"


def _flops(row: Row) -> str:
    if not (row.printed and row.cost):
        return NONE
    return f"{row.cost.whole.ops / 1e9:.3f} ({row.printed.flops_g} {MARKS[bool(row.flops_match)]})"


def _trained(row: Row, count: str, unit: float) -> str:
    cost = row.scores[0].cost if row.scores else None
    return f"{getattr(cost.whole, count) / unit:#.3g}" if cost else NONE


def _share(matches: Iterable[bool | None]) -> str:
    marks = list(matches)
    return f"{sum(map(bool, marks))} of {len(marks)}"


def _records(table: Table1, row: Row) -> list[dict[str, Any]]:
    """A network's lines of the CSV file: one a training, or one where there is none.

    Every line carries the preset, the data of what is printed and measured, and the notices: none is read without them.
    """
    printed = row.printed
    described = {
        "network": row.network.id,
        "method": row.method,
        "place": row.network.place,
        "status": row.status,
        "preset": table.study.preset,
        "metric": table.study.metric,
        "ap_printed": printed and printed.ap,
        "ap_printed_on": printed and printed.ap and PAPER_DATA,
    }
    cost: dict[str, Any] = {}
    if printed and row.cost:
        whole, deployed = row.cost.whole, row.cost.deployed
        cost = {
            "params": whole.params,
            "params_printed_m": printed.params_m,
            "params_match": row.params_match,
            "macs": whole.macs,
            "ops": whole.ops,
            "flops_printed_g": printed.flops_g,
            "flops_match": row.flops_match,
            "deployed_params": deployed.params,
            "deployed_macs": deployed.macs,
            "deployed_ops": deployed.ops,
            "counting_policy": row.cost.policy,
        }
    notice = {"notice": " ".join(table.study.notices)}
    if not row.scores:
        return [described | cost | notice]
    mean = 100 * fmean(one.score for one in row.scores)
    return [
        described
        | {
            "seed": one.seed,
            "measured": 100 * one.score,
            "measured_low": 100 * one.interval[0],
            "measured_high": 100 * one.interval[1],
            "measured_on": one.provenance["data"],
            "mean_of_seeds": mean,
            **{name: 100 * one.predictors[one.final].figures[name] for name in table.study.figures},
            "seeds": len(row.scores),
            "predictor": one.final,
            "images": one.images,
            "instances": one.instances,
            "resamples": one.resamples,
            "protocol": listed(one.protocol),
        }
        | cost
        | ({f"trained_{name}": value for name, value in vars(one.cost.whole).items()} if one.cost else {})
        | provenance_record(one)
        | notice
        for one in row.scores
    ]


def _ordering_record(table: Table1, ordering: claims.Ordering) -> dict[str, Any]:
    """An ordering's line of the CSV file, measured or not; differences in points."""
    measured, study = table.comparisons.get(ordering.id), table.study
    record: dict[str, Any] = {
        "ordering": ordering.id,
        "higher": ordering.higher,
        "lower": ordering.lower,
        "place": ordering.place,
        "ours": ordering.ours,
        "difference_printed": ordering.difference,
        "status": "measured" if measured else NOT_RUN,
        "preset": study.preset,
        "metric": study.metric,
    }
    if measured:
        record |= comparison_record(measured)
        record |= compared_record(study.networks, table.resamples, ordering.higher, ordering.lower)
    return record | {"notice": " ".join(study.notices)}
