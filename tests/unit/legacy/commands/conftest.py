"""Fixtures of the tests of `userprofiles import`, from `command_world`."""

import sys
from pathlib import Path

# The helper modules are here and in the folder of the job's tests; the tests are not a package.
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "job"))

from command_world import commands

__all__ = ["commands"]
