"""Fixtures of the tests of imports, from `import_world`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # the helper modules are here; the tests are not a package

from import_world import small_pages, world

__all__ = ["small_pages", "world"]
