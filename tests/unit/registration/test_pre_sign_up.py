import copy
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from userprofiles import settings, template
from userprofiles.registration import pre_sign_up
from userprofiles.registration.pre_sign_up import (
    INVALID_PHONE,
    TOO_LONG,
    UNAVAILABLE,
    UNREADABLE,
    SignUpRefusedError,
    check_sign_up,
)
from userprofiles.settings import Roles
from userprofiles.telemetry import Report

SOURCES = ["PreSignUp_SignUp", "PreSignUp_AdminCreateUser", "PreSignUp_ExternalProvider"]
ROLES = settings.roles({}, template.load("marketplace"))


@pytest.mark.parametrize("source", SOURCES)
def test_valid_sign_up_is_accepted_unchanged(
    load_event: Callable[[str], Any], roles: Roles, source: str
) -> None:
    event = load_event(source)
    before = copy.deepcopy(event)

    accepted_event = check_sign_up(event, roles)

    assert accepted_event is event
    assert event == before


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("role", ["admin", "Customer", "customer ", "customer,vendor", "\u0430dmin"])
def test_role_outside_the_allow_list_is_rejected(
    load_event: Callable[[str], Any],
    roles: Roles,
    source: str,
    role: str,
) -> None:
    event = load_event(source)
    event["request"]["userAttributes"]["custom:role"] = role

    with pytest.raises(SignUpRefusedError) as refusal:
        check_sign_up(event, roles)

    assert str(refusal.value) == "This role can't be chosen at sign-up. Available roles: customer, vendor"


@pytest.mark.parametrize("role", ["customer", "vendor", ""])
def test_role_on_the_allow_list_or_none_is_accepted(
    load_event: Callable[[str], Any], roles: Roles, role: str
) -> None:
    event = load_event("PreSignUp_SignUp")
    event["request"]["userAttributes"]["custom:role"] = role

    assert check_sign_up(event, roles) is event


def test_role_in_client_metadata_is_ignored(load_event: Callable[[str], Any], roles: Roles) -> None:
    event = load_event("PreSignUp_SignUp")
    event["request"]["clientMetadata"] = {"custom:role": "admin", "role": "admin"}

    assert check_sign_up(event, roles) is event


@pytest.mark.parametrize(
    "phone",
    [
        "0221 123456",
        "+1 415 555 0123",
        "14155550123",
        "+04155550123",
        "+1",
        "+1234567890123456",
        "+٣٤١٥٥٥٥",
        "+14155550123\n",
    ],
)
def test_phone_that_is_not_e164_is_rejected(
    load_event: Callable[[str], Any], roles: Roles, phone: str
) -> None:
    event = load_event("PreSignUp_SignUp")
    event["request"]["userAttributes"]["phone_number"] = phone

    with pytest.raises(SignUpRefusedError) as refusal:
        check_sign_up(event, roles)

    assert str(refusal.value) == INVALID_PHONE


@pytest.mark.parametrize("phone", ["+14155550123", "+4930123456", "+123456789012345"])
def test_phone_in_e164_is_accepted(load_event: Callable[[str], Any], roles: Roles, phone: str) -> None:
    event = load_event("PreSignUp_SignUp")
    event["request"]["userAttributes"]["phone_number"] = phone

    assert check_sign_up(event, roles) is event


def test_attribute_above_the_limit_of_cognito_is_rejected(
    load_event: Callable[[str], Any], roles: Roles
) -> None:
    event = load_event("PreSignUp_SignUp")
    event["request"]["userAttributes"]["name"] = "x" * 2049

    with pytest.raises(SignUpRefusedError) as refusal:
        check_sign_up(event, roles)

    assert str(refusal.value) == TOO_LONG


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        "text",
        {},
        {"triggerSource": "PreSignUp_SignUp"},
        {"triggerSource": "PreSignUp_SignUp", "request": None},
        {"triggerSource": "PreSignUp_SignUp", "request": {"userAttributes": None}},
        {"triggerSource": "PreSignUp_SignUp", "request": {"userAttributes": {"email": 7}}},
        {"triggerSource": "PreSignUp_SignUp", "request": {"userAttributes": {"custom:role": ["admin"]}}},
        {"triggerSource": "PreSignUp_SignUp", "request": {"userAttributes": {"name": "\ud800"}}},
        {"triggerSource": "PreSignUp_Unknown", "request": {"userAttributes": {}}},
        {"triggerSource": "PostConfirmation_ConfirmSignUp", "request": {"userAttributes": {}}},
        {"triggerSource": ["PreSignUp_SignUp"], "request": {"userAttributes": {}}},
    ],
)
def test_unreadable_event_is_rejected(roles: Roles, report: Report, event: Any) -> None:
    check_event = pre_sign_up.from_environment({}, report)

    with pytest.raises(SignUpRefusedError) as refusal:
        check_event(event)

    assert str(refusal.value) in {UNREADABLE, UNAVAILABLE}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(request=JSON, source=st.sampled_from(SOURCES) | JSON)
def test_any_event_is_accepted_or_rejected_with_a_message(request: Any, source: Any) -> None:
    """The user never sees another error."""
    refusal = ""
    try:
        check_sign_up({"triggerSource": source, "request": request}, ROLES)
    except SignUpRefusedError as error:
        refusal = str(error)

    is_readable = (
        source in SOURCES and isinstance(request, dict) and isinstance(request.get("userAttributes"), dict)
    )
    assert refusal in ({"", TOO_LONG, INVALID_PHONE, UNREADABLE} if is_readable else {UNREADABLE})


def test_rejection_repeats_and_logs_no_value(
    load_event: Callable[[str], Any],
    report: Report,
    log: io.StringIO,
) -> None:
    event = load_event("PreSignUp_SignUp")
    attributes = event["request"]["userAttributes"]
    for name in attributes:
        attributes[name] = f"CANARY-{name}"

    with pytest.raises(SignUpRefusedError) as refusal:
        pre_sign_up.from_environment({}, report)(event)

    assert "CANARY" not in str(refusal.value)
    [line] = log.getvalue().splitlines()
    assert "CANARY" not in line
    assert json.loads(line)["message"] == "sign-up rejected"


@pytest.mark.parametrize("environment", [{"TEMPLATE": "nowhere"}, {"SIGN_UP_ROLES": "admin"}])
def test_wrong_environment_rejects_every_sign_up_without_a_reason(
    load_event: Callable[[str], Any],
    report: Report,
    log: io.StringIO,
    environment: dict[str, str],
) -> None:
    with pytest.raises(SignUpRefusedError) as refusal:
        pre_sign_up.from_environment(environment, report)(load_event("PreSignUp_SignUp"))

    assert str(refusal.value) == UNAVAILABLE
    assert json.loads(log.getvalue())["problem"]


def test_unexpected_error_rejects_without_a_reason(
    load_event: Callable[[str], Any],
    report: Report,
    log: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(event: Any, roles: Roles) -> Any:
        raise RuntimeError("internal detail")

    monkeypatch.setattr(pre_sign_up, "check_sign_up", fail)

    with pytest.raises(SignUpRefusedError) as refusal:
        pre_sign_up.from_environment({}, report)(load_event("PreSignUp_SignUp"))

    assert str(refusal.value) == UNAVAILABLE
    assert refusal.value.__suppress_context__
    assert "internal detail" not in log.getvalue()
