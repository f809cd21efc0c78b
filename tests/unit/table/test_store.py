"""What the store makes of DynamoDB's answers, reason by reason."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from userprofiles.table.attribute_value import serialize_item
from userprofiles.table.store import Store, StoreBusyError, StoreError, User
from userprofiles.table.update_expression import REMOVED, Change, update_expression

ACCOUNT = {
    "PK": "USER#s",
    "SK": "ACCOUNT#MAIN",
    "entityType": "USER_ACCOUNT",
    "auditHead": "h1",
    "version": 1,
}
PROFILE = {"PK": "USER#s", "SK": "PROFILE#MAIN", "entityType": "USER_PROFILE", "language": "en"}
ROW = {"PK": "USER#s", "SK": "2026#1", "version": 2, "hash": "h2"}
NONE = {"Code": "None"}
FAILED = {"Code": "ConditionalCheckFailed", "Item": serialize_item(ACCOUNT)}
CONFLICT = {"Code": "TransactionConflict"}


class Scripted:
    """A client of DynamoDB that answers from a list and keeps what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def _answer(self, **request: Any) -> Any:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    transact_write_items = batch_get_item = _answer


def _store(client: Scripted) -> Store:
    return Store(client, "users", "audit", sleep=lambda _: None)


@pytest.fixture
def cancelled(aws_error: Callable[..., ClientError]) -> Callable[..., ClientError]:
    return lambda *reasons: aws_error("TransactionCanceledException", list(reasons))


def test_new_user_is_one_transaction_of_three_conditional_puts() -> None:
    client = Scripted({})

    found = _store(client).create(ACCOUNT, PROFILE, ROW)

    [request] = client.asked
    assert User(None, None) == found
    assert [("users", "USER#s"), ("users", "USER#s"), ("audit", "USER#s")] == [
        (action["Put"]["TableName"], action["Put"]["Item"]["PK"]["S"]) for action in request["TransactItems"]
    ]
    assert {"attribute_not_exists(PK)"} == {
        action["Put"]["ConditionExpression"] for action in request["TransactItems"]
    }


def test_reasons_are_read_one_by_one(cancelled: Callable[..., ClientError]) -> None:
    only_account = _store(Scripted(cancelled(FAILED, NONE, NONE))).create(ACCOUNT, PROFILE, ROW)
    only_profile = _store(
        Scripted(cancelled(NONE, {**FAILED, "Item": serialize_item(PROFILE)}, NONE))
    ).create(ACCOUNT, PROFILE, ROW)

    assert User(ACCOUNT, None) == only_account
    assert User(None, PROFILE) == only_profile


@pytest.mark.parametrize(
    "reasons", [(CONFLICT, NONE, NONE), (NONE, CONFLICT, NONE), (FAILED, CONFLICT, NONE)]
)
def test_conflict_is_tried_again(
    cancelled: Callable[..., ClientError], reasons: tuple[dict[str, Any], ...]
) -> None:
    client = Scripted(cancelled(*reasons), {})

    found = _store(client).create(ACCOUNT, PROFILE, ROW)

    assert (User(None, None), 2) == (found, len(client.asked))


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_what_passes_by_itself_is_busy_after_three_attempts(
    cancelled: Callable[..., ClientError], code: str
) -> None:
    client = Scripted(*[cancelled({"Code": code}, NONE, NONE)] * 3)

    with pytest.raises(StoreBusyError):
        _store(client).create(ACCOUNT, PROFILE, ROW)

    assert client.answers == []


def test_lost_reply_is_found_out_by_the_next_attempt(cancelled: Callable[..., ClientError]) -> None:
    """The write was applied, its reply was lost: the same transaction again finds both items there."""
    client = Scripted(cancelled(FAILED, {**FAILED, "Item": serialize_item(PROFILE)}, NONE))

    assert _store(client).create(ACCOUNT, PROFILE, ROW).whole


@pytest.mark.parametrize("code", ["ValidationError", "ItemCollectionSizeLimitExceeded"])
def test_other_reason_is_an_error_that_names_it(cancelled: Callable[..., ClientError], code: str) -> None:
    with pytest.raises(StoreError, match=code):
        _store(Scripted(cancelled(NONE, {"Code": code, "Message": "CANARY"}, NONE))).create(
            ACCOUNT, PROFILE, ROW
        )


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("AccessDeniedException", StoreError),
        ("ResourceNotFoundException", StoreError),
        ("ThrottlingException", StoreBusyError),
        ("ProvisionedThroughputExceededException", StoreBusyError),
    ],
)
def test_error_is_named_by_its_code_and_nothing_else(
    aws_error: Callable[..., ClientError],
    code: str,
    expected: type[StoreError],
) -> None:
    with pytest.raises(expected) as failure:
        _store(Scripted(aws_error(code))).create(ACCOUNT, PROFILE, ROW)

    assert code == str(failure.value)
    assert failure.value.__suppress_context__


