"""PreTokenGeneration: the table's role in the tokens, and changed contact data in the items."""

import json
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from userprofiles import deadline
from userprofiles.registration import cognito_user, pre_token_generation
from userprofiles.registration.pre_token_generation import TokenProcessor
from userprofiles.registration.registrar import Registrar
from userprofiles.table import audit, deletion
from userprofiles.table.store import Store
from userprofiles.table.store_errors import StoreBusyError
from userprofiles.table.update_expression import apply_changes
from userprofiles.telemetry import Report
from userprofiles.template import Template, load

SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


@pytest.fixture
def event(load_event: Callable[[str], Any]) -> dict[str, Any]:
    """Return a sign-in's event in version 2, of a user who requested the role `customer`."""
    event: dict[str, Any] = load_event("TokenGeneration_Authentication")
    return {**event, "version": "2", "response": {"claimsAndScopeOverrideDetails": None}}


@pytest.fixture
def registered(event: dict[str, Any], create_registrar: Callable[..., Registrar]) -> None:
    create_registrar("test").register(cognito_user.from_event(event))


@pytest.fixture
def process(store: Store, marketplace: Template, report: Report) -> Callable[..., Any]:
    """Return a function that processes an event as the handler does."""

    def run(event: Any, *, store: Any = store, template: Template = marketplace) -> Any:
        processor = TokenProcessor(store, template, template.default_role, report)
        return pre_token_generation.handle_event(processor.process, event, report)

    return run


def change_account(tables: Any, **fields: Any) -> None:
    tables.put({**tables.items()[0], **fields})


def claims(event: dict[str, Any], token: str = "idTokenGeneration") -> dict[str, Any]:
    details: dict[str, Any] = event["response"]["claimsAndScopeOverrideDetails"][token]
    return details


@pytest.mark.usefixtures("registered")
def test_role_of_the_table_is_in_both_tokens(event: Any, tables: Any, process: Any) -> None:
    change_account(tables, role="vendor")

    returned = process(event)

    assert claims(returned)["claimsToAddOrOverride"] == {"role": "vendor", "custom:role": "vendor"}
    assert claims(returned, "accessTokenGeneration")["claimsToAddOrOverride"] == {"role": "vendor"}


@pytest.mark.usefixtures("registered")
def test_an_administrators_role_is_in_the_token_although_no_template_has_it(
    event: Any, tables: Any, process: Any
) -> None:
    change_account(tables, role="admin")

    assert claims(process(event))["claimsToAddOrOverride"]["role"] == "admin"


@pytest.mark.usefixtures("registered")
def test_requested_role_never_reaches_the_token(event: Any, process: Any) -> None:
    event["request"]["userAttributes"]["custom:role"] = "vendor"

    assert claims(process(event))["claimsToAddOrOverride"] == {"role": "customer", "custom:role": "customer"}


@pytest.mark.usefixtures("registered")
def test_version_1_changes_the_id_token_alone(load_event: Callable[[str], Any], process: Any) -> None:
    """A pool with the feature plan LITE sends version 1."""
    returned = process(load_event("TokenGeneration_RefreshTokens"))

    assert returned["response"] == {
        "claimsOverrideDetails": {"claimsToAddOrOverride": {"role": "customer", "custom:role": "customer"}}
    }


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("version", ["1", "2"])
def test_groups_stay_in_the_token(event: Any, process: Any, version: str) -> None:
    groups = {"groupsToOverride": ["admin"], "iamRolesToOverride": [], "preferredRole": None}
    event["version"] = version
    event["request"]["groupConfiguration"] = groups

    details = process(event)["response"]

    key = "claimsOverrideDetails" if version == "1" else "claimsAndScopeOverrideDetails"
    assert details[key]["groupOverrideDetails"] == groups


def test_template_without_requested_roles_adds_one_claim(event: Any, process: Any) -> None:
    assert claims(process(event, template=load("basic")))["claimsToAddOrOverride"].keys() == {"role"}


def test_user_without_items_has_the_default_role(event: Any, process: Any, tables: Any) -> None:
    assert claims(process(event))["claimsToAddOrOverride"]["role"] == "customer"
    assert tables.items() == []


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("status", ["inactive", "Suspended "])
def test_inactive_user_has_no_role(event: Any, tables: Any, process: Any, status: str) -> None:
    change_account(tables, status=status)

    assert claims(process(event)) == {"claimsToSuppress": ["role", "custom:role"]}


@pytest.mark.usefixtures("registered")
def test_erased_user_has_no_role_and_stays_erased(event: Any, tables: Any, process: Any) -> None:
    tables.erase()
    event["request"]["userAttributes"]["email"] = "new@example.com"

    assert claims(process(event)) == {"claimsToSuppress": ["role", "custom:role"]}
    assert [item["entityType"] for item in tables.items()] == ["TOMBSTONE", "TOMBSTONE"]


