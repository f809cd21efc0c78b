"""Failed batches of a DynamoDB stream: limited retries, smaller batches and partial failures.

Sources: Lambda API Reference, "CreateEventSourceMapping" (MaximumRetryAttempts, BisectBatchOnFunctionError),
and Developer Guide, "Configuring partial batch response with DynamoDB and Lambda" (the lowest sequence
number is the checkpoint). Whether a split counts as a retry must be tried on AWS: here it does not.

The emulator's interpreter loads this module beside its start script, so it uses only ministack and the
standard library.
"""

from collections.abc import Callable
from typing import Any

_REPLACEMENTS = (
    (
        "            raw_len = len(batch)\n",
        "            raw_len = len(batch)\n            raw_batch = batch\n",
    ),
    (
        '            event = {"Records": batch}\n            result = _execute_function(func_rec, event)\n',
        (
            "            result, batch, raw_len = _local_aws_stream_retries.process("
            "esm, func_rec, batch, raw_batch, source_arn)\n"
        ),
    ),
)

_Records = list[dict[str, Any]]


def retry_as_aws(replace_in_function: Callable[..., None]) -> None:
    """Let the running emulator retry failed batches of DynamoDB streams as Lambda does.

    Args:
        replace_in_function: The function of `source_patch`.
    """
    from ministack.services import lambda_svc  # noqa: PLC0415 - loaded before ministack

    lambda_svc._local_aws_stream_retries = StreamRetries(lambda_svc)  # noqa: SLF001 - our own name
    replace_in_function(lambda_svc, "_poll_dynamodb_streams", _REPLACEMENTS)


class StreamRetries:
    """Counts the retries of each event source mapping, and the size of its next batch.

    Args:
        lambda_svc: The emulator's module.
    """

    def __init__(self, lambda_svc: Any) -> None:
        self._lambda_svc = lambda_svc
        self._retries: dict[tuple[str, str], int] = {}
        self._sizes: dict[str, int] = {}

    def process(
        self, mapping: dict[str, Any], function: Any, batch: _Records, raw_batch: _Records, stream_arn: str
    ) -> tuple[dict[str, Any], _Records, int]:
        """Invoke the function with a batch, or with the first part of it after a split.

        Args:
            mapping: The event source mapping.
            function: The function's record in the emulator.
            batch: The records that match the mapping's filter.
            raw_batch: All records.
            stream_arn: The stream.

        Returns:
            The result, the records that were processed, and the number of records that are done with them. An
            error in the result lets the emulator deliver the same records again.
        """
        mapping_id = mapping["UUID"]
        size = min(self._sizes.get(mapping_id, len(batch)), len(batch))
        batch = batch[:size]
        result = self._lambda_svc._execute_function(function, {"Records": batch})  # noqa: SLF001 - pinned
        done_count = size if not result.get("error") else 0
        if done_count and "ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", []):
            done_count = _count_before_failure(result.get("body"), batch)
        if done_count:
            self._sizes.pop(mapping_id, None)
            return result, batch[:done_count], _count_raw(raw_batch, batch[:done_count])
        result = {**result, "error": True}
        if mapping.get("BisectBatchOnFunctionError") and size > 1:
            self._sizes[mapping_id] = size // 2
            return result, batch, _count_raw(raw_batch, batch)
        return (
            self._retry_or_discard(mapping, function, batch, stream_arn, result),
            batch,
            _count_raw(raw_batch, batch),
        )

    def _retry_or_discard(
        self, mapping: dict[str, Any], function: Any, batch: _Records, stream_arn: str, result: dict[str, Any]
    ) -> dict[str, Any]:
        """Return an error for a retry, or a success if the records are discarded."""
        key = (mapping["UUID"], _sequence_number(batch[0]))
        self._retries[key] = self._retries.get(key, 0) + 1
        limit = mapping.get("MaximumRetryAttempts")
        if limit is None or int(limit) < 0 or self._retries[key] <= int(limit):
            return result
        del self._retries[key]
        self._sizes.pop(mapping["UUID"], None)
        self._lambda_svc._send_ddb_stream_failure_record(  # noqa: SLF001 - the emulator's version is pinned
            mapping, function, batch, stream_arn, result, "RetryAttemptsExhausted"
        )
        return {"body": None}


def _sequence_number(record: dict[str, Any]) -> str:
    return str(record.get("dynamodb", {}).get("SequenceNumber", ""))


def _count_before_failure(response: Any, batch: _Records) -> int:
    """Return how many records precede the first one that the function reported as failed.

    An identifier that is not in the batch fails the whole batch.
    """
    failures = (response.get("batchItemFailures") or []) if isinstance(response, dict) else []
    numbers = [_sequence_number(record) for record in batch]
    identifiers = [str(failure.get("itemIdentifier") or "") for failure in failures]
    if any(identifier not in numbers for identifier in identifiers):
        return 0
    return min((numbers.index(identifier) for identifier in identifiers), default=len(batch))


def _count_raw(raw_batch: _Records, batch: _Records) -> int:
    """Return the number of records up to the last one of a batch, with those that the filter skipped."""
    last = batch[-1]
    return next(index for index, record in enumerate(raw_batch, 1) if record is last)
