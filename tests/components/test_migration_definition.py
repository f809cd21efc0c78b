"""The definition of the migration state machine."""

from collections.abc import Iterator
from typing import Any

import pytest
from component_recording import Recording

WORKER = "arn:aws-cn:lambda:cn-north-1:111122223333:function:app-migration-worker-function-1234567:live"


@pytest.fixture
def definition(stack: Recording) -> dict[str, Any]:
    document: dict[str, Any] = stack.resource("app-migration-state-machine").document("definition")
    return document


def states(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in machine["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from states(state["ItemProcessor"])


def test_every_transition_leads_to_a_state(definition: dict[str, Any]) -> None:
    names = {name for name, _ in states(definition)}

    targets = {state["Next"] for _, state in states(definition) if "Next" in state}

    assert names >= targets
    assert all(
        "Next" in state or "End" in state or state["Type"] == "Choice" for _, state in states(definition)
    )


def test_every_task_calls_the_worker_with_a_longer_time_out_than_its_own(
    definition: dict[str, Any],
) -> None:
    tasks = [state for _, state in states(definition) if state["Type"] == "Task"]

    assert {task["Resource"] for task in tasks} == {WORKER}
    assert {task["TimeoutSeconds"] for task in tasks} == {930}
    assert all(task["Retry"] for task in tasks)


def test_segments_run_as_standard_executions_and_tolerate_failures(definition: dict[str, Any]) -> None:
    segments = definition["States"]["Segments"]

    assert segments["ItemProcessor"]["ProcessorConfig"] == {
        "Mode": "DISTRIBUTED",
        "ExecutionType": "STANDARD",
    }
    assert segments["ToleratedFailurePercentage"] == 100
    assert segments["ResultPath"] is None, (
        "the children's results are discarded, because they can exceed 256 KiB"
    )


def test_throttled_worker_is_retried_for_an_hour(definition: dict[str, Any]) -> None:
    """Sign-ups in a new account have 10 concurrent executions together with the workers."""
    for _, state in states(definition):
        if state["Type"] != "Task":
            continue
        first, *others = state["Retry"]
        assert first["ErrorEquals"] == ["Lambda.TooManyRequestsException"]
        assert not any("Lambda.TooManyRequestsException" in retrier["ErrorEquals"] for retrier in others)
        # With full jitter, a wait is half of the delay on average.
        delays = [
            min(first["IntervalSeconds"] * first["BackoffRate"] ** attempt, first["MaxDelaySeconds"])
            for attempt in range(first["MaxAttempts"])
        ]
        assert sum(delays) / 2 > 3600


@pytest.mark.parametrize(
    ("args", "concurrency", "reserved"),
    [
        ({}, 4, None),
        ({"migration_max_concurrency": 16, "migration_concurrency": 20}, 16, 20),
    ],
)
def test_segments_leave_concurrency_for_sign_ups(
    record_stack: Any, args: dict[str, Any], concurrency: int, reserved: int | None
) -> None:
    recording = record_stack(**args)

    machine = recording.resource("app-migration-state-machine").document("definition")
    worker = recording.resource("app-migration-worker-function").inputs
    assert machine["States"]["Segments"]["MaxConcurrency"] == concurrency
    assert worker.get("reservedConcurrentExecutions") == reserved


def test_child_execution_repeats_the_work_until_it_is_done(definition: dict[str, Any]) -> None:
    child = definition["States"]["Segments"]["ItemProcessor"]["States"]

    assert child["Work"]["Next"] == "Done?"
    assert child["Done?"]["Choices"] == [{"Variable": "$.done", "BooleanEquals": True, "Next": "Worked"}]
    assert child["Done?"]["Default"] == "Work"


def test_input_overrides_the_defaults_but_not_the_action(definition: dict[str, Any]) -> None:
    """The input of an execution can't choose the worker's action."""
    assert definition["States"]["Defaults"]["Result"] == {
        "given": {"dryRun": False, "segments": 8, "table": "app-data-table-1234567"},
        "step": {"action": "prepare"},
    }
    assert (
        definition["States"]["Request"]["Parameters"]["event.$"]
        == "States.JsonMerge(States.JsonMerge($.given, $$.Execution.Input, false), $.step, false)"
    )


def test_machine_can_manage_only_its_own_executions(stack: Recording) -> None:
    machine = "arn:aws-cn:states:cn-north-1:111122223333:{}:app-migration-state-machine-1234567"
    execution = machine.format("execution")

    rights = {
        tuple(statement["Action"]): statement["Resource"]
        for statement in stack.resource("app-migration-map-policy").document("policy")["Statement"]
    }

    assert rights == {
        ("states:StartExecution",): [machine.format("stateMachine")],
        ("states:DescribeExecution", "states:StopExecution"): [f"{execution}:*", f"{execution}/Segments:*"],
    }
