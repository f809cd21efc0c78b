"""Metrics in log lines: which lines CloudWatch publishes."""

import json

import pytest
from pulumi_localaws.local.embedded_metrics import InvalidMetricsError, parse_metrics

METRICS = [{"Name": "Created", "Unit": "Count"}, {"Name": "Latency", "StorageResolution": 1}]
DIRECTIVE = {"Namespace": "App", "Dimensions": [["service"], []], "Metrics": METRICS}


def line(directive=None, timestamp=1_770_000_000_500, **values):
    metadata = {"Timestamp": timestamp, "CloudWatchMetrics": [{**DIRECTIVE, **(directive or {})}]}
    return json.dumps({"_aws": metadata, "service": "a", "Created": 1, "Latency": [0.5, 2], **values})


def test_metrics_of_each_dimension_set():
    created = {"MetricName": "Created", "Unit": "Count", "Values": [1]}
    latency = {"MetricName": "Latency", "Unit": "None", "Values": [0.5, 2]}
    service = [{"Name": "service", "Value": "a"}]

    (metric_data,) = parse_metrics(line())

    assert metric_data == {
        "Namespace": "App",
        "MetricData": [
            {**metric, "Dimensions": dimensions, "Timestamp": 1_770_000_000.5}
            for dimensions in (service, [])
            for metric in (created, latency)
        ],
    }


def test_lambda_may_write_metadata_before_the_document():
    assert parse_metrics(f"2026-02-02T02:40:00.500Z\trequest-1\t{line()}") == parse_metrics(line())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "START RequestId: 1",
        '{"level": "INFO"}',
        line()[:-1],
        line() + " done",
        '{"_aws": 1}',
        '{"_aws": {"Timestamp": 1}}',
        f'["_aws", {line()}]',
    ],
)
def test_other_lines_have_no_metrics(text):
    assert parse_metrics(text) == []


@pytest.mark.parametrize(
    "text",
    [
        line(timestamp=None),
        line(timestamp="now"),
        line({"Namespace": ""}),
        line({"Metrics": "Created"}),
        line({"Metrics": [{"Name": "Missing"}]}),
        line({"Metrics": [{"Name": "Created", "Unit": "Users"}]}),
        line({"Metrics": [{"Name": "Created", "StorageResolution": 30}]}),
        line({"Dimensions": ["service"]}),
        line({"Dimensions": [["missing"]]}),
        line({"Dimensions": [[str(n) for n in range(31)]]}),
        line(service=1),
        line(Created="1"),
        line(Created=True),
        line(Created=[]),
        line(Created=[1] * 101),
        line(Created=[1, "2"]),
    ],
)
def test_line_against_the_specification_is_rejected(text):
    with pytest.raises(InvalidMetricsError):
        parse_metrics(text)
