"""Accounts and profiles of users from another source: the same as at a sign-up, and never twice."""

from dataclasses import replace
from datetime import datetime

import pytest
from backfill_fixtures import LIMITS, NOW, Recorder, account, client_error, profile
from kill_switch import KilledError
from source_fixtures import person, write_lines
from userprofiles import settings, template
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.targets.user_builder import UserBuilder
from userprofiles.backfill.users.user_row import ROW_DIGEST, RUN_ID
from userprofiles.registration.cognito_user import CognitoUser
from userprofiles.registration.registrar import Registrar
from userprofiles.table import record
from userprofiles.table.attribute_value import deserialize_item
from userprofiles.table.store import Store

USERS = ("u1", "u2", "u3")


@pytest.fixture
def users_file(tmp_path):
    return tmp_path / "users.jsonl"


def items_of(table, sub):
    rows = [row for row in table.items() if row["PK"]["S"] == f"USER#{sub}"]
    return {row["SK"]["S"]: deserialize_item(row) for row in rows}


def subs(table, sort_key):
    return sorted(row["PK"]["S"][5:] for row in table.items() if row["SK"]["S"] == sort_key)


def register(attributes, sub):
    """Return the items that a sign-up creates."""
    items = {}

    class OneWrite(Store):
        def create(self, new_account, new_profile, _audit_row):
            items.update(account=new_account, profile=new_profile)
            return super().create(new_account, new_profile, _audit_row)

    marketplace = template.load("marketplace")
    registrar = Registrar(
        OneWrite(_AcceptingClient(), "users", "audit"),
        marketplace,
        settings.roles({}, marketplace),
        "PostConfirmation_ConfirmSignUp",
        clock=lambda: datetime.fromisoformat(NOW),
    )
    registrar.register(CognitoUser(sub, sub, "us-east-1_abc", attributes, "CONFIRMED"))
    return items


class _AcceptingClient:
    def transact_write_items(self, **_):
        return {}


@pytest.mark.parametrize("role", ["vendor", "customer", "", "admin"])
def test_items_are_those_of_a_sign_up(create_table, backfill, users_file, role):
    """Only createdBy, the audit head and the marks of the run differ."""
    table = create_table()
    source = write_lines(users_file, person("u1", kind=role, phone="+15550100"))
    backfill(table, source=source, template="marketplace")

    attributes = {
        "email": "u1@Example.com",
        "email_verified": "true",
        "name": "Name u1",
        "given_name": "First u1",
        "phone_number": "+15550100",
        "custom:role": role,
    }
    expected = register(attributes, "u1")
    items = items_of(table, "u1")
    imported_account, imported_profile = items["ACCOUNT#MAIN"], items["PROFILE#MAIN"]
    assert imported_account.pop("createdBy") == "import"
    assert expected["account"].pop("createdBy") == "sign_up"
    assert expected["account"].pop("auditHead")
    assert imported_account.pop(RUN_ID) == imported_profile.pop(RUN_ID) == "run-1"
    assert len(imported_profile.pop(ROW_DIGEST)) == 16
    assert imported_account == expected["account"]
    assert imported_profile == expected["profile"]


def test_marks_of_the_run_are_not_shown_to_users(create_table, backfill, users_file):
    table = create_table()
    backfill(table, source=write_lines(users_file, person("u1")))

    for item in items_of(table, "u1").values():
        assert not {RUN_ID, ROW_DIGEST} & record.public_fields(item).keys()


def test_role_that_the_template_lacks_becomes_the_default_with_a_note(create_table, backfill, users_file):
    table = create_table()
    source = write_lines(users_file, person("u1", kind="admin"), person("u2", kind="vendor"), person("u3"))
    result = backfill(table, source=source, template="marketplace")

    roles = {sub: items_of(table, sub)["ACCOUNT#MAIN"]["role"] for sub in USERS}
    assert roles == {"u1": "customer", "u2": "vendor", "u3": "customer"}
    assert [result.reason for result in result.results] == ["roleNotAllowed", "", ""]
    assert result.states[0].tally.to_json()["notes"] == {"roleNotAllowed": 1}


def test_operator_restricts_the_roles_and_requires_approval(create_table, backfill, users_file):
    source = write_lines(users_file, person("u1", kind="vendor"))

    table = create_table()
    backfill(table, source={**source, "approvalRoles": ["vendor"]}, template="marketplace")
    assert items_of(table, "u1")["ACCOUNT#MAIN"]["vendorStatus"] == "pending"

    other = create_table(name="other-users")
    result = backfill(other, source={**source, "roles": ["customer"]}, template="marketplace")
    assert items_of(other, "u1")["ACCOUNT#MAIN"]["role"] == "customer"
    assert result.states[0].tally.notes == {"roleNotAllowed": 1}

    third = create_table(name="third-users")
    default = {**source, "roles": ["customer"], "defaultRole": "vendor"}
    backfill(third, source=default, template="marketplace")
    assert items_of(third, "u1")["ACCOUNT#MAIN"]["role"] == "vendor"


