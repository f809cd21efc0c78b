"""Runs a handler as Lambda does: imported once, called for each event on standard input.

The argument is the name of the handler's module. Standard output gets the handler's own lines, and for each
event one object with the key `result`.
"""

import copy
import importlib
import json
import sys
import time
from types import SimpleNamespace
from typing import Any

CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 10_000)
HANDLER = importlib.import_module(f"userprofiles.handlers.{sys.argv[1]}").handler


def write_result(result: Any) -> None:
    """Write a result to standard output, between the handler's own lines."""
    sys.stdout.write(json.dumps({"result": result}) + "\n")
    sys.stdout.flush()


write_result("ready")
for line in sys.stdin:
    event = json.loads(line)
    before = copy.deepcopy(event)
    begin = time.monotonic()
    returned_event = HANDLER(event, CONTEXT)
    seconds = time.monotonic() - begin
    is_unchanged = returned_event is event and event == before
    response = returned_event.get("response", returned_event.get("batchItemFailures"))
    write_result({"seconds": seconds, "is_unchanged": is_unchanged, "response": response})
