"""What the backfill's tests share; the rest is in `backfill_fixtures` and `command_fixtures`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # helpers beside the tests; tests are no package

from backfill_fixtures import backfill, make_table
from command_fixtures import old_table, state_home, use

__all__ = ["backfill", "make_table", "old_table", "state_home", "use"]
