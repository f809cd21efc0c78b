"""A plan as a JSON document with hashes, so that a change of its file is noticed and named."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from userprofiles.backfill import report
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, RefusedError

_MAX_BYTES = 512 * 1024 * 1024  # a segment takes about 300 bytes, and a table has at most 1,000,000 segments
_SECTION_DIGITS = 16
_FRAME = frozenset({"format", "version", "sections", "sha256"})


@dataclass(frozen=True)
class PlanFormat:
    """The format of a job's plans.

    Attributes:
        name: The name of the format.
        version: Its version.
        command: The command that writes such plans.
        make_plan: The sentence with the command for a new plan.
    """

    name: str
    version: int
    command: str
    make_plan: str

    def seal(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Return the document with this content, and its hashes.

        Args:
            content: The document without format, version and hashes. Each value becomes a section.
        """
        document = {
            "format": self.name,
            "version": self.version,
            **content,
            "sections": {name: _digest(value)[:_SECTION_DIGITS] for name, value in content.items()},
        }
        sealed: dict[str, Any] = json.loads(json.dumps({**document, "sha256": _digest(document)}))
        return sealed

    def read(self, path: Path) -> dict[str, Any]:
        """Read a document, and check its format and hashes.

        Raises:
            BackfillFailedError: The file can't be read.
            RefusedError: It is not a plan, it has another version, or it was changed. The message names
                what was changed.
        """
        try:
            if path.stat().st_size > _MAX_BYTES:
                raise RefusedError(f"{path} is too large for a plan: at most {_MAX_BYTES:,} bytes are read.")
            document = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise BackfillFailedError(
                ErrorKind.STATE,
                f"The plan {path} can't be read: {error.strerror}.\nName the file that `{self.command}` "
                "wrote.",
            ) from error
        except (ValueError, RecursionError) as error:
            raise RefusedError(
                f"{path} is not a plan: it is not a JSON document.\n{self.make_plan}"
            ) from error
        if not isinstance(document, dict) or document.get("format") != self.name:
            raise RefusedError(f"{path} is not a plan: its format must be {self.name!r}.\n{self.make_plan}")
        if document.get("version") != self.version:
            raise RefusedError(
                f"{path} has the version {document.get('version')!r} of the plan's format; this release "
                f"reads version {self.version}.\n{self.make_plan}"
            )
        content = {name: value for name, value in document.items() if name != "sha256"}
        if document.get("sha256") != _digest(content):
            raise RefusedError(
                f"The plan {path} was changed after it was made: {', '.join(_changed_sections(document))}.\n"
                f"A plan can't be edited. Set the options of `{self.command.removeprefix('userprofiles ')}` "
                f"instead. {self.make_plan}"
            )
        return document

    def damage_error(self, path: Path, error: Exception) -> RefusedError:
        """Return the error for a plan with right hashes whose content can't be used."""
        return RefusedError(
            f"The plan {path} is damaged ({type(error).__name__}: {error}).\n{self.make_plan}"
        )


def write_document(document: Mapping[str, Any], path: Path) -> None:
    """Write the file of a plan with the mode 0600, because it has IDs of users.

    Raises:
        BackfillFailedError: The file can't be written.
    """
    try:
        report.write_file(path, [json.dumps(document, indent=2), "\n"])
    except OSError as error:
        raise BackfillFailedError(
            ErrorKind.REPORT,
            f"The plan can't be written to {path}: {error.strerror}.\nName another file with --output.",
        ) from error


def _changed_sections(document: Mapping[str, Any]) -> list[str]:
    """Return the names of the sections whose content does not have the stored digest."""
    sections = document.get("sections")
    stored = sections if isinstance(sections, dict) else {}
    names = [name for name in document if name not in _FRAME]
    changed = [name for name in names if stored.get(name) != _digest(document[name])[:_SECTION_DIGITS]]
    missing = [f"{name} (missing)" for name in stored if name not in document]
    return [*changed, *missing] or ["its hashes"]


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
