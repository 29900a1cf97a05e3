"""One trained network, looked into: all that Figures 5, 6 and 7 need of it, measured on a fixed choice of people."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from mmengine.config import Config
from tqdm import tqdm

from mmpose_ssn.analysis import field_figures, window_figures
from mmpose_ssn.analysis.count_figures import COUNTED, count_figures
from mmpose_ssn.analysis.effective_fields import receptive_field, window_energy
from mmpose_ssn.analysis.energy_spread import half_energy_positions
from mmpose_ssn.analysis.held_out import HeldOut, evenly_spaced, held_out
from mmpose_ssn.analysis.keypoint_channels import keypoint_gradients, keypoint_scores
from mmpose_ssn.analysis.measured_number import MeasuredNumber
from mmpose_ssn.analysis.probe import Probe, last_module_before, predictor_heatmaps, shifting_modules
from mmpose_ssn.analysis.trained_offsets import site_of, snapshots
from mmpose_ssn.experiment import provenance
from mmpose_ssn.experiment.data_sets import DATA_SETS
from mmpose_ssn.experiment.resolved_config import digest
from mmpose_ssn.files import RefusedInput, write_together
from mmpose_ssn.networks import EARLY_PREDICTORS

Arrays = dict[str, npt.NDArray[Any]]

_BATCH = 8
_PHOTOS = 4
"""Number of images whose maps are kept for pictures."""

_POINTS = {"shoulders": ("left_shoulder", "right_shoulder"), "elbows and knees": ("left_elbow", "left_knee")}
"""The two joints that the picture of each channel is drawn at."""


@dataclass(frozen=True, eq=False)
class Analysis:
    """What was measured in a trained network.

    Attributes:
        described: What it is of: the network, the images, the module, the predictors, and how it was made.
        measurements: The numbers.
        arrays: What pictures need: offsets, scores, and the maps and fields of a few images.
    """

    described: Mapping[str, Any]
    measurements: list[MeasuredNumber]
    arrays: Arrays

    def write(self, out: Path) -> None:
        """Write ``out``, a JSON file, and the arrays beside it, in an NPZ file of the same name."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **self.arrays)
        lines = [
            {name: value for name, value in asdict(one).items() if value != ""}
            | {"value": None if math.isnan(one.value) else one.value}
            for one in self.measurements
        ]
        content = {**self.described, "measurements": lines}
        write_together({out: json.dumps(content, indent=1) + "\n", out.with_suffix(".npz"): buffer.getvalue()})


def analyse(config: Config, weights: Path, count: int, split: str | None = None) -> Analysis:
    """Measure what Figures 5 to 7 are about (docs/analyses.md).

    Args:
        config: Resolved config of a network with stage predictors.
        weights: Path of its trained weights; the snapshots of its offsets are looked for beside it.
        count: Number of people to look at.
        split: Split that they are of, by default the one that networks are scored on.

    Raises:
        RefusedInput: If the weights are not those that ``weights.json`` beside them tells of, do not fit the network,
            or the network has no stage predictors.
        ValueError: If no people of the data set have all their joints labelled.
        FileNotFoundError: If the data set is not there.
    """
    record = _record(weights)
    estimator = _loaded(config, weights)
    names = estimator.head.stage_predictors.names
    early = EARLY_PREDICTORS[0] if EARLY_PREDICTORS[0] in names else names[-1]
    predictors = tuple(dict.fromkeys((early, names[-1])))
    data = DATA_SETS[config.experiment.data]
    split = split or data.scored
    people = held_out(config, split, count)
    measured: list[MeasuredNumber] = []
    arrays: Arrays = {}
    module, channels, chosen_on = None, {}, None
    if shifting_modules(estimator):
        first = next(people.batches(estimator, 1))
        module = last_module_before(estimator, first, predictor_heatmaps(estimator, early))
        _add_offsets(estimator, weights, record.get("iterations"), measured, arrays)
        for predictor in predictors:
            _add_scores(estimator, module, predictor, people, measured, arrays)
        others = [one for one in ("tune", "train") if one in data.splits and one != split]
        chosen_on = held_out(config, others[0], count)
        channels = _add_fields(estimator, module, early, people, chosen_on, measured, arrays)
    watched = _watched(people, estimator, f"fields of {early}")
    measured.append(field_figures.peak_radius(estimator, predictor_heatmaps(estimator, early), watched, early))
    root = Path(config.data_root)
    title, data_digest = data.described(root, root / data.files(split)[0])
    described = {
        **{name: config.experiment[name] for name in ("network", "recipe", "preset", "seed")},
        "split": people.split,
        "images": len(people),
        "people": list(people.people),
        "joints": list(people.joints),
        "predictors": list(predictors),
        "module": module,
        "channels": channels,
        "chosen_on": {"split": chosen_on.split, "images": len(chosen_on)} if chosen_on else None,
        "provenance": {
            **record,
            "config_digest": digest(config),
            "analysed_by": provenance.commit(),
            "data": title,
            "data_digest": data_digest,
            "date": date.today().isoformat(),
        },
    }
    return Analysis(described, measured, arrays)


def _record(weights: Path) -> dict[str, Any]:
    """What ``weights.json`` says of the weights; of weights without one, their digest."""
    try:
        found = provenance.file_digest(weights)
    except OSError as error:
        raise RefusedInput(f"{weights}: cannot be read ({error.strerror})") from error
    file = weights.with_suffix(".json")
    if not file.is_file():
        return {"checkpoint_digest": found}
    record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if record["checkpoint_digest"] != found:
        raise RefusedInput(f"{weights}: is not the file that {file.name} beside it tells of; train again")
    return record


