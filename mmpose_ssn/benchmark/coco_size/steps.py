"""What is measured on files of COCO's size: building the data set, loading crops, evaluating detections.

Each step is meant for a process of its own, which has imported this module and done nothing else: its peak memory is
then the step's.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import mmpose.datasets  # noqa: F401  registers data sets and transforms
import numpy as np
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmengine.utils.dl_utils import set_multi_processing
from mmpose.registry import DATASETS, METRICS
from tqdm import tqdm

import mmpose_ssn.plugin  # noqa: F401  registers the stream and the metric
from mmpose_ssn.benchmark.coco_size.drawn_copies import CocoSize, annotation_file, detections
from mmpose_ssn.benchmark.coco_size.measurement import Measurement, measured, over_rounds
from mmpose_ssn.datasets.sample_stream import SampleStream
from mmpose_ssn.engine.stream_config import streamed
from mmpose_ssn.evaluation.bootstrap import KeypointAnnotations, KeypointMatches, bootstrap_interval
from mmpose_ssn.experiment.presets import load_preset
from mmpose_ssn.experiment.resolved_config import resolve
from mmpose_ssn.networks import FINAL_PREDICTOR, PREDICTORS

OURS, THEIRS = "SampleStream", "CocoDataset"
"""The project's training data, and MMPose's own data set, with its own sampler and the same transforms."""


def start_up(root: Path, form: str) -> list[Measurement]:
    """Build the training data set, as each training does first."""
    settings = _config(root).train_dataloader.dataset
    settings = streamed(settings) if form == OURS else settings
    with measured("start-up", form) as taken, DefaultScope.overwrite_default_scope("mmpose"):
        DATASETS.build(settings)
    return taken


def loading(root: Path, workers: Sequence[int], rounds: int, batches: int) -> list[Measurement]:
    """Measure the crops per second that the config's loader gives, over either data set in turn.

    Args:
        root: Data root.
        workers: Numbers of processes to load with; 0 loads in this process.
        rounds: Number of rounds; each takes one ratio for each number of workers.
        batches: Number of batches of the config's batch size, for each data set and round, after a first one that is
            not timed.
    """
    config = _config(root)
    set_multi_processing(**config.env_cfg.mp_cfg)
    with DefaultScope.overwrite_default_scope("mmpose"):
        theirs = DATASETS.build(config.train_dataloader.dataset)
    parts = {
        OURS: dict(dataset=SampleStream(theirs), sampler=dict(type="StreamSampler")),
        THEIRS: dict(dataset=theirs, sampler=dict(type="DefaultSampler", shuffle=True)),
    }
    # Workers end with their round, so that none works while another loader is timed.
    settings = {form: {**config.train_dataloader, **part, "persistent_workers": False} for form, part in parts.items()}
    taken = []
    for number in workers:
        figure = f"loading, {number} workers"
        speeds: dict[str, list[float]] = {form: [] for form in settings}
        for turn in tqdm(range(rounds), desc=figure, unit="round", delay=5, leave=False):
            for form in (OURS, THEIRS) if turn % 2 else (THEIRS, OURS):
                with DefaultScope.overwrite_default_scope("mmpose"):
                    built = Runner.build_dataloader({**settings[form], "num_workers": number}, seed=0)
                speeds[form].append(_crops_per_second(built, batches))
        ratios = [ours / mmpose for ours, mmpose in zip(speeds[OURS], speeds[THEIRS], strict=True)]
        taken += [over_rounds(figure, form, "crops/s", values) for form, values in speeds.items()]
        taken.append(over_rounds(figure, f"{OURS} / {THEIRS}", "ratio", ratios))
    return taken


def scoring(root: Path, size: CocoSize) -> list[Measurement]:
    """Score detections with the config's metric, as at the end of testing: OKS-NMS, then AP of each predictor of the
    network.

    All predictors are given the same poses. What the metric finds goes to results files in ``root``.
    """
    config = _config(root)
    with DefaultScope.overwrite_default_scope("mmpose"):
        metric = METRICS.build({**config.val_evaluator, "outfile_prefix": str(root / "predictor")})
        metric.dataset_meta = DATASETS.build({**config.val_dataloader.dataset, "lazy_init": True}).metainfo
    with measured("evaluation", f"OKS-NMS and AP of {len(PREDICTORS)} predictors") as taken:
        for pose in _poses(root, size):  # made here, as the metric keeps their arrays
            metric.process({}, [pose])
        metric.evaluate(size.detections)
    return taken


def resampling(root: Path, resamples: int) -> list[Measurement]:
    """Match one predictor's results file with the people, and bootstrap its AP, as ``evaluate`` does for each.

    It must come after :func:`scoring`, which writes that file.
    """
    with measured("evaluation", "matching of one predictor") as matched:
        annotations = KeypointAnnotations.from_file(annotation_file(root, "val2017"))
        matches = KeypointMatches.from_results(annotations, root / f"predictor.{FINAL_PREDICTOR}.keypoints.json")
    with measured("evaluation", f"{resamples} resamples of one predictor") as drawn:
        bootstrap_interval(matches, "AP", resamples=resamples)
    return [*matched, *drawn]


def _config(root: Path) -> Config:
    return resolve(load_preset("paper"), "ssn", 0, root, trunk="scratch")


def _crops_per_second(loader: Any, batches: int) -> float:
    loaded = iter(loader)
    next(loaded)  # by now all workers have started, and work ahead as they will at the end
    start = time.perf_counter()
    crops = sum(len(batch["inputs"]) for batch in itertools.islice(loaded, batches))
    return crops / (time.perf_counter() - start)


def _poses(root: Path, size: CocoSize) -> Iterator[dict[str, Any]]:
    """Each pose in the form in which the metric takes it."""
    number = itertools.count()
    for found in detections(root, size):
        for one in range(len(found.boxes)):
            keypoints, scores = found.keypoints[None, one], found.keypoint_scores[None, one]
            box = found.boxes[None, one]
            instances = {
                "bboxes": box,
                "bbox_scores": found.box_scores[None, one],
                "keypoints": keypoints,
                "keypoint_scores": scores,
                "predictor_names": [PREDICTORS],
                "predictor_keypoints": np.repeat(keypoints[:, None], len(PREDICTORS), axis=1),
                "predictor_scores": np.repeat(scores[:, None], len(PREDICTORS), axis=1),
            }
            yield {
                "id": next(number),
                "img_id": found.image_id,
                "pred_instances": instances,
                "gt_instances": {"bbox_scales": 1.25 * (box[:, 2:] - box[:, :2])},
            }
