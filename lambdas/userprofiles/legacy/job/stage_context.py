"""What the stages of a run are created from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from userprofiles.backfill.limits import Limits
from userprofiles.backfill.stop import Stop
from userprofiles.legacy.job.stage import Conflict
from userprofiles.legacy.users.quotas import QuotaClass
from userprofiles.template import Template


@dataclass(frozen=True, kw_only=True)
class StageContext:
    """What the stages of a run are created from.

    Attributes:
        dynamodb: A botocore client of DynamoDB.
        cognito: A botocore client of Cognito, whose calls have one attempt each.
        s3: A botocore client of S3.
        stack: The names of the stack's resources, such as `users_table` and `user_pool_id`.
        source_name: The name of the old application.
        run_id: The run whose ID the stages write.
        template: The template of the stack.
        rates: Calls per second by quota class of Cognito.
        conflicts: The conflicts of the plan.
        choices: The decisions of the operator, by old ID.
        media_rules: The content of the file of media rules; None without one.
        users_list_friends: Whether friends are lists of users, and not documents of their own.
        stop: Ends calls and waits.
        limits: Sizes and times.
    """

    dynamodb: Any
    cognito: Any
    s3: Any
    stack: Mapping[str, str]
    source_name: str
    run_id: str
    template: Template
    rates: Mapping[QuotaClass, float]
    conflicts: Sequence[Conflict] = ()
    choices: Mapping[str, str] = field(default_factory=dict)
    media_rules: Any = None
    users_list_friends: bool = True
    stop: Stop
    limits: Limits