def _loaded(config: Config, weights: Path) -> Any:
    from mmengine.registry import init_default_scope
    from mmpose.registry import MODELS

    init_default_scope("mmpose")
    settings = config.model.copy()
    settings.update(init_cfg=None)
    estimator = MODELS.build(settings)
    if not hasattr(estimator.head, "stage_predictors"):
        raise RefusedInput(f"{config.experiment.network} has no stage predictors: expected one of the paper's networks")
    state = torch.load(weights, map_location="cpu", weights_only=True)
    try:
        estimator.load_state_dict(state.get("state_dict", state))
    except RuntimeError as error:
        raise RefusedInput(f"{weights}: does not fit {config.experiment.network}: {error}") from error
    return estimator.eval()


def _add_offsets(
    estimator: Any, weights: Path, iterations: int | None, measured: list[MeasuredNumber], arrays: Arrays
) -> None:
    shifting = {name: one.offsets for name, one in shifting_modules(estimator).items() if one.offsets is not None}
    if not shifting:
        return
    end = {name: one.detach().numpy() for name, one in shifting.items()}
    start, half = snapshots(weights.parent, end, iterations)
    depth = {name: site.stage if (site := site_of(name)) else 1 for name in end}
    for when, offsets in (("start", start), ("half", half), ("end", end)):
        if offsets is not None:
            exact = {name: offsets[name].astype(np.float64) for name in end}
            measured += window_figures.module_figures(exact, depth, when)
            arrays |= {f"offsets {when} {name}": one for name, one in exact.items()}


def _add_scores(
    estimator: Any, module: str, predictor: str, people: HeldOut, measured: list[MeasuredNumber], arrays: Arrays
) -> None:
    probe = Probe(estimator, module, predictor_heatmaps(estimator, predictor))
    watched = _watched(people, estimator, f"scores by {predictor}")
    gradients = keypoint_gradients(probe, watched, ("shifted", "gated", *COUNTED))
    if probe.fsm.offsets is not None:
        measured += window_figures.keypoint_figures(gradients, probe.windows, people.joints, predictor)
        arrays[f"scores {predictor}"] = keypoint_scores(gradients)
    measured += count_figures(gradients, people.joints, predictor)


def _add_fields(
    estimator: Any,
    module: str,
    predictor: str,
    people: HeldOut,
    chosen_on: HeldOut,
    measured: list[MeasuredNumber],
    arrays: Arrays,
) -> dict[str, int]:
    probe = Probe(estimator, module, predictor_heatmaps(estimator, predictor))
    height, width = probe.reach(next(people.batches(estimator, 1))).nonlocal_maps.shape[2:]

    def placed(of: HeldOut, what: str) -> Iterator[tuple[Any, npt.NDArray[np.int64]]]:
        on_map = of.on_map((height, width))
        for number, images in enumerate(_watched(of, estimator, what)):
            yield images, on_map[number * _BATCH : number * _BATCH + len(images)]

    clear = field_figures.clarity(probe, placed(chosen_on, "choosing channels"))
    channels = field_figures.chosen_channels(clear, people.joints)
    places = field_figures.attended_places(probe, placed(people, "windows"))
    measured += field_figures.window_claims(places, people.places, people.joints, channels)
    if len(people) > 1:
        measured += field_figures.window_differences(places, people.joints, channels, _bar("channels"))
    measured += [field_figures.window_radius(places), field_figures.input_channels_differ(places)]

    def in_crops() -> Iterator[tuple[Any, npt.NDArray[np.int64], npt.NDArray[np.float64]]]:
        start = 0
        for images, on_map in placed(people, "receptive fields"):
            yield images, on_map, people.places[start : start + len(images)]
            start += len(images)

    measured += field_figures.field_radii(probe, in_crops(), people.joints, channels)
    arrays["photos"] = people.crops[(shown := evenly_spaced(len(people), _PHOTOS))]
    arrays["photo places"] = people.places[shown]
    arrays["windows"] = probe.windows
    of_shown = HeldOut(
        people.split, people.joints, people.crops[shown], people.places[shown], tuple(people.people[n] for n in shown)
    )
    for group, channel in channels.items():
        arrays |= _drawn(probe, of_shown, estimator, group, channel)
    return channels


def _drawn(probe: Probe, people: HeldOut, estimator: Any, group: str, channel: int) -> Arrays:
    """The maps and fields of one channel, for a picture."""
    numbers = [people.joints.index(joint) for joint in _POINTS[group]]
    (images,) = people.batches(estimator, len(people))
    maps = probe.reach(images).nonlocal_maps.detach()
    places = people.on_map((maps.shape[2], maps.shape[3]))[:, numbers]
    energy = window_energy(probe, images, places, channel)
    return {
        f"{group} map": maps[:, channel].numpy(),
        f"{group} places": places,
        f"{group} joints": np.array(_POINTS[group]),
        f"{group} field held": receptive_field(probe, images, places, channel, hold_attention=True),
        f"{group} field through": receptive_field(probe, images, places, channel),
        f"{group} energy": energy.energy,
        f"{group} signed": energy.signed,
        f"{group} half": half_energy_positions(energy.energy),
    }


def _watched(people: HeldOut, estimator: Any, what: str) -> Iterator[Any]:
    batches = people.batches(estimator, _BATCH)
    return iter(tqdm(batches, desc=what, total=-(-len(people) // _BATCH), unit="batch", delay=5, leave=False))


def _bar(what: str) -> Callable[[range], Iterator[int]]:
    return lambda numbers: iter(tqdm(numbers, desc=what, unit="channel", delay=5, leave=False))
