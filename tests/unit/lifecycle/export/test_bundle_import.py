"""Export, import and export again: the parts are equal. An import never changes what exists."""

import copy
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from memory_dynamodb import MemoryTables
from userprofiles import settings as function_settings
from userprofiles import template as templates
from userprofiles.backfill.errors import RefusedError, StoppedError
from userprofiles.lifecycle.audit.audit_chain import UserStatus, check_chain
from userprofiles.lifecycle.export import export_bundle, export_check, export_sources
from userprofiles.lifecycle.export.bundle_import import BundleImport
from userprofiles.lifecycle.export.export_bundle import UserData
from userprofiles.registration.cognito_user import CognitoUser
from userprofiles.registration.registrar import Registrar
from userprofiles.table import audit, record
from userprofiles.table.attribute_value import serialize_item
from userprofiles.table.audit import Action
from userprofiles.table.store import Store
from userprofiles.table.store_errors import StoreError

NOW = datetime(2026, 2, 4, 16, tzinfo=UTC)
LATER = datetime(2026, 5, 4, 16, tzinfo=UTC)
SUB = "11111111-1111-4111-8111-111111111111"
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
NUMBERS = st.integers(-(10**38) + 1, 10**38 - 1) | st.decimals(-1000, 1000, places=5, allow_nan=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS | st.binary(max_size=9) | st.sets(TEXTS, min_size=1),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
ATTRIBUTES = st.fixed_dictionaries(
    {"email": st.just("ada@example.com")},
    optional={
        "given_name": TEXTS,
        "family_name": TEXTS,
        "name": TEXTS,
        "phone_number": st.just("+491701234567"),
        "custom:role": st.sampled_from(["vendor", "customer", "user", "x"]),
    },
)
SORT_KEYS = st.sampled_from(["CONTENT#", "FRIEND#", "SUBSCRIBER#", "ORDER#é"]).flatmap(
    lambda prefix: TEXTS.map(lambda text: f"{prefix}{text}")
)
ITEMS = st.dictionaries(SORT_KEYS, st.dictionaries(TEXTS, VALUES, max_size=3), max_size=4)


@pytest.fixture
def world(aws_environment):
    """Return the tables in memory."""
    return World(MemoryTables())


@pytest.fixture
def moto_world(tables):
    """Return the tables in moto, which checks the expressions."""
    return World(tables)


class World:
    """The tables with one user."""

    def __init__(self, tables):
        self.store = Store(tables.client, "users", "audit", sleep=lambda _: None)
        self.tables = tables

    def register(self, template="basic", attributes=None):
        loaded_template = templates.load(template)
        roles = function_settings.roles({}, loaded_template)
        registrar = Registrar(self.store, loaded_template, roles, "test", lambda: NOW)
        values = {"sub": SUB, "email": "ada@example.com", **(attributes or {})}
        registrar.register(CognitoUser(SUB, SUB, "us-east-1_abc", values, "CONFIRMED"))

    def put_items(self, items):
        for sort_key, values in items.items():
            self.tables.put({**values, "PK": f"USER#{SUB}", "SK": sort_key})

    def change(self, kind, fields):
        [item] = [item for item in self.tables.items() if item["SK"] == record.SORT_KEYS[kind]]
        self.tables.put({**fields, **item})

    def export(self, template="basic"):
        """Return the bundle as a reader of its file gets it."""
        user = self.store.read(SUB)
        items = list(export_sources.read_items(self.tables.client, "users", SUB, lambda _: None))
        data = UserData(user.account, user.profile, items)
        bundle = export_bundle.build(SUB, data, template=template, moment=NOW)
        return json.loads(export_bundle.to_bytes(bundle))

    def lose_table(self):
        for item in self.tables.items():
            self.tables.delete(item)

    def delete_user(self):
        self.lose_table()
        for row in self.tables.audit_rows():
            key = serialize_item({"PK": row["PK"], "SK": row["SK"]})
            self.tables.client.delete_item(TableName="audit", Key=key)

    def erase(self):
        for item in self.tables.items():
            self.tables.put({"PK": item["PK"], "SK": item["SK"], "entityType": "TOMBSTONE"})

    def run_import(self, bundle, template="basic", on_batch=lambda _: None, store=None):
        importer = BundleImport(
            store or self.store,
            "users",
            templates.load(template),
            template,
            lambda _: self.tables.audit_rows(),
            clock=lambda: LATER,
        )
        return importer.run(export_check.check(bundle), on_batch)

    def account(self):
        return self.store.read(SUB).account

    def sort_keys(self):
        return [item["SK"] for item in self.tables.items()]


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(attributes=ATTRIBUTES, items=ITEMS, fields=st.dictionaries(TEXTS, VALUES, max_size=3))
@pytest.mark.parametrize("template", ["basic", "social", "career", "marketplace"])
@pytest.mark.sample(2)
def test_export_after_import_is_equal(world, template, attributes, items, fields):
    world.delete_user()
    world.register(template, attributes)
    world.put_items(items)
    names = {f"x-{name}": value for name, value in fields.items()}
    world.change("account", names)
    world.change("profile", names)
    before = world.tables.items()
    bundle = world.export(template)
    world.delete_user()

    is_continued = world.run_import(bundle, template)

    second = world.export(template)
    assert not is_continued
    assert second["parts"] == bundle["parts"]
    assert second["manifest"]["parts"] == bundle["manifest"]["parts"]
    # The table has the same user, except for how the user came into it.
    bookkeeping = {"createdBy", "auditHead", "version"}
    assert [
        {name: value for name, value in item.items() if name not in bookkeeping}
        for item in world.tables.items()
    ] == [{name: value for name, value in item.items() if name not in bookkeeping} for item in before]


def test_import_writes_an_audit_row_and_how_the_user_came_into_the_table(world):
    world.register()
    bundle = world.export()
    world.delete_user()

    world.run_import(bundle)

    [row] = world.tables.audit_rows()
    account = world.account()
    assert (row["action"], row["source"], row["version"]) == ("IMPORTED", "operator", 1)
    assert (account["createdBy"], account["auditHead"]) == ("import", row["hash"])
    assert "importing" not in account
    assert check_chain(SUB, [row], account).status is UserStatus.OK
    assert world.export()["manifest"]["createdBy"] == "import"


def test_mark_for_deletion_is_not_imported(world):
    world.register()
    before = world.account()
    world.change("account", {"deletion": {"lists": {}}})
    bundle = world.export()
    world.delete_user()

    world.run_import(bundle)

    account = world.account()
    assert "deletion" not in account
    assert {name: account[name] for name in ("listPK", "listSK")} == {
        name: before[name] for name in ("listPK", "listSK")
    }


def items_of(count, size=10):
    return {f"CONTENT#{number:03}": {"text": "x" * size, "number": Decimal("1.5")} for number in range(count)}


@pytest.fixture
def large_bundle(world):
    """Return a bundle with 120 items, three batches."""
    world.register()
    world.put_items(items_of(120))
    bundle = world.export()
    world.delete_user()
    return bundle


def test_import_into_moto_is_equal_and_continued(moto_world):
    moto_world.register("marketplace", {"name": "Zoë"})
    moto_world.put_items({**items_of(60), "CONTENT#set": {"set": {b"a", b"b"}, "list": [{"x": {1, 2}}]}})
    bundle = moto_world.export("marketplace")
    moto_world.delete_user()
    with pytest.raises(StoreError):
        moto_world.run_import(bundle, "marketplace", store=FailingStore(moto_world.store, 3, is_lost=True))

    assert moto_world.run_import(bundle, "marketplace")

    assert moto_world.export("marketplace")["parts"] == bundle["parts"]


def test_stopped_import_is_continued(world, large_bundle):
    progress = []

    def stop(items):
        progress.append(items)
        if items == 100:
            raise StoppedError("Stopped.")

    with pytest.raises(StoppedError):
        world.run_import(large_bundle, on_batch=stop)
    assert progress == [0, 50, 100]
    assert (len(world.sort_keys()), world.account()["importing"]) == (
        102,
        export_bundle.digest(large_bundle),
    )

    assert world.run_import(large_bundle)
    assert world.export()["parts"] == large_bundle["parts"]
    assert len(world.tables.audit_rows()) == 1
    assert "importing" not in world.account()


class FailingStore:
    """A store whose calls fail after a number of calls, before or after they reach the tables."""

    def __init__(self, store, calls, *, is_lost):
        self._store = store
        self._calls = calls
        self._is_lost = is_lost

    def __getattr__(self, name):
        operation = getattr(self._store, name)

        def call(*arguments):
            self._calls -= 1
            if self._calls < 0 and not self._is_lost:
                raise StoreError("InternalServerError")
            result = operation(*arguments)
            if self._calls < 0:
                raise StoreError("ReadTimeoutError")
            return result

        return call


@pytest.mark.parametrize("is_lost", [False, True], ids=["before the call", "after the call"])
@pytest.mark.parametrize("calls", range(6))
@pytest.mark.sample(4)
def test_import_that_fails_at_any_call_is_continued(world, large_bundle, calls, is_lost):
    with pytest.raises(StoreError):
        world.run_import(large_bundle, store=FailingStore(world.store, calls, is_lost=is_lost))

    if calls == 5 and is_lost:
        # Only the answer to the last call was lost.
        with pytest.raises(RefusedError, match="exists"):
            world.run_import(large_bundle)
    else:
        world.run_import(large_bundle)

    assert world.export()["parts"] == large_bundle["parts"]
    assert len(world.tables.audit_rows()) == 1


def test_large_items_are_written_in_small_batches(world):
    """A transaction has at most 4 MB."""
    world.register()
    world.put_items(items_of(12, size=390_000))
    bundle = world.export()
    world.delete_user()
    progress = []

    world.run_import(bundle, on_batch=progress.append)

    assert progress == [0, 7]
    assert world.export()["parts"] == bundle["parts"]


def snapshot(world):
    return world.tables.items(), world.tables.audit_rows()


@pytest.mark.parametrize("sort_key", ["ACCOUNT#MAIN", "PROFILE#MAIN", None])
def test_existing_user_is_refused(world, sort_key):
    world.register()
    bundle = world.export()
    for item in world.tables.items():
        if sort_key not in (None, item["SK"]):
            world.tables.delete(item)
    before = snapshot(world)

    with pytest.raises(RefusedError, match="exists"):
        world.run_import(bundle)

    assert snapshot(world) == before


def test_erased_user_is_refused(world):
    world.register()
    bundle = world.export()
    world.erase()
    before = snapshot(world)

    with pytest.raises(RefusedError, match="was erased"):
        world.run_import(bundle)

    assert snapshot(world) == before


def test_audit_rows_of_a_lost_table_lead_to_the_imported_account(world):
    world.register()
    bundle = world.export()
    world.lose_table()

    world.run_import(bundle)

    rows = world.tables.audit_rows()
    assert [row["action"] for row in rows] == ["REGISTERED", "IMPORTED"]
    assert rows[1]["lostHeads"] == [rows[0]["hash"]]
    assert check_chain(SUB, rows, world.account()).status is UserStatus.OK


@pytest.mark.parametrize("action", [Action.ERASURE_STARTED, Action.ERASED])
def test_user_who_was_erased_from_a_lost_table_is_refused(world, action):
    world.register()
    bundle = world.export()
    row = audit.create_row(SUB, action, source="operator", account=world.account(), moment=NOW)
    world.tables.put(row, "audit")
    world.lose_table()

    with pytest.raises(RefusedError, match="was erased"):
        world.run_import(bundle)

    assert world.tables.items() == []


def test_unfinished_import_of_another_bundle_is_refused(world, large_bundle):
    with pytest.raises(StoreError):
        world.run_import(large_bundle, store=FailingStore(world.store, 3, is_lost=False))
    other = copy.deepcopy(large_bundle)
    other["manifest"]["createdAt"] = "2026-01-01T00:00:00Z"

    with pytest.raises(RefusedError, match="exists"):
        world.run_import(other)


def test_user_who_is_erased_during_the_import_gets_no_items(world, large_bundle):
    def erase(items):
        if items == 50:
            world.erase()

    with pytest.raises(RefusedError, match="erased"):
        world.run_import(large_bundle, on_batch=erase)

    assert len(world.sort_keys()) == 52


def test_item_with_another_content_is_not_overwritten(world, large_bundle):
    world.put_items({"CONTENT#007": {"text": "own"}})

    with pytest.raises(RefusedError, match=r"parts.items\[7\]"):
        world.run_import(large_bundle)

    [item] = [item for item in world.tables.items() if item["SK"] == "CONTENT#007"]
    assert item["text"] == "own"


def test_equal_item_is_kept(world, large_bundle):
    world.put_items(items_of(1))

    world.run_import(large_bundle)

    assert world.export()["parts"] == large_bundle["parts"]


@pytest.mark.parametrize(
    ("template", "version", "message"),
    [("social", "1.0", "belongs to the template 'basic'"), ("basic", "2.0", "has version 2.0")],
)
def test_bundle_of_another_template_is_refused(world, template, version, message):
    world.register()
    world.tables.put({**world.account(), "templateVersion": version})
    bundle = world.export()
    world.delete_user()

    with pytest.raises(RefusedError, match=message):
        world.run_import(bundle, template)

    assert snapshot(world) == ([], [])


def test_user_is_listed_by_role_status_and_creation(world):
    world.register("marketplace", {"custom:role": "vendor"})
    lists = {name: world.account()[name] for name in ("listPK", "statusListPK", "listSK")}
    bundle = world.export("marketplace")
    world.delete_user()

    world.run_import(bundle, "marketplace")

    assert {name: world.account()[name] for name in lists} == lists
    assert lists["listSK"] == f"2026-02-04T16:00:00Z#{SUB}"


def test_user_without_a_time_of_creation_is_listed_by_the_import(world):
    world.register()
    account = world.account()
    world.tables.put({name: value for name, value in account.items() if name != "createdAt"})
    bundle = world.export()
    world.delete_user()

    world.run_import(bundle)

    assert world.account()["listSK"] == f"2026-05-04T16:00:00Z#{SUB}"
