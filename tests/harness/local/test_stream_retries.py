"""Retries of failed batches of a DynamoDB stream."""

from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from pulumi_localaws.local.source_patch import replace_in_function
from pulumi_localaws.local.stream_retries import StreamRetries

NAMES = ["a", "b", "poison", "c"]
PARTIAL = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}


def record(name: str) -> dict[str, Any]:
    return {"name": name, "dynamodb": {"SequenceNumber": f"number-{name}"}}


class Stream:
    """A stream with a mapping to a function that fails for the record `poison`, polled until all are done."""

    def __init__(self, **settings: Any) -> None:
        self.mapping = {"UUID": "mapping-1", **settings}
        self.records = [record(name) for name in NAMES]
        self.batches: list[list[str]] = []
        self.discarded: list[tuple[list[str], str]] = []
        self.response: Any = None
        self.retries = StreamRetries(
            SimpleNamespace(_execute_function=self.invoke, _send_ddb_stream_failure_record=self.discard)
        )

    def invoke(self, _: Any, event: dict[str, Any]) -> dict[str, Any]:
        names = [record["name"] for record in event["Records"]]
        self.batches.append(names)
        if "FunctionResponseTypes" in self.mapping:
            failures = [name for name in names if name == "poison"]
            return {
                "body": {"batchItemFailures": [{"itemIdentifier": f"number-{name}"} for name in failures]}
            }
        return {"error": True} if "poison" in names else {"body": None}

    def discard(self, _: Any, __: Any, batch: list[Any], ___: str, ____: Any, condition: str) -> None:
        self.discarded.append(([record["name"] for record in batch], condition))

    def poll(self, times: int = 20, skipped: str = "") -> None:
        for _ in range(times):
            matches = [record for record in self.records if record["name"] != skipped]
            if not matches:
                return
            result, _, count = self.retries.process(self.mapping, {}, matches, self.records, "stream")
            if not result.get("error"):
                self.records = self.records[count:]


def test_batch_is_discarded_after_its_last_retry() -> None:
    stream = Stream(MaximumRetryAttempts=2)
    stream.poll()

    assert stream.batches == [NAMES] * 3
    assert stream.discarded == [(NAMES, "RetryAttemptsExhausted")]


@pytest.mark.parametrize("settings", [{}, {"MaximumRetryAttempts": -1}])
def test_batch_is_retried_without_end_by_default(settings: dict[str, int]) -> None:
    stream = Stream(**settings)
    stream.poll(times=5)

    assert (stream.batches, stream.discarded) == ([NAMES] * 5, [])


def test_failed_batch_is_split_until_the_failing_record_is_alone() -> None:
    stream = Stream(MaximumRetryAttempts=0, BisectBatchOnFunctionError=True)
    stream.poll()

    assert stream.batches == [NAMES, ["a", "b"], ["poison", "c"], ["poison"], ["c"]]
    assert stream.discarded == [(["poison"], "RetryAttemptsExhausted")]


def test_partial_failure_is_retried_from_the_first_failed_record() -> None:
    stream = Stream(MaximumRetryAttempts=1, **PARTIAL)
    stream.poll()

    assert stream.batches == [NAMES, ["poison", "c"], ["poison", "c"]]
    assert stream.discarded == [(["poison", "c"], "RetryAttemptsExhausted")]


@pytest.mark.parametrize("body", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}])
def test_response_without_failures_is_a_success(body: Any) -> None:
    stream = Stream(**PARTIAL)
    stream.retries._lambda_svc._execute_function = lambda *_: {"body": body}
    stream.poll()

    assert stream.records == []


@pytest.mark.parametrize("identifier", ["", None, "unknown"])
def test_unknown_identifier_fails_the_whole_batch(identifier: str | None) -> None:
    stream = Stream(**PARTIAL)
    body = {"batchItemFailures": [{"itemIdentifier": identifier}]}
    stream.retries._lambda_svc._execute_function = lambda *_: {"body": body}
    stream.poll(times=2)

    assert len(stream.records) == len(NAMES)


def test_records_that_the_filter_skips_are_done_with_those_before_and_after_them() -> None:
    stream = Stream()
    stream.poll(skipped="poison")

    assert (stream.batches, stream.records) == ([["a", "b", "c"]], [])


def test_changed_function_of_the_emulator_is_named() -> None:
    module = ModuleType("emulator")
    module.poll = lambda: None  # type: ignore[attr-defined]

    with pytest.raises(RuntimeError, match="the emulator's function poll has changed near"):
        replace_in_function(module, "poll", [("no such place", "replacement")])
