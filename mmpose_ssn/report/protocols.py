"""One checkpoint under several testing protocols, as a Markdown page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmpose_ssn.report.markup import Columns, escape_markdown, markdown_list, markdown_table

_WORDS = {True: "yes", False: "no"}
_SETTINGS = {
    "boxes": "Boxes",
    "soft_nms": "Soft-NMS",
    "flip_test": "Flip test",
    "decoder": "Decoder",
    "rescoring": "Score",
    "oks_nms": "OKS-NMS",
}


def protocols_to_markdown(lines: Sequence[Mapping[str, Any]], title: str, notes: Mapping[str, str]) -> str:
    """The page.

    Args:
        lines: One for each protocol and predictor, as the csv has them; those of one protocol stand together, and its
            answer is the line with an interval.
        title: Of the page, in plain text.
        notes: Under the table, by topic.
    """
    answers = [line for line in lines if line["ap_low"] is not None]
    predictors = list(dict.fromkeys(line["predictor"] for line in lines))
    ap = {(line["name"], line["predictor"]): f"{line['ap']:.1f}" for line in lines}
    columns: Columns = {
        ("Protocol",): [line["name"] for line in answers],
        **{(header,): [_worded(line[key]) for line in answers] for key, header in _SETTINGS.items()},
        ("AP",): [f"{line['ap']:.1f} [{line['ap_low']:.1f}, {line['ap_high']:.1f}]" for line in answers],
        ("Of", "predictor"): [line["predictor"] for line in answers],
        ("Forward", "pass"): [str(line["forward_pass"]) for line in answers],
    }
    by_predictor: Columns = {
        ("Protocol",): [line["name"] for line in answers],
        **{(name,): [ap[line["name"], name] for line in answers] for name in predictors},
    }
    page = [f"# {escape_markdown(title)}", "", markdown_table(columns), "", *markdown_list(notes), ""]
    if len(predictors) > 1:
        page += ["## AP of every predictor", "", markdown_table(by_predictor), ""]
    return "\n".join(page)


def _worded(value: Any) -> str:
    return _WORDS[value] if isinstance(value, bool) else str(value)
