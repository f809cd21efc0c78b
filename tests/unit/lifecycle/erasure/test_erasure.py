"""The sequence of an erasure: complete, resumable at every step, and final."""

import threading
from datetime import timedelta

import pytest
from kill_switch import KilledError
from userprofiles.lifecycle.audit.audit_chain import UserStatus, check_chain
from userprofiles.lifecycle.erasure.erasure_result import ErasureFailedError, Outcome
from userprofiles.lifecycle.erasure.stores.store import ErasurePausedError
from userprofiles.registration.cognito_user import CognitoUser
from userprofiles.registration.registrar import Registrar
from userprofiles.table import deletion, record
from userprofiles.table.audit import Action, create_row
from userprofiles.table.store import Store
from userprofiles.table.store_errors import StoreBusyError

SUB = "11111111-1111-4111-8111-111111111111"


def audit_actions(world, sub=SUB):
    rows = [row for row in world.tables.audit_rows() if row["PK"] == f"USER#{sub}"]
    return [row["action"] for row in sorted(rows, key=lambda row: row["version"])]


def test_nothing_is_left_in_any_store(moto_world):
    world = moto_world
    world.add_user(SUB)

    result = world.erase_completely(SUB)

    assert result.outcome is Outcome.ERASED
    assert world.remains(SUB) == []
    assert world.counts(SUB) == world.EXPECTED_COUNTS
    assert audit_actions(world) == ["REGISTERED", "DELETION_REQUESTED", "ERASURE_STARTED", "ERASED"]


def test_two_empty_items_remain(world):
    world.add_user(SUB)

    world.erase_completely(SUB)

    items = [item for item in world.tables.items() if item["PK"] == f"USER#{SUB}"]
    assert [set(item) for item in items] == [
        {"PK", "SK", "entityType", "auditHead", "version"},
        {"PK", "SK", "entityType"},
    ]


def test_entry_of_an_interrupted_removal_is_deleted(world):
    """The entry has the user name, which can be an e-mail address."""
    world.add_user(SUB)
    for sub in (SUB, "other"):
        world.tables.put({"PK": "REMOVAL#OPEN", "SK": sub, "userName": "ada@example.com"})

    world.erase_completely(SUB)

    assert [item["SK"] for item in world.tables.items() if item["PK"] == "REMOVAL#OPEN"] == ["other"]
    assert world.counts(SUB)["items"] == world.EXPECTED_COUNTS["items"] + 1


def test_other_users_keep_everything(world):
    world.add_user("other", with_canaries=False, is_marked=False)
    world.add_user("second", other="third")
    world.tables.put({"PK": "USER#other", "SK": "CONTENT#1", "text": "stays"})
    before = world.remains("second")
    world.add_user(SUB)

    world.erase_completely(SUB)

    assert world.remains("second") == before
    assert world.store.read("other").account["entityType"] == "USER_ACCOUNT"
    assert [item["SK"] for item in world.tables.items() if item["PK"] == "USER#other"] == [
        "ACCOUNT#MAIN",
        "CONTENT#1",
        "PROFILE#MAIN",
    ]


def test_receipt_is_done_and_its_hash_is_in_the_last_audit_row(world):
    world.add_user(SUB)

    receipt = world.erase_completely(SUB).receipt

    [row] = [row for row in world.tables.audit_rows() if row["action"] == "ERASED"]
    [item] = world.tables.items_of("receipts")
    assert (receipt.state, receipt.runs, receipt.requested_by) == ("DONE", 1, "user")
    assert row["receipt"] == receipt.hash == receipt.compute_hash() == item["hash"]
    assert row["hash"] == receipt.audit_head == world.store.read(SUB).account["auditHead"]
    assert "openPK" not in item
    assert "canary" not in str(item)


