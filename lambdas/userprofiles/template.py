"""Templates: the fields of an account and a profile, as data.

A template is a JSON document, so that it can be passed from any Pulumi language and so that validation, the
API and the backfill use the same file. docs/templates.md describes its format. `templates/` contains the
presets: `basic` (the profile migration README), `social` (the data migration strategy), `career` (the profile
creation guide) and `marketplace` (the post-confirmation write-up). Any other file in that folder is also
loaded by its name.
"""

import copy
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from userprofiles import compiled_template, field_sources, template_check, template_document, template_version
from userprofiles.schema_violation import SchemaViolation, Validator, find_violations
from userprofiles.template_check import ItemKind
from userprofiles.template_document import Document, TemplateError, names, read

__all__ = [
    "Document",
    "SchemaViolation",
    "Template",
    "TemplateError",
    "find_problems",
    "load",
    "names",
    "read",
]


@dataclass(frozen=True)
class Template:
    """A validated template. Create one with `load`.

    Attributes:
        name: The name of its file without `.json`, or `inline` for a document.
        document: The template as JSON, expanded: without `fieldType` and `from`.
        compiled_validators: The validators that the zip contains. The others are compiled on first use.
    """

    name: str
    document: Document
    compiled_validators: Mapping[tuple[str, str], Validator] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def version(self) -> str:
        """The version, `<major>.<minor>`."""
        return str(self.document.get("version", template_version.FIRST_VERSION))

    @property
    def role_attribute(self) -> str | None:
        """The Cognito attribute with the role that a user requests; None if all users have the same role."""
        attribute: str | None = self.document["roles"].get("attribute")
        return attribute

    @property
    def roles(self) -> tuple[str, ...]:
        """All roles, in the template's order."""
        return tuple(self.document["roles"]["allowed"])

    @property
    def default_role(self) -> str:
        """The role of users who request none."""
        return str(self.document["roles"]["default"])

    def approval_field(self, role: str) -> str | None:
        """Return the field that says whether an administrator has approved a user of a role, if any."""
        field: str | None = self.document["roles"]["allowed"][role].get("approval")
        return field

    def requiring_approval(self, roles: Collection[str]) -> "Template":
        """Return a template in which new users of these roles are pending.

        Args:
            roles: Roles for which `approval_field` is not None.
        """
        if not roles:
            return self
        document = copy.deepcopy(self.document)
        for role in roles:
            fields = document["roles"]["allowed"][role]["properties"]
            fields[self.approval_field(role)]["default"] = template_check.APPROVAL_STATES[0]
        # Validators ignore defaults, so they are still valid.
        return Template(self.name, document, self.compiled_validators)

    @cached_property
    def _schemas(self) -> dict[tuple[ItemKind, str], Document]:
        return {}

    def schema(self, kind: ItemKind, role: str) -> Document:
        """Return the JSON Schema of an account (with the role's additional fields) or a profile."""
        schema = self._schemas.get((kind, role))
        if schema is None:
            schema = copy.deepcopy(self.document[kind])
            if kind == "account":
                schema["properties"] |= copy.deepcopy(self.document["roles"]["allowed"][role]["properties"])
            # An item may lack a field that a newer template has, so no field is required here.
            schema.pop("required", None)
            self._schemas[kind, role] = schema
        return schema

    @cached_property
    def _validators(self) -> dict[tuple[str, str], Validator]:
        return dict(self.compiled_validators)

    def validate(self, kind: ItemKind, role: str, document: Mapping[str, Any]) -> list[SchemaViolation]:
        """Validate the fields of an item, or some of them, against the schema.

        Returns:
            All violations; empty if the document is valid.
        """
        validator = self._validators.get((kind, role))
        if validator is None:
            # A zip with compiled templates does not need the compiler.
            from userprofiles import schema_compiler  # noqa: PLC0415

            validator = schema_compiler.compile_validator(self.schema(kind, role))
            self._validators[kind, role] = validator
        return find_violations(validator, document)

    def defaults(self, kind: ItemKind, role: str | None = None) -> Document:
        """Return the default values of the fields that have one. The caller may change the result."""
        fields = self.schema(kind, role or self.default_role)["properties"]
        return {name: copy.deepcopy(field["default"]) for name, field in fields.items() if "default" in field}

    def fill(
        self,
        kind: ItemKind,
        role: str,
        attributes: Mapping[str, str],
        system: Mapping[str, str],
    ) -> tuple[Document, list[str]]:
        """Return the first values of a user's fields.

        Args:
            kind: Account or profile.
            role: The role that the user has (not the requested role).
            attributes: The user's attributes in Cognito.
            system: The values of `sub`, `role` and `now`.

        Returns:
            The fields in the schema's order, and the names of the fields whose value in Cognito doesn't
            match the schema (for example, it is too long). Such a field gets its default, or else the value
            of its next source, so that one bad attribute doesn't prevent the registration.
        """
        field_names = tuple(self.schema(kind, role)["properties"])
        defaults = self.defaults(kind, role)
        sources = self.document["cognito"][kind]
        candidates = {
            name: field_sources.read_values(sources.get(name, ()), attributes, system) for name in field_names
        }
        unfit_fields: set[str] = set()
        while True:
            values = {name: field_values[0] for name, field_values in candidates.items() if field_values}
            violations = self.validate(kind, role, values)
            invalid_fields = {violation.path[0] for violation in violations if violation.path}
            if not invalid_fields:
                break
            unfit_fields |= invalid_fields
            for name in invalid_fields:
                candidates[name] = [] if name in defaults else candidates[name][1:]
        fields = {
            name: values.get(name, defaults.get(name))
            for name in field_names
            if name in values or name in defaults
        }
        return fields, sorted(unfit_fields)

    def fields_from_attributes(
        self, kind: ItemKind, attributes: Mapping[str, str], fields: Mapping[str, Any]
    ) -> list[str]:
        """Return the names of the fields whose first value is that of an attribute in Cognito.

        Args:
            kind: Account or profile.
            attributes: The user's attributes in Cognito.
            fields: The result of `fill`.
        """
        sources = self.document["cognito"][kind]
        return [
            name
            for name, value in fields.items()
            if value in field_sources.read_attribute_values(sources.get(name, ()), attributes)
        ]

    def system_sources(self, kind: ItemKind) -> dict[str, str]:
        """Return the name of the system's value for each field that has such a source."""
        return {
            name: next(source["system"] for source in sources if "system" in source)
            for name, sources in self.document["cognito"][kind].items()
            if any("system" in source for source in sources)
        }

    @property
    def update_time_field(self) -> str:
        """The field of the profile that has the time of its last change."""
        return "updated_at" if "updated_at" in self.document["profile"]["properties"] else "updatedAt"


