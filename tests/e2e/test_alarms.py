"""Alarms on the functions' own metrics: what a function logs raises the alarm that watches it."""

import json

import pytest

pytestmark = pytest.mark.backends("embedded")


def metric_data(stack, log_group):
    """Return the metrics in a function's log, as CloudWatch extracts them; the local AWS does not."""
    logs = stack.aws("logs")
    metrics = []
    for page in logs.get_paginator("filter_log_events").paginate(logGroupName=log_group):
        for event in page["events"]:
            if '"CloudWatchMetrics"' not in event["message"]:
                continue
            document = json.loads(event["message"][event["message"].index("{") :])
            for directive in document["_aws"]["CloudWatchMetrics"]:
                metrics += [
                    {
                        "Namespace": directive["Namespace"],
                        "MetricName": metric["Name"],
                        "Dimensions": {key: document[key] for key in directive["Dimensions"][0]},
                        "Value": document[metric["Name"]][0],
                    }
                    for metric in directive["Metrics"]
                ]
    return metrics


def test_lost_registration_raises_its_alarm(client, stack, deny, eventually):
    """Table and queue refuse: the user is in neither, and the alarm is the only notice."""
    user = client.sign_up()
    deny("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:TransactWriteItems", "sqs:SendMessage")
    cloudwatch = stack.aws("cloudwatch")
    name = stack.get_resource_id("aws:cloudwatch/metricAlarm:MetricAlarm", "post-confirmation-lost")
    [alarm] = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    dimensions = {item["Name"]: item["Value"] for item in alarm["Dimensions"]}

    client.confirm(user)

    log_group = stack.get_resource_id("aws:cloudwatch/logGroup:LogGroup", "post-confirmation")
    [metric, *_] = eventually(
        "the metric",
        lambda: [
            item
            for item in metric_data(stack, log_group)
            if (item["Namespace"], item["MetricName"], item["Dimensions"])
            == (alarm["Namespace"], alarm["MetricName"], dimensions)
        ],
    )
    cloudwatch.put_metric_data(
        Namespace=metric["Namespace"],
        MetricData=[
            {"MetricName": metric["MetricName"], "Dimensions": alarm["Dimensions"], "Value": metric["Value"]}
        ],
    )
    [after] = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert after["StateValue"] == "ALARM"
