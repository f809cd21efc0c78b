"""Fixtures of these tests, from `emulator_fixtures`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # the helper module is here; the tests are not a package

from emulator_fixtures import create_caller, create_table, run_backfill, run_command, start_command

__all__ = ["create_caller", "create_table", "run_backfill", "run_command", "start_command"]
