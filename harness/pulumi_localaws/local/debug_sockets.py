"""The folder with a socket for each function that has stopped at a breakpoint."""

import os
import stat
from contextlib import suppress
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
        LocalAwsError: Another user owns the folder, others can write to it, or it is a file or a link.
    """
    folder = _PARENT / f"pulumi-localaws-debug-{os.getuid()}"
    with suppress(FileExistsError):  # also a file or a link, which `exist_ok` does not accept
        folder.mkdir(mode=_ONLY_OWNER)
    status = folder.lstat()
    is_private = status.st_uid == os.getuid() and status.st_mode & 0o777 == _ONLY_OWNER
    if not is_private or not stat.S_ISDIR(status.st_mode):
        raise LocalAwsError(
            f"The folder {folder} must belong to you, with the permissions 700, and must not be a link or a"
            " file, because whoever can write to it can run code in your functions. Delete it, or let its"
            " owner delete it."
        )
    return folder


def list_sockets(folder: Path) -> list[Path]:
    """Return the sockets, the oldest first. A function deletes its own at any time."""
    statuses = {}
    for path in folder.glob("*.sock"):
        with suppress(FileNotFoundError):
            statuses[path] = path.lstat()
    sockets = [path for path, status in statuses.items() if stat.S_ISSOCK(status.st_mode)]
    return sorted(sockets, key=lambda path: statuses[path].st_mtime)