@pytest.mark.usefixtures("registered")
def test_marked_user_has_no_role_and_keeps_the_contact_data(
    event: Any, store: Store, tables: Any, process: Any, now: datetime
) -> None:
    user = store.read(SUB)
    assert user.account is not None
    request = deletion.create_request(now, timedelta(days=30), "user")
    tables.put(apply_changes(user.account, deletion.mark_changes(SUB, user.account, request)))
    event["request"]["userAttributes"]["email"] = "new@example.com"
    before = tables.items(), tables.audit_rows()

    assert claims(process(event)) == {"claimsToSuppress": ["role", "custom:role"]}
    assert (tables.items(), tables.audit_rows()) == before


@pytest.mark.usefixtures("registered")
def test_restored_user_has_the_role_and_the_new_contact_data(
    event: Any, store: Store, tables: Any, process: Any, now: datetime
) -> None:
    user = store.read(SUB)
    assert user.account is not None
    request = deletion.create_request(now, timedelta(days=30), "user")
    marked = apply_changes(user.account, deletion.mark_changes(SUB, user.account, request))
    tables.put(apply_changes(marked, deletion.restore_changes(marked)))
    event["request"]["userAttributes"]["email"] = "new@example.com"

    assert claims(process(event))["claimsToAddOrOverride"]["role"] == "customer"
    assert tables.items()[0]["email"] == "new@example.com"


class FailingStore:
    """A store whose read fails."""

    def read(self, sub: str) -> Any:
        raise StoreBusyError("ThrottlingException")


class HangingStore:
    """A store whose read takes longer than the deadline."""

    def __init__(self, release: Any) -> None:
        self._release = release

    def read(self, sub: str) -> Any:
        self._release.wait(10)


def test_failing_table_gives_the_default_role(
    event: Any, process: Any, read_log: Any, read_metrics: Any
) -> None:
    event["request"]["userAttributes"]["custom:role"] = "vendor"

    returned = process(event, store=FailingStore())

    assert claims(returned)["claimsToAddOrOverride"] == {"role": "customer", "custom:role": "customer"}
    assert read_metrics() == ["RoleUnavailable"]
    assert read_log()[-1]["error"] == "ThrottlingException"


def test_hanging_table_gives_the_default_role_within_the_deadline(
    event: Any, process: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "READ_USER_SECONDS", 0.05)
    release = threading.Event()
    begin = time.monotonic()

    returned = process(event, store=HangingStore(release))

    assert time.monotonic() - begin < 1
    assert claims(returned)["claimsToAddOrOverride"]["role"] == "customer"
    release.set()


@pytest.mark.usefixtures("registered")
def test_unchanged_user_is_not_written(event: Any, tables: Any, process: Any, read_metrics: Any) -> None:
    before = tables.items()

    process(event)

    assert tables.items() == before
    assert len(tables.audit_rows()) == 1
    assert read_metrics() == []


@pytest.mark.usefixtures("registered")
def test_changed_address_replaces_the_accounts_and_is_audited(
    event: Any, tables: Any, process: Any, read_log: Any
) -> None:
    attributes = event["request"]["userAttributes"]
    attributes |= {"email": "CANARY@Example.com", "email_verified": "false"}

    process(event)

    account, profile = tables.items()
    assert (account["email"], account["emailVerified"]) == ("canary@example.com", False)
    assert account["username"] == "john_doe"
    assert account["version"] == 2
    assert audit.verify(tables.audit_rows(), account["auditHead"]) == 2
    [row] = [row for row in tables.audit_rows() if row["action"] == "CONTACT_UPDATED"]
    assert row["source"] == "TokenGeneration_Authentication"
    assert row["fields"] == ["account.email", "account.emailVerified"]
    assert "CANARY" not in json.dumps([read_log(), row]).upper()
    assert profile["phoneNumber"] == "+14155550123"


@pytest.mark.usefixtures("registered")
def test_field_that_users_can_change_keeps_their_value(event: Any, tables: Any, process: Any) -> None:
    """The profile's phone number is contact data of the user's choice, not the number of the sign-in."""
    event["request"]["userAttributes"]["phone_number"] = "+14155550199"
    before = tables.items()

    process(event)

    assert tables.items() == before


@pytest.mark.usefixtures("registered")
def test_read_only_field_of_the_profile_is_updated_with_its_time(
    event: Any, tables: Any, process: Any, marketplace: Template
) -> None:
    document = json.loads(json.dumps(marketplace.document))
    document["profile"]["properties"]["phoneNumber"]["readOnly"] = True
    event["request"]["userAttributes"]["phone_number"] = "+14155550199"
    profile = tables.items()[1]
    tables.put({**profile, "updatedAt": "2020-01-01T00:00:00Z"})

    process(event, template=load(document))

    updated_profile = tables.items()[1]
    assert updated_profile["phoneNumber"] == "+14155550199"
    assert updated_profile["updatedAt"] > "2020-01-01T00:00:00Z"


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(
    "attributes", [{}, {"email": ""}, {"email": "x" * 2049}, {"email": "a\nb@example.com"}]
)
def test_missing_or_unusable_address_changes_nothing(
    event: Any, tables: Any, process: Any, attributes: dict[str, str]
) -> None:
    before = tables.items()
    event["request"]["userAttributes"] = {"sub": SUB, "email_verified": "true", **attributes}

    process(event)

    assert tables.items() == before


