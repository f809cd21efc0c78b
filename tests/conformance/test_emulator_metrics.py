"""Metrics that a function writes to its log, on a running local AWS."""

import uuid
from typing import Any

from conformance_aws import AwsResources

METRICS_FUNCTION = """
import json, time

def handler(event, context):
    for namespace, unit, value in (("@namespace@", "Count", [1, 2]), ("@namespace@", "Users", 50)):
        metrics = [{"Name": "Created", "Unit": unit}]
        directive = {"Namespace": namespace, "Dimensions": [["service"]], "Metrics": metrics}
        metadata = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
        print(json.dumps({"_aws": metadata, "service": "shop", "Created": value}))
    if event.get("fail"):
        raise ValueError("after the metrics")
"""


def test_metrics_in_a_log_raise_an_alarm(aws: AwsResources) -> None:
    """Line 40 (doc): values add up, also those of a function that failed; an invalid line is ignored."""
    namespace = f"App-{uuid.uuid4().hex[:8]}"
    arn = aws.create_function(METRICS_FUNCTION.replace("@namespace@", namespace))
    cloudwatch = aws.local_aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=namespace,
        Namespace=namespace,
        MetricName="Created",
        Dimensions=[{"Name": "service", "Value": "shop"}],
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
    )

    aws.lambda_.invoke(FunctionName=arn)
    state_after_one = describe_alarm(cloudwatch, namespace)["StateValue"]
    aws.lambda_.invoke(FunctionName=arn, Payload=b'{"fail": true}')

    assert (state_after_one, describe_alarm(cloudwatch, namespace)["StateValue"]) == ("OK", "ALARM")


def describe_alarm(cloudwatch: Any, name: str) -> dict[str, Any]:
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return dict(alarm)
