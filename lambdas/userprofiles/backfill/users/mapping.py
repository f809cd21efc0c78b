"""The mapping of a source: which of its columns has the ID, the attributes and the status of a user.

docs/sources.md describes the format of a mapping file.
"""

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.users.skip_rule import DEFAULT_FLAGS
from userprofiles.template import Template
from userprofiles.template_check import ITEM_KINDS

FORMAT = "userprofiles-mapping"
VERSION = 1
ID = "id"
ROLE = "role"
SKIP_NAMES = ("status", *DEFAULT_FLAGS)

_KEYS = ("format", "version", "columns", "delimiter")
_SAME_NAMES = {name: name for name in SKIP_NAMES}

# The names of a table with the key `user_id`: those of the post-confirmation write-up.
KEYED_TABLE_COLUMNS = {
    ID: "user_id",
    "email": "email",
    "email_verified": "emailVerified",
    "name": "name",
    "preferred_username": "username",
    ROLE: "role",
    **_SAME_NAMES,
}

# The names of the table of the profile migration README, and of this project's users table.
TABLE_COLUMNS = {
    ID: "userId",
    "email": "email",
    "email_verified": "emailVerified",
    "name": "name",
    "given_name": "firstName",
    "family_name": "lastName",
    "phone_number": "phoneNumber",
    "preferred_username": "username",
    ROLE: "role",
    **_SAME_NAMES,
}


@dataclass(frozen=True)
class ColumnMapping:
    """The columns of a source.

    Attributes:
        columns: The column of each target. A target is `id`, `role`, an attribute of Cognito that the
            template reads, or an attribute that decides whether a user is skipped.
        delimiter: The character between the values of a CSV file.
    """

    columns: Mapping[str, str]
    delimiter: str = ","

    def to_json(self) -> dict[str, Any]:
        """Return the mapping as a job stores it."""
        return {"columns": dict(sorted(self.columns.items())), "delimiter": self.delimiter}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "ColumnMapping":
        """Read the document that `to_json` returns."""
        return cls(dict(document["columns"]), document.get("delimiter", ","))


def attribute_names(template: Template) -> list[str]:
    """Return the attributes of Cognito that a template reads, without the attribute of the role."""
    names: set[str] = set()
    for kind in ITEM_KINDS:
        for sources in template.document["cognito"][kind].values():
            for source in sources:
                names.update(source.get("join", ()))
                names.update([source["attribute"]] if "attribute" in source else [])
    return sorted(names - {template.role_attribute or ""})


def read_mapping(path: Path, template: Template) -> ColumnMapping:
    """Read a mapping file, and check the names of its targets.

    Args:
        path: The path of the file.
        template: The template whose attributes are allowed as targets.

    Raises:
        RefusedError: The file can't be read, or it is not a mapping for this template.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _error(path, f"the file can't be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise _error(path, "the file is not JSON in UTF-8") from error
    if not isinstance(document, dict):
        raise _error(path, "must be a JSON object")
    unknown = sorted(set(document) - set(_KEYS))
    if unknown:
        raise _error(path, f"unknown key {unknown[0]!r}; allowed: {', '.join(_KEYS)}")
    if document.get("format") != FORMAT or document.get("version") != VERSION:
        raise _error(path, f'must have "format": "{FORMAT}" and "version": {VERSION}')
    delimiter = document.get("delimiter", ",")
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n' or ord(delimiter) > 127:  # noqa: PLR2004 - ASCII
        raise _error(path, f'delimiter must be one ASCII character, such as "," or ";", got {delimiter!r}')
    return ColumnMapping(_check_columns(path, document.get("columns"), template), delimiter)


def _check_columns(path: Path, columns: Any, template: Template) -> dict[str, str]:
    if not isinstance(columns, dict) or not columns:
        raise _error(path, 'columns must be an object such as {"id": "user_id", "email": "mail"}')
    allowed = [ID, ROLE, *attribute_names(template), *SKIP_NAMES]
    for target, column in columns.items():
        if target not in allowed:
            raise _error(path, _unknown_target(target, allowed, template))
        if not isinstance(column, str) or not column:
            raise _error(path, f"the column of {target!r} must be a name, got {column!r}")
    if ID not in columns:
        raise _error(path, f'columns must have "{ID}", the column with the ID of the user')
    return dict(columns)


def _unknown_target(target: str, allowed: Iterable[str], template: Template) -> str:
    names = list(allowed)
    similar = difflib.get_close_matches(target, names, n=1)
    hint = f" Did you mean {similar[0]!r}?" if similar else ""
    return (
        f"unknown target {target!r} for the template {template.name!r}; allowed: {', '.join(names)}.{hint}\n"
        "Each entry of columns is a target and the name of its column in the source"
    )


def _error(path: Path, problem: str) -> RefusedError:
    return RefusedError(f"--mapping {path}: {problem}.")
