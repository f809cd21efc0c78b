"""The erasure worker and the backups: stores, rights on them, and the agreement with the function's code."""

import json
from typing import Any

import pulumi
import pytest
from component_programs import ERASURE, STORES, TABLES
from component_recording import Recording, record, start_recording
from pulumi_userprofiles import ErasureWorker, InvalidArgumentError
from pulumi_userprofiles.erasure_stores import MAX_STORES, OWN_STORES
from userprofiles.lifecycle.erasure.stores.registered import Registration, parse_registrations
from userprofiles.settings import SettingsError


def record_eraser(**args: Any) -> Recording:
    return record(lambda: ErasureWorker("eraser", {**TABLES, **ERASURE, "platform": "host", **args}))  # type: ignore[typeddict-item]


def variables(recording: Recording) -> dict[str, str]:
    values: dict[str, str] = recording.resource("eraser-worker-function").inputs["environment"]["variables"]
    return values


def rights_on(recording: Recording, service: str) -> list[tuple[list[str], list[str]]]:
    statements = recording.resource("eraser-worker-policy").document("policy")["Statement"]
    return [
        (item["Action"], item["Resource"])
        for item in statements
        if any(action.startswith(f"{service}:") for action in item["Action"])
    ]


def test_the_function_reads_the_stores_that_the_component_writes() -> None:
    stores = parse_registrations(variables(record_eraser(stores=STORES))["ERASURE_STORES"])

    assert stores == [
        Registration("orders", function_arn=STORES[0]["function_arn"]),
        Registration("mails", queue_url=STORES[1]["queue_url"]),
    ]


def test_without_stores_the_function_gets_none() -> None:
    recording = record_eraser()

    assert parse_registrations(variables(recording)["ERASURE_STORES"]) == []
    assert rights_on(recording, "lambda") == []


def test_the_function_may_tell_exactly_its_stores() -> None:
    recording = record_eraser(stores=STORES)

    assert rights_on(recording, "lambda") == [(["lambda:InvokeFunction"], [STORES[0]["function_arn"]])]
    assert rights_on(recording, "sqs")[1:] == [(["sqs:SendMessage"], [STORES[1]["queue_arn"]])]


def test_a_store_of_the_same_stack_is_an_output() -> None:
    arn = pulumi.Output.from_input(STORES[0]["function_arn"])

    recording = record_eraser(stores=[{"name": "orders", "function_arn": arn}])

    assert json.loads(variables(recording)["ERASURE_STORES"])[0]["functionArn"] == STORES[0]["function_arn"]


@pytest.mark.parametrize("name", OWN_STORES)
def test_names_of_our_stores_are_refused_by_component_and_function(name: str) -> None:
    store = {"name": name, "function_arn": STORES[0]["function_arn"]}

    with pytest.raises(InvalidArgumentError, match=f"Got '{name}'"):
        record_eraser(stores=[store])
    with pytest.raises(SettingsError, match=repr(name)):
        parse_registrations(json.dumps([{"name": name, "functionArn": store["function_arn"]}]))


def store(**fields: Any) -> dict[str, Any]:
    return {"name": "orders", "function_arn": STORES[0]["function_arn"], **fields}


MISTAKES: dict[str, tuple[Any, list[str]]] = {
    "no list": (store(), ["at most 10 stores", "ARN of a function"]),
    "texts": (["orders"], ["at most 10 stores", "['orders']"]),
    "too many": ([store(name=f"s{n}") for n in range(MAX_STORES + 1)], ["at most 10 stores"]),
    "unknown field": ([store(functionArn="a")], ["unknown argument 'functionArn'", "function_arn"]),
    "no name": ([store(name=None)], ["invalid name", "Got None"]),
    "capital letters": ([store(name="Orders")], ["invalid name", "'Orders'", "lower-case"]),
    "an output as name": ([store(name=pulumi.Output.from_input("a"))], ["plain value"]),
    "a name twice": ([store(), store()], ["same name", "Rename"]),
    "neither": ([{"name": "orders"}], ["neither a function nor", "{'name': 'orders'}"]),
    "both": ([store(queue_arn="a", queue_url="b")], ["or is both"]),
    "queue without a URL": (
        [{"name": "orders", "queue_arn": STORES[1]["queue_arn"]}],
        ["complete queue", "the ARN and the URL of a queue"],
    ),
    "ARN of a queue as function": (
        [store(function_arn=STORES[1]["queue_arn"])],
        ["a Lambda function", "arn:aws:lambda:"],
    ),
    "queue name as URL": ([{**STORES[1], "queue_url": "mails"}], ["not a URL", "'mails'", "https://sqs."]),
    "FIFO queue": (
        [{**STORES[1], "queue_arn": f"{STORES[1]['queue_arn']}.fifo"}],
        ["an SQS queue", ".fifo'"],
    ),
}


@pytest.mark.parametrize("mistake", sorted(MISTAKES))
def test_an_invalid_store_gets_one_message_and_creates_nothing(mistake: str) -> None:
    stores, parts = MISTAKES[mistake]
    recording = start_recording()

    with pytest.raises(InvalidArgumentError) as raised:
        pulumi.runtime.test(
            lambda: ErasureWorker("eraser", {**TABLES, **ERASURE, "platform": "host", "stores": stores})  # type: ignore[typeddict-item]
        )()

    message = str(raised.value)
    assert [part for part in [*parts, "Got ", "allowed: "] if part not in message] == [], message
    assert recording.resources == []


def test_reserved_concurrency_covers_mapping_and_schedule() -> None:
    with pytest.raises(InvalidArgumentError, match="from 3 to"):
        record_eraser(reserved_concurrency=2)


def test_the_sweep_is_what_the_schedule_sends() -> None:
    recording = record_eraser()

    target = recording.resource("eraser-schedule-target").inputs
    assert json.loads(target["input"]) == {"sweep": True}
    assert target["arn"].endswith("function:eraser-worker-function-1234567:live")


def test_without_protection_the_receipts_can_be_deleted() -> None:
    table = record_eraser(protect=False).resource("eraser-receipts-table")

    assert (table.protect, table.inputs["deletionProtectionEnabled"]) == (False, False)
