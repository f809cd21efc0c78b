"""The names of the files of a ledger in a folder, and the errors of damaged and deleted files."""

from pathlib import Path

from userprofiles.jobs.errors import LeaseLostError, LedgerError
from userprofiles.jobs.ledger import DAMAGE_ADVICE

RUN = "run.json"
UNIT = "units/{:06d}.json"
KEYS = "keys.jsonl"


def lease_path(path: Path, token: int) -> Path:
    """Return the file that the holder of a lease locks.

    Args:
        path: The document of the run or the unit.
        token: The token of the lease.
    """
    return path.with_suffix(f".{token}.lease")


def damage_error(path: Path, error: Exception) -> LedgerError:
    """Return the error for a file that can't be read."""
    return LedgerError(f"{path} is damaged ({type(error).__name__}).\n{DAMAGE_ADVICE}")


def deleted_error(path: Path) -> LeaseLostError:
    """Return the error for a run whose files were deleted while a process worked on it.

    Args:
        path: The document of the run or the unit.
    """
    folder = path.parent if path.name == RUN else path.parent.parent
    return LeaseLostError(
        f"A file of the run was deleted from {folder} while this process worked on it.\n"
        "It can't be resumed. Delete the rest of the folder, and make a new plan. "
        "Existing items are never changed."
    )
