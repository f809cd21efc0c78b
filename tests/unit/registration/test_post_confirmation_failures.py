"""The post-confirmation trigger with failing services: the sign-up never fails, and each error is logged."""

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from userprofiles import deadline
from userprofiles.registration import post_confirmation
from userprofiles.registration.post_confirmation import CONFIRM_SIGN_UP
from userprofiles.table.store import UserItems
from userprofiles.table.store_errors import RecordTooLargeError, StoreError
from userprofiles.telemetry import Report


class FailingStore:
    """A store that raises an error, or hangs until the event is set."""

    def __init__(self, error: Exception | None = None, release: threading.Event | None = None) -> None:
        self.error = error
        self.release = release
        self.calls = 0

    def create(self, *_: Any) -> UserItems:
        self.calls += 1
        if self.release is not None:
            self.release.wait()
        if self.error is not None:
            raise self.error
        return UserItems(None, None)


@pytest.fixture
def release() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.parametrize(
    "error", [StoreError("AccessDeniedException"), MemoryError(), ZeroDivisionError("CANARY")]
)
def test_user_who_can_not_be_written_goes_to_the_outbox_by_ids(
    *,
    process_event: Callable[..., Any],
    load_event: Callable[[str], Any],
    outbox: Any,
    read_log: Callable[[], list[dict[str, Any]]],
    read_metrics: Callable[[], list[str]],
    error: Exception,
) -> None:
    event = load_event(f"{CONFIRM_SIGN_UP}_federated")

    returned_event = process_event(event, store=FailingStore(error))

    assert returned_event is event
    [message] = outbox.messages
    assert {name: value for name, value in json.loads(message.to_json()).items() if name != "reason"} == {
        "userPoolId": event["userPoolId"],
        "userName": event["userName"],
    }
    assert "CANARY" not in message.to_json()
    [line] = read_log()
    assert line["level"] == "WARNING"
    assert read_metrics() == ["RegistrationDeferred"]


def test_failure_of_the_outbox_gives_one_error_line_and_a_metric(
    *,
    process_event: Callable[..., Any],
    load_event: Callable[[str], Any],
    outbox: Any,
    read_log: Callable[[], list[dict[str, Any]]],
    read_metrics: Callable[[], list[str]],
    aws_error: Callable[..., Exception],
) -> None:
    event = load_event(CONFIRM_SIGN_UP)
    outbox.error = aws_error("ThrottlingException")

    returned_event = process_event(event, store=FailingStore(StoreError("AccessDeniedException")))

    assert returned_event is event
    [line] = read_log()
    assert (
        line["level"],
        line["error"],
        line["outboxError"],
    ) == ("ERROR", "AccessDeniedException", "ThrottlingException")
    assert read_metrics() == ["RegistrationLost"]


def test_record_that_can_never_be_stored_does_not_go_to_the_outbox(
    process_event: Callable[..., Any],
    load_event: Callable[[str], Any],
    outbox: Any,
    read_metrics: Callable[[], list[str]],
) -> None:
    process_event(load_event(CONFIRM_SIGN_UP), store=FailingStore(RecordTooLargeError("ItemTooLarge")))

    assert outbox.messages == []
    assert read_metrics() == ["RegistrationImpossible"]


def test_deadlines_add_up_to_less_than_the_documented_time() -> None:
    steps = deadline.DYNAMODB_SECONDS + deadline.OUTBOX_SECONDS

    assert steps <= deadline.POST_CONFIRMATION_SECONDS < 3.2


def test_hanging_table_is_abandoned_at_the_deadline(
    process_event: Callable[..., Any],
    load_event: Callable[[str], Any],
    outbox: Any,
    release: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deadline, "DYNAMODB_SECONDS", 0.05)
    begin = time.monotonic()

    process_event(load_event(CONFIRM_SIGN_UP), store=FailingStore(release=release))

    assert time.monotonic() - begin < 1
    assert [message.reason for message in outbox.messages] == ["DeadlineExceededError"]


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    names=st.lists(
        st.sampled_from(
            [
                "email",
                "name",
                "given_name",
                "family_name",
                "phone_number",
                "preferred_username",
                "custom:role",
                "address",
            ]
        ),
        unique=True,
    ),
    noise=st.text(max_size=10),
    failure=st.sampled_from(["none", "store", "both"]),
    changes=st.sampled_from([{}, {"userName": ""}, {"triggerSource": "CANARY"}, {"userPoolId": "CANARY"}]),
)
def test_no_log_line_and_no_metric_repeats_user_input(
    *,
    load_event: Callable[[str], Any],
    process_event: Callable[..., Any],
    outbox: Any,
    log: io.StringIO,
    capsys: pytest.CaptureFixture[str],
    aws_error: Callable[..., Exception],
    names: list[str],
    noise: str,
    failure: str,
    changes: dict[str, str],
) -> None:
    """Every attribute, the metadata and the messages of the errors contain a canary."""
    event = load_event(CONFIRM_SIGN_UP) | {"userName": "CANARY-user"} | changes
    event["request"]["userAttributes"] |= dict.fromkeys(names, f"CANARY{noise}")
    event["request"]["userAttributes"] |= {"email_verified": "CANARY", f"custom:CANARY{noise}": "CANARY"}
    event["request"]["clientMetadata"] = {"CANARY": "CANARY"}
    outbox.error = aws_error("ThrottlingException") if failure == "both" else None
    store = FailingStore(None if failure == "none" else StoreError("ValidationException"))

    process_event(event, store=store)

    assert "CANARY" not in log.getvalue() + capsys.readouterr().out


@pytest.mark.parametrize("environment", [{}, {"TEMPLATE": "nowhere"}, {"USERS_TABLE": "u"}])
def test_wrong_environment_does_not_fail_sign_ups_and_is_logged(
    load_event: Callable[[str], Any],
    report: Report,
    read_log: Callable[[], list[dict[str, Any]]],
    read_metrics: Callable[[], list[str]],
    environment: dict[str, str],
) -> None:
    event = load_event(CONFIRM_SIGN_UP)

    returned_event = post_confirmation.handle_event(
        post_confirmation.from_environment(environment, report), event, report
    )

    assert returned_event is event
    [line] = read_log()
    assert (line["level"], bool(line["problem"])) == ("ERROR", True)
    assert read_metrics() == ["RegistrationLost"]


def test_unexpected_error_does_not_fail_the_sign_up(
    load_event: Callable[[str], Any],
    report: Report,
    log: io.StringIO,
) -> None:
    def fail(_: Any) -> None:
        raise KeyError("CANARY")

    event = load_event(CONFIRM_SIGN_UP)

    assert post_confirmation.handle_event(fail, event, report) is event
    assert "CANARY" not in log.getvalue()
