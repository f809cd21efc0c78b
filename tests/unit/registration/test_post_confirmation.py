"""The post-confirmation trigger returns its event in every case, and logs the result in one line."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from userprofiles.registration.post_confirmation import CONFIRM_SIGN_UP


@pytest.mark.parametrize("name", [CONFIRM_SIGN_UP, f"{CONFIRM_SIGN_UP}_federated"])
def test_confirmed_user_is_registered_and_the_event_is_returned(
    process_event: Callable[..., Any],
    load_event: Callable[[str], Any],
    tables: Any,
    read_log: Callable[[], list[dict[str, Any]]],
    name: str,
) -> None:
    event = load_event(name)
    before = copy.deepcopy(event)

    returned_event = process_event(event)

    assert returned_event is event
    assert event == before
    assert len(tables.items()) == 2
    [line] = read_log()
    assert (line["message"], line["sub"]) == ("user registered", event["request"]["userAttributes"]["sub"])


def test_role_in_client_metadata_is_never_trusted(
    process_event: Callable[..., Any],
    load_event: Callable[[str], Any],
    tables: Any,
) -> None:
    event = load_event(CONFIRM_SIGN_UP)
    event["request"]["clientMetadata"] = {"custom:role": "vendor", "role": "vendor", "email": "x@y.z"}

    process_event(event)

    account, _ = tables.items()
    assert (account["role"], account["email"]) == ("customer", "john.doe@example.com")


def test_password_reset_registers_no_user(
    process_event: Callable[..., Any],
    load_event: Callable[[str], Any],
    tables: Any,
    outbox: Any,
) -> None:
    event = load_event("PostConfirmation_ConfirmForgotPassword")

    returned_event = process_event(event)

    assert returned_event is event
    assert (tables.items(), tables.audit_rows(), outbox.messages) == ([], [], [])


def test_password_reset_does_not_change_an_edited_profile(
    process_event: Callable[..., Any],
    load_event: Callable[[str], Any],
    tables: Any,
) -> None:
    process_event(load_event(CONFIRM_SIGN_UP))
    _, profile = tables.items()
    tables.put({**profile, "language": "fr"})
    before = tables.items()

    process_event(load_event("PostConfirmation_ConfirmForgotPassword"))

    assert tables.items() == before


@pytest.mark.parametrize("response", [None, [], "text", ...])
def test_response_of_the_returned_event_is_always_an_object(
    process_event: Callable[..., Any],
    load_event: Callable[[str], Any],
    response: Any,
) -> None:
    event = load_event(CONFIRM_SIGN_UP)
    if response is ...:
        del event["response"]
    else:
        event["response"] = response

    returned_event = process_event(event)

    assert returned_event is event
    assert event["response"] == {}


@pytest.mark.parametrize(
    "changes",
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
def test_unreadable_event_is_returned_with_one_log_line_and_a_metric(
    *,
    process_event: Callable[..., Any],
    load_event: Callable[[str], Any],
    tables: Any,
    read_log: Callable[[], list[dict[str, Any]]],
    read_metrics: Callable[[], list[str]],
    changes: dict[str, Any],
) -> None:
    event = load_event(CONFIRM_SIGN_UP) | changes

    returned_event = process_event(event)

    assert returned_event is event
    assert tables.items() == []
    [line] = read_log()
    assert line["level"] == "WARNING"
    assert [len(read_metrics())] == [1]


@pytest.mark.parametrize("event", [None, [], "text", 7])
def test_value_that_is_not_an_event_is_returned(process_event: Callable[..., Any], event: Any) -> None:
    assert process_event(event) == event


def test_user_of_a_huge_event_is_registered_without_the_unfit_values(
    process_event: Callable[..., Any],
    load_event: Callable[[str], Any],
    tables: Any,
    read_log: Callable[[], list[dict[str, Any]]],
    read_metrics: Callable[[], list[str]],
) -> None:
    event = load_event(CONFIRM_SIGN_UP)
    event["request"]["userAttributes"] |= {f"custom:x{number}": "x" * 50_000 for number in range(50)}
    event["request"]["userAttributes"]["name"] = "🦊" * 1_000_000

    process_event(event)

    [line] = read_log()
    assert line["unfitFields"] == ["account.name"]
    assert read_metrics() == ["UnfitAttribute"]
    assert [tables.items()[0]["name"], tables.items()[1]["firstName"]] == [None, "John"]