def test_existing_users_are_left_unchanged(create_table, backfill, users_file):
    table = create_table(account("u1"), profile("u1"), account("u2"))
    before = table.items()
    result = backfill(table, source=write_lines(users_file, *map(person, USERS)))

    assert result.tally == {"existed": 1, "created": 2, "failed": 0, "skipped": {}}
    assert all(item in table.items() for item in before)
    assert subs(table, "PROFILE#MAIN") == list(USERS)
    assert RUN_ID not in items_of(table, "u2")["ACCOUNT#MAIN"]
    assert items_of(table, "u2")["PROFILE#MAIN"][RUN_ID] == "run-1"


def test_second_run_creates_nothing(create_table, backfill, users_file):
    table = create_table()
    source = write_lines(users_file, *map(person, USERS))
    backfill(table, source=source)
    digest = table.digest()

    assert backfill(table, source=source, run_id="run-2").tally["existed"] == 3
    assert table.digest() == digest


def test_erased_user_stays_erased(create_table, backfill, users_file):
    """F33: the tombstones of an erased user stand in the way."""
    tombstones = record.tombstones("u1", {"hash": "h", "version": 3})
    table = create_table()
    source = write_lines(users_file, person("u1"))

    def erase(operation, _):
        if operation == "BatchExecuteStatement" and not table.items():
            for item in tombstones.values():
                typed = {name: {"N": "3"} if name == "version" else {"S": v} for name, v in item.items()}
                table.put(typed)

    table.client.hooks.append(erase)
    assert backfill(table, source=source).tally["skipped"] == {"erased": 1}
    table.client.hooks.clear()
    assert backfill(table, source=source).tally["skipped"] == {"erased": 1}
    assert len(table.items()) == 2


def test_sign_up_between_read_and_insert_wins(create_table, backfill, users_file):
    """F31: a user who signs up before the insert keeps both items."""
    table = create_table()
    source = write_lines(users_file, person("u1"))

    def sign_up(operation, _):
        if operation == "BatchExecuteStatement" and not table.items():
            table.put(account("u1"), profile("u1"))

    table.client.hooks.append(sign_up)
    result = backfill(table, source=source)

    assert result.tally["existed"] == 1
    assert items_of(table, "u1")["PROFILE#MAIN"]["language"] == "de"


def test_dry_run_counts_and_writes_nothing(create_table, backfill, users_file):
    table = create_table(account("u1"))
    result = backfill(table, source=write_lines(users_file, *map(person, USERS)), dry_run=True)

    assert result.tally["created"] == 3
    assert len(table.items()) == 1
    assert {result.write_units for result in result.results} == {2}


@pytest.mark.parametrize("writes", [0, 1])
def test_killed_run_completes_a_user_without_profile(create_table, backfill, users_file, writes):
    """F21: killed before the accounts, or between accounts and profiles, a run resumes to the same counts."""
    source = write_lines(users_file, *map(person, USERS))
    expected = create_table(name="uninterrupted")
    backfill(expected, source=source)
    table = create_table()
    saved = []
    recorder = Recorder()
    count = iter(range(writes))

    def kill(operation, _):
        if operation == "BatchExecuteStatement" and next(count, None) is None:
            saved.extend(recorder.saved_states)
            raise KilledError

    table.client.hooks.append(kill)
    with pytest.raises(KilledError):
        backfill(table, source=source, recorder=recorder)
    table.client.hooks.clear()
    assert (len(subs(table, "ACCOUNT#MAIN")), subs(table, "PROFILE#MAIN")) == (3 * writes, [])

    result = backfill(table, source=source, states=[SegmentState.from_json(state) for state in saved])

    assert result.tally == {"existed": 0, "created": 3, "failed": 0, "skipped": {}}
    assert table.digest() == expected.digest()


def test_rows_of_the_same_user_count_once(create_table, backfill, users_file):
    """F28: the first of several rows wins, in the same batch and in another chunk."""
    table = create_table()
    rows = [person("u1", name="First"), person("u1", name="Second"), *(person(f"x{n}") for n in range(5))]
    source = write_lines(users_file, *rows, person("u1", name="Third"))
    result = backfill(table, source=source, limits=replace(LIMITS, chunk_rows=5))

    assert result.tally == {"existed": 2, "created": 6, "failed": 0, "skipped": {}}
    assert items_of(table, "u1")["ACCOUNT#MAIN"]["name"] == "First"


