"""CloudWatch: log groups, alarms, dashboards."""

from pulumi_localaws.resources.input_schema import BOOL, INT, NUMBER, STR, STRS, ListOf, MapOf, Obj
from pulumi_localaws.resources.policy_documents import check_json, policy_check
from pulumi_localaws.resources.resource_type import Args, Context, Made, Naming, resource_type


def _read_group(ctx: Context, name: str) -> Made:
    groups = ctx.call("logs", "describe_log_groups", logGroupNamePrefix=name)["logGroups"]
    found = next((group for group in groups if group["logGroupName"] == name), None)
    if found is None:
        raise ctx.error(f"there is no log group {name!r}")
    outputs = {
        "name": name,
        "arn": ctx.arn("logs", f"log-group:{name}"),
        "retentionInDays": found.get("retentionInDays", 0),
    }
    return Made(name, outputs)


def _create_log_group(ctx: Context, args: Args) -> Made:
    name = args["name"]
    ctx.call(
        "logs",
        "create_log_group",
        logGroupName=name,
        kmsKeyId=args.get("kmsKeyId"),
        logGroupClass=args.get("logGroupClass"),
        tags=dict(ctx.tags) or None,
    )
    if not args.get("skipDestroy"):
        ctx.undo("logs", "delete_log_group", logGroupName=name)
    # 0 is Pulumi's word for "for ever".
    if args.get("retentionInDays"):
        ctx.call("logs", "put_retention_policy", logGroupName=name, retentionInDays=args["retentionInDays"])
    outputs = {"arn": ctx.arn("logs", f"log-group:{name}"), "retentionInDays": args.get("retentionInDays", 0)}
    return Made(name, outputs)


def _dimensions(values: Args | None) -> list[dict[str, str]] | None:
    return [{"Name": name, "Value": value} for name, value in (values or {}).items()] or None


def _query(query: Args) -> Args:
    made = {
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
            "Dimensions": _dimensions(metric.get("dimensions")),
        }
        made["MetricStat"] = _given(
            {
                "Metric": _given(name),
                "Period": metric["period"],
                "Stat": metric["stat"],
                "Unit": metric.get("unit"),
            }
        )
    return _given(made)


def _given(values: Args) -> Args:
    return {name: value for name, value in values.items() if value is not None}


def _create_alarm(ctx: Context, args: Args) -> Made:
    ctx.call(
        "cloudwatch",
        "put_metric_alarm",
        **ctx.aws(args),
        Dimensions=_dimensions(args.get("dimensions")),
        Metrics=[_query(query) for query in args.get("metricQueries", [])] or None,
        Tags=ctx.tag_list(),
    )
    ctx.undo("cloudwatch", "delete_alarms", AlarmNames=[args["name"]])
    return Made(args["name"], {"arn": ctx.arn("cloudwatch", f"alarm:{args['name']}")})


def _create_dashboard(ctx: Context, args: Args) -> Made:
    ctx.call("cloudwatch", "put_dashboard", **ctx.aws(args))
    ctx.undo("cloudwatch", "delete_dashboards", DashboardNames=[args["dashboardName"]])
    arn = f"arn:aws:cloudwatch::{ctx.account}:dashboard/{args['dashboardName']}"
    return Made(args["dashboardName"], {"dashboardArn": arn})


RESOURCE_TYPES = (
    resource_type(
        "aws:cloudwatch/logGroup:LogGroup",
        {"name": STR, "kmsKeyId": STR, "logGroupClass": STR, "retentionInDays": INT, "skipDestroy": BOOL},
        create=_create_log_group,
        outputs=("arn",),
        naming=Naming("name", 512, prefix="namePrefix"),
        tags=True,
        read=_read_group,
    ),
    resource_type(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        {
            "name": STR,
            "actionsEnabled": BOOL,
            "alarmActions": STRS,
            "alarmDescription": STR,
            "comparisonOperator": STR,
            "datapointsToAlarm": INT,
            "dimensions": MapOf(STR),
            "evaluateLowSampleCountPercentiles": STR,
            "evaluationPeriods": INT,
            "extendedStatistic": STR,
            "insufficientDataActions": STRS,
            "metricName": STR,
            "metricQueries": ListOf(
                Obj(
                    {
                        "id": STR,
                        "accountId": STR,
                        "expression": STR,
                        "label": STR,
                        "period": INT,
                        "returnData": BOOL,
                        "metric": Obj(
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
            "okActions": STRS,
            "period": INT,
            "statistic": STR,
            "threshold": NUMBER,
            "thresholdMetricId": STR,
            "treatMissingData": STR,
            "unit": STR,
        },
        create=_create_alarm,
        aws={
            "name": "AlarmName",
            "okActions": "OKActions",
            "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
            "dimensions": None,
            "metricQueries": None,
        },
        outputs=("arn",),
        naming=Naming("name", 255),
        tags=True,
    ),
    resource_type(
        "aws:cloudwatch/dashboard:Dashboard",
        {"dashboardName": STR, "dashboardBody": STR},
        create=_create_dashboard,
        outputs=("dashboardArn",),
        check=policy_check("dashboardBody", check_json),
    ),
)
