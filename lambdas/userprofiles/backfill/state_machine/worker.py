"""The worker of the state machine: prepares a run, processes a segment, finishes the run.

It stops before the time limit of its function, and the next invocation continues the segment.
The payloads between the states are tiny, because the ledger has the progress of the segments.
"""

from collections.abc import Mapping
from typing import Any

from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.state_machine.completion import finish
from userprofiles.backfill.state_machine.orphan_items import list_orphan_units
from userprofiles.backfill.state_machine.preparation import prepare
from userprofiles.backfill.state_machine.services import Services
from userprofiles.backfill.state_machine.unit_work import process_unit


class Worker:
    """Executes the actions of the state machine.

    Args:
        services: The ledger, the clients and the settings of the worker.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    def handle(self, event: Mapping[str, Any], seconds_left: float) -> dict[str, Any]:
        """Execute the event's ``action``.

        Args:
            event: ``{"action": "prepare", …}`` with the options of a run, each optional,
                ``{"action": "work", "runId", "token", "segment" or "item": {"segment"}}``, or
                ``{"action": "orphans" or "finish", "runId", "token"}``. These ignore other fields.
            seconds_left: The remaining time of the function.

        Returns:
            The payload of the next state.

        Raises:
            RefusedError: The input is wrong or not permitted. A retry can't help.
            BackfillFailedError: Table, permissions, ledger or network have a problem.
        """
        if not isinstance(event, Mapping):
            raise RefusedError(f"The input must be a JSON object, not {type(event).__name__}.")
        action = event.get("action")
        if action == "prepare":
            return prepare(self._services, event, seconds_left)
        if action == "work":
            return process_unit(self._services, event, seconds_left)
        if action == "orphans":
            return list_orphan_units(self._services, event)
        if action == "finish":
            return finish(self._services, event)
        raise RefusedError(f"Unknown action {action!r}; allowed: prepare, work, orphans, finish.")
