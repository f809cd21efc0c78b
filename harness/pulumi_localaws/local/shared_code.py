"""Unpack a function's code once for all its workers; `emulator_main` loads this file without our package.

The emulator unpacks the zip again for each worker, in its own process. Twenty requests at once, for which it
starts as many workers, then wait for more than the time-out of an HTTP API before the first worker starts.
"""

import hashlib
import shutil
import tempfile
import threading
import types
import zipfile
from pathlib import Path
from typing import Any

_CODE_FOLDER = "code"  # the emulator's name for the folder with a worker's code


class _SharedFolders:
    """One folder with the files of each zip, named by the digest of the zip."""

    def __init__(self) -> None:
        self._root = Path(tempfile.mkdtemp(prefix="ministack-lambda-code-"))
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def unpack(self, zip_path: Path) -> Path:
        """Return the folder with the files of a zip; unpack it unless it is already there."""
        with zip_path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        with self._lock:
            lock = self._locks.setdefault(digest, threading.Lock())
        folder = self._root / digest
        with lock:
            if not folder.is_dir():
                # An interrupted attempt, for example on a full disk, must not count as unpacked.
                unfinished = Path(tempfile.mkdtemp(dir=self._root))
                try:
                    with zipfile.ZipFile(zip_path) as code:
                        code.extractall(unfinished)
                    unfinished.rename(folder)
                except BaseException:
                    shutil.rmtree(unfinished, ignore_errors=True)
                    raise
        return folder


def share_code_of_workers() -> None:
    """Let all workers with the same zip use one folder. On Lambda, the folder of the code is read-only.

    A function with layers keeps a copy for each worker, because the emulator adds files of layers to it.
    """
    from ministack.core import lambda_runtime  # noqa: PLC0415 - the module is loaded before ministack

    folders = _SharedFolders()
    spawning = threading.local()
    spawn = lambda_runtime.Worker._spawn  # noqa: SLF001 - the emulator's version is pinned

    class SharedZipFile(zipfile.ZipFile):
        def extractall(self, path: Any = None, *arguments: Any, **options: Any) -> None:
            shares = getattr(spawning, "shares", False) and Path(path).name == _CODE_FOLDER
            if not shares:
                super().extractall(path, *arguments, **options)
                return
            folder = folders.unpack(Path(str(self.filename)))
            Path(path).rmdir()
            Path(path).symlink_to(folder)

    def spawn_with_shared_code(worker: Any) -> None:
        spawning.shares = not worker.config.get("Layers")
        try:
            spawn(worker)
        finally:
            spawning.shares = False

    lambda_runtime.Worker._spawn = spawn_with_shared_code  # noqa: SLF001 - as above
    lambda_runtime.zipfile = types.SimpleNamespace(**{**vars(zipfile), "ZipFile": SharedZipFile})