@pytest.mark.parametrize("step", [9, pytest.param(1, marks=pytest.mark.long)])
def test_killed_after_every_call_it_resumes_to_the_same_receipt(world, step):
    def drive(sub):
        for _ in range(6):
            try:
                result = world.erasure.erase_due(sub)
                world.answer()
            except KilledError:
                continue
            if result.outcome in {Outcome.ERASED, Outcome.ALREADY_ERASED}:
                return
        pytest.fail("not erased")

    world.add_user("uninterrupted")
    start = world.calls.count
    drive("uninterrupted")
    calls = world.calls.count - start

    assert calls > 30
    for number in range(1, calls + 1, step):
        sub = f"killed-{number}"
        world.add_user(sub)
        world.calls.kill_after = world.calls.count + number
        drive(sub)
        assert world.remains(sub) == [], number
        assert world.counts(sub) == world.EXPECTED_COUNTS, number
        assert audit_actions(world, sub)[-2:] == ["ERASURE_STARTED", "ERASED"]


def test_paused_at_every_check_it_continues(world):
    class Pause:
        def __init__(self, after):
            self.left = after

        def __call__(self):
            self.left -= 1
            if not self.left:
                raise ErasurePausedError

    world.add_user(SUB)
    runs = 0
    while (result := world.erasure.erase_due(SUB, Pause(runs + 1))).outcome is Outcome.PAUSED:
        runs += 1
    world.answer()

    assert runs > 10
    assert result.outcome is Outcome.WAITING
    assert world.erasure.erase_due(SUB).outcome is Outcome.ERASED
    assert world.counts(SUB) == world.EXPECTED_COUNTS


def test_second_erasure_does_nothing(world):
    world.add_user(SUB)
    first = world.erase_completely(SUB).receipt
    rows = world.tables.audit_rows()

    assert world.erasure.erase_due(SUB).outcome is Outcome.ALREADY_ERASED
    assert world.erasure.erase(SUB, "operator").receipt == first
    assert world.tables.audit_rows() == rows


@pytest.mark.parametrize("days", [31, 3650])
def test_user_within_the_grace_period_is_not_erased(world, days):
    world.add_user(SUB, is_marked=False)
    world.mark(SUB, world.now - timedelta(days=30), days)

    assert world.erasure.erase_due(SUB).outcome is Outcome.NOT_DUE
    assert world.erasure.erase_due("nobody").outcome is Outcome.NOT_DUE
    assert world.store.read(SUB).account["email"]
    assert world.tables.items_of("receipts") == []


def test_restored_user_is_not_erased_by_a_late_message(world):
    world.add_user(SUB)
    user = world.store.read(SUB)
    row = create_row(SUB, Action.RESTORED, source="api", account=user.account, moment=world.now)
    world.store.change(user, {"account": deletion.restore_changes(user.account)}, row)

    assert world.erasure.erase_due(SUB).outcome is Outcome.NOT_DUE
    assert world.store.read(SUB).account["email"]


def test_restore_that_wins_the_race_keeps_the_user(world):
    """The user restores between the read and the first write of the erasure."""
    world.add_user(SUB)

    def restore(operation):
        if operation == "transact_write_items":
            world.calls.before_each = lambda _: None
            user = world.store.read(SUB)
            row = create_row(SUB, Action.RESTORED, source="api", account=user.account, moment=world.now)
            assert world.store.change(user, {"account": deletion.restore_changes(user.account)}, row)

    world.calls.before_each = restore

    assert world.erasure.erase_due(SUB).outcome is Outcome.NOT_DUE
    assert world.remains(SUB) != []
    assert world.tables.items_of("receipts") == []


def test_restore_that_loses_the_race_is_rejected(world):
    world.add_user(SUB)
    user = world.store.read(SUB)
    world.erasure.erase_due(SUB)
    row = create_row(SUB, Action.RESTORED, source="api", account=user.account, moment=world.now)

    assert world.store.change(user, {"account": deletion.restore_changes(user.account)}, row) is None


def test_two_erasures_at_the_same_time(world):
    world.add_user(SUB)
    start = threading.Barrier(2)
    errors = []

    def erase():
        start.wait()
        try:
            world.erasure.erase_due(SUB)
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=erase) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.answer()
    world.erasure.erase_due(SUB)

    assert errors == []
    assert world.remains(SUB) == []
    assert world.counts(SUB) == world.EXPECTED_COUNTS
    assert audit_actions(world)[-2:] == ["ERASURE_STARTED", "ERASED"]


