"""Bytecode that is the same on every machine, compiled by the Python version that runs it.

A bytecode file refers to its source by hash, and Python does not check the hash (PEP 552, "unchecked"): the
time that a file gets when a zip is unpacked has no effect.

This file is also the script that runs in the other interpreter, so it imports only the standard library.
"""

import importlib.util
import marshal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

_UNCHECKED_HASH = (0b01).to_bytes(4, "little")
_WITHOUT_REFERENCES = 2
"""Version of the ``marshal`` format in which equal code has equal bytes.

Later versions mark objects with more than one reference in the running process, which depends on the other
imports."""


def compile_modules(sources: Mapping[str, bytes], python: Path) -> dict[str, bytes]:
    """Compile modules with an interpreter of any supported version, with the same result each time.

    The interpreter runs without its environment variables and packages, because PYTHONOPTIMIZE and others
    change the bytecode.

    Args:
        sources: Path of each file to its content; files other than modules (``package/module.py``) are
            ignored.
        python: The interpreter.

    Returns:
        Path of each module's bytecode (``package/__pycache__/module.cpython-313.pyc``) to its content. An
        interpreter of another version ignores it and uses the source.

    Raises:
        subprocess.CalledProcessError: The interpreter cannot compile a module. `stderr` has its output.
    """
    modules = {name: source for name, source in sources.items() if name.endswith(".py")}
    process = subprocess.run(  # noqa: S603  our own script
        [str(python), "-I", "-S", "-W", "ignore", __file__],
        input=marshal.dumps(modules, _WITHOUT_REFERENCES),
        capture_output=True,
        check=True,
    )
    bytecode: dict[str, bytes] = marshal.loads(process.stdout)  # noqa: S302  written by our own script
    return bytecode


def _bytecode_of(modules: Mapping[str, bytes]) -> dict[str, bytes]:
    """Compile modules for the running interpreter."""
    bytecode = {}
    for name, source in modules.items():
        path = PurePosixPath(name)
        code = compile(source, name, "exec", dont_inherit=True, optimize=0)
        header = importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH + importlib.util.source_hash(source)
        target = path.parent / "__pycache__" / f"{path.stem}.{sys.implementation.cache_tag}.pyc"
        bytecode[str(target)] = header + marshal.dumps(code, _WITHOUT_REFERENCES)
    return bytecode


if __name__ == "__main__":
    _modules = marshal.loads(sys.stdin.buffer.read())  # noqa: S302  written by compile_modules
    sys.stdout.buffer.write(marshal.dumps(_bytecode_of(_modules), _WITHOUT_REFERENCES))
