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


def task_retriers(machine: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    return (state["Retry"] for _, state in states(machine) if state["Type"] == "Task")


def total_wait_s(retrier: dict[str, Any]) -> float:
    """Return the expected sum of all waits. With full jitter, a wait is half of the delay on average."""
    delays = [
        min(
            retrier["IntervalSeconds"] * retrier["BackoffRate"] ** min(attempt, 60),
            retrier["MaxDelaySeconds"],
        )
        for attempt in range(retrier["MaxAttempts"])
    ]
    return float(sum(delays)) / 2


def test_throttled_worker_is_retried_for_a_week(definition: dict[str, Any]) -> None:
    """Sign-ups in a new account have 10 concurrent executions together with the workers."""
    for first, *others in task_retriers(definition):
        assert first["ErrorEquals"] == ["Lambda.TooManyRequestsException"]
        assert not any("Lambda.TooManyRequestsException" in retrier["ErrorEquals"] for retrier in others)
        assert first["MaxDelaySeconds"] == 300
        assert total_wait_s(first) > 7 * 24 * 3600


def test_retries_fit_in_the_history_of_an_execution(definition: dict[str, Any]) -> None:
    """An execution fails at 25,000 events, and each attempt of a function has three."""
    for retriers in task_retriers(definition):
        assert sum(retrier["MaxAttempts"] for retrier in retriers) * 3 < 25_000


def test_crashed_worker_is_retried_a_limited_number_of_times(definition: dict[str, Any]) -> None:
    """The local AWS reports throttling as this error, too, so it is retried for minutes."""
    for retriers in task_retriers(definition):
        (unknown,) = [retrier for retrier in retriers if "Lambda.Unknown" in retrier["ErrorEquals"]]
        assert unknown["ErrorEquals"] == ["Lambda.Unknown", "Runtime.ExitError"]
        assert unknown["MaxAttempts"] == 10
        assert unknown["MaxDelaySeconds"] == 300
        assert total_wait_s(unknown) > 300


RETRIER_FIELDS = {
    *("ErrorEquals", "IntervalSeconds", "BackoffRate", "MaxAttempts", "MaxDelaySeconds", "JitterStrategy"),
}


def test_retriers_are_within_the_documented_bounds(definition: dict[str, Any]) -> None:
    """See https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html."""
    for retriers in task_retriers(definition):
        names = [name for retrier in retriers for name in retrier["ErrorEquals"]]
        assert len(names) == len(set(names)), "the first retrier with a name wins"
        for retrier in retriers:
            assert retrier.keys() <= RETRIER_FIELDS
            assert retrier["JitterStrategy"] == "FULL"
            assert 0 < retrier["IntervalSeconds"] < retrier.get("MaxDelaySeconds", 31_622_400)
            assert retrier.get("MaxDelaySeconds", 1) < 31_622_400
            assert retrier["BackoffRate"] >= 1
            assert 0 < retrier["MaxAttempts"] <= 99_999_999


def test_retriers_have_the_documented_names_of_transient_errors(definition: dict[str, Any]) -> None:
    """See https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html."""
    documented = {
        *("Lambda.ClientExecutionTimeoutException", "Lambda.ServiceException"),
        *("Lambda.AWSLambdaException", "Lambda.SdkClientException"),
        *("Lambda.TooManyRequestsException", "Lambda.Unknown"),
    }
    for retriers in task_retriers(definition):
        assert documented <= {name for retrier in retriers for name in retrier["ErrorEquals"]}


def test_tolerance_and_concurrency_are_literal_numbers(definition: dict[str, Any]) -> None:
    """See https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html."""
    segments = definition["States"]["Segments"]

    assert type(segments["ToleratedFailurePercentage"]) is int
    assert 0 <= segments["ToleratedFailurePercentage"] <= 100
    assert type(segments["MaxConcurrency"]) is int
    assert 0 < segments["MaxConcurrency"] <= 10_000
    assert not segments.keys() & {"MaxConcurrencyPath", "ToleratedFailurePercentagePath", "ItemBatcher"}
    assert len(segments["Label"]) <= 40


def test_verification_passes_the_map_a_second_time(definition: dict[str, Any]) -> None:
    """The worker ends the loop: its answer to `orphans` has `searchesOrphans` false."""
    machine = definition["States"]

    assert machine["Segments"]["Next"] == "Orphans?"
    assert machine["Orphans?"]["Choices"] == [
        {"Variable": "$.searchesOrphans", "BooleanEquals": True, "Next": "Orphans"}
    ]
    assert machine["Orphans?"]["Default"] == "Finish"
    assert (machine["Orphans"]["Next"], machine["Orphans"]["Parameters"]) == (
        "Segments",
        {"action": "orphans", "runId.$": "$.runId", "token.$": "$.token"},
    )


def test_worker_lists_only_the_objects_of_runs(stack: Recording) -> None:
    statements = stack.resource("app-migration-worker-policy").document("policy")["Statement"]

    (statement,) = [item for item in statements if item["Action"] == ["s3:ListBucket"]]
    assert all("/" not in arn.rpartition(":")[2] for arn in statement["Resource"])
    assert statement["Condition"] == {"StringLike": {"s3:prefix": ["runs/*"]}}


def test_retriers_never_repeat_an_error_of_our_own(definition: dict[str, Any]) -> None:
    """A rejection stays a rejection, and a failure of the table is retried by the worker itself."""
    for retriers in task_retriers(definition):
        names = {name for retrier in retriers for name in retrier["ErrorEquals"]}
        assert not names & {"States.ALL", "States.TaskFailed", "RefusedError", "BackfillFailedError"}


def test_values_of_the_map_are_literals(definition: dict[str, Any]) -> None:
    """The local AWS ignores fields such as MaxConcurrencyPath."""
    assert [name for name in definition["States"]["Segments"] if name.endswith("Path")] == [
        "ItemsPath",
        "ResultPath",
    ]


@pytest.mark.parametrize(
    ("fixture", "concurrency", "reserved"), [("stack", 4, None), ("changed_stack", 16, 20)]
)
def test_segments_leave_concurrency_for_sign_ups(
    request: pytest.FixtureRequest, fixture: str, concurrency: int, reserved: int | None
) -> None:
    recording = request.getfixturevalue(fixture)

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
    assert definition["States"]["Defaults"]["Parameters"] == {
        "given": {"dryRun": False, "segments": 8, "table": "app-data-table-1234567"},
        "step": {"action": "prepare", "execution.$": "$$.Execution.Id"},
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


def test_items_of_the_map_are_numbers_of_segments(definition: dict[str, Any]) -> None:
    """Each item is a few bytes, so the list is far below the 256 KiB limit of a state's payload."""
    assert definition["States"]["Segments"]["ItemSelector"] == {
        "action": "work",
        "runId.$": "$.runId",
        "token.$": "$.token",
        "segment.$": "$$.Map.Item.Value",
    }


def test_failure_of_the_whole_map_is_reported_by_the_last_step(definition: dict[str, Any]) -> None:
    assert definition["States"]["Segments"]["Catch"] == [
        {"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Finish"}
    ]


def test_finish_needs_the_token_of_the_run(definition: dict[str, Any]) -> None:
    """An execution that another one has overtaken can't store a report."""
    assert definition["States"]["Finish"]["Parameters"] == {
        "action": "finish",
        "runId.$": "$.runId",
        "token.$": "$.token",
    }


def test_worker_can_delete_items_of_users_only_if_a_rollback_is_allowed(record_stack: Any) -> None:
    recording = record_stack(migration_allow_rollback=True)

    statements = recording.resource("app-migration-worker-policy").document("policy")["Statement"]
    (check,) = [item for item in statements if "dynamodb:ConditionCheckItem" in item["Action"]]
    assert check["Action"] == ["dynamodb:ConditionCheckItem"]
    (statement,) = [item for item in statements if "dynamodb:DeleteItem" in item["Action"]]
    assert statement["Action"] == ["dynamodb:DeleteItem"]
    assert statement["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["USER#*"]}}
    assert statement["Resource"] == [
        "arn:aws-cn:dynamodb:cn-north-1:111122223333:table/app-data-table-1234567"
    ]


def test_worker_has_only_these_rights_on_the_ledger(stack: Recording) -> None:
    ledger = "arn:aws-cn:dynamodb:cn-north-1:111122223333:table/app-migration-ledger-table-1234567"

    (statement,) = [
        item
        for item in stack.resource("app-migration-worker-policy").document("policy")["Statement"]
        if ledger in item["Resource"]
    ]

    assert statement["Resource"] == [ledger]
    assert statement["Action"] == [
        *("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem"),
        *("dynamodb:Query", "dynamodb:UpdateItem"),
    ]


@pytest.mark.parametrize(("fixture", "percentage"), [("stack", "0"), ("changed_stack", "5")])
def test_worker_decides_how_many_failed_segments_are_tolerated(
    request: pytest.FixtureRequest, fixture: str, percentage: str
) -> None:
    """The map itself tolerates all failures, so that no segment stops the others."""
    recording = request.getfixturevalue(fixture)

    worker = recording.resource("app-migration-worker-function").inputs["environment"]["variables"]
    machine = recording.resource("app-migration-state-machine").document("definition")
    assert worker["TOLERATED_FAILURE_PERCENTAGE"] == percentage
    assert worker["LEDGER_TABLE"] == "app-migration-ledger-table-1234567"
    assert machine["States"]["Segments"]["ToleratedFailurePercentage"] == 100