def load(source: str | Path | Mapping[str, Any]) -> Template:
    """Load a template and validate it, unless that happened when the functions' zip was built.

    Args:
        source: The name of a file in `templates/` (without `.json`), the path of a JSON file, or the
            document itself.

    Raises:
        TemplateError: The template doesn't exist or is invalid.
    """
    compiled = compiled_template.load(source) if isinstance(source, str) else None
    if compiled is not None:
        return Template(str(source), compiled.document, compiled.validators)
    template, problems = _load(source)
    all_problems = list(problems)
    if all_problems:
        others = len(all_problems) - 1
        more = f" {others} more: run `userprofiles template check`." if others else ""
        raise TemplateError(f"Template {template.name!r} is invalid: {all_problems[0]}.{more}")
    return template


def find_problems(source: str | Path | Mapping[str, Any]) -> list[str]:
    """Return all problems of a template, each with its location; empty if `load` accepts it.

    Raises:
        TemplateError: The template doesn't exist or is not JSON.
    """
    _, problems = _load(source)
    return list(problems)


def _load(source: str | Path | Mapping[str, Any]) -> tuple[Template, Iterator[str]]:
    name, raw_document = read(source)
    if template_document.is_too_deep(raw_document):
        raise TemplateError(
            f"Template {name!r} is invalid: it has more than {template_document.MAX_DEPTH} levels."
        )
    document, problems = template_document.expand(raw_document)
    template = Template(name, document)
    return template, chain(problems, _find_problems(template))


def _find_problems(template: Template) -> Iterator[str]:
    has_problems = False
    for problem in template_check.find_problems(template.document):
        has_problems = True
        yield problem
    if not has_problems:
        yield from _find_default_problems(template)


def _find_default_problems(template: Template) -> Iterator[str]:
    """Yield the defaults that violate their schemas: users could not change a field with such a default."""
    kinds_and_roles: list[tuple[ItemKind, str]] = [("account", role) for role in template.roles]
    kinds_and_roles.append(("profile", template.default_role))
    for kind, role in kinds_and_roles:
        try:
            violations = template.validate(kind, role, template.defaults(kind, role))
        except (re.error, TypeError, ValueError, AttributeError) as error:
            yield f"the schema of {kind} (role {role!r}) is not a valid JSON Schema: {error}"
            continue
        for violation in violations:
            path = ".".join((kind, *violation.path))
            yield f"the default of {path} violates its keyword {violation.keyword!r}: {violation.message}"
