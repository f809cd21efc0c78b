"""The deployment that a monitor works for: its names, default provider, clients and undo log."""

import queue
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pulumi_localaws.config.provider import Provider
from pulumi_localaws.local.clients import Clients
from pulumi_localaws.resources.staged_code import StagedCode
from pulumi_localaws.resources.undo_log import UndoLog

Event = dict[str, Any]


@dataclass
class DeploymentContext:
    """The deployment that a monitor works for.

    Attributes:
        project: The project's name.
        stack: The stack's name.
        account: The id of the local account.
        default_provider: The provider of resources that have no explicit provider.
        clients: The AWS clients.
        undo_log: Collects the steps that undo the deployment.
        emit: Called with an event for each resource.
        pending_waits: Functions that wait for created resources, called before the deployment ends.
        staged_code: The zip files of its functions.
    """

    project: str
    stack: str
    account: str
    default_provider: Provider
    clients: Clients
    undo_log: UndoLog
    emit: Callable[[Event], None]
    pending_waits: "queue.SimpleQueue[Callable[[], None]]" = field(default_factory=queue.SimpleQueue)
    staged_code: StagedCode = field(init=False)

    def __post_init__(self) -> None:
        """Create what the deployment shares."""
        self.staged_code = StagedCode(self.clients, self.undo_log, self.pending_waits.put)