@pytest.mark.usefixtures("registered")
def test_address_without_a_verified_flag_is_not_verified(event: Any, tables: Any, process: Any) -> None:
    event["request"]["userAttributes"] = {"sub": SUB, "email": "john.doe@example.com"}

    process(event)

    assert tables.items()[0]["emailVerified"] is False


@pytest.mark.usefixtures("registered")
def test_failing_update_keeps_the_role_in_the_token(
    event: Any, tables: Any, store: Store, process: Any, read_metrics: Any
) -> None:
    class ReadOnlyStore:
        read = staticmethod(store.read)

        def change(self, *_: Any) -> bool:
            raise StoreBusyError("TransactionConflict")

    event["request"]["userAttributes"]["email"] = "new@example.com"

    returned = process(event, store=ReadOnlyStore())

    assert claims(returned)["claimsToAddOrOverride"]["role"] == "customer"
    assert read_metrics() == ["ContactUpdateFailed"]
    assert tables.items()[0]["email"] == "john.doe@example.com"


@pytest.mark.usefixtures("registered")
def test_concurrent_change_is_left_to_the_next_sign_in(
    event: Any, tables: Any, store: Store, process: Any, read_metrics: Any
) -> None:
    class OutdatedStore:
        change = staticmethod(store.change)

        def read(self, sub: str) -> Any:
            items = store.read(sub)
            change_account(tables, auditHead="of another writer")
            return items

    event["request"]["userAttributes"]["email"] = "new@example.com"

    process(event, store=OutdatedStore())

    assert tables.items()[0]["email"] == "john.doe@example.com"
    assert read_metrics() == []


@pytest.mark.parametrize(
    "event",
    [
        *(None, [], {}),
        {"triggerSource": "PreSignUp_SignUp"},
        {"triggerSource": "TokenGeneration_Authentication"},
    ],
)
def test_unknown_event_is_returned(event: Any, process: Any) -> None:
    returned = process(event)

    assert returned is event
    assert not isinstance(event, dict) or isinstance(event["response"], dict)


def test_wrong_environment_is_logged_for_each_event(
    event: Any, report: Report, read_log: Any, read_metrics: Any
) -> None:
    process_event = pre_token_generation.from_environment({"TEMPLATE": "marketplace"}, report)

    returned = pre_token_generation.handle_event(process_event, event, report)

    assert returned is event
    assert "USERS_TABLE" in read_log()[-1]["problem"]
    assert read_metrics() == ["RoleUnavailable"]


@pytest.mark.usefixtures("registered")
def test_environment_of_the_function_is_complete(event: Any, report: Report) -> None:
    environment = {"USERS_TABLE": "users", "AUDIT_TABLE": "audit", "TEMPLATE": "marketplace"}
    process_event = pre_token_generation.from_environment(environment, report)

    returned = pre_token_generation.handle_event(process_event, event, report)

    assert claims(returned)["claimsToAddOrOverride"]["role"] == "customer"


@pytest.mark.usefixtures("registered")
def test_items_of_a_newer_major_version_are_not_written(event: Any, tables: Any, process: Any) -> None:
    change_account(tables, templateVersion="2.0")
    event["request"]["userAttributes"]["email"] = "new@example.com"

    returned = process(event)

    assert claims(returned)["claimsToAddOrOverride"]["role"] == "customer"
    assert tables.items()[0]["email"] == "john.doe@example.com"


@pytest.mark.usefixtures("registered")
def test_update_stores_the_upgrade_of_an_older_version_and_the_completion(
    event: Any, tables: Any, process: Any, marketplace: Template
) -> None:
    document = json.loads(json.dumps(marketplace.document))
    document["version"] = "1.1"
    document["account"]["properties"]["news"] = {"type": "boolean", "default": False}
    document["profile"]["properties"]["profile_completed"] = {
        "type": "boolean",
        "default": False,
        "readOnly": True,
    }
    document["completion"] = {"account": {"email": 1}}
    event["request"]["userAttributes"]["email"] = "new@example.com"

    process(event, template=load(document))

    account, profile = tables.items()
    assert (account["email"], account["news"], account["templateVersion"]) == (
        "new@example.com",
        False,
        "1.1",
    )
    assert "email" in account["setFields"]
    assert profile["profile_completed"] is True
    [row] = [row for row in tables.audit_rows() if row["action"] == "CONTACT_UPDATED"]
    assert row["fields"] == ["account.email"]


@pytest.mark.usefixtures("registered")
def test_older_version_alone_is_no_reason_to_write(
    event: Any, tables: Any, process: Any, marketplace: Template
) -> None:
    before = tables.items()

    process(event, template=load({**marketplace.document, "version": "1.1"}))

    assert tables.items() == before
