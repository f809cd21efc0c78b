"""Runs the post-confirmation handler as Lambda does: imported once, called for each event on standard input.

Standard output gets the handler's own lines, and for each event one object with the key `result`.
"""

import copy
import json
import sys
import time
from typing import Any

from userprofiles.handlers import post_confirmation


def tell(result: Any) -> None:
    """Write one line for the test; the handler's own lines go the same way."""
    sys.stdout.write(json.dumps({"result": result}) + "\n")
    sys.stdout.flush()


tell("ready")
for line in sys.stdin:
    event = json.loads(line)
    before = copy.deepcopy(event)
    begin = time.monotonic()
    returned = post_confirmation.handler(event, None)
    seconds = time.monotonic() - begin
    unchanged = returned is event and event == before
    tell({"seconds": seconds, "unchanged": unchanged})
