"""Fixtures of the state machine's tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # the helper module is here; the tests are not a package

from machine_fixtures import create_machine, s3

__all__ = ["create_machine", "s3"]
