"""The baseline of data, with the emulator's own modules in this process."""

import asyncio
import json
from typing import Any

import pytest
from ministack.services import cognito, dynamodb, s3, ses, sns, sqs
from pulumi_localaws.local.data_baseline import BASELINE_PATH, DataBaseline, serve_baseline


@pytest.fixture(autouse=True)
def _empty_emulator() -> Any:
    modules = (cognito, dynamodb, s3, ses, sns, sqs)
    for module in modules:
        module.reset()
    yield
    for module in modules:
        module.reset()


def store_data(number: int) -> None:
    """Store one entry of each kind, in resources that exist once."""
    dynamodb._tables.setdefault("users", {"items": {}})["items"][f"item{number}"] = {"": {"n": number}}
    sqs._queues.setdefault("orders", {"messages": [], "dedup_cache": {}})["messages"].append({"id": number})
    s3._buckets.setdefault("files", {"objects": {}})["objects"][f"key{number}"] = {"body": b"x"}
    s3._object_tags["files", f"key{number}"] = {}
    pool = cognito._user_pools.setdefault("pool", {"_users": {}, "_groups": {"admins": {}}})
    pool["_users"][f"user{number}"] = {"_groups": ["admins"]}
    pool["_groups"]["admins"].setdefault("_members", []).append(f"user{number}")
    cognito._refresh_tokens[f"token{number}"] = {}
    ses._sent_emails_list().append({"Subject": str(number)})
    sns._sms_log_for("+1206").append({"Message": str(number)})


def read_data() -> dict[str, Any]:
    pool = cognito._user_pools["pool"]
    return {
        "items": list(dynamodb._tables["users"]["items"]),
        "messages": [message["id"] for message in sqs._queues["orders"]["messages"]],
        "objects": list(s3._buckets["files"]["objects"]),
        "tags": [key for _, key in s3._object_tags],
        "users": list(pool["_users"]),
        "members": pool["_groups"]["admins"]["_members"],
        "tokens": list(cognito._refresh_tokens),
        "emails": [email["Subject"] for email in ses._sent_emails_list()],
        "texts": [message["Message"] for message in sns._sms_messages["+1206"]],
    }


def test_restored_data_are_those_that_were_remembered() -> None:
    baseline = DataBaseline()
    store_data(1)
    baseline.remember()
    remembered = read_data()
    store_data(2)

    baseline.restore()

    assert read_data() == remembered


def test_second_restore_is_not_affected_by_changes_after_the_first() -> None:
    baseline = DataBaseline()
    store_data(1)
    baseline.remember()
    baseline.restore()
    dynamodb._tables["users"]["items"]["item1"][""]["n"] = 99

    baseline.restore()

    assert dynamodb._tables["users"]["items"]["item1"][""]["n"] == 1


def test_without_a_baseline_all_data_are_removed_and_all_resources_stay() -> None:
    store_data(1)

    DataBaseline().restore()

    assert set(map(tuple, read_data().values())) == {()}


def test_records_of_streams_are_dropped_and_their_positions_kept() -> None:
    """A function that reads the stream continues after the dropped records."""
    dynamodb._stream_records["users"] = [{"dynamodb": {}}, {"dynamodb": {}}]
    end = dynamodb.stream_end_position("users")

    DataBaseline().restore()

    assert dynamodb.stream_records_since("users", 0, 10) == []
    assert dynamodb.stream_start_position("users") == end


def request(method: str, path: str = BASELINE_PATH) -> tuple[int, Any]:
    messages: list[dict[str, Any]] = []

    async def app(_: Any, __: Any, send: Any) -> None:
        await send({"status": 200})
        await send({"body": b'"emulator"'})

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    asyncio.run(serve_baseline(app)({"type": "http", "method": method, "path": path}, None, send))
    return messages[0]["status"], json.loads(messages[1]["body"])


def test_requests_to_other_paths_reach_the_emulator() -> None:
    assert request("PUT", "/") == (200, "emulator")


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_baseline_is_set_and_restored_by_requests(method: str) -> None:
    assert request(method) == (200, {})


def test_other_method_is_rejected() -> None:
    assert request("GET") == (405, {"message": "GET is not allowed. Allowed: PUT, POST"})
