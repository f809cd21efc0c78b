"""Users of other tables and of a user pool: who gets an account, and how reading continues."""

import pytest
from backfill_fixtures import LIMITS, Recorder, account, client_error, plain_user, profile
from fake_pool import POOL_ID, FakePool
from userprofiles.backfill.errors import BackfillFailedError
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.users.mapping import KEYED_TABLE_COLUMNS, TABLE_COLUMNS, ColumnMapping
from userprofiles.table.attribute_value import deserialize_item, serialize_item

SHOP_USER = {
    "user_id": "u1",
    "username": "john_doe",
    "email": "john@example.com",
    "name": "John Doe",
    "role": "vendor",
    "status": "active",
    "emailVerified": True,
    "wishlist": [],
    "totalOrders": 0,
}


def table_source(name, kind="keyed-table", columns=KEYED_TABLE_COLUMNS, key=("user_id",), **values):
    return {"kind": kind, "name": name, "key": list(key), **ColumnMapping(columns).to_json(), **values}


def items_of(table, sub):
    rows = [row for row in table.items() if row["PK"]["S"] == f"USER#{sub}"]
    return {row["SK"]["S"]: deserialize_item(row) for row in rows}


def subs(table):
    return sorted(row["PK"]["S"][5:] for row in table.items() if row["SK"]["S"] == "PROFILE#MAIN")


def test_table_with_the_id_as_only_key(create_table, backfill):
    """The table of the post-confirmation write-up."""
    shop = create_table(
        serialize_item(SHOP_USER),
        serialize_item(SHOP_USER | {"user_id": "u2", "status": "suspended"}),
        serialize_item(SHOP_USER | {"user_id": "u3", "role": "admin", "email": None}),
        serialize_item(SHOP_USER | {"user_id": "u4", "email": ["CANARY"]}),
        name="livekart-users",
        keys=("user_id",),
        key_types=("S",),
    )
    table = create_table()
    result = backfill(table, source=table_source(shop.name), template="marketplace", segments=2)

    assert result.tally == {"existed": 0, "created": 2, "failed": 1, "skipped": {"inactive": 1}}
    assert result.failures == {"u4": "email is a list, not a text, a number or a boolean"}
    imported = items_of(table, "u1")["ACCOUNT#MAIN"]
    assert {name: imported[name] for name in ("username", "email", "name", "role", "emailVerified")} == {
        "username": "john_doe",
        "email": "john@example.com",
        "name": "John Doe",
        "role": "vendor",
        "emailVerified": True,
    }
    assert items_of(table, "u3")["ACCOUNT#MAIN"]["role"] == "customer"


def test_table_in_the_plain_shape(create_table, backfill):
    source = create_table(
        plain_user("u1"),
        plain_user("u2", userId=None),
        plain_user("u3", isDeleted={"BOOL": True}),
        profile("u1"),
        name="source-users",
    )
    table = create_table()
    document = table_source(source.name, "table", TABLE_COLUMNS, ("PK", "SK"), shape="plain")
    result = backfill(table, source=document)

    assert result.tally == {"existed": 0, "created": 2, "failed": 0, "skipped": {"softDeleted": 1}}
    assert items_of(table, "u2")["PROFILE#MAIN"]["firstName"] == "First u2"
    assert items_of(table, "u2")["ACCOUNT#MAIN"]["name"] == "First u2 Last u2"


def test_table_of_this_project(create_table, backfill):
    source = create_table(
        account("u1", email={"S": "a@example.com"}, role={"S": "vendor"}),
        profile("u1"),
        account("u2", status={"S": "disabled"}),
        {"PK": {"S": "USER#u3"}, "SK": {"S": "ACCOUNT#MAIN"}, "entityType": {"S": "TOMBSTONE"}},
        {"PK": {"S": "MIGRATION#x"}, "SK": {"S": "STATE"}},
        name="source-users",
    )
    table = create_table()
    document = table_source(source.name, "table", TABLE_COLUMNS, ("PK", "SK"), shape="stack")
    result = backfill(table, source=document, template="marketplace")

    assert result.tally == {"existed": 0, "created": 1, "failed": 0, "skipped": {"erased": 1, "inactive": 1}}
    assert items_of(table, "u1")["ACCOUNT#MAIN"]["role"] == "vendor"