def test_broken_connection_is_named_by_its_class() -> None:
    with pytest.raises(StoreError, match="ReadTimeoutError"):
        _store(Scripted(ReadTimeoutError(endpoint_url="http://x"))).create(ACCOUNT, PROFILE, ROW)


def test_read_asks_for_both_items_as_they_stand_now() -> None:
    client = Scripted({"Responses": {"users": [serialize_item(PROFILE), serialize_item(ACCOUNT)]}})

    user = _store(client).read("s")

    assert User(ACCOUNT, PROFILE) == user
    assert client.asked[0]["RequestItems"]["users"]["ConsistentRead"] is True


def test_part_of_an_answer_is_asked_for_again() -> None:
    rest = {"users": {"Keys": [serialize_item({"PK": "USER#s", "SK": "PROFILE#MAIN"})]}}
    client = Scripted(
        {"Responses": {"users": [serialize_item(ACCOUNT)]}, "UnprocessedKeys": rest},
        {"Responses": {"users": [serialize_item(PROFILE)]}, "UnprocessedKeys": {}},
    )

    assert User(ACCOUNT, PROFILE) == _store(client).read("s")
    assert rest["users"]["Keys"] == client.asked[1]["RequestItems"]["users"]["Keys"]


def test_table_that_never_gives_the_rest_is_busy() -> None:
    keys = {"users": {"Keys": [serialize_item({"PK": "USER#s", "SK": "PROFILE#MAIN"})]}}
    client = Scripted(*[{"Responses": {}, "UnprocessedKeys": keys}] * 3)

    with pytest.raises(StoreBusyError):
        _store(client).read("s")


def test_read_that_is_refused_names_the_code(aws_error: Callable[..., ClientError]) -> None:
    with pytest.raises(StoreError, match="AccessDeniedException"):
        _store(Scripted(aws_error("AccessDeniedException"))).read("s")


def test_change_moves_the_head_and_touches_only_its_paths(tables: Any, store: Store) -> None:
    tables.put({**ACCOUNT, "totalOrders": 3})
    tables.put({**PROFILE, "address": {"city": "", "street": "A 1"}})
    user = store.read("s")

    done = store.change(
        user, {"profile": [Change(("address", "city"), "Lyon"), Change(("language",), REMOVED)]}, ROW
    )

    account, profile = tables.items()
    assert done
    assert ("h2", 2, 3) == (account["auditHead"], account["version"], account["totalOrders"])
    assert {"city": "Lyon", "street": "A 1"} == profile["address"]
    assert "language" not in profile
    assert [ROW] == tables.rows()


@pytest.mark.parametrize("meanwhile", [{"auditHead": "h9"}, {"entityType": "TOMBSTONE"}])
def test_change_after_somebody_elses_write_does_nothing(
    tables: Any,
    store: Store,
    meanwhile: dict[str, str],
) -> None:
    tables.put(ACCOUNT)
    tables.put(PROFILE)
    user = store.read("s")
    tables.put({**ACCOUNT, **meanwhile})
    before = tables.items()

    done = store.change(user, {"profile": [Change(("language",), "fr")]}, ROW)

    assert not done
    assert (before, []) == (tables.items(), tables.rows())


def test_change_of_a_user_who_is_not_whole_is_a_mistake(store: Store) -> None:
    with pytest.raises(ValueError, match="register the user first"):
        store.change(User(ACCOUNT, None), {}, ROW)


def test_update_expression_puts_every_name_behind_a_placeholder() -> None:
    update = update_expression([Change(("name",), 1), Change(("a", "name"), REMOVED)])

    assert {
        "UpdateExpression": "SET #n0 = :v0 REMOVE #n1.#n0",
        "ExpressionAttributeNames": {"#n0": "name", "#n1": "a"},
        "ExpressionAttributeValues": {":v0": {"N": "1"}},
    } == update


def test_account_is_not_added_beside_a_tombstone(tables: Any, store: Store) -> None:
    """The user was erased between finding out and repairing."""
    tables.put({"PK": "USER#s", "SK": "PROFILE#MAIN", "entityType": "TOMBSTONE"})

    assert not store.add_account(ACCOUNT, ROW)
    assert len(tables.items()) == 1


@pytest.mark.parametrize("head", [{"auditHead": "h1"}, {}])
def test_profile_is_not_added_beside_a_tombstone(tables: Any, store: Store, head: dict[str, str]) -> None:
    tables.put({"PK": "USER#s", "SK": "ACCOUNT#MAIN", "entityType": "TOMBSTONE", **head})

    assert not store.add_profile({**ACCOUNT, "auditHead": head.get("auditHead")}, PROFILE, ROW)
    assert len(tables.items()) == 1