@pytest.mark.long
def test_second_run_between_any_two_calls_of_the_first(world):
    """A complete second run instead of a thread: before each call of the first run, one after the other."""
    number = 0
    while True:
        number += 1
        sub = f"interleaved-{number}"
        world.add_user(sub)
        position = iter(range(1, 1000))

        def run_second(_, sub=sub, number=number, position=position):
            if next(position) == number:
                world.calls.before_each = lambda _: None
                world.erase_completely(sub)

        world.calls.before_each = run_second
        world.erasure.erase_due(sub)
        is_last = next(position) <= number
        world.calls.before_each = lambda _: None
        if is_last:
            world.erase_completely(sub)
        assert world.remains(sub) == [], number
        assert world.counts(sub) == world.EXPECTED_COUNTS, number
        if is_last:
            break
    assert number > 20


def test_run_that_counts_late_keeps_the_count_of_the_other_run(world):
    """Before each call of the first run, a second run empties the first store and is paused."""

    def pause_after_the_items():
        receipt = world.receipts.read(sub)
        if receipt is not None and receipt.is_store_done("items"):
            raise ErasurePausedError

    for number in range(1, 15):
        sub = f"paused-{number}"
        world.add_user(sub)
        position = iter(range(1, 1000))

        def run_second(_, sub=sub, number=number, position=position):
            if next(position) == number:
                world.calls.before_each = lambda _: None
                world.erasure.erase_due(sub, pause_after_the_items)

        world.calls.before_each = run_second
        world.erasure.erase_due(sub)
        world.calls.before_each = lambda _: None
        world.erase_completely(sub)

        assert world.remains(sub) == [], number
        assert world.counts(sub) == world.EXPECTED_COUNTS, number


@pytest.mark.parametrize("missing", ["both", "account", "profile"])
@pytest.mark.sample(3)
def test_sign_up_during_the_erasure_never_brings_the_user_back(world, marketplace, roles, missing):
    """A trigger, the outbox or a first access registers or repairs the user, once before each call."""
    store = Store(world.tables.client, "users", "audit")
    registrar = Registrar(store, marketplace, roles, "PostConfirmation_ConfirmSignUp")
    outcomes = []
    for number in range(1, 50):
        sub = f"sign-up-{number}"
        attributes = {"sub": sub, "email": "a@example.com"}
        user = CognitoUser(sub, sub, "us-east-1_abc", attributes, "CONFIRMED")
        world.add_user(sub, with_canaries=False, is_marked=False)
        for kind in ("account", "profile"):
            if missing in {kind, "both"}:
                world.tables.delete(record.key(sub, kind))
        position = iter(range(1, 1000))

        def register(_, user=user, number=number, position=position):
            if next(position) == number:
                outcomes.append(registrar.register(user).outcome)

        world.calls.before_each = register
        world.erasure.erase(sub, "operator")
        world.calls.before_each = lambda _: None
        assert registrar.register(user).outcome == "erased"
        world.answer()
        assert world.erasure.erase(sub, "operator").receipt.state == "DONE"
        assert world.remains(sub) == [], number
    assert {"erased"} < set(outcomes) <= {"erased", "created", "repaired"}
    assert len(outcomes) < 49  # the last number is larger than the number of calls


