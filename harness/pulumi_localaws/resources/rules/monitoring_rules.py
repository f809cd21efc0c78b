"""Rules of CloudWatch alarms and log groups."""

from pulumi_localaws.resources.resource_type import Properties, ResourceContext
from pulumi_localaws.resources.rules.rule import Rule, build_choice_rule

_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
_ALARM_PAGE = "CloudWatch API: PutMetricAlarm"
_QUERY_PAGE = "CloudWatch API: MetricDataQuery, MetricStat"
_SHORT_PERIODS = (10, 20, 30)
_SHORT_QUERY_PERIODS = (1, 5, *_SHORT_PERIODS)
_METRIC_INPUTS = (
    "dimensions", "extendedStatistic", "metricName", "namespace", "period", "statistic", "unit",
)  # fmt: skip
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_RETENTION_DAYS = (
    0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
    3653,
)  # fmt: skip


def _check_period(_: ResourceContext, inputs: Properties) -> str | None:
    return _describe_period("period", inputs["period"], _SHORT_PERIODS)


def _check_query_periods(_: ResourceContext, inputs: Properties) -> str | None:
    for index, query in enumerate(inputs["metricQueries"]):
        for path, item in (("period", query), ("metric.period", query.get("metric", {}))):
            if "period" in item and (problem := _describe_period(path, item["period"], _SHORT_QUERY_PERIODS)):
                return f"metricQueries[{index}].{problem}"
    return None


def _describe_period(path: str, period: int, short_periods: tuple[int, ...]) -> str | None:
    if period in short_periods or (period > 0 and period % _MINUTE == 0):
        return None
    return f"{path} is {period}; allowed: {', '.join(map(str, short_periods))}, or a multiple of 60"


def _check_query_inputs(_: ResourceContext, inputs: Properties) -> str | None:
    names = [name for name in _METRIC_INPUTS if name in inputs]
    if names:
        return f"metricQueries and {', '.join(names)} are both set. Move the settings into metricQueries"
    return None


def _check_interval(_: ResourceContext, inputs: Properties) -> str | None:
    interval = inputs["period"] * inputs.get("evaluationPeriods", 1)
    days = 7 if inputs["period"] >= _HOUR else 1
    if interval <= days * _DAY:
        return None
    return f"period times evaluationPeriods is {interval} s; allowed for this period: at most {days * _DAY} s"


def _check_datapoints(_: ResourceContext, inputs: Properties) -> str | None:
    if inputs["datapointsToAlarm"] <= inputs.get("evaluationPeriods", 1):
        return None
    return (
        f"datapointsToAlarm is {inputs['datapointsToAlarm']}; allowed: at most evaluationPeriods,"
        f" {inputs.get('evaluationPeriods', 1)}"
    )


def _check_statistic(_: ResourceContext, inputs: Properties) -> str | None:
    statistics = [name for name in ("statistic", "extendedStatistic") if inputs.get(name)]
    if len(statistics) == 1:
        return None
    problem = "are both set" if statistics else "are missing"
    return f"statistic and extendedStatistic {problem}. Set exactly one of them for metricName"


RULES = (
    Rule(_ALARM, ("period",), "period is 10, 20, 30 or a multiple of 60", _ALARM_PAGE, _check_period),
    Rule(
        _ALARM,
        ("metricQueries",),
        "The periods of metricQueries are 1, 5, 10, 20, 30 or a multiple of 60",
        _QUERY_PAGE,
        _check_query_periods,
    ),
    Rule(
        _ALARM,
        ("metricQueries", *_METRIC_INPUTS),
        "An alarm with metricQueries has no settings of a single metric",
        _ALARM_PAGE,
        _check_query_inputs,
    ),
    Rule(
        _ALARM,
        ("period", "evaluationPeriods"),
        "period times evaluationPeriods is at most a day; at most 7 days for a period of an hour or more",
        _ALARM_PAGE,
        _check_interval,
    ),
    Rule(
        _ALARM,
        ("datapointsToAlarm", "evaluationPeriods"),
        "datapointsToAlarm is at most evaluationPeriods",
        _ALARM_PAGE,
        _check_datapoints,
    ),
    Rule(
        _ALARM,
        ("metricName", "statistic", "extendedStatistic"),
        "An alarm of one metric has either statistic or extendedStatistic",
        _ALARM_PAGE,
        _check_statistic,
    ),
    build_choice_rule(
        _ALARM, "treatMissingData", ("breaching", "ignore", "missing", "notBreaching"), _ALARM_PAGE
    ),
    build_choice_rule(
        "aws:cloudwatch/logGroup:LogGroup",
        "retentionInDays",
        _RETENTION_DAYS,
        "CloudWatch Logs API: PutRetentionPolicy",
    ),
)
