"""The folder with a socket for each function that has stopped at a breakpoint."""

import os
from pathlib import Path

from pulumi_localaws.errors import LocalAwsError

FOLDER_VARIABLE = "PULUMI_LOCALAWS_DEBUG_FOLDER"
"""Variable of the emulator's process with the folder."""

# Not TMPDIR: it can differ between two terminals, and be too long for the name of a socket (107 characters).
_PARENT = Path("/tmp")  # noqa: S108 - `open_debug_folder` checks the owner and the permissions
_ONLY_OWNER = 0o700


def open_debug_folder() -> Path:
    """Return the folder, which only the user can read. All local AWSs of the user share it.

    Raises:
        LocalAwsError: Another user owns the folder, or others can write to it.
    """
    folder = _PARENT / f"pulumi-localaws-debug-{os.getuid()}"
    folder.mkdir(mode=_ONLY_OWNER, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.getuid() or status.st_mode & 0o777 != _ONLY_OWNER:
        raise LocalAwsError(
            f"The folder {folder} must belong to you, with the permissions 700, because whoever can write to"
            " it can run code in your functions. Delete it, or let its owner delete it."
        )
    return folder


def list_sockets(folder: Path) -> list[Path]:
    """Return the sockets, the oldest first."""
    return sorted(folder.glob("*.sock"), key=lambda path: path.lstat().st_mtime)
