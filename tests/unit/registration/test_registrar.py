"""Registration in the tables: any number of deliveries creates one user."""

import concurrent.futures
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from userprofiles import settings
from userprofiles.registration import cognito_user
from userprofiles.registration.cognito_user import CognitoUser
from userprofiles.registration.registrar import Outcome, Registrar, Registration
from userprofiles.table import audit
from userprofiles.table.store import UserItems
from userprofiles.table.store_errors import RecordTooLargeError, StoreBusyError
from userprofiles.template import Template

Register = Callable[..., Registration]


@pytest.fixture
def user(load_event: Callable[[str], Any]) -> CognitoUser:
    return cognito_user.from_event(load_event("PostConfirmation_ConfirmSignUp"))


@pytest.fixture
def register_user(create_registrar: Callable[..., Registrar], user: CognitoUser, now: datetime) -> Register:
    def register(new_user: CognitoUser = user, moment: datetime = now, **attributes: Any) -> Registration:
        registrar = create_registrar("PostConfirmation_ConfirmSignUp", clock=lambda: moment, **attributes)
        return registrar.register(new_user)

    return register


def test_new_user_gets_account_profile_and_audit_row(register_user: Register, tables: Any) -> None:
    registration = register_user()

    account, profile = tables.items()
    [row] = tables.audit_rows()
    assert (registration.outcome, registration.unfit_fields) == (Outcome.CREATED, ())
    assert (account["SK"], profile["SK"]) == ("ACCOUNT#MAIN", "PROFILE#MAIN")
    assert (
        account["email"],
        account["role"],
        account["emailVerified"],
    ) == ("john.doe@example.com", "customer", True)
    assert (row["action"], row["previousHash"], account["auditHead"]) == ("REGISTERED", None, row["hash"])
    assert account["createdAt"] == profile["createdAt"] == "2026-02-04T16:00:00Z"


def test_audit_row_has_no_personal_data(register_user: Register, tables: Any, user: CognitoUser) -> None:
    register_user()

    text = str(tables.audit_rows())
    personal_values = {
        value for name, value in user.attributes.items() if name in {"email", "name", "phone_number"}
    }
    assert [value for value in personal_values if value.lower() in text.lower()] == []


def test_same_event_three_times_creates_one_user(register_user: Register, tables: Any, now: datetime) -> None:
    outcomes = [register_user(moment=now + timedelta(seconds=delay)).outcome for delay in range(3)]

    assert outcomes == [Outcome.CREATED, Outcome.EXISTED, Outcome.EXISTED]
    assert (len(tables.items()), len(tables.audit_rows())) == (2, 1)


def test_concurrent_attempts_create_one_user(
    register_user: Register,
    tables: Any,
    now: datetime,
) -> None:
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        attempts = [pool.submit(register_user, moment=now + timedelta(seconds=delay)) for delay in range(3)]
        outcomes = sorted(attempt.result().outcome for attempt in attempts)

    assert outcomes == [Outcome.CREATED, Outcome.EXISTED, Outcome.EXISTED]
    account, profile = tables.items()
    assert account["createdAt"] == profile["createdAt"]
    assert len(tables.audit_rows()) == 1


def test_late_delivery_does_not_change_an_edited_profile(register_user: Register, tables: Any) -> None:
    register_user()
    account, profile = tables.items()
    tables.put({**profile, "language": "fr"})
    tables.put({**account, "role": "vendor"})
    before = tables.items()

    register_user()

    assert tables.items() == before


def test_missing_profile_is_added_and_continues_the_chain(register_user: Register, tables: Any) -> None:
    register_user()
    old_account, profile = tables.items()
    tables.delete(profile)

    registration = register_user()

    account, new_profile = tables.items()
    assert registration.outcome == Outcome.REPAIRED
    assert profile == new_profile
    assert account == {**old_account, "auditHead": account["auditHead"], "version": 2}
    assert audit.verify(tables.audit_rows(), account["auditHead"]) == 2


def test_missing_account_is_added_to_a_backfilled_profile(register_user: Register, tables: Any) -> None:
    register_user()
    account, profile = tables.items()
    tables.delete(account)
    tables.put({**profile, "language": "fr"})

    registration = register_user()

    new_account, same_profile = tables.items()
    assert registration.outcome == Outcome.REPAIRED
    assert same_profile["language"] == "fr"
    assert new_account == {**account, "auditHead": new_account["auditHead"]}


