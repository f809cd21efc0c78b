"""CloudWatch Logs: log streams and metric filters."""

from pulumi_localaws.resources.input_schema import BOOL, STR, MapOf, ObjectOf
from pulumi_localaws.resources.resource_type import (
    AutoNaming,
    Properties,
    ResourceContext,
    ResourceResult,
    define_resource_type,
)

_TRANSFORMATION = ObjectOf(
    {"name": STR, "namespace": STR, "value": STR, "defaultValue": STR, "dimensions": MapOf(STR), "unit": STR},
    {
        "name": "metricName",
        "namespace": "metricNamespace",
        "value": "metricValue",
        "defaultValue": "defaultValue",
        "dimensions": "dimensions",
        "unit": "unit",
    },
)


def _create_log_stream(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    group, name = inputs["logGroupName"], inputs["name"]
    ctx.call("logs", "create_log_stream", logGroupName=group, logStreamName=name)
    ctx.record_undo("logs", "delete_log_stream", logGroupName=group, logStreamName=name)
    return ResourceResult(name, {"arn": ctx.build_arn("logs", f"log-group:{group}:log-stream:{name}")})


def _create_metric_filter(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    transformation = dict(ctx.to_aws(inputs)["metricTransformations"])
    if "defaultValue" in transformation:
        transformation["defaultValue"] = float(transformation["defaultValue"])
    names = {"logGroupName": inputs["logGroupName"], "filterName": inputs["name"]}
    ctx.call(
        "logs",
        "put_metric_filter",
        **names,
        filterPattern=inputs["pattern"].strip(),
        metricTransformations=[transformation],
        applyOnTransformedLogs=inputs.get("applyOnTransformedLogs"),
    )
    ctx.record_undo("logs", "delete_metric_filter", **names)
    return ResourceResult(inputs["name"])


RESOURCE_TYPES = (
    define_resource_type(
        "aws:cloudwatch/logStream:LogStream",
        {"logGroupName": STR, "name": STR},
        create=_create_log_stream,
        outputs=("arn",),
        naming=AutoNaming("name", 512),
    ),
    define_resource_type(
        "aws:cloudwatch/logMetricFilter:LogMetricFilter",
        {
            "applyOnTransformedLogs": BOOL,
            "logGroupName": STR,
            "metricTransformation": _TRANSFORMATION,
            "name": STR,
            "pattern": STR,
        },
        create=_create_metric_filter,
        aws_names={"metricTransformation": "metricTransformations", "name": "filterName"},
        naming=AutoNaming("name", 512),
    ),
)
