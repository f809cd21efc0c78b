"""Fixtures of the backfill's tests, from `backfill_fixtures` and `command_fixtures`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # the helper modules are here; the tests are not a package

from backfill_fixtures import backfill, create_table
from command_fixtures import old_table, state_home, use_table
from plan_fixtures import connect

__all__ = ["backfill", "connect", "create_table", "old_table", "state_home", "use_table"]
