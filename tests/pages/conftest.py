"""A folder of results as trainings and counting leave it; the AP of detections in it is what pycocotools finds."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmpose_ssn import paper
from mmpose_ssn.claims import orderings
from mmpose_ssn.evaluation.comparison import Basis, Comparison, TTest
from mmpose_ssn.networks import MEAN_POSE, networks, shown_on, split_run
from mmpose_ssn.pages.results import Results
from mmpose_ssn.pages.study import Study
from mmpose_ssn.pages.table1 import Row, Table1

Detections = list[dict[str, Any]]

KEYPOINTS = 17
DIGESTS = ("config_digest", "checkpoint_digest", "commit", "machine", "torch")


class ResultsFolder:
    """Results of networks that were scored on the same people, one in each image.

    Attributes:
        path: The folder.
        images: Number of images.
        resamples: Number of bootstrap resamples that every ``scores.json`` speaks of.
        people: The annotations, which lie in ``annotations.json``.
    """

    DATA = "drawn figures, version 1.0, val"

    def __init__(self, path: Path, images: int = 6, resamples: int = 30) -> None:
        self.path, self.images, self.resamples = path, images, resamples
        rng = np.random.default_rng(0)
        people = [
            {
                **dict.fromkeys(("id", "image_id"), image),
                **dict(category_id=1, iscrowd=0, num_keypoints=KEYPOINTS, area=7000.0, bbox=[100, 100, 100, 100]),
                "keypoints": np.c_[rng.uniform(100, 200, (KEYPOINTS, 2)), np.full(KEYPOINTS, 2)].ravel().tolist(),
            }
            for image in range(1, images + 1)
        ]
        self.people = {
            "images": [{"id": one["id"]} for one in people],
            "categories": [{"id": 1, "name": "person"}],
            "annotations": people,
        }
        (path / "annotations.json").write_text(json.dumps(self.people))

    def of(self, preset: str = "figures", without: Collection[str] = (), **chosen: Any) -> Results:
        """The results of a preset, or of what it would be without some of its settings."""
        results = Results(preset, self.path, **chosen)
        left = {name: value for name, value in results.settings.settings.items() if name not in without}
        vars(results)["settings"] = replace(results.settings, settings=left)
        return results

    def found(self, noise: float, seed: int) -> Detections:
        """Every person once, each keypoint off by normal noise of that many pixels; a seed is the noise's direction."""
        rng = np.random.default_rng(seed)
        found = []
        for one in self.people["annotations"]:
            off = noise * np.c_[rng.normal(size=(KEYPOINTS, 2)), np.zeros(KEYPOINTS)]
            keypoints = np.reshape(one["keypoints"], (KEYPOINTS, 3)) + off
            fields = {"keypoints": keypoints.ravel().tolist(), "score": round(float(rng.uniform()), 3)}
            found.append({"image_id": one["image_id"], "category_id": 1, **fields})
        return found

    def ap(self, found: Detections, people: dict[str, Any] | None = None) -> float:
        """AP as a fraction, by pycocotools alone; of other people than the folder's where they are given."""
        with contextlib.redirect_stdout(io.StringIO()):
            truth = COCO()
            truth.dataset = copy.deepcopy(people or self.people)
            truth.createIndex()
            evaluation = COCOeval(truth, truth.loadRes(copy.deepcopy(found)), "keypoints")
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        return float(evaluation.stats[0])

    def score(
        self, run: str, ap: Mapping[str, float], *, preset: str = "figures", seed: int = 0, **changed: Any
    ) -> Path:
        """Write ``scores.json`` of a training, or of the mean pose, without detections.

        Args:
            run: Name of the network under its recipe.
            ap: AP of each predictor as a fraction, the final one last; its interval is 0.02 to either side.
            preset: The preset.
            seed: Seed of the training.
            changed: Fields of the file; of those that are mappings, what is to be added or changed.
        """
        network, recipe = split_run(run)
        made = {name: f"{name} of {run}" for name in DIGESTS}
        cost = {"params": 634123, "macs": 112345678, "ops": 123456789}
        folder = self.path / preset / run
        content = {
            **dict(network=network, recipe=recipe, preset=preset, metric="AP", final=list(ap)[-1]),
            "predictors": {
                name: {"AP": one, "AP_interval": [max(one - 0.02, 0.0), min(one + 0.02, 1.0)]}
                for name, one in ap.items()
            },
            **dict(images=self.images, instances=self.images, resamples=self.resamples),
            "annotations": (self.path / "annotations.json").as_posix(),
            "protocol": {"boxes": "ground truth"},
            "provenance": {
                **made,
                "data": self.DATA,
                "data_digest": "sha256:d0",
                "wall_time_s": 2,
                "date": "2026-11-22",
            },
        }
        if network == MEAN_POSE:
            content["provenance"] |= {"training_annotations_digest": "sha256:t0"}
        else:
            folder /= f"seed{seed}"
            content |= {"seed": seed, "cost": {"whole": cost, "deployed": cost, "up_to": dict.fromkeys(ap, cost)}}
            content["protocol"] |= {"flip_test": True, "predictor": "final"}
            content["provenance"] |= {"iterations": 900, "wall_time_s": 90}
        for name, value in changed.items():
            content[name] = {**content[name], **value} if isinstance(value, dict) else value
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "scores.json").write_text(json.dumps(content))
        return folder / "scores.json"

    def train(self, run: str, found: Mapping[str, Detections], **how: Any) -> Path:
        """Write detections of each predictor, the final one last, and ``scores.json`` with the AP that they have."""
        file = self.score(run, {name: self.ap(one) for name, one in found.items()}, **how)
        (file.parent / "predictions").mkdir(exist_ok=True)
        for name, one in found.items():
            (file.parent / "predictions" / f"predictor.{name}.keypoints.json").write_text(json.dumps(one))
        return file

    def count(self, costs: Mapping[str, Mapping[str, int]] | None = None) -> Path:
        """Write ``complexity.csv``, with costs that round to the printed ones but where others are given."""
        lines = []
        for name, printed in paper.table1().items():
            params, ops = round(float(printed.params_m) * 1e6), round(float(printed.flops_g) * 1e9)
            cost = {"params": params, "macs": ops - 1_000_000, "ops": ops, **(costs or {}).get(name, {})}
            deployed = {f"deployed_{count}": value - 1 for count, value in cost.items()}
            lines.append({"network": name, **cost, **deployed, "policy": "convolutions & the rest"})
        pd.DataFrame(lines).to_csv(self.path / "complexity.csv", index=False)
        return self.path / "complexity.csv"

    @staticmethod
    def compared(difference: float, half: float = 1.0, p_holm: float | None = 0.5, **options: Any) -> Comparison:
        """A comparison whose 95 % interval is so many points wide to either side, decided with another one."""
        test = TTest(options.pop("basis", Basis.UNKNOWN), half / 1.959963984540054, math.inf, 0.002, p_holm)
        options = {"family": None if p_holm is None and not options.get("too_low") else 2, **options}
        given = {"trainings": {"ssn": 1, "ssn-k256": 1}, "images_error": 0.1, "welch": None, **options}
        return Comparison("figures", difference=difference, test=test, **given)

    def table1(self, comparisons: Mapping[str, Comparison], preset: str = "figures") -> Table1:
        """Table 1 of the scores that are there, with comparisons that were made up, by their ordering's id."""
        results, printed = self.of(preset), paper.table1()
        scores, costs = results.scores("table1"), results.full_size_costs()
        rows = (
            Row(networks()[name], printed.get(name), costs.get(name), tuple(s for s in scores if s.network == name))
            for name in shown_on("table1")
        )
        of_pair = {(one.higher, one.lower): one.id for one in orderings().values()}
        primary = tuple(of_pair[pair] for pair in results.settings.primary or () if of_pair[pair] in comparisons)
        return Table1(Study.of(results, scores), tuple(rows), comparisons, primary, 1000)


@pytest.fixture(scope="session")
def make_results() -> type[ResultsFolder]:
    """Makes a folder of results."""
    return ResultsFolder


@pytest.fixture
def made(tmp_path: Path) -> ResultsFolder:
    """A folder of results, empty but for the counted costs."""
    folder = ResultsFolder(tmp_path)
    folder.count()
    return folder
