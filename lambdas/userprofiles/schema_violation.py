"""Validators of JSON Schemas, and the violations that they find.

A validator is a function that fastjsonschema generates. It raises the errors of this module instead of
fastjsonschema's, so that a function in Lambda doesn't import fastjsonschema.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Validator = Callable[[Mapping[str, Any]], object]

_SEPARATORS = re.compile(r"[.\[\]]+")


@dataclass(frozen=True)
class SchemaViolation:
    """A value that violates the schema.

    Attributes:
        path: Names of the fields from the document's root to the value.
        keyword: The violated keyword of the schema, such as `maxLength`.
        message: What is wrong, without the value.
    """

    path: tuple[str, ...]
    keyword: str
    message: str


class InvalidValueError(ValueError):
    """One violation, with the parameters of fastjsonschema's `JsonSchemaValueException`.

    It doesn't keep the value, which may be personal data.
    """

    def __init__(
        self,
        message: str,
        value: object = None,  # noqa: ARG002  (generated code passes it)
        name: str | None = None,
        definition: object = None,  # noqa: ARG002  (generated code passes it)
        rule: str | None = None,
    ) -> None:
        super().__init__(message)
        self._message = message
        self._name = name or ""
        self._rule = rule or ""

    @property
    def violation(self) -> SchemaViolation:
        """The violation in our terms."""
        path = [part for part in _SEPARATORS.split(self._name) if part]
        return SchemaViolation(
            path=tuple(path[1:]),
            keyword=self._rule,
            message=self._message.removeprefix("data").lstrip(". "),
        )


class InvalidValuesError(ValueError):
    """All violations of a document, with the parameter of fastjsonschema's `JsonSchemaValuesException`."""

    def __init__(self, errors: list[InvalidValueError]) -> None:
        super().__init__(f"{len(errors)} violations of the schema")
        self.errors = errors


def find_violations(validator: Validator, document: Mapping[str, Any]) -> list[SchemaViolation]:
    """Return all violations of a document; empty if it is valid."""
    try:
        validator(document)
    except InvalidValuesError as error:
        return [invalid_value.violation for invalid_value in error.errors]
    return []
