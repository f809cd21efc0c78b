"""The results of checks, and calls to AWS whose errors become results."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from userprofiles.stack_setup.stack import Stack

_DENIED_CODES = frozenset(
    {"AccessDeniedException", "AccessDenied", "AuthorizationError", "UnauthorizedOperation"}
)
_CREDENTIAL_CODES = frozenset(
    {
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "ExpiredTokenException",
        "ExpiredToken",
        "InvalidClientTokenId",
    }
)


class Status(StrEnum):
    """The status of a check."""

    OK = "ok"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class CheckResult:
    """The result of one check.

    Attributes:
        name: What was checked.
        status: The status.
        detail: What the check read, or what is wrong; empty if there is nothing to add.
        fix: How to fix it; empty if the status is `ok`.
    """

    name: str
    status: Status
    detail: str = ""
    fix: str = ""

    def to_json(self) -> dict[str, str]:
        """Return the result as `--json` prints it."""
        return {"name": self.name, "status": str(self.status), "detail": self.detail, "fix": self.fix}


class CheckFailedError(Exception):
    """A check failed, or could not be carried out.

    Args:
        detail: What is wrong.
        fix: How to fix it.
        status: The status of the check.
    """

    def __init__(self, detail: str, fix: str, status: Status = Status.FAILED) -> None:
        super().__init__(detail)
        self.fix = fix
        self.status = status


def run_checks(checks: Iterable[tuple[str, Callable[[], str]]]) -> Iterator[CheckResult]:
    """Run checks one after the other and yield their results.

    Args:
        checks: Names and functions. A function returns a detail, or raises a `CheckFailedError`.
    """
    for name, check in checks:
        try:
            yield CheckResult(name, Status.OK, check())
        except CheckFailedError as error:
            yield CheckResult(name, error.status, str(error), error.fix)


def call(stack: Stack, service: str, operation: str, *, missing: CheckFailedError, **parameters: Any) -> Any:
    """Call AWS for a check.

    Args:
        stack: The stack.
        service: botocore's name of the service.
        operation: botocore's name of the operation, such as `describe_table`.
        missing: The error to raise if the resource doesn't exist.
        **parameters: The parameters of the operation.

    Raises:
        CheckFailedError: The resource doesn't exist, or the operator may not read it.
        BackfillFailedError: Credentials, network or region have a problem that all checks would have.
    """
    client = stack.client(service)
    try:
        return getattr(client, operation)(**parameters)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _CREDENTIAL_CODES:
            raise stack.connection_error(error) from error
        if code in _DENIED_CODES:
            action = "".join(word.capitalize() for word in operation.split("_"))
            raise CheckFailedError(
                f"your credentials may not call {service}:{action}",
                f"Run the check with credentials that have this permission ({code}).",
                Status.NOT_CHECKED,
            ) from error
        if "NotFound" in code or "NonExistent" in code or code in {"NoSuchEntity", "QueueDoesNotExist"}:
            raise missing from error
        raise CheckFailedError(
            f"{service} returned {code}", "Check names and region, then run the check again."
        ) from error
    except BotoCoreError as error:
        raise stack.connection_error(error) from error