def test_row_of_another_segment_is_not_counted_as_created(create_table, backfill, users_file):
    """F28: two segments insert the same user at the same time; one of them counts it."""
    table = create_table()
    source = write_lines(users_file, person("u1"), person("u1"))
    backfill(table, source=source, segments=2, only=(1,))
    assert len(subs(table, "PROFILE#MAIN")) == 1

    def read_nothing_first(operation, _):
        table.client.hooks.pop()
        return {"Responses": {}, "ConsumedCapacity": []} if operation == "BatchGetItem" else None

    table.client.hooks[:] = [read_nothing_first]
    result = backfill(table, source=source, segments=2, only=(0,))

    assert result.tally["existed"] == 1


def test_value_that_the_template_does_not_allow_is_not_used(create_table, backfill, users_file):
    """A sign-up does the same. The report counts these users."""
    table = create_table()
    rows = [person("u1", name="x" * 500_000), person("u2")]
    result = backfill(table, source=write_lines(users_file, *rows))

    assert result.tally["created"] == 2
    assert items_of(table, "u1")["ACCOUNT#MAIN"]["name"] == "First u1"  # the next source of the field
    assert result.states[0].tally.notes == {"valueNotUsed": 1}


@pytest.mark.parametrize("kind", ["account", "profile"])
def test_user_with_an_item_that_is_too_large_fails_without_any_item(
    create_table, backfill, users_file, monkeypatch, kind
):
    """F34: an account without its profile would be a half user."""

    def build(self, user, created_at):
        items = original(self, user, created_at)
        if user.user_id == "u2":
            getattr(items, kind)["text"] = "x" * 410_000
        return items

    original = UserBuilder.build
    monkeypatch.setattr(UserBuilder, "build", build)
    table = create_table()
    for dry_run in (True, False):
        result = backfill(table, source=write_lines(users_file, *map(person, USERS)), dry_run=dry_run)

        assert result.tally == {"existed": 0, "created": 2, "failed": 1, "skipped": {}}
        assert list(result.failures) == ["u2"]
        assert items_of(table, "u2") == {}
        assert len(table.items()) == (0 if dry_run else 4)


def test_dry_run_makes_no_write(create_table, backfill, users_file):
    table = create_table(account("u1"), profile("u2"))
    before = table.digest()
    rows = [*map(person, USERS), person("u4", kind="admin")]
    result = backfill(table, source=write_lines(users_file, *rows), dry_run=True, template="marketplace")

    assert result.tally == {"existed": 1, "created": 3, "failed": 0, "skipped": {}}
    assert table.digest() == before
    assert {operation for operation, _ in table.client.calls} <= {"Scan", "BatchGetItem"}


def test_role_that_is_not_allowed_is_a_more_important_note_than_a_value(create_table, backfill, users_file):
    """A user has one note. A wrong role has an effect on rights, a value that is not used has none."""
    row = person("u1", kind="admin", name="x" * 500_000)
    result = backfill(create_table(), source=write_lines(users_file, row), template="marketplace")

    assert result.states[0].tally.notes == {"roleNotAllowed": 1}


def test_existing_account_decides_whether_the_profile_is_complete(create_table, backfill, users_file):
    """`profile_completed` is stored with the profile, but depends on the account that the table has."""
    everything = {"email": {"S": "u1@example.com"}, "name": {"S": "Ann"}, "setFields": {"SS": ["name"]}}
    source = write_lines(users_file, person("u1"), person("u2"))
    table = create_table(account("u1", **everything), account("u2"))
    seen = {}

    def complete(self, user, stored_account, item):
        seen.setdefault(user.user_id, []).append(stored_account)
        return original(self, user, stored_account, item)

    original = UserBuilder.complete
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(UserBuilder, "complete", complete)
        backfill(table, source=source, template="career")

    profiles = {sub: items_of(table, sub)["PROFILE#MAIN"] for sub in ("u1", "u2")}
    assert {sub: item["profile_completed"] for sub, item in profiles.items()} == {"u1": False, "u2": False}
    assert [accounts[-1].get("name") for accounts in seen.values()] == ["Ann", None]


def test_without_batch_permissions_users_are_written_one_by_one(create_table, backfill, users_file):
    table = create_table(account("u1"))
    table.client.denied = {"BatchGetItem", "BatchExecuteStatement"}
    result = backfill(table, source=write_lines(users_file, *map(person, USERS)))

    assert result.tally["created"] == 3
    assert subs(table, "ACCOUNT#MAIN") == subs(table, "PROFILE#MAIN") == list(USERS)


def test_lost_response_counts_as_created(create_table, backfill, users_file):
    """F27: a batch is written and its response lost; the repeated batch finds its own items."""
    table = create_table()
    lost = []

    def lose_response(operation, parameters):
        if operation == "BatchExecuteStatement" and len(lost) < 2:
            lost.append(operation)
            for statement in parameters["Statements"]:
                table.client._insert(**statement)
            raise client_error(operation, "InternalServerError", status=500)

    table.client.hooks.append(lose_response)
    result = backfill(table, source=write_lines(users_file, *map(person, USERS)))

    assert result.tally["created"] == 3
