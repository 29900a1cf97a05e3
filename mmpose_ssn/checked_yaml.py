"""The YAML files of this package, each read once and held against the schema beside it."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import jsonschema
import yaml
from referencing import Registry
from referencing.jsonschema import DRAFT202012

_TERMS = "terms.schema.yaml"


@cache  # a page asks for the same few files hundreds of times, and most of its time would be spent on their text
def load_checked(package: str, name: str) -> Any:
    """Content of ``<name>.yaml`` of a package, held against ``<name>.schema.yaml``.

    All callers get the one object: they build from it, and leave it as it is.

    Raises:
        jsonschema.ValidationError: If the content does not fit the schema; the error names the field.
    """
    content = _load(package, f"{name}.yaml")
    validator(package, name).validate(content)
    return content


@cache
def validator(package: str, name: str) -> jsonschema.Draft202012Validator:
    """The validator of ``<name>.schema.yaml`` of a package; schemas may refer to ``terms.schema.yaml``."""
    terms = Registry().with_resource(_TERMS, DRAFT202012.create_resource(_load("mmpose_ssn", _TERMS)))
    return jsonschema.Draft202012Validator(
        _load(package, f"{name}.schema.yaml"),
        registry=terms,
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )


def complaints(package: str, name: str, content: Any) -> str:
    """What does not fit a schema, in words; empty where everything does."""
    errors = sorted(validator(package, name).iter_errors(content), key=lambda error: error.json_path)
    return "; ".join(f"{error.json_path}: {error.message}" for error in errors)


def _load(package: str, name: str) -> Any:
    return yaml.safe_load(resources.files(package).joinpath(name).read_text(encoding="utf-8"))
