"""CloudWatch: log groups, alarms, dashboards."""

from pulumi_localaws.resources.document_checks import build_property_check, check_json_object
from pulumi_localaws.resources.input_schema import BOOL, INT, NUMBER, STR, STR_LIST, ListOf, MapOf, ObjectOf
from pulumi_localaws.resources.resource_type import (
    AutoNaming,
    Properties,
    ResourceContext,
    ResourceResult,
    define_resource_type,
)


def _read_log_group(ctx: ResourceContext, name: str) -> ResourceResult:
    groups = ctx.call("logs", "describe_log_groups", logGroupNamePrefix=name)["logGroups"]
    log_group = next((group for group in groups if group["logGroupName"] == name), None)
    if log_group is None:
        raise ctx.build_error(
            f"the log group {name!r} does not exist. Use the name of an existing log group."
        )
    outputs = {
        "name": name,
        "arn": ctx.build_arn("logs", f"log-group:{name}"),
        "retentionInDays": log_group.get("retentionInDays", 0),
    }
    return ResourceResult(name, outputs)


def _create_log_group(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    name = inputs["name"]
    ctx.call(
        "logs",
        "create_log_group",
        logGroupName=name,
        kmsKeyId=inputs.get("kmsKeyId"),
        logGroupClass=inputs.get("logGroupClass"),
        tags=dict(ctx.tags) or None,
    )
    if not inputs.get("skipDestroy"):
        ctx.record_undo("logs", "delete_log_group", logGroupName=name)
    # In Pulumi, 0 means that log events never expire.
    if inputs.get("retentionInDays"):
        ctx.call("logs", "put_retention_policy", logGroupName=name, retentionInDays=inputs["retentionInDays"])
    outputs = {
        "arn": ctx.build_arn("logs", f"log-group:{name}"),
        "retentionInDays": inputs.get("retentionInDays", 0),
    }
    return ResourceResult(name, outputs)


def _build_dimensions(values: Properties | None) -> list[dict[str, str]] | None:
    return [{"Name": name, "Value": value} for name, value in (values or {}).items()] or None


def _build_metric_query(query: Properties) -> Properties:
    metric_query = {
        "Id": query["id"],
        "AccountId": query.get("accountId"),
        "Expression": query.get("expression"),
        "Label": query.get("label"),
        "Period": query.get("period"),
        "ReturnData": query.get("returnData"),
    }
    if metric := query.get("metric"):
        name = {
            "MetricName": metric["metricName"],
            "Namespace": metric.get("namespace"),
            "Dimensions": _build_dimensions(metric.get("dimensions")),
        }
        metric_query["MetricStat"] = _without_none(
            {
                "Metric": _without_none(name),
                "Period": metric["period"],
                "Stat": metric["stat"],
                "Unit": metric.get("unit"),
            }
        )
    return _without_none(metric_query)


def _without_none(values: Properties) -> Properties:
    return {name: value for name, value in values.items() if value is not None}


def _create_alarm(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    ctx.call(
        "cloudwatch",
        "put_metric_alarm",
        **ctx.to_aws(inputs),
        Dimensions=_build_dimensions(inputs.get("dimensions")),
        Metrics=[_build_metric_query(query) for query in inputs.get("metricQueries", [])] or None,
        Tags=ctx.build_tag_list(),
    )
    ctx.record_undo("cloudwatch", "delete_alarms", AlarmNames=[inputs["name"]])
    return ResourceResult(inputs["name"], {"arn": ctx.build_arn("cloudwatch", f"alarm:{inputs['name']}")})


def _create_dashboard(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    ctx.call("cloudwatch", "put_dashboard", **ctx.to_aws(inputs))
    ctx.record_undo("cloudwatch", "delete_dashboards", DashboardNames=[inputs["dashboardName"]])
    arn = f"arn:aws:cloudwatch::{ctx.account}:dashboard/{inputs['dashboardName']}"
    return ResourceResult(inputs["dashboardName"], {"dashboardArn": arn})


RESOURCE_TYPES = (
    define_resource_type(
        "aws:cloudwatch/logGroup:LogGroup",
        {"name": STR, "kmsKeyId": STR, "logGroupClass": STR, "retentionInDays": INT, "skipDestroy": BOOL},
        create=_create_log_group,
        outputs=("arn",),
        naming=AutoNaming("name", 512, prefix_property="namePrefix"),
        tags=True,
        read=_read_log_group,
    ),
    define_resource_type(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        {
            "name": STR,
            "actionsEnabled": BOOL,
            "alarmActions": STR_LIST,
            "alarmDescription": STR,
            "comparisonOperator": STR,
            "datapointsToAlarm": INT,
            "dimensions": MapOf(STR),
            "evaluateLowSampleCountPercentiles": STR,
            "evaluationPeriods": INT,
            "extendedStatistic": STR,
            "insufficientDataActions": STR_LIST,
            "metricName": STR,
            "metricQueries": ListOf(
                ObjectOf(
                    {
                        "id": STR,
                        "accountId": STR,
                        "expression": STR,
                        "label": STR,
                        "period": INT,
                        "returnData": BOOL,
                        "metric": ObjectOf(
                            {
                                "metricName": STR,
                                "period": INT,
                                "stat": STR,
                                "dimensions": MapOf(STR),
                                "namespace": STR,
                                "unit": STR,
                            }
                        ),
                    }
                )
            ),
            "namespace": STR,
            "okActions": STR_LIST,
            "period": INT,
            "statistic": STR,
            "threshold": NUMBER,
            "thresholdMetricId": STR,
            "treatMissingData": STR,
            "unit": STR,
        },
        create=_create_alarm,
        aws_names={
            "name": "AlarmName",
            "okActions": "OKActions",
            "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
            "dimensions": None,
            "metricQueries": None,
        },
        outputs=("arn",),
        naming=AutoNaming("name", 255),
        tags=True,
    ),
    define_resource_type(
        "aws:cloudwatch/dashboard:Dashboard",
        {"dashboardName": STR, "dashboardBody": STR},
        create=_create_dashboard,
        outputs=("dashboardArn",),
        check=build_property_check("dashboardBody", check_json_object),
    ),
)
