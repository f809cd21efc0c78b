"""The state machine that creates profiles for existing users, in segments of a table."""

from typing import Any

_THROTTLED = {
    "ErrorEquals": ["Lambda.TooManyRequestsException"],
    "IntervalSeconds": 2,
    "BackoffRate": 2,
    # Sign-ups and the API have the concurrency now: wait for days, five minutes at most each time.
    "MaxDelaySeconds": 300,
    # Each attempt adds three events to the history of the child execution, which can have 25,000.
    "MaxAttempts": 5000,
    "JitterStrategy": "FULL",
}
"""Neither the account nor the function has free concurrency (AWS Step Functions Developer Guide, "Handle
transient Lambda service exceptions" and "Service quotas": a history has at most 25,000 events)."""
_UNKNOWN = {
    # The function ended before it answered, for example at its time limit or without memory: the ledger has
    # its progress. The local AWS reports throttling in this way, too.
    "ErrorEquals": ["Lambda.Unknown", "Runtime.ExitError"],
    "IntervalSeconds": 2,
    "BackoffRate": 2,
    "MaxDelaySeconds": 300,
    "MaxAttempts": 10,
    "JitterStrategy": "FULL",
}
"""A limited number of attempts: a function that crashes each time must not be invoked for days.

AWS documents `Lambda.Unknown` for out-of-memory errors and time-outs (AWS Step Functions Developer Guide,
"Handle transient Lambda service exceptions"). Step Functions takes the name of a failed invocation from its
`errorType`, and Lambda's is `Runtime.ExitError` for a killed process. So both names are here."""
_FAILED = {
    "ErrorEquals": [
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
        "Sandbox.Timedout",
        "States.Timeout",
    ],
    "IntervalSeconds": 2,
    "BackoffRate": 2,
    "MaxAttempts": 6,
    "JitterStrategy": "FULL",
}

_INPUT_OVER_DEFAULTS = "States.JsonMerge($.given, $$.Execution.Input, false)"

LABEL = "Segments"
"""Label of the map, which is part of the ARNs of its child executions."""


def definition(
    worker_arn: str, *, table: str, segments: int, max_concurrency: int, worker_seconds: int
) -> dict[str, Any]:
    """Return the state machine in Amazon States Language.

    Its input is `{"table"?, "dryRun"?, "segments"?, "only"?, "rule"?, "runId"?}` or `{"job": …}`; the
    definition contains the defaults. It invokes the worker with these payloads:

    * `{"action": "prepare", "execution", …the input…}`: returns `runId`, `token` and `items`, the numbers of
      the open segments. A run that is resumed has fewer items.
    * `{"action": "work", "runId", "token", "segment"}`: returns this and `done` before the function's
      time-out; while `done` is false, the state machine invokes the worker again.
    * `{"action": "orphans", "runId", "token"}`: only for a verification, when all users are compared. Returns
      the numbers of the units that look for profiles without a user. The same map processes them.
    * `{"action": "finish", "runId", "token"}`: reads the results of the segments, stores the report and
      returns it. A failed segment does not stop the others; this step decides whether the execution fails.

    Args:
        worker_arn: ARN of the worker's alias. A task can use it directly as its resource.
        table: Table to use if the input names none.
        segments: Number of segments if the input has none.
        max_concurrency: Number of segments that are processed at the same time.
        worker_seconds: The worker's time-out.

    Returns:
        The definition.
    """
    task = {
        "Type": "Task",
        "Resource": worker_arn,
        "TimeoutSeconds": worker_seconds + 30,
        "Retry": [_THROTTLED, _UNKNOWN, _FAILED],
    }
    return {
        "Comment": "Creates the missing profiles of existing users",
        "StartAt": "Defaults",
        "States": {
            "Defaults": {
                "Type": "Pass",
                "Parameters": {
                    "given": {"table": table, "dryRun": False, "segments": segments},
                    "step": {"action": "prepare", "execution.$": "$$.Execution.Id"},
                },
                "Next": "Request",
            },
            "Request": {
                "Type": "Pass",
                "Parameters": {"event.$": f"States.JsonMerge({_INPUT_OVER_DEFAULTS}, $.step, false)"},
                "OutputPath": "$.event",
                "Next": "Prepare",
            },
            "Prepare": {**task, "Next": "Segments"},
            "Segments": _segments_map(task, max_concurrency),
            "Orphans?": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.searchesOrphans", "BooleanEquals": True, "Next": "Orphans"}],
                "Default": "Finish",
            },
            "Orphans": {
                **task,
                "Parameters": {"action": "orphans", "runId.$": "$.runId", "token.$": "$.token"},
                "Next": "Segments",
            },
            "Finish": {
                **task,
                "Parameters": {"action": "finish", "runId.$": "$.runId", "token.$": "$.token"},
                "End": True,
            },
        },
    }


def _segments_map(task: dict[str, Any], max_concurrency: int) -> dict[str, Any]:
    """Return the map that invokes the worker for each segment until the segment is done."""
    return {
        "Type": "Map",
        "Label": LABEL,
        "ItemsPath": "$.items",
        "ItemSelector": {
            "action": "work",
            "runId.$": "$.runId",
            "token.$": "$.token",
            "segment.$": "$$.Map.Item.Value",
        },
        "MaxConcurrency": max_concurrency,
        "ToleratedFailurePercentage": 100,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Work",
            "States": {
                "Work": {**task, "Next": "Done?"},
                "Done?": {
                    "Type": "Choice",
                    "Choices": [{"Variable": "$.done", "BooleanEquals": True, "Next": "Worked"}],
                    "Default": "Work",
                },
                "Worked": {"Type": "Pass", "Result": {"done": True}, "End": True},
            },
        },
        "ResultPath": None,
        # A map that fails as a whole leaves open segments, which the last step reports.
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Finish"}],
        "Next": "Orphans?",
    }
