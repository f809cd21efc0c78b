"""Registration against the tables: any number of deliveries gives one user."""

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
from userprofiles.table.store import RecordTooLargeError, StoreBusyError, User
from userprofiles.template import Template

Register = Callable[..., Registration]


@pytest.fixture
def user(load_event: Callable[[str], Any]) -> CognitoUser:
    return cognito_user.from_event(load_event("PostConfirmation_ConfirmSignUp"))


@pytest.fixture
def register_user(make_registrar: Callable[..., Registrar], user: CognitoUser, now: datetime) -> Register:
    def call(registered: CognitoUser = user, moment: datetime = now, **parts: Any) -> Registration:
        registrar = make_registrar("PostConfirmation_ConfirmSignUp", clock=lambda: moment, **parts)
        return registrar.register(registered)

    return call


def test_new_user_gets_account_profile_and_audit_row(register_user: Register, tables: Any) -> None:
    done = register_user()

    account, profile = tables.items()
    [row] = tables.rows()
    assert (Outcome.CREATED, ()) == (done.outcome, done.unfit)
    assert ("ACCOUNT#MAIN", "PROFILE#MAIN") == (account["SK"], profile["SK"])
    assert ("john.doe@example.com", "customer", True) == (
        account["email"],
        account["role"],
        account["emailVerified"],
    )
    assert ("REGISTERED", None, row["hash"]) == (row["action"], row["previousHash"], account["auditHead"])
    assert account["createdAt"] == profile["createdAt"] == "2026-02-04T16:00:00Z"


def test_audit_row_holds_nothing_personal(register_user: Register, tables: Any, user: CognitoUser) -> None:
    register_user()

    text = str(tables.rows())
    personal = {value for name, value in user.attributes.items() if name in {"email", "name", "phone_number"}}
    assert [] == [value for value in personal if value.lower() in text.lower()]


def test_same_event_three_times_gives_one_user(register_user: Register, tables: Any, now: datetime) -> None:
    outcomes = [register_user(moment=now + timedelta(seconds=delay)).outcome for delay in range(3)]

    assert [Outcome.CREATED, Outcome.EXISTED, Outcome.EXISTED] == outcomes
    assert (2, 1) == (len(tables.items()), len(tables.rows()))


def test_overlapping_attempts_give_one_user_of_the_first_writer(
    register_user: Register,
    tables: Any,
    now: datetime,
) -> None:
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        attempts = [pool.submit(register_user, moment=now + timedelta(seconds=delay)) for delay in range(3)]
        outcomes = sorted(attempt.result().outcome for attempt in attempts)

    assert [Outcome.CREATED, Outcome.EXISTED, Outcome.EXISTED] == outcomes
    account, profile = tables.items()
    assert account["createdAt"] == profile["createdAt"]
    assert len(tables.rows()) == 1


def test_late_delivery_leaves_an_edited_profile_alone(register_user: Register, tables: Any) -> None:
    register_user()
    account, profile = tables.items()
    tables.put({**profile, "language": "fr"})
    tables.put({**account, "role": "vendor"})
    before = tables.items()

    register_user()

    assert before == tables.items()


def test_missing_profile_is_added_and_the_chain_goes_on(register_user: Register, tables: Any) -> None:
    register_user()
    before, profile = tables.items()
    tables.delete(profile)

    done = register_user()

    account, again = tables.items()
    assert Outcome.REPAIRED == done.outcome
    assert profile == again
    assert {**before, "auditHead": account["auditHead"], "version": 2} == account
    assert audit.verify(tables.rows(), account["auditHead"]) == 2


def test_missing_account_is_added_beside_a_backfilled_profile(register_user: Register, tables: Any) -> None:
    register_user()
    account, profile = tables.items()
    tables.delete(account)
    tables.put({**profile, "language": "fr"})

    done = register_user()

    again, kept = tables.items()
    assert Outcome.REPAIRED == done.outcome
    assert "fr" == kept["language"]
    assert {**account, "auditHead": again["auditHead"]} == again


