"""Compiles the templates of a functions' zip to Python modules, so that no function does it at a cold start.

This file is also the script that runs in the interpreter of the functions, so it imports only the standard
library.
"""

import marshal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

_PACKAGES = ("userprofiles/", "fastjsonschema/")


def compile_templates(files: Mapping[str, bytes], python: Path) -> dict[str, bytes]:
    """Return the modules of all templates in a zip, with the same content on every machine.

    The code and the libraries in the zip do the work: another version of fastjsonschema on this machine has
    no effect.

    Args:
        files: The files of the zip.
        python: An interpreter of the functions' version.

    Raises:
        subprocess.CalledProcessError: A template cannot be compiled. `stderr` has the output.
    """
    with tempfile.TemporaryDirectory(prefix="userprofiles-templates-") as folder:
        for name, data in files.items():
            if name.startswith(_PACKAGES):
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        process = subprocess.run(  # noqa: S603  our own script
            [str(python), "-I", "-S", "-B", __file__, folder], capture_output=True, check=True
        )
    modules: dict[str, str] = marshal.loads(process.stdout)  # noqa: S302  written by our own script
    return {f"userprofiles/{name}": source.encode() for name, source in modules.items()}


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    from userprofiles import template_compiler

    sys.stdout.buffer.write(marshal.dumps(template_compiler.compile_templates()))
