"""MMEngine's runner, kept apart from those that the same process built before."""

from __future__ import annotations

import itertools

from mmengine.config import Config
from mmengine.runner import Runner

_numbers = itertools.count()


def build_runner(config: Config) -> Runner:
    """Build the runner of a config, with a logger, a history and a visualizer of its own.

    MMEngine shares these between all runners of a process that have one name, and every config names its visualizer
    alike, so that a second training would write its curve into the first one's folder.

    Args:
        config: Resolved config; its ``experiment_name`` and ``visualizer.name`` are set.

    Returns:
        The runner.
    """
    made = config.get("experiment", {})
    name = "-".join(str(made[key]) for key in ("preset", "network", "recipe", "seed") if key in made)
    config.experiment_name = f"{name or 'run'}-{next(_numbers)}"
    if config.get("visualizer"):
        config.visualizer.name = config.experiment_name
    return Runner.from_cfg(config)