def test_profile_is_added_to_an_account_without_a_chain(register_user: Register, tables: Any) -> None:
    """A backfilled account: its chain begins with the digest of the item."""
    register_user()
    account, profile = tables.items()
    bare = {name: value for name, value in account.items() if name not in {"auditHead", "version"}}
    tables.put(bare)
    tables.delete(profile)

    register_user()

    assert audit.digest(bare) in {row["previousHash"] for row in tables.rows()}
    assert tables.items()[0]["version"] == 1


@pytest.mark.parametrize("left", [("account", "profile"), ("account",), ("profile",)])
def test_erased_user_stays_erased(register_user: Register, tables: Any, left: tuple[str, ...]) -> None:
    """A tombstone keeps both items from coming back, also when only one of them is left."""
    register_user()
    account, profile = tables.items()
    tables.erase()
    for kind, item in (("account", account), ("profile", profile)):
        if kind not in left:
            tables.delete(item)
    before = tables.items(), tables.rows()

    done = register_user()

    assert Outcome.ERASED == done.outcome
    assert before == (tables.items(), tables.rows())


def test_role_outside_the_allow_list_becomes_the_default(
    register_user: Register,
    tables: Any,
    user: CognitoUser,
) -> None:
    attributes = {**user.attributes, "custom:role": "admin"}

    register_user(CognitoUser(user.sub, user.name, user.pool_id, attributes, ""))

    account, _ = tables.items()
    assert "customer" == account["role"]
    assert account["listPK"].startswith("LIST#customer#")


def test_vendor_gets_the_vendors_fields(register_user: Register, tables: Any, user: CognitoUser) -> None:
    attributes = {**user.attributes, "custom:role": "vendor"}

    register_user(CognitoUser(user.sub, user.name, user.pool_id, attributes, ""))

    account, _ = tables.items()
    assert {"storeName", "totalProducts", "totalRevenue", "rating"} <= account.keys()


def test_same_address_twice_gives_two_users(register_user: Register, tables: Any, user: CognitoUser) -> None:
    """Users are told apart by sub, never merged by e-mail."""
    register_user()

    register_user(CognitoUser("another-sub", "Google_1", user.pool_id, dict(user.attributes), ""))

    assert len({item["PK"] for item in tables.items()}) == 2


def test_basic_template_registers_with_its_one_role(
    register_user: Register,
    tables: Any,
    basic: Template,
) -> None:
    register_user(template=basic, roles=settings.roles({}, basic))

    account, _ = tables.items()
    assert "role" not in account
    assert account["listPK"].startswith("LIST#user#")


def test_hostile_attributes_give_way_to_defaults(
    register_user: Register, tables: Any, user: CognitoUser
) -> None:
    attributes = {
        **user.attributes,
        "name": "x" * 500_000,
        "given_name": "\ud800\u202e\x00",
        "family_name": "🦊" * 3000,
    }

    done = register_user(CognitoUser(user.sub, user.name, user.pool_id, attributes, ""))

    account, profile = tables.items()
    assert ("account.name", "profile.firstName", "profile.lastName") == done.unfit
    assert (None, "", "") == (account["name"], profile["firstName"], profile["lastName"])


def test_record_that_dynamodb_can_not_hold_leaves_no_part(
    register_user: Register,
    tables: Any,
    marketplace: Template,
) -> None:
    document = {**marketplace.document, "profile": {**marketplace.document["profile"]}}
    properties = {**document["profile"]["properties"], "bio": {"type": "string", "default": "x" * 400_000}}
    document["profile"]["properties"] = properties

    with pytest.raises(RecordTooLargeError):
        register_user(template=Template("huge", document))

    assert ([], []) == (tables.items(), tables.rows())


class ChangingStore:
    """A store whose user changes between finding out and repairing."""

    def __init__(self) -> None:
        self.calls = 0

    def create(self, *_: Any) -> User:
        self.calls += 1
        return User({"PK": "USER#s", "auditHead": str(self.calls)}, None)

    def add_profile(self, *_: Any) -> bool:
        return False


def test_repair_that_never_gets_through_is_told_as_busy(register_user: Register) -> None:
    changing = ChangingStore()

    with pytest.raises(StoreBusyError):
        register_user(store=changing)

    assert changing.calls == 3
