"""A number as the paper prints it, and what it means to match it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal


@dataclass(frozen=True)
class PrintedNumber:
    """A number as the paper prints it; its digits say how precisely it is known.

    Attributes:
        text: The number as printed, without its unit, such as ``"73.0"``.
    """

    text: str

    def __str__(self) -> str:
        return self.text

    def __float__(self) -> float:
        return float(self.text)

    @property
    def half_unit(self) -> float:
        """Half of one unit of its last digit, the most that rounding can have moved it: 0.05 for ``"73.0"``."""
        return float(Decimal((0, (5,), int(Decimal(self.text).as_tuple().exponent) - 1)))

    def matches(self, value: float) -> bool:
        """Say whether a measured figure, rounded to the printed digits, equals the print.

        Args:
            value: The measured figure in the printed unit (millions, billions or percent). It is rounded as the decimal
                number that Python shows for it, an exact half going to the even digit, so that 2450000 / 10**6 is the
                half that a reader sees, and not the binary fraction a little above it.
        """
        printed = Decimal(self.text)
        return Decimal(repr(float(value))).quantize(printed, rounding=ROUND_HALF_EVEN) == printed


def printed(text: str | None) -> PrintedNumber | None:
    """A printed number of a YAML file; None for null."""
    return None if text is None else PrintedNumber(text)


def printed_each(texts: Mapping[str, str | None]) -> dict[str, PrintedNumber]:
    """Printed numbers of a YAML file by name, without those that are null."""
    return {name: PrintedNumber(text) for name, text in texts.items() if text is not None}
