"""Users who get no profile: inactive and soft-deleted users, as the profile migration README defines them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from userprofiles.table.record import INACTIVE_STATUSES

TYPE_NAMES = {
    "S": "a string",
    "N": "a number",
    "B": "binary",
    "BOOL": "a boolean",
    "NULL": "null",
    "M": "a map",
    "L": "a list",
    "SS": "a string set",
    "NS": "a number set",
    "BS": "a binary set",
}

INACTIVE = "inactive"
SOFT_DELETED = "softDeleted"
ERASED = "erased"
DELETED = "deleted"  # during the run

DEFAULT_STATUSES = INACTIVE_STATUSES
ACTIVE_FLAGS = ("isActive", "active")
DELETED_FLAGS = ("isDeleted", "deleted")
DELETED_AT = "deletedAt"
DEFAULT_FLAGS = (*ACTIVE_FLAGS, *DELETED_FLAGS, DELETED_AT)

_BOOLEAN_WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class WrongTypeError(ValueError):
    """An attribute of a row has the wrong type."""

    def __init__(self, name: str, value: Mapping[str, Any], expected: str) -> None:
        type_code = next(iter(value), "")
        super().__init__(f"{name} is {TYPE_NAMES.get(type_code, 'of an unknown type')}, not {expected}")


def _read_flag(row: Mapping[str, Any], name: str) -> bool | None:
    """Return a flag's value, or None if the row has no value.

    Old data also has flags as text and as 0/1. Any other value is an error: read as active, it would give a
    profile to a deleted user.
    """
    value = row.get(name)
    if value is None or "NULL" in value:
        return None
    if "BOOL" in value:
        return bool(value["BOOL"])
    text = value.get("S", value.get("N"))
    if isinstance(text, str):
        if not text.strip():
            return None
        flag = _BOOLEAN_WORDS.get(text.strip().lower())
        if flag is not None:
            return flag
    raise (
        WrongTypeError(name, value, "true or false")
        if text is None
        else ValueError(f"{name} has a value that is neither true nor false")
    )


@dataclass(frozen=True)
class SkipRule:
    """Decides from a user row whether the user is skipped.

    Args:
        statuses: The values of ``status``, in upper or lower case, whose users are skipped. ``deleted``
            counts as soft-deleted, every other value as inactive. Default: inactive, disabled, suspended,
            deleted.
        flags: The other attributes that are checked, from ``DEFAULT_FLAGS``. Default: all of them.
    """

    statuses: tuple[str, ...] = DEFAULT_STATUSES
    flags: tuple[str, ...] = DEFAULT_FLAGS

    def __post_init__(self) -> None:
        unknown = [name for name in self.flags if name not in DEFAULT_FLAGS]
        if unknown:
            raise ValueError(
                f"unknown flag {', '.join(map(repr, unknown))}; allowed: {', '.join(DEFAULT_FLAGS)}"
            )
        object.__setattr__(
            self, "statuses", tuple(sorted({status.strip().lower() for status in self.statuses}))
        )
        object.__setattr__(self, "flags", tuple(sorted(set(self.flags))))

    def skip_reason(self, row: Mapping[str, Any]) -> str | None:
        """Return why the user of this row is skipped, or None.

        Args:
            row: The row in DynamoDB JSON.

        Raises:
            ValueError: A checked attribute has an unusable value. The text names only the attribute.
        """
        status = self._skipped_status(row)
        if status == "deleted" or self._is_deleted(row):
            return SOFT_DELETED
        if status or any(_read_flag(row, name) is False for name in ACTIVE_FLAGS if name in self.flags):
            return INACTIVE
        return None

    def _skipped_status(self, row: Mapping[str, Any]) -> str | None:
        value = row.get("status")
        if not self.statuses or value is None or "NULL" in value:
            return None
        if "S" not in value:
            raise WrongTypeError("status", value, "a string")
        status = str(value["S"]).strip().lower()
        return status if status in self.statuses else None

    def _is_deleted(self, row: Mapping[str, Any]) -> bool:
        if any(_read_flag(row, name) is True for name in DELETED_FLAGS if name in self.flags):
            return True
        value = row.get(DELETED_AT) if DELETED_AT in self.flags else None
        if value is None or "NULL" in value:
            return False
        if value.get("BOOL") is False:
            return False
        return bool(value.get("S") != "")

    def to_json(self) -> dict[str, list[str]]:
        """Return the rule as the state machine's input and the checkpoint have it."""
        return {"statusValues": list(self.statuses), "flags": list(self.flags)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any] | None) -> "SkipRule":
        """Read a rule: ``{"statusValues": [...], "flags": [...]}``, each optional.

        Raises:
            ValueError: A key is unknown, or a value is not a list of strings.
        """
        rule = dict(document or {})
        unknown = sorted(set(rule) - {"statusValues", "flags"})
        if unknown:
            raise ValueError(f"unknown key {unknown[0]!r} in the rule; allowed: statusValues, flags")
        return cls(
            statuses=_strings(rule.get("statusValues", DEFAULT_STATUSES), "statusValues"),
            flags=_strings(rule.get("flags", DEFAULT_FLAGS), "flags"),
        )


def _strings(value: Iterable[Any] | Any, name: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(entry, str) for entry in value):
        raise ValueError(f"{name} must be a list of strings, not {value!r}")
    return tuple(value)
