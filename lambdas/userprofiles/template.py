"""Templates: what an account and a profile look like, as data.

A template is a JSON document, so that every Pulumi language can pass one and so that validation, the API
and the backfill come from the same file. Its keys:

* `account`, `profile`: JSON Schema (draft 7) of the fields, with `default`, `readOnly` (nobody changes it
  through the API; of a whole field only) and `enum`. There is no `$ref`.
* `roles`: `attribute` (the Cognito attribute by which a user asks for a role, or null), `default`, and
  `allowed`: for each role the fields it adds to the account.
* `cognito`: for each field the sources of its first value; the first source that has one counts. A source is
  `{"attribute": name, "as": text | lowerCase | localPart | boolean}`, `{"join": [names]}` or
  `{"system": sub | role | now}`.

Presets stand in `templates/`: `marketplace` (from the post-confirmation write-up) and `basic` (from the
profile migration README). A file put beside them is found by its name.
"""

import copy
import json
import pkgutil
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import fastjsonschema

from userprofiles import template_check
from userprofiles.template_check import Kind

Document = dict[str, Any]

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_SURROGATES = re.compile("[\ud800-\udfff]")


class TemplateError(ValueError):
    """A template that can't be used. The message says which one, where it is wrong and what is allowed."""


@dataclass(frozen=True)
class Problem:
    """One thing a schema objects to.

    Attributes:
        path: Names of the fields from the document's root to the value.
        rule: The schema's keyword that is broken, such as `maxLength`.
        message: What is wrong, without the value.
    """

    path: tuple[str, ...]
    rule: str
    message: str


@dataclass(frozen=True)
class Template:
    """A checked template. Make one with `load`.

    Attributes:
        name: Its file's name without `.json`, or what the caller called it.
        document: The template as JSON.
    """

    name: str
    document: Document

    @property
    def role_attribute(self) -> str | None:
        """The Cognito attribute by which a user asks for a role; None where all users have one role."""
        attribute: str | None = self.document["roles"].get("attribute")
        return attribute

    @property
    def roles(self) -> tuple[str, ...]:
        """All roles, in the template's order."""
        return tuple(self.document["roles"]["allowed"])

    @property
    def default_role(self) -> str:
        """The role of who asks for none."""
        return str(self.document["roles"]["default"])

    @cached_property
    def _schemas(self) -> dict[tuple[Kind, str], Document]:
        return {}

    def schema(self, kind: Kind, role: str) -> Document:
        """Return the JSON Schema of an account (with what the role adds) or a profile."""
        known = self._schemas.get((kind, role))
        if known is None:
            known = copy.deepcopy(self.document[kind])
            if kind == "account":
                known["properties"] |= copy.deepcopy(self.document["roles"]["allowed"][role]["properties"])
            # A record may lack a field that a newer template has, so nothing is required here.
            known.pop("required", None)
            self._schemas[kind, role] = known
        return known

    @cached_property
    def _validators(self) -> dict[tuple[Kind, str], Any]:
        return {}

    def check(self, kind: Kind, role: str, document: Mapping[str, Any]) -> list[Problem]:
        """Hold a record, or a part of one, against its schema.

        Returns:
            Everything the schema objects to; nothing if it fits.
        """
        validate = self._validators.get((kind, role))
        if validate is None:
            validate = fastjsonschema.compile(self.schema(kind, role), use_default=False, fast_fail=False)
            self._validators[kind, role] = validate
        try:
            validate(document)
        except fastjsonschema.JsonSchemaValuesException as error:
            return [
                Problem(
                    tuple(found.path[1:]), found.rule or "", found.message.removeprefix("data").lstrip(". ")
                )
                for found in error.errors
            ]
        return []

    def defaults(self, kind: Kind, role: str | None = None) -> Document:
        """Return a record with nothing but the template's defaults, safe to change."""
        fields = self.schema(kind, role or self.default_role)["properties"]
        return {name: copy.deepcopy(field["default"]) for name, field in fields.items() if "default" in field}

    def fill(
        self,
        kind: Kind,
        role: str,
        attributes: Mapping[str, str],
        system: Mapping[str, str],
    ) -> tuple[Document, list[str]]:
        """Make a user's first record.

        Args:
            kind: Which of the two items.
            role: The role that the user has (not the one asked for).
            attributes: The user's attributes in Cognito.
            system: The values of `sub`, `role` and `now`.

        Returns:
            The record in the schema's order, and the names of the fields for which a value in Cognito didn't
            fit the schema (too long, say): such a field has its default, else the value of its next source,
            so that one hostile attribute costs nobody their record.
        """
        defaults = self.defaults(kind, role)
        sources = self.document["cognito"][kind]
        found = {
            name: _all(sources.get(name, ()), attributes, system)
            for name in self.schema(kind, role)["properties"]
        }
        unfit: set[str] = set()
        while True:
            values = {name: candidates[0] for name, candidates in found.items() if candidates}
            wrong = {problem.path[0] for problem in self.check(kind, role, values) if problem.path}
            if not wrong:
                break
            unfit |= wrong
            for name in wrong:
                found[name] = [] if name in defaults else found[name][1:]
        merged = {
            name: values.get(name, defaults.get(name))
            for name in self.schema(kind, role)["properties"]
            if name in values or name in defaults
        }
        return merged, sorted(unfit)


