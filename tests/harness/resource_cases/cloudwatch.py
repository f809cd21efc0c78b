"""Cases of CloudWatch."""

import json

from resource_cases.case import LOG_GROUP, Case

CASES: dict[str, Case] = {
    LOG_GROUP: Case(
        inputs=lambda _: {"retentionInDays": 30.0},
        probe=lambda client, resource_id, _: client("logs").describe_log_groups(
            logGroupNamePrefix=resource_id
        )["logGroups"],
        outputs=("arn", "name"),
    ),
    "aws:cloudwatch/logStream:LogStream": Case(
        dependencies=(LOG_GROUP,),
        inputs=lambda created: {"logGroupName": created[LOG_GROUP]["name"]},
        probe=lambda client, resource_id, outputs: client("logs").describe_log_streams(
            logGroupName=outputs["logGroupName"], logStreamNamePrefix=resource_id
        )["logStreams"],
        outputs=("arn", "name"),
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": Case(
        dependencies=(LOG_GROUP,),
        inputs=lambda created: {
            "logGroupName": created[LOG_GROUP]["name"],
            "pattern": "ERROR",
            "metricTransformation": {
                "name": "Errors",
                "namespace": "Shop",
                "value": "1",
                "defaultValue": "0",
            },
        },
        probe=lambda client, resource_id, outputs: client("logs").describe_metric_filters(
            logGroupName=outputs["logGroupName"], filterNamePrefix=resource_id
        )["metricFilters"],
        outputs=("name",),
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Case(
        inputs=lambda _: {
            "namespace": "AWS/SQS",
            "metricName": "ApproximateAgeOfOldestMessage",
            "dimensions": {"QueueName": "q"},
            "statistic": "Maximum",
            "period": 60.0,
            "evaluationPeriods": 1.0,
            "threshold": 0.5,
            "comparisonOperator": "GreaterThanThreshold",
            "treatMissingData": "notBreaching",
        },
        probe=lambda client, resource_id, _: client("cloudwatch").describe_alarms(AlarmNames=[resource_id])[
            "MetricAlarms"
        ],
        outputs=("arn", "name"),
    ),
    "aws:cloudwatch/dashboard:Dashboard": Case(
        inputs=lambda _: {"dashboardName": "board", "dashboardBody": json.dumps({"widgets": []})},
        probe=lambda client, resource_id, _: client("cloudwatch").list_dashboards(
            DashboardNamePrefix=resource_id
        )["DashboardEntries"],
        outputs=("dashboardArn",),
    ),
}
