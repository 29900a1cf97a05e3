"""The YAML files beside this module, read and held against their schemas."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import jsonschema
import yaml
from referencing import Registry
from referencing.jsonschema import DRAFT202012

_TERMS = "terms.schema.yaml"


@cache  # a page asks for the same few tables hundreds of times, and most of its time would be spent on their text
def load_checked(name: str) -> Any:
    """Content of ``<name>.yaml`` of this package, held against ``<name>.schema.yaml``.

    All callers get the one object: they build from it, and leave it as it is.

    Raises:
        jsonschema.ValidationError: if it does not fit the schema; names the field.
    """
    content = _load(f"{name}.yaml")
    terms = Registry().with_resource(_TERMS, DRAFT202012.create_resource(_load(_TERMS)))
    jsonschema.validate(content, _load(f"{name}.schema.yaml"), cls=jsonschema.Draft202012Validator, registry=terms)
    return content


def _load(name: str) -> Any:
    return yaml.safe_load(resources.files("mmpose_ssn.paper").joinpath(name).read_text(encoding="utf-8"))
