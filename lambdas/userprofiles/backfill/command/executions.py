"""Executions of the state machine: starts one, and finds out whether it is running."""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from botocore import exceptions as boto

from userprofiles.backfill.errors import BackfillError, BackfillFailedError, ErrorKind, RefusedError
from userprofiles.jobs.run_record import RunRecord
from userprofiles.telemetry import error_code


class StateMachine:
    """Starts executions.

    Args:
        client: A botocore client of Step Functions.
        arn: The ARN of the state machine.
    """

    def __init__(self, client: Any, arn: str) -> None:
        self._client = client
        self._arn = arn

    def start(self, record: RunRecord, *, allow_parallel: bool) -> str:
        """Start an execution that carries out the job of a record, and return its ARN.

        Raises:
            BackfillFailedError: It can't be started.
        """
        # botocore repeats a lost call: Step Functions then returns the execution with this name and input.
        name = f"{record.run_id}-{secrets.token_hex(4)}"
        document = {
            "job": record.job,
            "startedBy": record.started_by,
            "codeVersion": record.code_version,
            "templateVersion": record.template_version,
            "backup": record.backup,
            "allowParallel": allow_parallel,
        }
        try:
            response = self._client.start_execution(
                stateMachineArn=self._arn, name=name, input=json.dumps(document)
            )
        except (boto.ClientError, boto.BotoCoreError) as error:
            raise self._error("start", "states:StartExecution", error) from error
        return str(response["executionArn"])

    def find_failure(self, execution_arn: str) -> BackfillError | None:
        """Return why an execution has ended before it recorded a run, or None while it is running.

        Raises:
            BackfillFailedError: The execution can't be described.
        """
        try:
            execution = self._client.describe_execution(executionArn=execution_arn)
        except (boto.ClientError, boto.BotoCoreError) as error:
            raise self._error("describe", "states:DescribeExecution", error) from error
        if execution["status"] == "RUNNING":
            return None
        cause = _read_cause(execution.get("cause", ""))
        message = f"The execution {execution_arn} ended ({execution['status']}): {cause['message']}"
        if cause["type"] == RefusedError.__name__:
            return RefusedError(cause["message"])
        return BackfillFailedError(ErrorKind.SERVICE, message)

    def _error(self, verb: str, permission: str, error: Exception) -> BackfillFailedError:
        return BackfillFailedError(
            ErrorKind.SERVICE,
            f"Can't {verb} an execution of {self._arn}: {error_code(error)}.\n"
            f"Check the ARN, the region and the permission {permission}.",
        )


def _read_cause(text: str) -> Mapping[str, str]:
    """Return the type and the message of the error that ended an execution."""
    try:
        document = json.loads(text)
        return {"type": str(document.get("errorType", "")), "message": str(document["errorMessage"])}
    except (ValueError, KeyError, AttributeError):
        return {"type": "", "message": text or "no cause is known"}


def state_machine_of(execution_arn: str) -> str:
    """Return the ARN of the state machine of an execution."""
    return execution_arn.replace(":execution:", ":stateMachine:").rpartition(":")[0]


def is_execution_running(client: Any, execution_arn: str) -> bool:
    """Return whether an execution is running; False if it can't be described.

    Args:
        client: A botocore client of Step Functions.
        execution_arn: The ARN of the execution.
    """
    try:
        return bool(client.describe_execution(executionArn=execution_arn)["status"] == "RUNNING")
    except (boto.ClientError, boto.BotoCoreError):
        return False
