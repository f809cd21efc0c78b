"""What the tests of the events of new users share."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # the helper module is here; the tests are not a package
