"""How the store handles DynamoDB's responses and cancellation reasons."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from userprofiles.table.attribute_value import serialize_item
from userprofiles.table.store import Store, UserItems
from userprofiles.table.store_errors import InvalidRequestError, StoreBusyError, StoreError
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


class ScriptedClient:
    """A client of DynamoDB that returns the responses of a list and records the requests."""

    def __init__(self, *responses: Any) -> None:
        self.responses = list(responses)
        self.requests: list[dict[str, Any]] = []

    def _respond(self, **request: Any) -> Any:
        self.requests.append(request)
        response = self.responses.pop(0)
        if isinstance(response, Exception):
            raise response
        return response

    transact_write_items = batch_get_item = _respond


def _create_store(client: ScriptedClient) -> Store:
    return Store(client, "users", "audit", sleep=lambda _: None)


@pytest.fixture
def cancel(aws_error: Callable[..., ClientError]) -> Callable[..., ClientError]:
    return lambda *reasons: aws_error("TransactionCanceledException", list(reasons))


def test_new_user_is_one_transaction_of_three_conditional_puts() -> None:
    client = ScriptedClient({})

    existing = _create_store(client).create(ACCOUNT, PROFILE, ROW)

    [request] = client.requests
    assert existing == UserItems(None, None)
    assert [
        (action["Put"]["TableName"], action["Put"]["Item"]["PK"]["S"]) for action in request["TransactItems"]
    ] == [("users", "USER#s"), ("users", "USER#s"), ("audit", "USER#s")]
    assert {action["Put"]["ConditionExpression"] for action in request["TransactItems"]} == {
        "attribute_not_exists(PK)"
    }


def test_existing_items_are_read_from_the_cancellation_reasons(cancel: Callable[..., ClientError]) -> None:
    only_account = _create_store(ScriptedClient(cancel(FAILED, NONE, NONE))).create(ACCOUNT, PROFILE, ROW)
    only_profile = _create_store(
        ScriptedClient(cancel(NONE, {**FAILED, "Item": serialize_item(PROFILE)}, NONE))
    ).create(ACCOUNT, PROFILE, ROW)

    assert only_account == UserItems(ACCOUNT, None)
    assert only_profile == UserItems(None, PROFILE)


@pytest.mark.parametrize(
    "reasons", [(CONFLICT, NONE, NONE), (NONE, CONFLICT, NONE), (FAILED, CONFLICT, NONE)]
)
def test_conflict_is_retried(cancel: Callable[..., ClientError], reasons: tuple[dict[str, Any], ...]) -> None:
    client = ScriptedClient(cancel(*reasons), {})

    existing = _create_store(client).create(ACCOUNT, PROFILE, ROW)

    assert (existing, len(client.requests)) == (UserItems(None, None), 2)


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_three_attempts_with_a_transient_reason_raise_busy(
    cancel: Callable[..., ClientError], code: str
) -> None:
    client = ScriptedClient(*[cancel({"Code": code}, NONE, NONE)] * 3)

    with pytest.raises(StoreBusyError):
        _create_store(client).create(ACCOUNT, PROFILE, ROW)

    assert client.responses == []


def test_lost_response_is_detected_by_the_next_attempt(cancel: Callable[..., ClientError]) -> None:
    """The write was applied but its response was lost. The next attempt finds both existing items."""
    client = ScriptedClient(cancel(FAILED, {**FAILED, "Item": serialize_item(PROFILE)}, NONE))

    assert _create_store(client).create(ACCOUNT, PROFILE, ROW).is_complete


@pytest.mark.parametrize("code", ["ValidationError", "ItemCollectionSizeLimitExceeded"])
def test_other_reason_raises_an_error_with_its_code(cancel: Callable[..., ClientError], code: str) -> None:
    with pytest.raises(StoreError, match=code):
        _create_store(ScriptedClient(cancel(NONE, {"Code": code, "Message": "CANARY"}, NONE))).create(
            ACCOUNT, PROFILE, ROW
        )


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("AccessDeniedException", StoreError),
        ("ResourceNotFoundException", StoreError),
        ("ValidationException", InvalidRequestError),
        ("ThrottlingException", StoreBusyError),
        ("ProvisionedThroughputExceededException", StoreBusyError),
    ],
)
def test_error_contains_only_the_code(
    aws_error: Callable[..., ClientError],
    code: str,
    expected: type[StoreError],
) -> None:
    with pytest.raises(expected) as failure:
        _create_store(ScriptedClient(aws_error(code))).create(ACCOUNT, PROFILE, ROW)

    assert str(failure.value) == code
    assert failure.value.__suppress_context__


def test_broken_connection_raises_an_error_with_the_name_of_its_class() -> None:
    with pytest.raises(StoreError, match="ReadTimeoutError"):
        _create_store(ScriptedClient(ReadTimeoutError(endpoint_url="http://x"))).create(ACCOUNT, PROFILE, ROW)


def test_read_requests_both_items_with_strong_consistency() -> None:
    client = ScriptedClient({"Responses": {"users": [serialize_item(PROFILE), serialize_item(ACCOUNT)]}})

    user = _create_store(client).read("s")

    assert user == UserItems(ACCOUNT, PROFILE)
    assert client.requests[0]["RequestItems"]["users"]["ConsistentRead"] is True


def test_unprocessed_keys_are_requested_again() -> None:
    rest = {"users": {"Keys": [serialize_item({"PK": "USER#s", "SK": "PROFILE#MAIN"})]}}
    client = ScriptedClient(
        {"Responses": {"users": [serialize_item(ACCOUNT)]}, "UnprocessedKeys": rest},
        {"Responses": {"users": [serialize_item(PROFILE)]}, "UnprocessedKeys": {}},
    )

    assert _create_store(client).read("s") == UserItems(ACCOUNT, PROFILE)
    assert rest["users"]["Keys"] == client.requests[1]["RequestItems"]["users"]["Keys"]


def test_keys_that_are_never_processed_raise_busy() -> None:
    keys = {"users": {"Keys": [serialize_item({"PK": "USER#s", "SK": "PROFILE#MAIN"})]}}
    client = ScriptedClient(*[{"Responses": {}, "UnprocessedKeys": keys}] * 3)

    with pytest.raises(StoreBusyError):
        _create_store(client).read("s")


def test_failed_read_raises_an_error_with_its_code(aws_error: Callable[..., ClientError]) -> None:
    with pytest.raises(StoreError, match="AccessDeniedException"):
        _create_store(ScriptedClient(aws_error("AccessDeniedException"))).read("s")


def test_change_replaces_the_audit_head_and_changes_only_its_paths(tables: Any, store: Store) -> None:
    tables.put({**ACCOUNT, "totalOrders": 3})
    tables.put({**PROFILE, "address": {"city": "", "street": "A 1"}})
    user = store.read("s")

    is_changed = store.change(
        user, {"profile": [Change(("address", "city"), "Lyon"), Change(("language",), REMOVED)]}, ROW
    )

    account, profile = tables.items()
    assert is_changed
    assert (account["auditHead"], account["version"], account["totalOrders"]) == ("h2", 2, 3)
    assert profile["address"] == {"city": "Lyon", "street": "A 1"}
    assert "language" not in profile
    assert tables.audit_rows() == [ROW]


@pytest.mark.parametrize("other_write", [{"auditHead": "h9"}, {"entityType": "TOMBSTONE"}])
def test_change_after_another_write_does_nothing(
    tables: Any,
    store: Store,
    other_write: dict[str, str],
) -> None:
    tables.put(ACCOUNT)
    tables.put(PROFILE)
    user = store.read("s")
    tables.put({**ACCOUNT, **other_write})
    before = tables.items()

    is_changed = store.change(user, {"profile": [Change(("language",), "fr")]}, ROW)

    assert not is_changed
    assert (tables.items(), tables.audit_rows()) == (before, [])


@pytest.mark.parametrize(
    ("user", "changes"),
    [
        (UserItems(None, PROFILE), {}),
        (UserItems(ACCOUNT, None), {"profile": [Change(("language",), "fr")]}),
    ],
)
def test_change_of_a_missing_item_raises_an_error(store: Store, user: UserItems, changes: Any) -> None:
    with pytest.raises(ValueError, match="register the user first"):
        store.change(user, changes, ROW)


def test_account_without_a_profile_can_be_changed(tables: Any, store: Store) -> None:
    tables.put(ACCOUNT)

    user = store.change(store.read("s"), {"account": [Change(("deletion",), {})]}, ROW)

    assert user == store.read("s")
    assert (user.account["deletion"], user.profile) == ({}, None)


def test_update_expression_has_a_placeholder_for_every_name() -> None:
    update = update_expression([Change(("name",), 1), Change(("a", "name"), REMOVED)])

    assert update == {
        "UpdateExpression": "SET #n0 = :v0 REMOVE #n1.#n0",
        "ExpressionAttributeNames": {"#n0": "name", "#n1": "a"},
        "ExpressionAttributeValues": {":v0": {"N": "1"}},
    }


def test_account_is_not_added_if_the_profile_is_a_tombstone(tables: Any, store: Store) -> None:
    """The user was erased between the failed create and the repair."""
    tables.put({"PK": "USER#s", "SK": "PROFILE#MAIN", "entityType": "TOMBSTONE"})

    assert not store.add_account(ACCOUNT, ROW)
    assert len(tables.items()) == 1


@pytest.mark.parametrize("head", [{"auditHead": "h1"}, {}])
def test_profile_is_not_added_if_the_account_is_a_tombstone(
    tables: Any, store: Store, head: dict[str, str]
) -> None:
    tables.put({"PK": "USER#s", "SK": "ACCOUNT#MAIN", "entityType": "TOMBSTONE", **head})

    assert not store.add_profile({**ACCOUNT, "auditHead": head.get("auditHead")}, PROFILE, ROW)
    assert len(tables.items()) == 1
