"""The test of a stack: a throw-away user signs up, is confirmed and gets a profile, then is deleted."""

import secrets
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.stop import Stop
from userprofiles.stack_setup import trigger_function
from userprofiles.stack_setup.check_result import CheckFailedError, CheckResult, Status
from userprofiles.stack_setup.stack import Stack
from userprofiles.table import record
from userprofiles.table.attribute_value import serialize_item
from userprofiles.telemetry import error_code

PATIENCE_S = 20.0
_PAUSE_S = 0.2
# The mailbox simulator of Amazon SES accepts messages to any label and delivers them to nobody, so the
# verification message neither bounces nor reaches a person:
# https://docs.aws.amazon.com/ses/latest/DeveloperGuide/mailbox-simulator.html
_MAILBOX = "success+{}@simulator.amazonses.com"
_ATTRIBUTE_VALUES = {"birthdate": "2000-01-01", "locale": "en", "zoneinfo": "UTC", "updated_at": "0"}
_DEFAULT_VALUE = "setup-test"
_SEE_LOG = "See the log of the post-confirmation function, and run `userprofiles setup check`."
_SEE_LOGS = "See the logs of the pool's trigger functions, and run `userprofiles setup check`."


class SignUpTest:
    """One test with one throw-away user.

    Args:
        stack: The stack.
        stop: Ends the test after the current step. Everything is deleted then, too.
        report: Receives the result of each step.
        patience_s: How long to wait for the profile.

    Attributes:
        email: The address of the throw-away user.

    Raises:
        RefusedError: The pool doesn't have our trigger on these tables, so the test could touch another
            system; or users can't sign up with an e-mail address.
    """

    def __init__(
        self,
        stack: Stack,
        stop: Stop,
        report: Callable[[CheckResult], None],
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.email = _MAILBOX.format(f"userprofiles-{secrets.token_hex(8)}")
        self._stack = stack
        self._stop = stop
        self._report = report
        self._reads = 1 + round(patience_s / _PAUSE_S)
        self._attributes = {**_read_required_attributes(stack), "email": self.email}

    def describe(self) -> str:
        """Return what the test creates, as text."""
        return (
            "The test creates, and then deletes:\n"
            f"  the user {self.email} in the user pool {self._stack.user_pool_id}\n"
            f"  the user's account and profile in the table {self._stack.users_table}\n"
            f"  the user's audit rows in the table {self._stack.audit_table}\n"
            "Cognito sends one verification message to that address, the mailbox simulator of Amazon SES.\n"
        )

    def run(self) -> bool:
        """Run the test, and delete everything in any case.

        Returns:
            Whether all steps succeeded, also those that delete.
        """
        steps = {
            "sign-up": self._sign_up,
            "confirmation": self._confirm,
            "account and profile": self._wait_for_items,
            "audit row": self._check_audit_rows,
        }
        try:
            is_successful = self._run_until_failure(steps)
        finally:
            with _ignored_signals():
                is_clean = self._clean_up()
        return is_successful and is_clean

    def _run_until_failure(self, steps: Mapping[str, Callable[[], str]]) -> bool:
        for name, step in steps.items():
            if self._stop.is_requested:
                return False
            result = _run_step(name, step)
            self._report(result)
            if result.status is not Status.OK:
                return False
        return True

    def _sign_up(self) -> str:
        self._stack.client("cognito-idp").sign_up(
            ClientId=self._stack.client_id,
            Username=self.email,
            Password=f"Aa1-{secrets.token_urlsafe(24)}",
            UserAttributes=[{"Name": name, "Value": value} for name, value in self._attributes.items()],
        )
        return self.email

    def _confirm(self) -> str:
        self._stack.client("cognito-idp").admin_confirm_sign_up(
            UserPoolId=self._stack.user_pool_id, Username=self.email
        )
        return ""

    def _wait_for_items(self) -> str:
        sub = self._find_sub()
        for _ in range(self._reads):
            sort_keys = {item["SK"]["S"] for item in self._query(self._stack.users_table, sub)}
            if sort_keys >= set(record.SORT_KEYS.values()):
                return f"user ID {sub}"
            if self._stop.wait(_PAUSE_S):
                break
        missing_keys = ", ".join(sorted(set(record.SORT_KEYS.values()) - sort_keys))
        raise CheckFailedError(f"the table has no {missing_keys} for the user", _SEE_LOG)

    def _check_audit_rows(self) -> str:
        rows = self._query(self._stack.audit_table, self._find_sub())
        if not rows:
            raise CheckFailedError("the audit table has no row for the user", _SEE_LOG)
        return str(rows[0].get("action", {}).get("S", ""))

    def _clean_up(self) -> bool:
        """Delete the user and the items. A failing step does not stop the others."""
        try:
            sub = self._find_sub()
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "UserNotFoundException":
                return True
            fix = f"Delete the user {self.email} of the pool {self._stack.user_pool_id} yourself."
            self._report(CheckResult("deletion", Status.FAILED, f"Cognito returned {error_code(error)}", fix))
            return False
        # The user first: then no later retry can create the items again.
        steps = {
            "deletion of the user": self._delete_user,
            "deletion of account and profile": lambda: self._delete_items(self._stack.users_table, sub),
            "deletion of audit rows": lambda: self._delete_items(self._stack.audit_table, sub),
        }
        # All steps run before the first report: a closed output must not stop the deletion.
        results = [_run_step(name, step) for name, step in steps.items()]
        for result in results:
            self._report(result)
        return all(result.status is Status.OK for result in results)

    def _find_sub(self) -> str:
        user = self._stack.client("cognito-idp").admin_get_user(
            UserPoolId=self._stack.user_pool_id, Username=self.email
        )
        return str(next(entry["Value"] for entry in user["UserAttributes"] if entry["Name"] == "sub"))

    def _delete_user(self) -> str:
        try:
            self._stack.client("cognito-idp").admin_delete_user(
                UserPoolId=self._stack.user_pool_id, Username=self.email
            )
        except (ClientError, BotoCoreError) as error:
            raise CheckFailedError(
                f"Cognito returned {error_code(error)}",
                f"Delete it yourself: aws cognito-idp admin-delete-user --user-pool-id "
                f"{self._stack.user_pool_id} --username {self.email}",
            ) from error
        return ""

    def _delete_items(self, table: str, sub: str) -> str:
        try:
            items = self._query(table, sub)
            for item in items:
                self._stack.client("dynamodb").delete_item(
                    TableName=table, Key={"PK": item["PK"], "SK": item["SK"]}
                )
        except (ClientError, BotoCoreError) as error:
            raise CheckFailedError(
                f"DynamoDB returned {error_code(error)}",
                f"Delete the items with PK {record.partition_key(sub)} of the table {table} yourself.",
            ) from error
        return f"{len(items)} items"

    def _query(self, table: str, sub: str) -> list[dict[str, Any]]:
        response = self._stack.client("dynamodb").query(
            TableName=table,
            KeyConditionExpression="PK = :pk",
            ExpressionAttributeValues=serialize_item({":pk": record.partition_key(sub)}),
            ConsistentRead=True,
        )
        items: list[dict[str, Any]] = response["Items"]
        return items


def _run_step(name: str, step: Callable[[], str]) -> CheckResult:
    try:
        return CheckResult(name, Status.OK, step())
    except CheckFailedError as error:
        return CheckResult(name, error.status, str(error), error.fix)
    except (ClientError, BotoCoreError) as error:
        return CheckResult(name, Status.FAILED, f"AWS returned {error_code(error)}", _SEE_LOGS)


def _read_required_attributes(stack: Stack) -> dict[str, str]:
    """Return values for the attributes that a sign-up requires, after a check of the pool."""
    try:
        pool = trigger_function.describe_pool(stack)
        function = trigger_function.read_function(stack, pool, "PostConfirmation")
        trigger_function.check_environment(stack, function)
    except CheckFailedError as error:
        raise RefusedError(f"The test is refused: {error}.\n{error.fix}") from error
    names = [entry["Name"] for entry in pool.get("SchemaAttributes", ()) if entry.get("Required")]
    if "email" not in pool.get("UsernameAttributes", ()) or "phone_number" in names:
        raise RefusedError(
            "The test is refused: users of this pool can't sign up with an e-mail address alone, and a phone "
            "number would receive a text message.\nTest the sign-up with a phone of your own."
        )
    return {name: _ATTRIBUTE_VALUES.get(name, _DEFAULT_VALUE) for name in names if name != "sub"}


@contextmanager
def _ignored_signals() -> Iterator[None]:
    """Ignore Ctrl-C and SIGTERM, so that nothing is left behind."""
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
