"""The exit codes of the commands."""

from enum import IntEnum
from typing import Self

from userprofiles.backfill.errors import BackfillError, ErrorKind


class ExitCode(IntEnum):
    """The exit code of a command. Help texts and documentation list these codes and meanings."""

    meaning: str

    DONE = 0, "done"
    FAILED = 1, "could not start or continue: credentials, table, permissions, network, disk"
    SOME_FAILED = 2, "done, but some users failed"
    STOPPED = 3, "stopped early: the last message says how to resume"
    REFUSED = 5, "rejected: both shapes, no run to resume, or different options"
    USAGE = 64, "wrong usage"

    def __new__(cls, code: int, meaning: str) -> Self:
        """Create a member from its code and its meaning."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member


HELP = "exit codes:\n" + "\n".join(f"  {code.value:<3} {code.meaning}" for code in ExitCode)


def exit_code_of(error: BackfillError) -> ExitCode:
    """Return the exit code for an error."""
    exit_codes = {ErrorKind.REFUSED: ExitCode.REFUSED, ErrorKind.STOPPED: ExitCode.STOPPED}
    return exit_codes.get(error.kind, ExitCode.FAILED)
