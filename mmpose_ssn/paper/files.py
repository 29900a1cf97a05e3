"""The YAML files beside this module, read and held against their schemas."""

from __future__ import annotations

from importlib import resources
from typing import Any

import jsonschema
import yaml


def load_checked(name: str, schema: str) -> Any:
    """Content of a YAML file of this package.

    Raises:
        jsonschema.ValidationError: if it does not fit the schema, another file of this package; names the field.
    """
    content = _load(name)
    jsonschema.validate(content, _load(schema), cls=jsonschema.Draft202012Validator)
    return content


def _load(name: str) -> Any:
    return yaml.safe_load(resources.files("mmpose_ssn.paper").joinpath(name).read_text(encoding="utf-8"))
