"""The state machine that brings existing users along: segments of a table, each worked on until done."""

from typing import Any

_RETRY = [
    {
        "ErrorEquals": [
            "Lambda.ClientExecutionTimeoutException",
            "Lambda.ServiceException",
            "Lambda.AWSLambdaException",
            "Lambda.SdkClientException",
            "Lambda.TooManyRequestsException",
            # The function ended before its answer: what it had done is in its checkpoint.
            "Lambda.Unknown",
            "Sandbox.Timedout",
            "States.Timeout",
        ],
        "IntervalSeconds": 2,
        "BackoffRate": 2,
        "MaxAttempts": 6,
        "JitterStrategy": "FULL",
    }
]
_AT_ONCE = 16
"""Segments worked on at a time; a table on demand takes more, but people are signing in meanwhile."""

_INPUT_OVER_DEFAULTS = "States.JsonMerge($.given, $$.Execution.Input, false)"

LABEL = "Segments"
"""Name of the map within the ARNs of its children."""


def definition(worker_arn: str, *, table: str, segments: int, worker_seconds: int) -> dict[str, Any]:
    """Write the state machine in Amazon States Language.

    Its input is `{"table"?, "dryRun"?, "segments"?, "only"?, "rule"?, "runId"?}`; what is left out comes from
    here. What the worker is called with:

    * `{"action": "prepare", …the input…}`: answers with `runId` and `items`, one for each segment.
    * An item: answers before its Lambda ends, with the item and `done`; while false it is called again.
    * `{"action": "finish", "runId"}`: reads what the segments wrote, answers with the report. A segment that
      failed doesn't stop the others; this step then says which are left.

    Args:
        worker_arn: ARN of the worker's alias. As a task's resource it needs no ARN of Step Functions' own.
        table: The table if the input names none.
        segments: Segments if the input says nothing.
        worker_seconds: The worker's time-out.

    Returns:
        The definition.
    """

    def task(**fields: Any) -> dict[str, Any]:
        return {
            "Type": "Task",
            "Resource": worker_arn,
            "TimeoutSeconds": worker_seconds + 30,
            "Retry": _RETRY,
            **fields,
        }

    return {
        "Comment": "Creates the profiles that existing users lack",
        "StartAt": "Defaults",
        "States": {
            "Defaults": {
                "Type": "Pass",
                "Result": {
                    "given": {"table": table, "dryRun": False, "segments": segments},
                    "step": {"action": "prepare"},
                },
                "Next": "Request",
            },
            "Request": {
                "Type": "Pass",
                "Parameters": {"event.$": f"States.JsonMerge({_INPUT_OVER_DEFAULTS}, $.step, false)"},
                "OutputPath": "$.event",
                "Next": "Prepare",
            },
            "Prepare": task(Next="Segments"),
            "Segments": {
                "Type": "Map",
                "Label": LABEL,
                "ItemsPath": "$.items",
                "MaxConcurrency": _AT_ONCE,
                "ToleratedFailurePercentage": 100,
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": "Work",
                    "States": {
                        "Work": task(Next="Done?"),
                        "Done?": {
                            "Type": "Choice",
                            "Choices": [{"Variable": "$.done", "BooleanEquals": True, "Next": "Worked"}],
                            "Default": "Work",
                        },
                        "Worked": {"Type": "Pass", "Result": {"done": True}, "End": True},
                    },
                },
                "ResultPath": None,
                "Next": "Finish",
            },
            "Finish": task(Parameters={"action": "finish", "runId.$": "$.runId"}, End=True),
        },
    }
