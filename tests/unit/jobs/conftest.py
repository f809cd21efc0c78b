"""Fixtures of the tests of jobs, from `ledger_fixtures`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # the helper modules are here; the tests are not a package

from ledger_fixtures import clock, dynamodb, ledgers

__all__ = ["clock", "dynamodb", "ledgers"]
