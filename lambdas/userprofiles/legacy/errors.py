"""Errors of an import. Each message is for the operator and has no value of a document."""

from collections.abc import Sequence


class LegacyError(Exception):
    """An import can't begin or continue. The message says why and how to fix it."""


class SourceRefusedError(LegacyError):
    """The source can't be opened or does not have what the mapping needs."""


class SourceUnavailableError(LegacyError):
    """The server of a source does not answer, or the connection was lost. A later call can succeed."""


class SourceDamagedError(LegacyError):
    """The rest of a source can't be read.

    Args:
        file: The file.
        place: The place in the file, such as `byte 123` or `line 7`.
        reason: What is wrong there, without data.
    """

    def __init__(self, file: str, place: str, reason: str) -> None:
        super().__init__(f"{file}: the file can't be read from {place} on: {reason}.")
        self.file = file
        self.place = place
        self.reason = reason


class MappingError(LegacyError):
    """A mapping is not valid.

    Args:
        name: The path of the file, or the name of the preset.
        problems: Each has the path in the mapping, what is wrong, what was given and what is allowed.
    """

    def __init__(self, name: str, problems: Sequence[str]) -> None:
        super().__init__(f"The mapping {name} is not valid:\n" + "\n".join(f"- {text}" for text in problems))
        self.name = name
        self.problems = list(problems)
