"""Step Functions: throttled functions, stopped executions with their Map Runs, and missing actions.

Sources: Step Functions Developer Guide, "Handle Lambda service exceptions" (the name of the error); API
Reference, "MapRunExecutionCounts" (child executions that are stopped with their Map Run are aborted). What
DescribeMapRun counts for items that have not started must be tried on AWS: here they stay pending.

The emulator's interpreter loads this module beside its start script, so it uses only ministack and the
standard library.
"""

import json
from collections.abc import Callable
from typing import Any

_THROTTLED = "TooManyRequestsException"
_STOP = (
    'if execution["status"] == "ABORTED":\n'
    '{indent}    raise _ExecutionError("States.TaskFailed", "The execution was stopped")\n{indent}'
)


def run_as_aws(replace_in_function: Callable[..., None]) -> None:
    """Change how the running emulator runs and stops state machines.

    Args:
        replace_in_function: The function of `source_patch`.
    """
    from ministack.services import stepfunctions  # noqa: PLC0415 - loaded before ministack

    _name_throttling(stepfunctions)
    _stop_with_children(stepfunctions, replace_in_function)
    _reject_missing_actions(stepfunctions)


def _name_throttling(stepfunctions: Any) -> None:
    """Report a function that has no free concurrency as ``Lambda.TooManyRequestsException``."""
    call_lambda = stepfunctions._call_lambda  # noqa: SLF001 - the emulator's version is pinned
    execution_error = stepfunctions._ExecutionError  # noqa: SLF001 - as above

    def call_lambda_and_name_error(function: str, event: Any) -> Any:
        try:
            return call_lambda(function, event)
        except execution_error as error:
            body = _parse_object(error.cause)
            if body.get("__type") != _THROTTLED:
                raise
            raise execution_error(f"Lambda.{_THROTTLED}", str(body.get("message"))) from None

    stepfunctions._call_lambda = call_lambda_and_name_error  # noqa: SLF001 - as above


def _parse_object(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _stop_with_children(stepfunctions: Any, replace_in_function: Callable[..., None]) -> None:
    """Let a stopped execution start no further state, and stop its Map Runs with their child executions."""
    loop = "    while True:\n        "
    for name, place in (
        ("_run_sub_machine", "    while current_name:\n        "),
        ("_execute_task", loop + "# Each attempt sees"),
    ):
        first_line, _, rest = place.partition("\n        ")
        stop = _STOP.format(indent="        ")
        replace_in_function(stepfunctions, name, [(place, f"{first_line}\n        {stop}{rest}")])
    replace_in_function(
        stepfunctions,
        "_run_distributed_map",
        [
            (
                "    def run_child(idx, item):\n",
                (
                    "    def run_child(idx, item):\n"
                    '        if execution["status"] == "ABORTED":\n'
                    "            return\n"
                ),
            ),
            (
                '        child["stopDate"] = now_iso()\n',
                (
                    '        if execution["status"] == "ABORTED":\n'
                    '            child.update(status="ABORTED", output=None, error=None, cause=None)\n'
                    "            return\n"
                    '        child["stopDate"] = now_iso()\n'
                ),
            ),
            (
                "    failed = sum(",
                (
                    '    if execution["status"] == "ABORTED":\n'
                    '        raise _ExecutionError("States.TaskFailed", "The execution was stopped")\n'
                    "    failed = sum("
                ),
            ),
        ],
    )
    stop_execution = stepfunctions._stop_execution  # noqa: SLF001 - the emulator's version is pinned
    fail_execution = stepfunctions._fail_execution  # noqa: SLF001 - as above

    def stop_execution_and_children(data: dict[str, Any]) -> Any:
        answer = stop_execution(data)
        if answer[0] == 200:  # noqa: PLR2004 - an HTTP status
            _abort_map_runs(stepfunctions, data["executionArn"])
        return answer

    def fail_running_execution(execution: dict[str, Any], error: str, cause: str) -> None:
        if execution["status"] != "ABORTED":
            fail_execution(execution, error, cause)

    stepfunctions._stop_execution = stop_execution_and_children  # noqa: SLF001 - as above
    stepfunctions._fail_execution = fail_running_execution  # noqa: SLF001 - as above


def _abort_map_runs(stepfunctions: Any, execution_arn: str) -> None:
    """Abort the running Map Runs of an execution, with their child executions and the Map Runs of these."""
    stop_date = stepfunctions.now_iso()
    for run in list(stepfunctions._map_runs.values()):  # noqa: SLF001 - the emulator's version is pinned
        if run["executionArn"] != execution_arn or run["status"] != "RUNNING":
            continue
        run.update(status="ABORTED", stopDate=stop_date)
        for counts in (run["itemCounts"], run["executionCounts"]):
            counts["aborted"] += counts["running"]
            counts["running"] = 0
        for child in list(stepfunctions._executions.values()):  # noqa: SLF001 - as above
            if child.get("mapRunArn") == run["mapRunArn"] and child["status"] == "RUNNING":
                child.update(status="ABORTED", stopDate=stop_date)
                _abort_map_runs(stepfunctions, child["executionArn"])


def _reject_missing_actions(stepfunctions: Any) -> None:
    """Reject an action that the emulator lacks, such as RedriveExecution, by its name."""
    handle_request = stepfunctions.handle_request

    async def handle_known_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: Any
    ) -> Any:
        answer = await handle_request(method, path, headers, body, query_params)
        if answer[0] == 400 and b'"InvalidAction"' in answer[-1]:  # noqa: PLR2004 - an HTTP status
            action = headers.get("x-amz-target", "").rpartition(".")[2]
            return stepfunctions.error_response_json(
                "NotImplementedException",
                f"The local AWS does not have Step Functions' action {action}. It must be tried on AWS.",
                501,
            )
        return answer

    stepfunctions.handle_request = handle_known_request
