"""The programs that build a function's zip: uv, and a Python interpreter of the functions' version."""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path


class BundleError(RuntimeError):
    """The zip could not be built. The message says why and how to fix it."""


def uv_path() -> Path:
    """Return the path of uv: next to this interpreter, otherwise on PATH.

    Raises:
        BundleError: uv is not installed.
    """
    path = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if path is None:
        raise BundleError(
            "uv, which installs the libraries of a function's zip, is neither next to "
            f"{sys.executable} nor on PATH. Install it: pip install 'pulumi-userprofiles[pulumi]'."
        )
    return Path(path)


@cache
def python_path(version: str) -> Path:
    """Return a CPython interpreter of a version: this one, otherwise one that uv knows or that is on PATH.

    Args:
        version: Major and minor version, such as `3.13`. Its bytecode is the same for all its releases.

    Raises:
        BundleError: There is no such interpreter.
    """
    own_version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if version == own_version and sys.implementation.name == "cpython":
        return Path(sys.executable)
    uv = uv_path()
    command = [str(uv), "python", "find", "--no-config", "--no-project", "--no-python-downloads"]
    result = subprocess.run(  # noqa: S603  our own arguments
        [*command, f"cpython@{version}"], capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise BundleError(
            f"CPython {version}, which compiles the modules for the runtime python{version}, is not "
            f"installed. Got {sys.executable} ({own_version}), and uv found no other; allowed: any "
            f"{version} release, installed by uv or on PATH. Run `{uv} python install {version}`, or choose "
            f"the runtime python{own_version}: with the argument 'runtime' of a component, the setting "
            "'lambdaRuntime' of the stack, or the option --runtime of this command. The runtime does not "
            "follow the installed Python, so that all machines deploy the same functions."
        )
    return Path(result.stdout.strip())
