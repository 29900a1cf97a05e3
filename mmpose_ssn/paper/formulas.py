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
        id: its short id.
        says: what it counts, in our words.
        section: the section that prints it.
        unit: unit of its value.
        symbols: what each letter stands for.
        expression: sums, products and powers of the symbols and whole numbers, in Python's notation.
        note: what a reader should know of it, or None.
    """

    id: str
    says: str
    section: str
    unit: str
    symbols: Mapping[str, str]
    expression: str
    note: str | None = None

    def evaluate(self, **symbols: int) -> int:
        """Its value.

        Args:
            symbols: a whole number for each symbol.

        Raises:
            ValueError: if the symbols are not the formula's; names both.
        """
        if symbols.keys() != self.symbols.keys():
            raise ValueError(f"{self.id} has the symbols {', '.join(self.symbols)}, got {', '.join(symbols) or 'none'}")
        # the schema leaves the expression no parenthesis, dot, bracket or lower-case letter: nothing can be called
        value: Any = eval(self.expression, {"__builtins__": {}}, dict(symbols))
        return int(value)


def formulas() -> dict[str, Formula]:
    """The printed formulas, keyed by id.

    Raises:
        jsonschema.ValidationError: if ``formulas.yaml`` does not fit its schema; the error names the field.
    """
    return {name: Formula(id=name, **fields) for name, fields in load_checked("mmpose_ssn.paper", "formulas").items()}
