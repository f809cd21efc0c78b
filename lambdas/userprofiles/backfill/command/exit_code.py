"""The exit codes of the commands."""

from enum import IntEnum
from typing import Self


class Exit(IntEnum):
    """How a command ends. Help texts and documentation list these codes and meanings."""

    meaning: str

    DONE = 0, "done"
    CANNOT_GO_ON = 1, "could not start or go on: credentials, table, rights, network"
    SOME_FAILED = 2, "done, but some users failed"
    STOPPED = 3, "stopped early: the last message says how to resume"
    REFUSED = 5, "refused: both shapes, nothing to resume, other options than before"
    USAGE = 64, "wrong usage"

    def __new__(cls, code: int, meaning: str) -> Self:
        """Make a member that is its code and has its meaning."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member


HELP = "exit codes:\n" + "\n".join(f"  {code.value:<3} {code.meaning}" for code in Exit)
