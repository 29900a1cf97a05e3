"""The formulas that the paper prints for a number, loaded from the YAML file beside this module."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mmpose_ssn.checked_yaml import load_checked


@dataclass(frozen=True)
class Formula:
    """A printed formula for a whole number.

    Attributes:
        id: Short id of the formula.
        says: What it counts, in our words.
        section: Number of the section that prints it.
        unit: Unit of its value.
        symbols: What each letter stands for.
        expression: The formula as sums, products and powers of the symbols and whole numbers, in Python's notation.
        note: What a reader should know of the formula, or None.
    """

    id: str
    says: str
    section: str
    unit: str
    symbols: Mapping[str, str]
    expression: str
    note: str | None = None

    def evaluate(self, **symbols: int) -> int:
        """The value of the formula.

        Args:
            symbols: Whole number for each symbol.

        Raises:
            ValueError: If the symbols are not the formula's; the message names both.
        """
        if symbols.keys() != self.symbols.keys():
            raise ValueError(f"{self.id} has the symbols {', '.join(self.symbols)}, got {', '.join(symbols) or 'none'}")
        # the schema leaves the expression no parenthesis, dot, bracket or lower-case letter: nothing can be called
        value: Any = eval(self.expression, {"__builtins__": {}}, dict(symbols))
        return int(value)


def formulas() -> dict[str, Formula]:
    """The printed formulas, keyed by id.

    Raises:
        jsonschema.ValidationError: If ``formulas.yaml`` does not fit its schema; the error names the field.
    """
    return {name: Formula(id=name, **fields) for name, fields in load_checked("mmpose_ssn.paper", "formulas").items()}
