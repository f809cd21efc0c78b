"""What these tests share is in `emulator_fixtures`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # helpers beside the tests; tests are no package

from emulator_fixtures import command, make_caller, make_table, start

__all__ = ["command", "make_caller", "make_table", "start"]
