"""Metrics in log lines: CloudWatch's embedded metric format (EMF), which the emulator ignores.

The emulator's process loads this file by its path, because its interpreter may lack this package. Therefore
it uses only ministack and the standard library.
"""

import functools
import json
import logging
from typing import Any

log = logging.getLogger(__name__)

# User guide, "Specification: Embedded metric format", and API reference, "MetricDatum".
_MAX_LINE_BYTES = 1 << 20
_MAX_VALUES = 100
_MAX_METRICS = 100
_MAX_DIMENSIONS = 30
_MAX_NAME_LENGTH = 1024
_RESOLUTIONS = (1, 60)
_UNITS = frozenset({
    "Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes",
    "Bits", "Kilobits", "Megabits", "Gigabits", "Terabits", "Percent", "Count", "Bytes/Second",
    "Kilobytes/Second", "Megabytes/Second", "Gigabytes/Second", "Terabytes/Second", "Bits/Second",
    "Kilobits/Second", "Megabits/Second", "Gigabits/Second", "Terabits/Second", "Count/Second", "None",
})  # fmt: skip


class InvalidMetricsError(Exception):
    """A log line is in the embedded metric format, but it does not follow the specification."""


def parse_metrics(line: str) -> list[dict[str, Any]]:
    """Return the inputs of PutMetricData for the metrics in a log line; [] for any other line.

    Lambda may write a timestamp and a request ID before the JSON document, but nothing may follow it.

    Args:
        line: The log line.

    Raises:
        InvalidMetricsError: The line has metrics, but it does not follow the specification.
    """
    start = line.find("{")
    if start < 0 or '"_aws"' not in line or len(line.encode()) > _MAX_LINE_BYTES:
        return []
    try:
        document = json.loads(line[start:])
    except ValueError:
        return []
    metadata = document.get("_aws") if isinstance(document, dict) else None
    if not isinstance(metadata, dict) or "CloudWatchMetrics" not in metadata:
        return []
    timestamp: Any = metadata.get("Timestamp")
    _require(_is_number(timestamp), "Timestamp must be a number")
    directives = metadata["CloudWatchMetrics"]
    _require(isinstance(directives, list), "CloudWatchMetrics must be a list")
    return [_parse_directive(document, directive, timestamp / 1000) for directive in directives]


def _parse_directive(document: dict[str, Any], directive: Any, timestamp: float) -> dict[str, Any]:
    _require(isinstance(directive, dict), "a metric directive must be an object")
    namespace, metrics = directive.get("Namespace"), directive.get("Metrics")
    _require(_is_name(namespace), "Namespace must be a string")
    _require(isinstance(metrics, list) and len(metrics) <= _MAX_METRICS, "Metrics must be a list")
    dimension_sets = directive.get("Dimensions")
    _require(isinstance(dimension_sets, list), "Dimensions must be a list of lists")
    data = [
        {**_parse_metric(document, metric), "Dimensions": dimensions, "Timestamp": timestamp}
        for dimensions in [_parse_dimensions(document, names) for names in dimension_sets]
        for metric in metrics
    ]
    return {"Namespace": namespace, "MetricData": data}


def _parse_dimensions(document: dict[str, Any], names: Any) -> list[dict[str, str]]:
    is_list = isinstance(names, list) and len(names) <= _MAX_DIMENSIONS
    _require(is_list and all(map(_is_name, names)), "a dimension set must be a list of names")
    _require(all(_is_name(document.get(name)) for name in names), "a dimension's value must be a string")
    return [{"Name": name, "Value": document[name]} for name in names]


def _parse_metric(document: dict[str, Any], metric: Any) -> dict[str, Any]:
    _require(isinstance(metric, dict) and _is_name(metric.get("Name")), "a metric must have a name")
    unit = metric.get("Unit", "None")
    _require(unit in _UNITS, "unknown unit")
    _require(metric.get("StorageResolution", 60) in _RESOLUTIONS, "StorageResolution must be 1 or 60")
    value = document.get(metric["Name"])
    values = value if isinstance(value, list) else [value]
    is_valid = 0 < len(values) <= _MAX_VALUES and all(map(_is_number, values))
    _require(is_valid, "a metric's value must be a number, or a list of 1 to 100 numbers")
    return {"MetricName": metric["Name"], "Unit": unit, "Values": values}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) != float("inf")


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MAX_NAME_LENGTH


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise InvalidMetricsError(message)


def publish_metrics_of_logs() -> None:
    """Let the emulator's CloudWatch Logs publish the metrics in each stored log line."""
    from ministack.services import cloudwatch, cloudwatch_logs  # noqa: PLC0415

    store_events = cloudwatch_logs._append_log_events  # noqa: SLF001 - the emulator's version is pinned
    put_metric_data = cloudwatch._put_metric_data  # noqa: SLF001 - as above

    @functools.wraps(store_events)
    def store_events_and_metrics(stream: Any, events: list[dict[str, Any]]) -> None:
        store_events(stream, events)
        for event in events:
            for metric_data in _parse_or_log(str(event.get("message"))):
                # The context has the account and the region of the log.
                put_metric_data({}, metric_data, is_cbor=False, is_json=True)

    cloudwatch_logs._append_log_events = store_events_and_metrics  # noqa: SLF001 - as above


def _parse_or_log(line: str) -> list[dict[str, Any]]:
    try:
        return parse_metrics(line)
    except InvalidMetricsError as error:
        log.warning("metrics in a log line ignored: %s", error)
        return []
