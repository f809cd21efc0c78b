"""Step Functions: throttled functions, stopped executions, and actions that are missing."""

import asyncio
import json
from typing import Any

import pytest
from ministack.services import stepfunctions
from pulumi_localaws.local.source_patch import replace_in_function
from pulumi_localaws.local.state_machines import run_as_aws

PATCHED_NAMES = (
    "_call_lambda",
    "_execute_task",
    "_fail_execution",
    "_run_distributed_map",
    "_run_sub_machine",
    "_stop_execution",
    "handle_request",
)
ARN = "arn:aws:states:us-east-1:000000000000:execution:machine"
RUN = "arn:aws:states:us-east-1:000000000000:mapRun:machine"


@pytest.fixture
def invocations(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Patch the emulator until the end of the test; return the events of invoked functions."""
    calls: list[Any] = []
    for name in PATCHED_NAMES:
        monkeypatch.setattr(stepfunctions, name, getattr(stepfunctions, name))
    monkeypatch.setattr(stepfunctions, "_executions", {})
    monkeypatch.setattr(stepfunctions, "_map_runs", {})
    monkeypatch.setattr(stepfunctions, "_emit_execution_status_event", lambda _: None)
    monkeypatch.setattr(stepfunctions, "_call_lambda", lambda _, event: calls.append(event))
    run_as_aws(replace_in_function)
    return calls


def add_execution(name: str, **values: Any) -> dict[str, Any]:
    execution = {
        "executionArn": f"{ARN}:{name}",
        "stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:machine",
        "name": name,
        "status": "RUNNING",
        "stopDate": None,
        "events": [],
        **values,
    }
    stepfunctions._executions[execution["executionArn"]] = execution
    return execution


def add_map_run(name: str, execution: dict[str, Any]) -> dict[str, Any]:
    counts = {"pending": 1, "running": 1, "succeeded": 1, "aborted": 0}
    run = {
        "mapRunArn": f"{RUN}:{name}",
        "executionArn": execution["executionArn"],
        "status": "RUNNING",
        "itemCounts": dict(counts),
        "executionCounts": dict(counts),
    }
    stepfunctions._map_runs[run["mapRunArn"]] = run
    return run


def call(action: str, **parameters: Any) -> tuple[int, Any]:
    status, _, body = asyncio.run(
        stepfunctions.handle_request(
            "POST", "/", {"x-amz-target": f"AWSStepFunctions.{action}"}, json.dumps(parameters).encode(), {}
        )
    )
    return status, json.loads(body)


def test_stopped_execution_stops_its_map_runs_and_their_children(invocations: object) -> None:
    parent = add_execution("parent")
    run = add_map_run("outer", parent)
    running_child = add_execution("running", mapRunArn=run["mapRunArn"])
    finished_child = add_execution("finished", mapRunArn=run["mapRunArn"], status="SUCCEEDED")
    inner_run = add_map_run("inner", running_child)
    grandchild = add_execution("grandchild", mapRunArn=inner_run["mapRunArn"])
    stranger = add_execution("stranger", mapRunArn=add_map_run("other", add_execution("other"))["mapRunArn"])

    status, _ = call("StopExecution", executionArn=parent["executionArn"])

    assert status == 200
    stopped = (parent, run, running_child, inner_run, grandchild)
    assert [item["status"] for item in stopped] == ["ABORTED"] * 5
    assert (finished_child["status"], stranger["status"]) == ("SUCCEEDED", "RUNNING")
    assert run["executionCounts"] == {"pending": 1, "running": 0, "succeeded": 1, "aborted": 1}


def test_stopped_execution_starts_no_further_state_and_is_not_changed_to_failed(
    invocations: list[Any],
) -> None:
    execution = add_execution("child", status="ABORTED")
    states = {
        "A": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f", "End": True}
    }

    with pytest.raises(stepfunctions._ExecutionError, match="stopped"):
        stepfunctions._run_sub_machine(states, "A", {}, execution, {})
    with pytest.raises(stepfunctions._ExecutionError, match="stopped"):
        stepfunctions._execute_task(
            states["A"], {}, execution, {"State": {"Name": "A"}, "StateMachine": {"Name": "m"}}
        )
    stepfunctions._fail_execution(execution, "States.TaskFailed", "")

    assert (execution["status"], invocations) == ("ABORTED", [])


def test_map_starts_no_child_after_the_stop(invocations: list[Any]) -> None:
    execution = add_execution("parent", status="ABORTED")
    state = {"ItemsPath": "$", "MaxConcurrency": 1}
    context = {"Execution": {}, "State": {}}

    with pytest.raises(stepfunctions._ExecutionError, match="stopped"):
        stepfunctions._run_distributed_map(
            state, [1, 2], [1, 2], {"States": {}, "StartAt": "A"}, execution, context
        )

    assert list(stepfunctions._executions) == [execution["executionArn"]]


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (
            '{"__type": "TooManyRequestsException", "message": "Rate Exceeded"}',
            "Lambda.TooManyRequestsException",
        ),
        ('{"errorMessage": "x"}', "Lambda.Unknown"),
        ("no JSON", "Lambda.Unknown"),
    ],
)
def test_throttling_has_awss_error_name(monkeypatch: pytest.MonkeyPatch, cause: str, expected: str) -> None:
    def fail(*_: Any) -> None:
        raise stepfunctions._ExecutionError("Lambda.Unknown", cause)

    for name in PATCHED_NAMES:
        monkeypatch.setattr(stepfunctions, name, getattr(stepfunctions, name))
    monkeypatch.setattr(stepfunctions, "_call_lambda", fail)
    run_as_aws(replace_in_function)

    with pytest.raises(stepfunctions._ExecutionError) as caught:
        stepfunctions._call_lambda("f", {})

    assert caught.value.error == expected


def test_missing_action_is_rejected_by_its_name(invocations: object) -> None:
    status, document = call("RedriveExecution", executionArn=ARN)

    assert (status, document["__type"]) == (501, "NotImplementedException")
    assert "Step Functions' action RedriveExecution" in document["message"]
