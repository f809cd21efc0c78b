"""The role in the tokens, and new contact data in the items, without ever failing a sign-in.

Cognito calls this trigger at each sign-in and each refresh. The role in the token is only for clients that
show it: the API reads the table. If the table can't be read in time, the token has the default role, which
every user can have. The contact data is updated afterwards, in the remaining time. If that fails, the next
sign-in repeats it.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from userprofiles import aws, deadline, settings
from userprofiles.registration import cognito_user, contact_data, token_claims
from userprofiles.registration.cognito_user import CognitoUser, UnreadableUserError
from userprofiles.registration.trigger_response import add_response
from userprofiles.table import deletion, record
from userprofiles.table.store import Store, UserItems
from userprofiles.telemetry import Report, error_code
from userprofiles.template import Template

_SOURCE_PREFIX = "TokenGeneration_"


def _now() -> datetime:
    return datetime.now(UTC)


class TokenProcessor:
    """Adds roles to tokens and updates contact data.

    Args:
        store: The tables.
        template: Defines the fields of account and profile.
        default_role: The role in the token if the table has none, or can't be read.
        report: Log lines and metrics.
        clock: Returns the current time.
    """

    def __init__(
        self,
        store: Store,
        template: Template,
        default_role: str,
        report: Report,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._store = store
        self._template = template
        self._default_role = default_role
        self._report = report
        self._clock = clock
        self._runner = deadline.DeadlineRunner()

    def process(self, event: Any) -> None:
        """Add the role to the event's response, and update the user's contact data.

        Logs the result. Returns within `deadline.PRE_TOKEN_GENERATION_SECONDS`.
        """
        end = time.monotonic() + deadline.PRE_TOKEN_GENERATION_SECONDS
        source = event.get("triggerSource") if isinstance(event, dict) else None
        if not isinstance(source, str) or not source.startswith(_SOURCE_PREFIX):
            self._report.warning("event with unknown trigger source ignored", metric="UnknownTriggerSource")
            return
        try:
            user = cognito_user.from_event(event)
        except UnreadableUserError as error:
            self._report.warning("unreadable event", metric="UnreadableEvent", problem=str(error))
            self._add_role(event, self._default_role)
            return
        ids = {"sub": user.sub, "userPoolId": user.pool_id, "triggerSource": source}
        items = self._read(user, ids)
        self._add_role(event, self._default_role if items is None else self._decide_role(items))
        if items is not None and items.is_complete and not items.is_erased:
            self._update_contact_data(user, items, ids, end)

    def _add_role(self, event: dict[str, Any], role: str | None) -> None:
        token_claims.add_role(event, role, self._template.role_attribute)

    def _read(self, user: CognitoUser, ids: Mapping[str, str]) -> UserItems | None:
        """Read the user's items; None if the table doesn't answer in time."""
        try:
            return self._runner.run(lambda: self._store.read(user.sub), deadline.READ_USER_SECONDS)
        except Exception as error:  # noqa: BLE001  (no error may fail the sign-in)
            self._report.warning(
                "role can't be read; the token has the default role",
                metric="RoleUnavailable",
                error=error_code(error),
                **ids,
            )
            return None

    def _decide_role(self, items: UserItems) -> str | None:
        """Return the role in the table; None for a user who is erased, inactive or marked for deletion."""
        account = items.account or {}
        is_marked = deletion.find_request(account) is not None
        if items.is_erased or record.is_inactive(account) or is_marked:
            return None
        role = account.get("role")
        return role if isinstance(role, str) and role else self._default_role

    def _update_contact_data(
        self, user: CognitoUser, items: UserItems, ids: Mapping[str, str], end: float
    ) -> None:
        moment = self._clock()
        try:
            update = contact_data.find_update(
                self._template, items, user.attributes, record.timestamp(moment)
            )
            if update is None:
                return
            is_changed = self._runner.run(
                lambda: contact_data.write_update(
                    self._store, items, update, sub=user.sub, source=ids["triggerSource"], moment=moment
                ),
                end - time.monotonic(),
            )
        except Exception as error:  # noqa: BLE001  (no error may fail the sign-in)
            self._report.warning(
                "contact data not updated; the next sign-in repeats it",
                metric="ContactUpdateFailed",
                error=error_code(error),
                **ids,
            )
            return
        if is_changed:
            self._report.info("contact data updated", fields=list(update.fields), **ids)
        else:
            self._report.info("user changed meanwhile; the next sign-in updates the contact data", **ids)


def from_environment(environment: Mapping[str, str], report: Report) -> Callable[[Any], None]:
    """Create the function that processes events from a function's environment.

    Returns:
        The `process` method of a TokenProcessor. If the environment is wrong, a function that logs the
        problem for each event instead: raising here would fail every sign-in because of our mistake.
    """
    try:
        # 2 attempts of at most 0.3 + 0.4 s: within READ_USER_SECONDS unless the server sends byte by byte.
        dynamodb = aws.client("dynamodb", connect_s=0.3, read_s=0.4, attempts=2)
        template = settings.template(environment)
        store = Store(
            dynamodb,
            settings.required(environment, "USERS_TABLE"),
            settings.required(environment, "AUDIT_TABLE"),
        )
        return TokenProcessor(store, template, settings.roles(environment, template).default, report).process
    except Exception as error:  # noqa: BLE001  (logged for each event, see above)
        problem = str(error) if isinstance(error, settings.SettingsError | ValueError) else error_code(error)

        def report_problem(event: Any) -> None:  # noqa: ARG001  (same parameters as TokenProcessor.process)
            report.error("the function is misconfigured", metric="RoleUnavailable", problem=problem)

        return report_problem


def handle_event(process_event: Callable[[Any], None], event: Any, report: Report) -> Any:
    """Process an event and return it to Cognito, whatever error occurs."""
    try:
        process_event(event)
    except Exception as error:  # noqa: BLE001  (our mistake must not fail the sign-in; it is logged)
        report.error("unexpected error", metric="RoleUnavailable", error=error_code(error))
    return add_response(event)