def test_profile_is_added_to_an_account_without_a_chain(register_user: Register, tables: Any) -> None:
    """The chain of a backfilled account starts with the digest of the item."""
    register_user()
    account, profile = tables.items()
    backfilled_account = {
        name: value for name, value in account.items() if name not in {"auditHead", "version"}
    }
    tables.put(backfilled_account)
    tables.delete(profile)

    register_user()

    assert audit.digest(backfilled_account) in {row["previousHash"] for row in tables.audit_rows()}
    assert tables.items()[0]["version"] == 1


@pytest.mark.parametrize("remaining_kinds", [("account", "profile"), ("account",), ("profile",)])
def test_erased_user_stays_erased(
    register_user: Register, tables: Any, remaining_kinds: tuple[str, ...]
) -> None:
    """A tombstone prevents the creation of both items, even if only one tombstone is left."""
    register_user()
    account, profile = tables.items()
    tables.erase()
    for kind, item in (("account", account), ("profile", profile)):
        if kind not in remaining_kinds:
            tables.delete(item)
    before = tables.items(), tables.audit_rows()

    registration = register_user()

    assert registration.outcome == Outcome.ERASED
    assert before == (tables.items(), tables.audit_rows())


def test_role_outside_the_allow_list_becomes_the_default(
    register_user: Register,
    tables: Any,
    user: CognitoUser,
) -> None:
    attributes = {**user.attributes, "custom:role": "admin"}

    register_user(CognitoUser(user.sub, user.name, user.pool_id, attributes, ""))

    account, _ = tables.items()
    assert account["role"] == "customer"
    assert account["listPK"].startswith("LIST#customer#")


def test_vendor_gets_the_fields_of_vendors(register_user: Register, tables: Any, user: CognitoUser) -> None:
    attributes = {**user.attributes, "custom:role": "vendor"}

    register_user(CognitoUser(user.sub, user.name, user.pool_id, attributes, ""))

    account, _ = tables.items()
    assert {"storeName", "totalProducts", "totalRevenue", "rating"} <= account.keys()


def test_two_users_can_have_the_same_email(register_user: Register, tables: Any, user: CognitoUser) -> None:
    """Users are identified by sub, never merged by e-mail."""
    register_user()

    register_user(CognitoUser("another-sub", "Google_1", user.pool_id, dict(user.attributes), ""))

    assert len({item["PK"] for item in tables.items()}) == 2


def test_basic_template_registers_with_its_only_role(
    register_user: Register,
    tables: Any,
    basic: Template,
) -> None:
    register_user(template=basic, roles=settings.roles({}, basic))

    account, _ = tables.items()
    assert "role" not in account
    assert account["listPK"].startswith("LIST#user#")


def test_invalid_attributes_are_replaced_with_defaults(
    register_user: Register, tables: Any, user: CognitoUser
) -> None:
    attributes = {
        **user.attributes,
        "name": "x" * 500_000,
        "given_name": "\ud800\u202e\x00",
        "family_name": "🦊" * 3000,
    }

    registration = register_user(CognitoUser(user.sub, user.name, user.pool_id, attributes, ""))

    account, profile = tables.items()
    assert registration.unfit_fields == ("account.name", "profile.firstName", "profile.lastName")
    assert (account["name"], profile["firstName"], profile["lastName"]) == (None, "", "")


def test_record_that_dynamodb_can_not_store_is_not_written_in_part(
    register_user: Register,
    tables: Any,
    marketplace: Template,
) -> None:
    document = {**marketplace.document, "profile": {**marketplace.document["profile"]}}
    properties = {**document["profile"]["properties"], "bio": {"type": "string", "default": "x" * 400_000}}
    document["profile"]["properties"] = properties

    with pytest.raises(RecordTooLargeError):
        register_user(template=Template("huge", document))

    assert (tables.items(), tables.audit_rows()) == ([], [])


class ChangingStore:
    """A store whose user changes between the failed create and the repair."""

    def __init__(self) -> None:
        self.calls = 0

    def create(self, *_: Any) -> UserItems:
        self.calls += 1
        return UserItems({"PK": "USER#s", "auditHead": str(self.calls)}, None)

    def add_profile(self, *_: Any) -> bool:
        return False


def test_repair_that_always_fails_raises_busy(register_user: Register) -> None:
    store = ChangingStore()

    with pytest.raises(StoreBusyError):
        register_user(store=store)

    assert store.calls == 3
