"""What the stages of a run are created from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from userprofiles.backfill.limits import Limits
from userprofiles.backfill.stop import Stop
from userprofiles.legacy.job.stage import Conflict
from userprofiles.template import Template


class AwsClients(Protocol):
    """Creates botocore clients."""

    def client(self, service: str) -> Any:
        """Return a botocore client of a service."""


@dataclass(frozen=True, kw_only=True)
class StageContext:
    """What the stages of a run are created from.

    Attributes:
        clients: Creates clients of AWS.
        stack: The names of the stack's resources, such as `users_table` and `user_pool_id`.
        source_name: The name of the old application.
        run_id: The run whose ID the stages write.
        template: The template of the stack.
        rates: Calls per second by quota class of Cognito.
        conflicts: The conflicts of the plan.
        choices: The decisions of the operator, by old ID.
        media_rules: The content of the file of media rules; None without one.
        stop: Ends calls and waits.
        limits: Sizes and times.
    """

    clients: AwsClients
    stack: Mapping[str, str]
    source_name: str
    run_id: str
    template: Template
    rates: Mapping[str, float]
    conflicts: Sequence[Conflict] = ()
    choices: Mapping[str, str] = field(default_factory=dict)
    media_rules: Any = None
    stop: Stop
    limits: Limits
