"""A stream of random choices that is a pure function of its key, on any machine and with any Python or NumPy."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Stream:
    """Random choices made of ``random.Random.random()`` alone, the one sequence that Python promises never to change.

    Args:
        *key: Key of the stream, for example version, seed, split and index. Streams of different keys are independent;
            equal keys give equal streams.
    """

    def __init__(self, *key: str | int) -> None:
        digest = hashlib.sha256("/".join(map(str, key)).encode()).digest()
        self._next = random.Random(int.from_bytes(digest, "big")).random

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * self._next()

    def bell(self, reach: float) -> float:
        """A bell-shaped value within +-``reach`` (the mean of three uniform ones; standard deviation ``reach`` / 3)."""
        return reach * (2.0 * (self._next() + self._next() + self._next()) / 3.0 - 1.0)

    def chance(self, probability: float) -> bool:
        return self._next() < probability

    def below(self, stop: int) -> int:
        return int(self._next() * stop)

    def pick(self, items: Sequence[T], weights: Sequence[float] | None = None) -> T:
        """One of ``items``; ``weights``, where given, are probabilities that sum to one."""
        if weights is None:
            return items[self.below(len(items))]
        left = self._next()
        for item, weight in zip(items, weights, strict=True):
            left -= weight
            if left < 0:
                return item
        return items[-1]

    def shuffled(self, items: Sequence[T]) -> tuple[T, ...]:
        return tuple(sorted(items, key=lambda _: self._next()))
