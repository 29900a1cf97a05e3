"""Where a training data set stands in a config: by itself, for MMPose's tools, and inside of a ``SampleStream``, for a
training.

This needs no network library, as whoever only reads configs does not want to wait for one.
"""

from __future__ import annotations

from typing import Any

_STREAM = "SampleStream"


def streamed(dataset: Any) -> Any:
    """The config of a data set inside of a ``SampleStream``, also where it was in one before."""
    return dataset if dataset["type"] == _STREAM else {"type": _STREAM, "dataset": dataset}


def unstreamed(dataset: Any) -> Any:
    """The config of a data set by itself, also where it was in a ``SampleStream``, as in configs written before
    ``StreamTrainLoop`` made its own.
    """
    return dataset["dataset"] if dataset["type"] == _STREAM else dataset
