"""The operator of the demo: runs `userprofiles import` as a person would, with the stack's outputs."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from timeline import StepFailedError

DEADLINE_S = 600


class ImportCommands:
    """Runs the commands `userprofiles import`.

    Args:
        local: The local AWS.
        outputs: The stack's outputs.
        folder: The folder for plans, reports and the ledger.
    """

    def __init__(self, local: Any, outputs: dict[str, Any], folder: Path) -> None:
        self.folder = folder
        self._environment = local.environment()
        self._outputs = folder / "outputs.json"
        self._outputs.write_text(json.dumps({"endpoint": local.endpoint, "outputs": outputs}))

    def run(self, command: str, *arguments: str, exit_codes: Iterable[int] = (0,)) -> dict[str, Any]:
        """Run a command and return its JSON document.

        Raises:
            StepFailedError: The command has another exit code.
        """
        call = [sys.executable, "-m", "userprofiles.cli", "import", command, *arguments]
        call += ["--outputs", str(self._outputs), "--json"]
        try:
            process = subprocess.run(  # noqa: S603 - our own program
                call,
                env=self._environment,
                cwd=self.folder,
                capture_output=True,
                text=True,
                timeout=DEADLINE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise StepFailedError(f"import {command} was still running after {DEADLINE_S} s") from None
        if process.returncode not in exit_codes:
            raise StepFailedError(
                f"import {command} ended with {process.returncode}: "
                f"{process.stderr[-2000:]}{process.stdout[-2000:]}"
            )
        document: dict[str, Any] = json.loads(process.stdout)
        return document
