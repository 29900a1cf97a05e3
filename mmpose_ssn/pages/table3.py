"""Table 3: COCO test-dev as the paper prints it, and our networks' rows, whose AP only COCO's server can give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from mmpose_ssn import paper
from mmpose_ssn.experiment.provenance import file_digest
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.pages.blocks import NONE, Bullets, Columns, Heading, Page, Table
from mmpose_ssn.pages.results import FullSizeCost, Results, read_json
from mmpose_ssn.pages.wording import NOT_RUN, distinct

DATA = "COCO test-dev2017"
"""The data of all of the table's AP, printed or measured."""

FIGURES = ("AP", "AP .5", "AP .75", "AP (M)", "AP (L)", "AR")
"""Those of COCO's ten figures that the paper prints."""

TITLE = f"Table 3: figures on {DATA}"

_PAPER = "the paper"
_OURS = "this project"


@dataclass(frozen=True)
class ServerResult:
    """One ``server.json``; ``server.schema.yaml`` describes its fields.

    Attributes:
        path: Path of the file.
        date: Day on which the server was asked.
        archive_digest: Digest of the archive that was submitted.
        figures: The ten figures in percent, with the server's digits.
        provenance: How the detections were made.
    """

    path: Path
    date: str
    archive_digest: str
    figures: Mapping[str, str]
    provenance: Mapping[str, Any]


@dataclass(frozen=True)
class Table3Line:
    """One method as the paper prints it, and of the paper's own networks what we counted and what the server found.

    Attributes:
        printed: The paper's row.
        cost: Cost of our full-size network; None for the work of others.
        server: What the server found; None where nothing has been submitted.
    """

    printed: paper.Table3Row
    cost: FullSizeCost | None
    server: ServerResult | None


def read_server_result(path: Path) -> ServerResult:
    """Read what the server found in one network's archive.

    Raises:
        RefusedInput: If the file is missing, not JSON, does not fit ``server.schema.yaml``, or is of another archive
            than the one beside it.
    """
    content = read_json(path, "server")
    for archive in path.parent.glob("*.zip"):
        digest = file_digest(archive)
        if digest != content["archive_digest"]:
            raise RefusedInput(
                f"{path}: $.archive_digest: is {content['archive_digest']}, but {archive.name} beside it has {digest}; "
                "submit that archive, or keep the figures with the archive that they are of"
            )
    percent = {name: f"{Decimal(figure).scaleb(2):f}" for name, figure in content["figures"].items()}
    return ServerResult(path, content["date"], content["archive_digest"], percent, content["provenance"])


def table3_lines(results: Results) -> list[Table3Line]:
    """The paper's rows in printed order, its own networks with our counts and the server's results.

    Raises:
        RefusedInput: If a file does not fit its format, or is of a network that the table does not have.
    """
    rows, costs = paper.table3(), results.full_size_costs()
    own = [row.id for row in rows.values() if row.citation is None]
    servers = {}
    for path in sorted((results.folder / "test-dev").glob("*/server.json")):
        network = path.parent.name
        if network not in own:
            raise RefusedInput(f"{path}: lies in the folder {network!r}, expected one of: {', '.join(own)}")
        servers[network] = read_server_result(path)
    return [Table3Line(row, costs[row.id] if row.id in own else None, servers.get(row.id)) for row in rows.values()]


def page(results: Results) -> Page:
    """Table 3 with what COCO's server found in the networks that have been submitted.

    Raises:
        RefusedInput: If a file does not fit its format, or is of a network that the table does not have.
    """
    lines = table3_lines(results)
    return Page(
        title=TITLE,
        blocks=[
            Table(_columns(lines), notes(lines), "tab:table3"),
            Heading("Whose results these are"),
            Bullets(_citations(lines)),
        ],
        records={"": [_record(line) for line in lines]},
    )


