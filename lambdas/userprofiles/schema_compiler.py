"""Compiles a JSON Schema to a validator, with fastjsonschema.

Functions in Lambda don't import this module if their zip has compiled templates, see `compiled_template`.
"""

import re
from typing import Any

import fastjsonschema

from userprofiles.schema_violation import Validator

VALIDATOR_NAME = "VALIDATOR"

# Generated code is one line for each statement, so a text of the schema can't begin a line.
_IMPORT = re.compile(r"^from fastjsonschema import .*$", re.MULTILINE)
_FIRST_FUNCTION = re.compile(r"^def (\w+)\(", re.MULTILINE)
_OWN_IMPORT = """\
from userprofiles.schema_violation import InvalidValueError as JsonSchemaValueException
from userprofiles.schema_violation import InvalidValuesError as JsonSchemaValuesException"""


def generate_source(schema: Any) -> str:
    """Return the source of a module whose variable `VALIDATOR` validates documents.

    Raises:
        ValueError: The schema is not a valid JSON Schema. Its keywords may also raise re.error, TypeError
            and AttributeError.
    """
    code = fastjsonschema.compile_to_code(schema, use_default=False, fast_fail=False)
    function = _FIRST_FUNCTION.search(code)
    code, imports = _IMPORT.subn(_OWN_IMPORT, code)
    if function is None or imports != 1:
        raise RuntimeError(
            f"This version of fastjsonschema generates unexpected code. Got {fastjsonschema.VERSION}; "
            "install the version in uv.lock."
        )
    return f"{code}\n{VALIDATOR_NAME} = {function[1]}\n"


def compile_validator(schema: Any) -> Validator:
    """Return the validator of a schema.

    Raises:
        ValueError: As `generate_source`.
    """
    module: dict[str, Any] = {}
    # fastjsonschema.compile does the same, but with its own errors.
    exec(generate_source(schema), module)  # noqa: S102
    validator: Validator = module[VALIDATOR_NAME]
    return validator
