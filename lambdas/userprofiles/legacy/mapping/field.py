"""Reads one value of a record from a document, as a mapping describes it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from userprofiles.legacy.mapping.converters import UnfitValueError, to_boolean, to_date, to_id, to_text
from userprofiles.legacy.mapping.targets import VISIBILITIES, Target

_UNLISTED = "has a value that the mapping does not list"


@dataclass(frozen=True)
class Field:
    """A value of a record, and where it comes from.

    Attributes:
        name: The name of the target.
        target: The target.
        sources: The paths of the candidates, with dots. The first one that a document has is used; for
            `texts`, all of them.
        default: What is used if a document has none of them.
        values: The target value of each source value; empty if values are not translated.
        unit: The unit of a date that is a number.
        item: The path of the value in an entry of a list; empty if the entry is the value.
    """

    name: str
    target: Target
    sources: tuple[str, ...] = ()
    default: Any = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    unit: str = ""
    item: str = ""

    def read(self, document: Mapping[str, Any], problems: list[str]) -> Any:
        """Return the value of a document. Append what does not fit, without values.

        Args:
            document: The document.
            problems: Gets the problems.
        """
        values: list[str] = []
        for source in self.sources:
            try:
                raw = find_value(document, source)
                if is_missing(raw):
                    continue
                if self.target.value_type not in {"ids", "texts"}:
                    return self._convert(raw)
                values += self._convert_entries(raw, f"{self.name}: an entry of {source}", problems)
            except UnfitValueError as error:
                problems.append(f"{self.name}: {source} {error}")
                return self.target.unlisted or self.default
            if self.target.value_type == "ids":
                return tuple(values)  # as listed: a stage counts what is listed twice
        return tuple(dict.fromkeys(values)) or self.default

    def is_missing(self, document: Mapping[str, Any]) -> bool:
        """Return whether a document has none of the candidates."""
        return not any(has_value(document, source) for source in self.sources)

    def _convert(self, raw: Any) -> Any:
        if self.values:
            return self._translate(raw)
        match self.target.value_type:
            case "boolean":
                return to_boolean(raw)
            case "date":
                return to_date(raw, self.unit, self.target.precision)
            case "id":
                return to_id(raw)
            case "choice" if raw not in VISIBILITIES:
                raise UnfitValueError(_UNLISTED)
            case _:
                return to_text(raw)

    def _translate(self, raw: Any) -> Any:
        text = str(raw).lower() if isinstance(raw, bool) else to_text(raw)
        if text not in self.values:
            raise UnfitValueError(_UNLISTED)
        return self.values[text]

    def _convert_entries(self, raw: Any, place: str, problems: list[str]) -> list[str]:
        """Return the entries of a list that fit. A single text is a list of one for `texts`."""
        is_single = self.target.value_type == "texts" and isinstance(raw, str)
        if not isinstance(raw, list) and not is_single:
            raise UnfitValueError("must be a list")
        convert = to_id if self.target.value_type == "ids" else to_text
        values = []
        for entry in [raw] if is_single else raw:
            try:
                values.append(convert(find_value(entry, self.item) if self.item else entry))
            except UnfitValueError as error:
                problems.append(f"{place} {error}")
        return [value for value in values if value]


def find_value(document: Any, path: str) -> Any:
    """Return a value of a document; None if the document does not have it.

    Args:
        document: The document.
        path: Names of fields and numbers of entries of lists, with dots.

    Raises:
        UnfitValueError: A value on the path is neither an object nor a list.
    """
    value = document
    for name in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal():
            value = value[int(name)] if int(name) < len(value) else None
        elif value is None:
            return None
        else:
            raise UnfitValueError("must be in an object")
    return value


def has_value(document: Mapping[str, Any], path: str) -> bool:
    """Return whether a document has a value at a path, of whatever type."""
    try:
        return not is_missing(find_value(document, path))
    except UnfitValueError:
        return True


def is_missing(value: Any) -> bool:
    """Return whether a value counts as missing: null and an empty text do."""
    return value is None or (isinstance(value, str) and not value)


def source_paths(fields: Iterable[Field]) -> set[str]:
    """Return the paths of all candidates of some fields."""
    return {source for entry in fields for source in entry.sources}
