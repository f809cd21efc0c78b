"""The post-confirmation trigger returns its event whatever happens, and says so in one line."""

import copy
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
from userprofiles.registration import post_confirmation
from userprofiles.registration.outbox import Message
from userprofiles.registration.post_confirmation import Confirmation
from userprofiles.registration.registrar import Registrar
from userprofiles.table.store import RecordTooLargeError, StoreError, User
from userprofiles.telemetry import Report

CONFIRMED = "PostConfirmation_ConfirmSignUp"


class KeptOutbox:
    """An outbox that keeps its messages, or fails."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.error: Exception | None = None

    def send(self, message: Message) -> None:
        if self.error is not None:
            raise self.error
        self.messages.append(message)


class FailingStore:
    """A store that raises, or hangs until the gate opens."""

    def __init__(self, error: Exception | None = None, gate: threading.Event | None = None) -> None:
        self.error = error
        self.gate = gate
        self.calls = 0

    def create(self, *_: Any) -> User:
        self.calls += 1
        if self.gate is not None:
            self.gate.wait()
        if self.error is not None:
            raise self.error
        return User(None, None)


@pytest.fixture
def outbox() -> KeptOutbox:
    return KeptOutbox()


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    opened = threading.Event()
    yield opened
    opened.set()


@pytest.fixture
def confirm(
    make_registrar: Callable[..., Registrar], outbox: KeptOutbox, report: Report
) -> Callable[..., Any]:
    """Return what the handler does with an event."""

    def call(event: Any, **parts: Any) -> Any:
        registrar = make_registrar(CONFIRMED, **parts)
        return post_confirmation.confirm(Confirmation(registrar, outbox, report), event, report)  # type: ignore[arg-type]

    return call


def _lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def _metrics(printed: str) -> list[str]:
    return [
        metric["Name"]
        for line in printed.splitlines()
        for directive in json.loads(line)["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    ]


@pytest.mark.parametrize("name", [CONFIRMED, f"{CONFIRMED}_federated"])
def test_confirmed_user_is_registered_and_the_event_returned(
    confirm: Callable[..., Any],
    load_event: Callable[[str], Any],
    tables: Any,
    log: io.StringIO,
    name: str,
) -> None:
    event = load_event(name)
    before = copy.deepcopy(event)

    returned = confirm(event)

    assert returned is event
    assert before == event
    assert len(tables.items()) == 2
    [line] = _lines(log)
    assert ("user registered", event["request"]["userAttributes"]["sub"]) == (line["message"], line["sub"])


def test_role_in_client_metadata_is_never_trusted(
    confirm: Callable[..., Any],
    load_event: Callable[[str], Any],
    tables: Any,
) -> None:
    event = load_event(CONFIRMED)
    event["request"]["clientMetadata"] = {"custom:role": "vendor", "role": "vendor", "email": "x@y.z"}

    confirm(event)

    account, _ = tables.items()
    assert ("customer", "john.doe@example.com") == (account["role"], account["email"])


def test_password_reset_registers_nobody(
    confirm: Callable[..., Any],
    load_event: Callable[[str], Any],
    tables: Any,
    outbox: KeptOutbox,
) -> None:
    event = load_event("PostConfirmation_ConfirmForgotPassword")

    returned = confirm(event)

    assert returned is event
    assert ([], [], []) == (tables.items(), tables.rows(), outbox.messages)


def test_password_reset_leaves_an_edited_profile_as_it_is(
    confirm: Callable[..., Any],
    load_event: Callable[[str], Any],
    tables: Any,
) -> None:
    confirm(load_event(CONFIRMED))
    _, profile = tables.items()
    tables.put({**profile, "language": "fr"})
    before = tables.items()

    confirm(load_event("PostConfirmation_ConfirmForgotPassword"))

    assert before == tables.items()


@pytest.mark.parametrize("response", [None, [], "text", ...])
def test_response_is_an_object_whatever_came(
    confirm: Callable[..., Any],
    load_event: Callable[[str], Any],
    response: Any,
) -> None:
    event = load_event(CONFIRMED)
    if response is ...:
        del event["response"]
    else:
        event["response"] = response

    returned = confirm(event)

    assert returned is event
    assert event["response"] == {}


@pytest.mark.parametrize(
    "damage",
    [
        {"triggerSource": "PostConfirmation_Unknown"},
        {"triggerSource": None},
        {"triggerSource": ["PostConfirmation_ConfirmSignUp"]},
        {"request": None},
        {"request": {}},
        {"request": {"userAttributes": []}},
        {"request": {"userAttributes": {}}},
        {"request": {"userAttributes": {"sub": "a#b"}}},
        {"request": {"userAttributes": {"sub": "s", "email": 7}}},
        {"userPoolId": ""},
        {"userPoolId": 7},
        {"userName": None},
        {"userName": "x" * 129},
    ],
    ids=str,
)
def test_event_that_can_not_be_read_passes_with_one_line_and_a_metric(
    *,
    confirm: Callable[..., Any],
    load_event: Callable[[str], Any],
    tables: Any,
    log: io.StringIO,
    capsys: pytest.CaptureFixture[str],
    damage: dict[str, Any],
) -> None:
    event = load_event(CONFIRMED) | damage

    returned = confirm(event)

    assert returned is event
    assert tables.items() == []
    [line] = _lines(log)
    assert line["level"] == "WARNING"
    assert [1] == [len(_metrics(capsys.readouterr().out))]


@pytest.mark.parametrize("event", [None, [], "text", 7])
def test_what_is_no_event_at_all_comes_back(confirm: Callable[..., Any], event: Any) -> None:
    assert confirm(event) == event


def test_huge_event_is_registered_without_what_does_not_fit(
    confirm: Callable[..., Any],
    load_event: Callable[[str], Any],
    tables: Any,
    log: io.StringIO,
    capsys: pytest.CaptureFixture[str],
) -> None:
    event = load_event(CONFIRMED)
    event["request"]["userAttributes"] |= {f"custom:x{number}": "x" * 50_000 for number in range(50)}
    event["request"]["userAttributes"]["name"] = "🦊" * 1_000_000

    confirm(event)

    [line] = _lines(log)
    assert line["unfitFields"] == ["account.name"]
    assert _metrics(capsys.readouterr().out) == ["UnfitAttribute"]
    assert [None, "John"] == [tables.items()[0]["name"], tables.items()[1]["firstName"]]


@pytest.mark.parametrize(
    "error", [StoreError("AccessDeniedException"), MemoryError(), ZeroDivisionError("CANARY")]
)
def test_what_can_not_be_written_goes_to_the_outbox_by_ids(
    *,
    confirm: Callable[..., Any],
    load_event: Callable[[str], Any],
    outbox: KeptOutbox,
    log: io.StringIO,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
) -> None:
    event = load_event(f"{CONFIRMED}_federated")

    returned = confirm(event, store=FailingStore(error))

    assert returned is event
    [message] = outbox.messages
    assert {"userPoolId": event["userPoolId"], "userName": event["userName"]} == {
        name: value for name, value in json.loads(message.body()).items() if name != "reason"
    }
    assert "CANARY" not in message.body()
    [line] = _lines(log)
    assert line["level"] == "WARNING"
    assert _metrics(capsys.readouterr().out) == ["RegistrationDeferred"]


def test_outbox_failing_too_is_one_error_line_and_a_metric(
    *,
    confirm: Callable[..., Any],
    load_event: Callable[[str], Any],
    outbox: KeptOutbox,
    log: io.StringIO,
    capsys: pytest.CaptureFixture[str],
    aws_error: Callable[..., Exception],
) -> None:
    event = load_event(CONFIRMED)
    outbox.error = aws_error("ThrottlingException")

    returned = confirm(event, store=FailingStore(StoreError("AccessDeniedException")))

    assert returned is event
    [line] = _lines(log)
    assert ("ERROR", "AccessDeniedException", "ThrottlingException") == (
        line["level"],
        line["error"],
        line["outboxError"],
    )
    assert _metrics(capsys.readouterr().out) == ["RegistrationLost"]


def test_record_that_can_never_be_stored_is_no_business_of_the_outbox(
    confirm: Callable[..., Any],
    load_event: Callable[[str], Any],
    outbox: KeptOutbox,
    capsys: pytest.CaptureFixture[str],
) -> None:
    confirm(load_event(CONFIRMED), store=FailingStore(RecordTooLargeError("ItemTooLarge")))

    assert outbox.messages == []
    assert _metrics(capsys.readouterr().out) == ["RegistrationImpossible"]


def test_deadlines_add_up_to_less_than_the_promise() -> None:
    assert post_confirmation.DYNAMODB_S + post_confirmation.OUTBOX_S <= post_confirmation.TOTAL_S < 3.2


def test_hanging_table_is_left_at_its_deadline_for_the_outbox(
    confirm: Callable[..., Any],
    load_event: Callable[[str], Any],
    outbox: KeptOutbox,
    gate: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(post_confirmation, "DYNAMODB_S", 0.05)
    begin = time.monotonic()

    confirm(load_event(CONFIRMED), store=FailingStore(gate=gate))

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
    damage=st.sampled_from([{}, {"userName": ""}, {"triggerSource": "CANARY"}, {"userPoolId": "CANARY"}]),
)
def test_no_line_and_no_metric_repeats_what_a_user_typed(
    *,
    load_event: Callable[[str], Any],
    make_registrar: Callable[..., Registrar],
    report: Report,
    log: io.StringIO,
    capsys: pytest.CaptureFixture[str],
    aws_error: Callable[..., Exception],
    names: list[str],
    noise: str,
    failure: str,
    damage: dict[str, str],
) -> None:
    """A canary stands in every attribute, in the metadata and in the errors' own messages."""
    event = load_event(CONFIRMED) | {"userName": "CANARY-user"} | damage
    event["request"]["userAttributes"] |= dict.fromkeys(names, f"CANARY{noise}")
    event["request"]["userAttributes"] |= {"email_verified": "CANARY", f"custom:CANARY{noise}": "CANARY"}
    event["request"]["clientMetadata"] = {"CANARY": "CANARY"}
    kept = KeptOutbox()
    kept.error = aws_error("ThrottlingException") if failure == "both" else None
    store = FailingStore(None if failure == "none" else StoreError("ValidationException"))

    post_confirmation.confirm(
        Confirmation(make_registrar(CONFIRMED, store=store), kept, report),  # type: ignore[arg-type]
        event,
        report,
    )

    assert "CANARY" not in log.getvalue() + capsys.readouterr().out


@pytest.mark.parametrize("environment", [{}, {"TEMPLATE": "nowhere"}, {"USERS_TABLE": "u"}])
def test_wrong_environment_lets_sign_ups_go_on_and_says_what_is_wrong(
    load_event: Callable[[str], Any],
    report: Report,
    log: io.StringIO,
    capsys: pytest.CaptureFixture[str],
    environment: dict[str, str],
) -> None:
    event = load_event(CONFIRMED)

    returned = post_confirmation.confirm(
        post_confirmation.from_environment(environment, report), event, report
    )

    assert returned is event
    [line] = _lines(log)
    assert ("ERROR", True) == (line["level"], bool(line["problem"]))
    assert _metrics(capsys.readouterr().out) == ["RegistrationLost"]


def test_mistake_of_our_own_lets_the_sign_up_go_on(
    load_event: Callable[[str], Any],
    report: Report,
    log: io.StringIO,
) -> None:
    def broken(_: Any) -> None:
        raise KeyError("CANARY")

    event = load_event(CONFIRMED)

    assert post_confirmation.confirm(broken, event, report) is event
    assert "CANARY" not in log.getvalue()