def _all(candidates: Any, attributes: Mapping[str, str], system: Mapping[str, str]) -> list[Any]:
    values = (_value(candidate, attributes, system) for candidate in candidates)
    return [value for value in values if value not in (None, "")]


def _value(candidate: Mapping[str, Any], attributes: Mapping[str, str], system: Mapping[str, str]) -> Any:
    value: Any = None
    if "system" in candidate:
        value = system[candidate["system"]]
    elif "join" in candidate:
        parts = [clean_text(attributes.get(name, "")) for name in candidate["join"]]
        value = " ".join(part for part in parts if part)
    elif candidate["attribute"] in attributes:
        value = _convert(clean_text(attributes[candidate["attribute"]]), candidate.get("as", "text"))
    return value


def _convert(text: str, conversion: str) -> str | bool:
    match conversion:
        case "lowerCase":
            return text.lower()
        case "localPart":
            return text.lower().partition("@")[0]
        case "boolean":
            return text.lower() == "true"
    return text


def clean_text(text: str) -> str:
    """Strip a text and put U+FFFD for each half of a surrogate pair, which DynamoDB can't keep."""
    return _SURROGATES.sub("\ufffd", text).strip()


def load(source: str | Path | Mapping[str, Any]) -> Template:
    """Load a template and check it.

    Args:
        source: The name of a file in `templates/` (without `.json`), the path of a JSON file, or the
            document itself.

    Raises:
        TemplateError: There is no such template, or it can't be used.
    """
    name, document = _read(source)
    found = next(template_check.problems(document), None)
    if found is not None:
        raise TemplateError(f"Template {name!r} can't be used: {found}.")
    template = Template(name, copy.deepcopy(dict(document)))
    _check_defaults(template)
    return template


def _check_defaults(template: Template) -> None:
    """Hold the defaults against their own schema: a default that doesn't fit would lock the user's field."""
    wanted: list[tuple[Kind, str]] = [("account", role) for role in template.roles]
    for kind, role in [*wanted, ("profile", template.default_role)]:
        try:
            found = template.check(kind, role, template.defaults(kind, role))
        except (
            fastjsonschema.JsonSchemaDefinitionException,
            re.error,
            TypeError,
            ValueError,
            AttributeError,
        ) as error:
            raise TemplateError(
                f"Template {template.name!r} can't be used: the {kind}'s schema (role {role!r}) is no "
                f"JSON Schema: {error}.",
            ) from error
        if found:
            raise TemplateError(
                f"Template {template.name!r} can't be used: the default of {kind}.{'.'.join(found[0].path)} "
                f"breaks its own rule {found[0].rule!r}.",
            )


def _read(source: str | Path | Mapping[str, Any]) -> tuple[str, Any]:
    if isinstance(source, Mapping):
        return "inline", source
    if isinstance(source, Path) or source.endswith(".json"):
        path = Path(source)
        try:
            return path.stem, json.loads(path.read_bytes())
        except OSError as error:
            raise TemplateError(
                f"Template file {str(source)!r} can't be read: {error.strerror}. Give a readable JSON file.",
            ) from error
        except ValueError as error:
            raise TemplateError(f"Template file {str(source)!r} is no JSON: {error}.") from error
    if not _NAME.fullmatch(source):
        raise TemplateError(
            f"Template name {source!r} isn't allowed: use lower-case letters, digits, - and _, a letter "
            f"first, or a path that ends in .json. There are {', '.join(names())}.",
        )
    try:
        content = pkgutil.get_data("userprofiles", f"templates/{source}.json")
        return source, json.loads(content or b"")
    except OSError:
        raise TemplateError(
            f"There is no template {source!r}. There are {', '.join(names())}; one of your own is given as "
            "its JSON file (a path that ends in .json) or as the document itself.",
        ) from None
    except ValueError as error:
        raise TemplateError(f"Template {source!r} is no JSON: {error}.") from error


def names() -> list[str]:
    """List the templates that can be loaded by name."""
    return sorted(file.stem for file in (Path(__file__).parent / "templates").glob("*.json"))