def test_first_sign_up_during_the_erasure_stays_in_the_audit_chain(world, marketplace, roles):
    """The user is only in the pool when the erasure reads the table, and is registered before it writes."""
    registrar = Registrar(Store(world.tables.client, "users", "audit"), marketplace, roles, "test")
    actions = set()
    for number in range(1, 10):
        sub = f"first-sign-up-{number}"
        world.pool.add(sub, sub)
        user = CognitoUser(sub, sub, "us-east-1_abc", {"sub": sub, "email": "a@example.com"}, "CONFIRMED")
        position = iter(range(1, 1000))

        def register(_, user=user, number=number, position=position):
            if next(position) == number:
                registrar.register(user)

        world.calls.before_each = register
        world.erasure.erase(sub, "operator")
        world.calls.before_each = lambda _: None

        rows = [row for row in world.tables.audit_rows() if row["PK"] == f"USER#{sub}"]
        result = check_chain(sub, rows, world.store.read(sub).account)
        assert (result.status, result.problems) == (UserStatus.ERASED, ()), number
        actions.add(tuple(audit_actions(world, sub)))
    assert actions == {("ERASURE_STARTED",), ("REGISTERED", "ERASURE_STARTED")}


@pytest.mark.parametrize("missing", ["account", "profile", "both", "user"])
def test_operator_erases_an_incomplete_user(world, missing):
    world.add_user(SUB, is_marked=False)
    for kind in ("account", "profile"):
        if missing in {kind, "both"}:
            world.tables.delete(record.key(SUB, kind))
    if missing == "user":
        world.pool.users.clear()

    world.erasure.erase(SUB, "operator")
    world.answer()
    result = world.erasure.erase(SUB, "operator")

    assert result.receipt.requested_by == "operator"
    assert world.remains(SUB) == []
    assert world.counts(SUB) == world.EXPECTED_COUNTS | {
        "record": {"both": 0, "user": 2}.get(missing, 1),
        "user": 0 if missing == "user" else 1,
    }


def test_operator_erases_a_federated_user_whose_name_is_not_the_sub(world):
    world.pool.add("Google_1", SUB, is_federated=True)
    world.pool.add(SUB, "the-sub-of-a-user-with-an-evil-name")

    world.erasure.erase(SUB, "operator")

    assert list(world.pool.users) == [SUB]
    assert world.receipts.read(SUB).stores["user"]["found"] == 1


def test_unknown_user_gets_no_tombstones(world):
    assert world.erasure.erase("nobody", "operator").outcome is Outcome.UNKNOWN
    assert world.tables.items() == []


def test_failing_store_does_not_stop_the_others(world):
    world.add_user(SUB)
    world.bucket.errors = ["InternalError"]

    with pytest.raises(ErasureFailedError, match="files: InternalError") as caught:
        world.erasure.erase_due(SUB)
    assert caught.value.failures == {"files": "InternalError"}
    assert world.pool.users == {}
    assert world.function.documents == {}

    world.answer()
    assert world.erasure.erase_due(SUB).outcome is Outcome.ERASED
    assert world.counts(SUB) == world.EXPECTED_COUNTS


def test_bucket_that_keeps_objects_is_a_failure(world, monkeypatch):
    world.add_user(SUB)
    monkeypatch.setattr(world.bucket, "delete_objects", lambda **_: {})

    with pytest.raises(ErasureFailedError, match="files: ItemsRemain"):
        world.erasure.erase_due(SUB)
    assert world.receipts.read(SUB).is_open


def test_store_that_was_registered_later_is_erased_too(world):
    world.add_user(SUB)
    old = world.create_erasure(has_team_stores=False)
    world.bucket.errors = ["InternalError"]
    with pytest.raises(ErasureFailedError):
        old.erase_due(SUB)

    assert world.erase_completely(SUB).outcome is Outcome.ERASED
    assert world.counts(SUB) == world.EXPECTED_COUNTS


def test_audit_rows_and_receipt_have_no_personal_data(world):
    world.add_user(SUB)
    world.erase_completely(SUB)

    stored = [*world.tables.audit_rows(), *world.tables.items_of("receipts")]
    assert "canary" not in str(stored)
    assert "example.com" not in str(stored)


def test_throttled_start_is_an_error(world, monkeypatch):
    world.add_user(SUB)
    monkeypatch.setattr(world.store, "write", lambda *_: False)

    with pytest.raises(StoreBusyError):
        world.erasure.erase_due(SUB)
    assert world.store.read(SUB).account["email"]