def notes(lines: list[Table3Line]) -> dict[str, str]:
    """What a reader must know of the figures, by topic."""
    policy = distinct(line.cost.policy for line in lines if line.cost)
    return {
        "Order": "As printed. Nothing is ranked.",
        "FLOPs": (
            "The paper prints those of other work without saying by which policy each was counted. They are not "
            "comparable with each other, nor with ours, which are operations under the policy "
            f"{policy!r}."
        ),
        "*": "A bottom-up method: it finds the people and their keypoints at once, without a detector's boxes.",
        _OURS: (
            "Parameters and FLOPs are counted on our full-size network. Figures are those that COCO's server gave for "
            f"its archive; {NOT_RUN} until results/test-dev/<network>/server.json holds them."
        ),
        "Boxes": (
            "A top-down method depends on its detector, and each row has its own. Ours are on the detections that "
            "SimpleBaseline's authors publish for test-dev (AP 60.9 on persons). The paper does not say which it took."
        ),
    }


def _columns(lines: list[Table3Line]) -> Columns:
    rows = [cells for line in lines for cells in _cells(line)]
    headers: list[tuple[str, ...]] = [("Method",), ("Result of",), ("Backbone",), ("Input",)]
    headers += [("Params, M",), ("FLOPs, G",), *((name,) for name in FIGURES)]
    return dict(zip(headers, map(list, zip(*rows, strict=True)), strict=True))


def _cells(line: Table3Line) -> list[tuple[str, ...]]:
    """The printed row, and ours under it where we have that network."""
    row = line.printed
    method = row.method + (" *" if row.bottom_up else "")
    network = (row.backbone or NONE, row.input_size or NONE)
    printed = (row.params_m, row.flops_g, *(row.scores.get(name) for name in FIGURES))
    cells = [(method, _short(row.citation), *network, *(NONE if number is None else str(number) for number in printed))]
    if line.cost:
        cost = (f"{line.cost.whole.params / 1e6:.3f}", f"{line.cost.whole.ops / 1e9:.3f}")
        found = [line.server.figures[name] if line.server else NOT_RUN for name in FIGURES]
        cells.append((method, _OURS, *network, *cost, *found))
    return cells


def _short(citation: str | None) -> str:
    """Authors and venue; the title stands in the list below the table."""
    if citation is None:
        return _PAPER
    authors, *_, venue = citation.split(", ")
    return f"{authors}, {venue}"


def _citations(lines: list[Table3Line]) -> list[str]:
    return list(dict.fromkeys(line.printed.citation for line in lines if line.printed.citation))


def _record(line: Table3Line) -> dict[str, Any]:
    row = line.printed
    record: dict[str, Any] = {
        "network": row.id,
        "method": row.method,
        "place": f"Table 3, row {row.row}",
        "status": "quoted" if row.citation else "measured" if line.server else NOT_RUN,
        "citation": row.citation,
        "bottom_up": row.bottom_up,
        "backbone": row.backbone,
        "input_size": row.input_size,
        "params_printed_m": row.params_m,
        "flops_printed_g": row.flops_g,
        **{f"{_column(name)}_printed": row.scores.get(name) for name in FIGURES},
        "ap_printed_on": DATA,
    }
    if line.cost:
        whole = line.cost.whole
        record |= {"params": whole.params, "macs": whole.macs, "ops": whole.ops, "counting_policy": line.cost.policy}
    if server := line.server:
        record |= {f"{_column(name)}_measured": figure for name, figure in server.figures.items()}
        record |= {"ap_measured_on": DATA, **server.provenance}
        record |= {"archive_digest": server.archive_digest, "date": server.date, "files": server.path.as_posix()}
    return record


def _column(figure: str) -> str:
    """Name of a figure in the CSV file: ``AP .5`` is ``ap_50``, ``AR (L)`` is ``ar_l``."""
    quantity, _, part = figure.lower().partition(" ")
    percent = {".5": "50", ".75": "75"}.get(part, part.strip("()"))
    return f"{quantity}_{percent}" if part else quantity
