"""Escapes descriptions and tags of IAM, which the emulator writes into its XML answers as they are.

A description such as ``Read & write`` would make the answer unreadable for every client.

The emulator's interpreter loads this module beside its start script, so it uses only ministack and the
standard library.
"""

from typing import Any
from xml.sax.saxutils import escape


def escape_descriptions_and_tags() -> None:
    """Let the running emulator store these texts as its XML answers need them: it has no other answers."""
    from ministack.services import iam  # noqa: PLC0415

    read_parameter, read_tags = iam._p, iam._extract_tags  # noqa: SLF001 - the emulator's version is pinned

    def read_escaped_parameter(parameters: Any, name: str, *default: Any) -> Any:
        value = read_parameter(parameters, name, *default)
        return escape(value) if name == "Description" and isinstance(value, str) else value

    def read_escaped_tags(*arguments: Any) -> list[dict[str, str]]:
        return [{name: escape(text) for name, text in tag.items()} for tag in read_tags(*arguments)]

    iam._p = read_escaped_parameter  # noqa: SLF001 - as above
    iam._extract_tags = read_escaped_tags  # noqa: SLF001 - as above
