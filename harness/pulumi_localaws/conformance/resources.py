"""Resources that a run creates on the endpoint, and their deletion at the end."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from pulumi_localaws.conformance.backend import Backend
from pulumi_localaws.conformance.fact import NotTriedError

NAME_PREFIX = "localaws-conformance"
_RETRY_SECONDS = 2.0
_REASON_LENGTH = 120
_MISSING = frozenset({
    "ResourceNotFoundException", "NoSuchEntity", "QueueDoesNotExist", "UserNotFoundException",
    "AWS.SimpleQueueService.NonExistentQueue",
})  # fmt: skip


class RunResources:
    """Creates resources whose names contain the ID of the run, and deletes these and no others.

    Attributes:
        run_id: A part of each name.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.run_id = uuid.uuid4().hex[:8]
        self._clients: dict[str, Any] = {}
        self._deletions: list[tuple[str, Callable[[], None]]] = []
        self._number = 0

    def client(self, service: str) -> Any:
        """Return the client of a service."""
        if service not in self._clients:
            self._clients[service] = self.backend.client(service)
        return self._clients[service]

    def create_name(self) -> str:
        """Create the name of a resource."""
        self._number += 1
        return f"{NAME_PREFIX}-{self.run_id}-{self._number}"

    def create_pool(self, **settings: Any) -> dict[str, Any]:
        """Create a user pool."""
        cognito, name = self.client("cognito-idp"), self.create_name()
        pool_ids: list[str] = []

        def delete() -> None:
            for pool_id in pool_ids or _find_pool_ids(cognito, name):
                if settings.get("DeletionProtection"):
                    cognito.update_user_pool(UserPoolId=pool_id, DeletionProtection="INACTIVE")
                cognito.delete_user_pool(UserPoolId=pool_id)

        with self._creation(f"user pool {name}", delete):
            pool = cognito.create_user_pool(PoolName=name, **settings)["UserPool"]
        pool_ids.append(pool["Id"])
        return dict(pool)

    def create_queue(self) -> tuple[str, str]:
        """Create a queue; return its URL and ARN."""
        sqs, name = self.client("sqs"), self.create_name()

        def delete() -> None:
            sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"])

        with _required("SQS"), self._creation(f"queue {name}", delete):
            url = sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        return str(url), str(attributes["QueueArn"])

    def create_role(self, trust: str, policy: str) -> str:
        """Create a role with one policy; return its ARN."""
        iam, name = self.client("iam"), self.create_name()

        def delete() -> None:
            _ignore_missing(lambda: iam.delete_role_policy(RoleName=name, PolicyName="policy"))
            iam.delete_role(RoleName=name)

        with _required("IAM"), self._creation(f"role {name}", delete):
            role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]
        iam.put_role_policy(RoleName=name, PolicyName="policy", PolicyDocument=policy)
        return str(role["Arn"])

    def create_function(self, **settings: Any) -> str:
        """Create a function; return its ARN."""
        functions, name = self.client("lambda"), self.create_name()

        def delete() -> None:
            functions.delete_function(FunctionName=name)
            logs = self.client("logs")
            _ignore_missing(lambda: logs.delete_log_group(logGroupName=f"/aws/lambda/{name}"))

        def create() -> str:
            return str(functions.create_function(FunctionName=name, **settings)["FunctionArn"])

        with _required("Lambda"), self._creation(f"function {name}", delete):
            # A new role can't be assumed for some seconds.
            arn: str = self.retry(create, "InvalidParameterValueException")
        return arn

    def expect_log_group(self, name: str) -> None:
        """Delete a log group at the end that the endpoint creates itself."""
        logs = self.client("logs")
        self._deletions.append((f"log group {name}", lambda: logs.delete_log_group(logGroupName=name)))

    def create_user(self, policy: str) -> tuple[str, str]:
        """Create an IAM user with one policy; return access key and secret key."""
        iam, name = self.client("iam"), self.create_name()

        def delete() -> None:
            for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
                iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
            _ignore_missing(lambda: iam.delete_user_policy(UserName=name, PolicyName="policy"))
            iam.delete_user(UserName=name)

        with _required("IAM"), self._creation(f"IAM user {name}", delete):
            iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="policy", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return str(key["AccessKeyId"]), str(key["SecretAccessKey"])

    def create_key(self) -> str:
        """Create a symmetric KMS key; return its ARN. It can be deleted after seven days at the earliest."""
        kms, name = self.client("kms"), self.create_name()
        key_ids: list[str] = []

        def delete() -> None:
            for key_id in key_ids or _find_key_ids(kms, name):
                kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)

        with _required("KMS"), self._creation(f"KMS key {name}", delete):
            key = kms.create_key(Description=name)["KeyMetadata"]
        key_ids.append(key["KeyId"])
        return str(key["Arn"])

    @contextmanager
    def _creation(self, name: str, delete: Callable[[], None]) -> Iterator[None]:
        """Register the deletion before the creation, because Ctrl-C can arrive during the call."""
        self._deletions.append((name, delete))
        try:
            yield
        except (ClientError, ResponseParserError):
            self._deletions.pop()  # the call was rejected, so nothing was created
            raise

    def retry(self, call: Callable[[], Any], *error_codes: str) -> Any:
        """Repeat a call that fails with one of these errors until new roles and keys have an effect."""
        deadline = time.monotonic() + self.backend.wait_seconds
        while True:
            try:
                return call()
            except ClientError as error:
                if error.response["Error"]["Code"] not in error_codes or time.monotonic() > deadline:
                    raise
            time.sleep(_RETRY_SECONDS)

    def delete_all(self) -> list[str]:
        """Delete everything, the newest first; return what could not be deleted, with the error."""
        failures = []
        while self._deletions:
            name, delete = self._deletions[-1]
            try:
                _ignore_missing(delete)
            except (ClientError, BotoCoreError, ResponseParserError) as error:
                failures.append(f"{name}: {error}")
            self._deletions.pop()
        return failures


@contextmanager
def _required(service: str) -> Iterator[None]:
    """Turn an error of a service other than Cognito into the reason why a fact is not tried."""
    try:
        yield
    except (ClientError, BotoCoreError, ResponseParserError) as error:
        text = " ".join(str(error).split())
        raise NotTriedError(f"{service} can't be used here ({text[:_REASON_LENGTH]})") from error


def _ignore_missing(call: Callable[[], Any]) -> None:
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] not in _MISSING:
            raise


def _find_pool_ids(cognito: Any, name: str) -> list[str]:
    """Return the IDs of the pools with a name: of at most one, because names contain the run's ID."""
    pages = cognito.get_paginator("list_user_pools").paginate(PaginationConfig={"PageSize": 60})
    return [str(pool["Id"]) for page in pages for pool in page["UserPools"] if pool["Name"] == name]


def _find_key_ids(kms: Any, description: str) -> list[str]:
    """Return the IDs of the keys with a description: of at most one, because it contains the run's ID."""
    pages = kms.get_paginator("list_keys").paginate()
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for page in pages for key in page["Keys"]]
    return [str(key["KeyId"]) for key in keys if key["Description"] == description]