def test_pages_of_another_table_continue_after_any_row(create_table, backfill):
    source = create_table(
        *(serialize_item(SHOP_USER | {"user_id": f"u{n}"}) for n in range(7)),
        name="livekart-users",
        keys=("user_id",),
        key_types=("S",),
    )
    table = create_table()
    document = table_source(source.name)
    recorder = Recorder()
    small = type(LIMITS)(threads=1, page_rows=3, chunk_rows=2)
    stopped = []

    def stop(operation, _):
        if operation == "BatchExecuteStatement" and table.client.count(operation) == 4:
            stopped.extend(recorder.saved_states)
            raise KeyboardInterrupt

    table.client.hooks.append(stop)
    with pytest.raises(KeyboardInterrupt):
        backfill(table, source=document, recorder=recorder, limits=small)
    table.client.hooks.clear()
    states = [SegmentState.from_json(state) for state in stopped]
    assert states[0].cursor is not None
    result = backfill(table, source=document, states=states, limits=small)

    assert result.tally["created"] == 7
    assert subs(table) == [f"u{n}" for n in range(7)]


def test_missing_rights_name_the_source_table(create_table, backfill):
    source = create_table(name="livekart-users", keys=("user_id",), key_types=("S",))
    table = create_table()
    table.client.denied = {"Scan"}

    with pytest.raises(BackfillFailedError, match=r"dynamodb:Scan on table 'livekart-users'"):
        backfill(table, source=table_source(source.name))


@pytest.fixture
def pool(monkeypatch):
    pool = FakePool()
    monkeypatch.setattr("userprofiles.backfill.sources.clients.aws.client", lambda *_, **__: pool)
    return pool


POOL_SOURCE = {"kind": "pool", "poolId": POOL_ID, "requestsPerSecond": 1000.0}


def add_users(pool, count):
    for n in range(count):
        pool.add(f"name{n}", {"sub": f"u{n}", "email": f"U{n}@example.com", "given_name": "Ann"})


def test_users_of_a_pool(create_table, backfill, pool):
    for status in ("CONFIRMED", "EXTERNAL_PROVIDER", "RESET_REQUIRED", "FORCE_CHANGE_PASSWORD"):
        pool.add(status, {"sub": status.lower(), "email": "A@example.com"}, status=status)
    pool.add("new", {"sub": "new"}, status="UNCONFIRMED")
    pool.add("off", {"sub": "off"}, enabled=False)
    pool.add("old", {"sub": "old"}, status="ARCHIVED")
    table = create_table()
    result = backfill(table, source=POOL_SOURCE, segments=3)

    assert result.tally == {
        "existed": 0,
        "created": 4,
        "failed": 0,
        "skipped": {"unconfirmed": 1, "disabled": 1, "otherStatus": 1},
    }
    assert subs(table) == ["confirmed", "external_provider", "force_change_password", "reset_required"]
    assert items_of(table, "confirmed")["ACCOUNT#MAIN"]["email"] == "a@example.com"


@pytest.mark.parametrize("chunk_rows", [1, 300])
def test_stopped_pool_run_continues_at_its_page(create_table, backfill, pool, chunk_rows):
    add_users(pool, 7)
    table = create_table()
    recorder = Recorder()
    limits = type(LIMITS)(threads=1, chunk_rows=chunk_rows)
    saved = []

    def kill(operation, _):
        if operation == "BatchExecuteStatement" and len(subs(table)) == 3 - chunk_rows // 300:
            saved[:] = recorder.saved_states
            raise KeyboardInterrupt

    table.client.hooks.append(kill)
    with pytest.raises(KeyboardInterrupt):
        backfill(table, source=POOL_SOURCE, recorder=recorder, limits=limits)
    table.client.hooks.clear()
    pages = pool.pages
    states = [SegmentState.from_json(state) for state in saved]
    result = backfill(table, source=POOL_SOURCE, states=states, limits=limits)

    assert result.tally == {"existed": 0, "created": 7, "failed": 0, "skipped": {}}
    assert pool.pages - pages == 3


def test_expired_page_token_is_explained(create_table, backfill, pool, aws_error):
    add_users(pool, 3)
    pool.errors = [aws_error("InvalidParameterException")]
    states = [SegmentState(0, cursor={"token": "2", "done": 0})]

    with pytest.raises(BackfillFailedError, match="userprofiles pool list"):
        backfill(create_table(), source=POOL_SOURCE, states=states)


def test_missing_right_on_the_pool_is_named(create_table, backfill, pool):
    pool.errors = [client_error("ListUsers", "AccessDeniedException")]

    with pytest.raises(BackfillFailedError, match=r"cognito-idp:ListUsers on the user pool us-east-1_abc"):
        backfill(create_table(), source=POOL_SOURCE)
