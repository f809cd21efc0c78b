"""The request ID of an invocation or a run: the same in each audit row and log line of it."""

import contextvars
import importlib
import io
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from userprofiles import telemetry
from userprofiles.library import ProfileClient, ProfileManager
from userprofiles.registration import cognito_user, outbox
from userprofiles.registration.outbox import OutboxRegistrar
from userprofiles.registration.post_confirmation import CONFIRM_SIGN_UP, ConfirmationProcessor
from userprofiles.registration.pre_token_generation import TokenProcessor
from userprofiles.registration.registrar import Registrar
from userprofiles.table.store import Store
from userprofiles.telemetry import Report, request_id
from userprofiles.template import Template

SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
REQUEST_ID = "5b4c9d6e-1f0a-4c3b-9a52-2f8d6f1c7e11"
CONTEXT = SimpleNamespace(aws_request_id=REQUEST_ID)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USERS_TABLE", "AUDIT_TABLE", "OUTBOX_QUEUE_URL"):
        monkeypatch.setenv(name, "x")


def request_ids(tables: Any) -> list[str | None]:
    return [row.get("requestId") for row in tables.audit_rows()]


def test_post_confirmation_writes_its_request_id(
    *,
    monkeypatch: pytest.MonkeyPatch,
    create_registrar: Callable[..., Registrar],
    load_event: Callable[[str], Any],
    tables: Any,
    report: Report,
    log: io.StringIO,
) -> None:
    """The write runs in a thread of its own, because of its deadline."""
    module = importlib.import_module("userprofiles.handlers.post_confirmation")
    processor = ConfirmationProcessor(create_registrar(CONFIRM_SIGN_UP), None, report)  # type: ignore[arg-type]
    monkeypatch.setattr(module, "PROCESS_EVENT", processor.process)

    module.handler(load_event(CONFIRM_SIGN_UP), CONTEXT)

    assert request_ids(tables) == [REQUEST_ID]
    assert [json.loads(line)["requestId"] for line in log.getvalue().splitlines()] == [REQUEST_ID]


def test_pre_token_generation_writes_its_request_id(
    *,
    monkeypatch: pytest.MonkeyPatch,
    create_registrar: Callable[..., Registrar],
    load_event: Callable[[str], Any],
    store: Store,
    marketplace: Template,
    tables: Any,
    report: Report,
) -> None:
    event = load_event("TokenGeneration_Authentication")
    create_registrar("test").register(cognito_user.from_event(event))
    event["request"]["userAttributes"]["email"] = "new@example.com"
    module = importlib.import_module("userprofiles.handlers.pre_token_generation")
    processor = TokenProcessor(store, marketplace, marketplace.default_role, report)
    monkeypatch.setattr(module, "PROCESS_EVENT", processor.process)

    module.handler({**event, "version": "2"}, CONTEXT)

    assert sorted(request_ids(tables), key=str) == [REQUEST_ID, None]


def test_outbox_writes_its_request_id(
    *,
    monkeypatch: pytest.MonkeyPatch,
    create_registrar: Callable[..., Registrar],
    load_event: Callable[[str], Any],
    cognito: Any,
    tables: Any,
    report: Report,
) -> None:
    cognito.add(SUB, {"sub": SUB, "email": "a@example.com"})
    module = importlib.import_module("userprofiles.handlers.outbox")
    monkeypatch.setattr(module, "WORKER", OutboxRegistrar(create_registrar(outbox.SOURCE), cognito))
    monkeypatch.setattr(module, "REPORT", report)

    module.handler(load_event("sqs_outbox"), CONTEXT)

    assert request_ids(tables) == [REQUEST_ID]


def test_second_invocation_has_its_own_request_id() -> None:
    for identifier in ("first", "second"):
        telemetry.start_invocation(SimpleNamespace(aws_request_id=identifier))
        assert request_id.get() == identifier


@pytest.mark.parametrize("context", [None, SimpleNamespace(), SimpleNamespace(aws_request_id=None)])
def test_invocation_without_a_request_id_is_no_error(context: Any) -> None:
    telemetry.start_invocation(context)
    assert request_id.get() == ""


def test_run_has_one_request_id_which_ends_with_it() -> None:
    with telemetry.request_id_of_run():
        first = request_id.get()
        with telemetry.request_id_of_run():
            assert request_id.get() == first
    assert request_id.get() == ""
    with telemetry.request_id_of_run():
        assert request_id.get() not in {"", first}


def test_run_inside_an_invocation_keeps_its_request_id() -> None:
    telemetry.start_invocation(CONTEXT)
    with telemetry.request_id_of_run():
        assert request_id.get() == REQUEST_ID


@pytest.fixture
def manager(create_registrar: Callable[..., Registrar], cognito: Any) -> ProfileManager:
    for sub in ("u1", "u2", "u3"):
        cognito.add(sub, {"sub": sub, "email": f"{sub}@example.com"})
    return ProfileManager(ProfileClient(create_registrar("library"), cognito, "us-east-1_abc123456"), False)


def test_each_call_of_the_library_has_a_request_id(manager: ProfileManager, tables: Any) -> None:
    assert manager.create_profile_automatically("u1").success
    assert manager.create_profile_automatically("u2").success

    assert all(request_ids(tables))
    assert len(set(request_ids(tables))) == 2


def test_bulk_call_of_the_library_has_one_request_id(manager: ProfileManager, tables: Any) -> None:
    """The users are processed in threads, which do not have the context of the caller by themselves."""
    results = manager.create_profiles(["u1", "u2", "u3"], batch_size=2)

    assert all(result.success for result in results)
    [identifier] = set(request_ids(tables))
    assert identifier


def test_library_in_a_function_uses_the_request_id_of_the_invocation(
    manager: ProfileManager, tables: Any
) -> None:
    telemetry.start_invocation(CONTEXT)

    manager.create_profiles(["u1", "u2"])

    assert request_ids(tables) == [REQUEST_ID, REQUEST_ID]


def test_line_without_an_invocation_has_no_request_id(report: Report, log: io.StringIO) -> None:
    contextvars.Context().run(report.info, "hello")
    assert "requestId" not in log.getvalue()


def test_migration_worker_logs_its_request_id(
    monkeypatch: pytest.MonkeyPatch, report: Report, log: io.StringIO
) -> None:
    environment = {
        "USERS_TABLE": "users",
        "USERS_TABLE_ARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/users",
        "LEDGER_TABLE": "ledger",
        "MIGRATION_BUCKET": "bucket",
        "TEMPLATE": "basic",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    module = importlib.import_module("userprofiles.handlers.migration_worker")
    monkeypatch.setattr(module, "REPORT", report)
    monkeypatch.setattr(module, "WORKER", SimpleNamespace(handle=lambda *_: {}))
    context: Any = SimpleNamespace(aws_request_id=REQUEST_ID, get_remaining_time_in_millis=lambda: 1000)

    module.handler({"action": "work"}, context)

    assert json.loads(log.getvalue())["requestId"] == REQUEST_ID
