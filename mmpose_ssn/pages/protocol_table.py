"""One checkpoint under several testing protocols."""

from __future__ import annotations

from mmpose_ssn.experiment.presets import is_meaningless
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.pages.blocks import Block, Columns, Heading, Page, Table
from mmpose_ssn.pages.results import Results, read_table
from mmpose_ssn.pages.study import data_notices

_WORDS = {"True": "yes", "False": "no"}
_SETTINGS = {
    "boxes": "Boxes",
    "soft_nms": "Soft-NMS",
    "flip_test": "Flip test",
    "decoder": "Decoder",
    "rescoring": "Score",
    "oks_nms": "OKS-NMS",
}
_COLUMNS = ("name", *_SETTINGS, "predictor", "ap", "ap_low", "ap_high", "forward_pass", "data", "network", "seed")


def page(results: Results) -> Page:
    """The page of ``protocols.csv``, which has one line for each protocol and predictor, with an interval at the final
    predictor.

    Raises:
        RefusedInput: If the file is missing, lacks a column, or is of another preset.
    """
    file = results.folder / "protocols.csv"
    lines = read_table(file, (*_COLUMNS, "preset", "checkpoint_digest", "commit"), "protocols")
    if strangers := {line["preset"] for line in lines} - {results.preset}:
        raise RefusedInput(f"{file}: column preset is {', '.join(strangers)}, expected {results.preset}")
    finals = [line for line in lines if line["ap_low"]]
    if not finals:
        raise RefusedInput(f"{file}: has no line with an interval; run python -m mmpose_ssn protocols again")
    first = finals[0]
    predictors = list(dict.fromkeys(line["predictor"] for line in lines))
    ap = {(line["name"], line["predictor"]): f"{float(line['ap']):.1f}" for line in lines}
    columns: Columns = {
        ("Protocol",): [line["name"] for line in finals],
        **{(header,): [_WORDS.get(line[key], line[key]) for line in finals] for key, header in _SETTINGS.items()},
        ("AP",): [
            f"{float(line['ap']):.1f} [{float(line['ap_low']):.1f}, {float(line['ap_high']):.1f}]" for line in finals
        ],
        ("Of", "predictor"): [line["predictor"] for line in finals],
        ("Forward", "pass"): [line["forward_pass"] for line in finals],
    }
    by_predictor: Columns = {
        ("Protocol",): [line["name"] for line in finals],
        **{(name,): [ap[line["name"], name] for line in finals] for name in predictors},
    }
    notes = {
        "AP": f"OKS AP in percent on {first['data']}, with its 95 % bootstrap interval over images. One checkpoint was "
        "tested in every way; protocols of one forward pass read the same heatmaps.",
        "Boxes": "Soft-NMS lowers the scores of overlapping boxes before persons are scored; OKS-NMS drops the lower "
        "of two persons whose OKS is above the figure.",
        "From": ", ".join(f"{key.replace('_', ' ')} {first[key]}" for key in ("checkpoint_digest", "commit")),
    }
    blocks: list[Block] = [Table(columns, notes)]
    if len(predictors) > 1:
        blocks += [Heading("AP of every predictor"), Table(by_predictor)]
    return Page(
        title=f"{first['network']}, seed {first['seed']}, preset {results.preset}: AP under {len(finals)} protocols",
        notices=data_notices(results.preset, "AP", first["data"]),
        meaningless=is_meaningless(results.preset),
        blocks=blocks,
    )
