"""What the backfill's tests share; the rest stands in `backfill_fixtures`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # helpers beside the tests; tests are no package

from backfill_fixtures import backfill, make_table

__all__ = ["backfill", "make_table"]
