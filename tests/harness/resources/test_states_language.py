"""State machines are checked: the fields of each state, and the references between states."""

from typing import Any

import pytest
from pulumi_localaws.resources.rules.states_language import find_definition_problems
from pulumi_userprofiles.migration_definition import definition as build_migration_definition

FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:f"
TASK = {"Type": "Task", "Resource": FUNCTION, "End": True}
PASS = {"Type": "Pass", "End": True}
BRANCH = {"StartAt": "X", "States": {"X": {"Type": "Succeed"}}}
MAP = {"Type": "Map", "ItemProcessor": BRANCH, "End": True}
DISTRIBUTED = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
RETRIER = {"ErrorEquals": ["States.ALL"]}
JSONATA = {"QueryLanguage": "JSONata"}


def build_choice(rule: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return the states of a machine with one choice."""
    return {"A": {"Type": "Choice", "Choices": [rule | {"Next": "B"}], **fields}, "B": {"Type": "Succeed"}}


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (
            {"A": {"Type": "Pass", "End": True}, "B": {"Type": "Succeed"}},
            ["B cannot be reached from StartAt"],
        ),
        ({"A": {"Type": "Pass", "Next": "A"}}, ["States has no state that ends the execution"]),
        ({"A": {"Type": "Nap", "End": True}}, ["A.Type is 'Nap'; allowed: Choice, Fail"]),
        ({"A": {"Type": "Task", "End": True}}, ["A.Resource is missing"]),
        ({"A": {"Type": "Pass"}}, ["A must have exactly one of Next, End"]),
        ({"B": {"Type": "Succeed"}}, ["StartAt is 'A', which is not a state"]),
        (
            {
                "A": {
                    "Type": "Choice",
                    "Default": "X",
                    "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "Y"}],
                },
            },
            ["A.Default is 'X', which is not a state", "A.Choices[0].Next is 'Y', which is not a state"],
        ),
        (
            {"A": TASK | {"Catch": [{"ErrorEquals": ["E"], "Next": "X"}]}},
            ["A.Catch[0].Next is 'X', which is not a state"],
        ),
        (
            {"A": MAP | {"ItemProcessor": {"StartAt": "X", "States": {"Y": {"Type": "Fail"}}}}},
            ["A.ItemProcessor.StartAt is 'X', which is not a state"],
        ),
        (
            {
                "A": {
                    "Type": "Choice",
                    "Default": "B",
                    "Choices": [{"Variable": "$.a", "NumericLessThan": 3, "Next": "C"}],
                },
                "B": {"Type": "Wait", "Seconds": 1, "Next": "A"},
                "C": {
                    "Type": "Task",
                    "Resource": FUNCTION,
                    "Next": "D",
                    "Catch": [RETRIER | {"Next": "E"}],
                },
                "D": {"Type": "Succeed"},
                "E": {"Type": "Fail"},
            },
            [],
        ),
        ({"A": MAP | {"ItemProcessor": BRANCH | {"States": {"X": {}}}}}, ["A.ItemProcessor.X.Type is None"]),
        (
            {"A": {"Type": "Parallel", "Branches": [BRANCH, BRANCH], "End": True}},
            ["X is the name of 2 states; a name must be unique"],
        ),
    ],
)
def test_references_of_a_state_machine_are_checked(states: dict[str, Any], expected: list[str]) -> None:
    problems = find_definition_problems({"StartAt": "A", "States": states})

    assert len(problems) == len(expected)
    assert all(text in problem for text, problem in zip(expected, problems, strict=True))


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ({"A": TASK | {"Timeout": 3}}, "A.Timeout is not a field of Task; allowed: Assign, Catch"),
        ({"A": TASK | {"Resource": "f"}}, "A.Resource is 'f'; it must be an ARN"),
        ({"A": TASK | {"TimeoutSeconds": 0}}, "A.TimeoutSeconds is 0; it must be 1 to 99999999"),
        ({"A": TASK | {"TimeoutSeconds": "60"}}, "A.TimeoutSeconds is '60'; it must be a whole number"),
        (
            {"A": TASK | {"TimeoutSeconds": 1, "TimeoutSecondsPath": "$.t"}},
            "A has TimeoutSeconds and TimeoutSecondsPath. Set only one of them",
        ),
        ({"A": TASK | {"HeartbeatSeconds": 1.5}}, "A.HeartbeatSeconds is 1.5; it must be a whole number"),
        ({"A": TASK | {"Retry": RETRIER}}, "it must be a list"),
        ({"A": TASK | {"Retry": [{"MaxAttempts": 1}]}}, "A.Retry[0].ErrorEquals is missing"),
        ({"A": TASK | {"Retry": [{"ErrorEquals": []}]}}, "A.Retry[0].ErrorEquals must be a list with at"),
        (
            {"A": TASK | {"Retry": [RETRIER | {"MaxAttempts": -1}]}},
            "A.Retry[0].MaxAttempts is -1; it must be 0 to 99999999",
        ),
        (
            {"A": TASK | {"Retry": [RETRIER | {"BackoffRate": 0.5}]}},
            "BackoffRate is 0.5; it must be at least 1",
        ),
        (
            {"A": TASK | {"Retry": [RETRIER | {"Attempts": 1}]}},
            "A.Retry[0].Attempts is not a field of Retrier",
        ),
        (
            {"A": TASK | {"Retry": [RETRIER | {"JitterStrategy": "HALF"}]}},
            "A.Retry[0].JitterStrategy is 'HALF'; it must be one of FULL, NONE",
        ),
        (
            {"A": TASK | {"Retry": [RETRIER, RETRIER]}},
            "A.Retry[0].ErrorEquals contains States.ALL, which must",
        ),
        ({"A": TASK | {"Catch": [RETRIER]}}, "A.Catch[0].Next is missing"),
        ({"A": TASK | {"ResultPath": "$result"}}, "A.ResultPath is '$result'; it must be a reference path"),
        ({"A": TASK | {"InputPath": "a"}}, "A.InputPath is 'a'; it must be a path that begins with $"),
        ({"A": TASK | {"Parameters": {"a.$": "a"}}}, "A.Parameters.a.$ is 'a'; it must be a path"),
        (
            {"A": TASK | {"Parameters": {"a": [{"b.$": "States.Uuid()"}]}}},
            "A.Parameters.a[0].b.$ has the unknown function States.Uuid; allowed: States.Array",
        ),
        ({"A": TASK | {"Arguments": {}}}, "A.Arguments is allowed only with the query language JSONata"),
        ({"A": TASK | JSONATA | {"InputPath": "$"}}, "A.InputPath is allowed only with the query language"),
        ({"A": PASS | {"End": "true"}}, "A.End is 'true'; it must be true or false"),
        ({"A": PASS | {"Next": "A"}}, "A must have exactly one of Next, End"),
        ({"A": PASS | {"ResultSelector": {}}}, "A.ResultSelector is not a field of Pass"),
        ({"A": {"Type": "Wait", "End": True}}, "A must have exactly one of Seconds, SecondsPath, Timestamp"),
        (
            {"A": {"Type": "Wait", "Seconds": 1, "Timestamp": "2026-01-01T00:00:00Z", "End": True}},
            "A must have exactly one of Seconds",
        ),
        (
            {"A": {"Type": "Wait", "Timestamp": "tomorrow", "End": True}},
            "A.Timestamp is 'tomorrow'; it must be an RFC 3339 timestamp",
        ),
        (
            {"A": {"Type": "Fail", "Error": "E", "ErrorPath": "$.e"}},
            "A has Error and ErrorPath. Set only one",
        ),
        ({"A": {"Type": "Fail", "End": True}}, "A.End is not a field of Fail"),
        ({"A": {"Type": "Succeed", "Next": "A"}}, "A.Next is not a field of Succeed"),
        (build_choice({"Variable": "$.a", "StringEqual": "b"}), "has the unknown field StringEqual; allowed"),
        (build_choice({"Variable": "$.a"}), "A.Choices[0] has 0 operators (); allowed: exactly one"),
        (
            build_choice({"Variable": "$.a", "IsNull": True, "IsString": True}),
            "has 2 operators (IsNull, IsString)",
        ),
        (build_choice({"Variable": "a", "IsNull": True}), "A.Choices[0].Variable is 'a'; it must be a path"),
        (
            build_choice({"Variable": "$.a", "NumericEquals": "1"}),
            "NumericEquals is '1'; it must be a number",
        ),
        (
            build_choice({"Variable": "$.a", "BooleanEquals": "yes"}),
            "BooleanEquals is 'yes'; it must be true",
        ),
        (
            build_choice({"Variable": "$.a", "StringEqualsPath": "b"}),
            "StringEqualsPath is 'b'; it must be a path",
        ),
        (build_choice({"And": []}), "A.Choices[0].And must be a list with at least one rule"),
        (
            build_choice({"Not": {"Variable": "$.a", "IsNull": True, "Next": "B"}}),
            "A.Choices[0].Not.Next must not be set in a nested rule",
        ),
        (
            build_choice({"Condition": "$a"}, **JSONATA),
            "Condition is '$a'; it must be an expression: {% ... %}",
        ),
        ({"A": {"Type": "Choice", "Choices": []}}, "A.Choices is empty. Add at least one rule"),
        ({"A": MAP | {"Iterator": BRANCH}}, "A must have exactly one of ItemProcessor, Iterator"),
        (
            {"A": MAP | {"ItemProcessor": BRANCH | {"ProcessorConfig": {"Mode": "DISTRIBUTED"}}}},
            "A.ItemProcessor.ProcessorConfig.ExecutionType is missing. Set STANDARD or EXPRESS",
        ),
        (
            {"A": MAP | {"ItemProcessor": BRANCH | {"ProcessorConfig": {"Mode": "PARALLEL"}}}},
            "A.ItemProcessor.ProcessorConfig.Mode is 'PARALLEL'; it must be one of DISTRIBUTED, INLINE",
        ),
        (
            {"A": MAP | {"ToleratedFailurePercentage": 101}},
            "ToleratedFailurePercentage is 101; it must be 0 to",
        ),
        ({"A": MAP | {"MaxConcurrency": -1}}, "A.MaxConcurrency is -1; it must be at least 0"),
        ({"A": MAP | {"Label": "l" * 41}}, "it must be at most 40 characters long"),
        ({"A": MAP | {"ItemReader": {"Parameters": {}}}}, "A.ItemReader.Resource is missing"),
        (
            {
                "A": MAP
                | {
                    "ItemReader": {
                        "Resource": "arn:aws:states:::s3:getObject",
                        "ReaderConfig": {"MaxItems": 1, "MaxItemsPath": "$.a"},
                    }
                }
            },
            "A.ItemReader.ReaderConfig has MaxItems and MaxItemsPath. Set only one of them",
        ),
        (
            {"A": MAP | {"ItemBatcher": {"MaxItemsPerBatch": 0}}},
            "MaxItemsPerBatch is 0; it must be at least 1",
        ),
        ({"a" * 81: PASS}, "has 81 characters; allowed: at most 80"),
        (
            {"A": PASS | {"QueryLanguage": "SQL"}},
            "A.QueryLanguage is 'SQL'; it must be one of JSONPath, JSONata",
        ),
    ],
)
def test_wrong_field_is_rejected(states: dict[str, Any], expected: str) -> None:
    problems = find_definition_problems({"StartAt": next(iter(states)), "States": states})

    assert any(expected in problem for problem in problems)


def test_unknown_field_of_the_machine_is_rejected() -> None:
    problems = find_definition_problems({"StartAt": "A", "States": {"A": PASS}, "Timeout": 3})

    assert len(problems) == 1
    assert problems[0].startswith("Timeout is not a field of StateMachine; allowed: Comment, QueryLanguage")


def test_all_problems_of_a_state_machine_are_reported_at_once() -> None:
    states = {"A": TASK | {"Timeout": 3, "Retry": [{"ErrorEquals": []}]}, "B": {"Type": "Wait", "Next": "C"}}

    assert len(find_definition_problems({"StartAt": "A", "States": states})) == 4


@pytest.mark.parametrize(
    "states",
    [
        {
            "A": TASK
            | {"Retry": [{"ErrorEquals": ["Lambda.TooManyRequestsException"], "BackoffRate": 2}, RETRIER]}
        },
        {
            "A": TASK
            | {"ResultPath": None, "Credentials": {"RoleArn.$": "$.role"}, "InputPath": "$$.Execution"}
        },
        {"A": TASK | {"Parameters": {"a.$": "States.Format('States.Uuid() {}', $.b)", "c": "$.d"}}},
        {
            "A": TASK
            | {"Parameters": {"a.$": "$customerName", "FunctionName": FUNCTION}, "Assign": {"b.$": "$"}}
        },
        {
            "A": TASK
            | JSONATA
            | {"Arguments": "{% $states.input %}", "TimeoutSeconds": "{% $t %}", "Output": 1}
        },
        {"A": PASS | {"Result": None, "Parameters": {}, "ResultPath": "$.a['b']"}},
        {"A": {"Type": "Wait", "Seconds": "{% $states.input.seconds %}", "End": True} | JSONATA},
        {"A": {"Type": "Wait", "Timestamp": "2026-01-01T00:00:00.5+01:00", "End": True}},
        {"A": {"Type": "Fail", "CausePath": "States.Format('{}', $.e)", "Comment": "c"}},
        build_choice({"Condition": "{% $states.input.a > 1 %}", "Output": {}, "Assign": {"b": 1}}, **JSONATA),
        build_choice({"Variable": "$$.Execution.Name", "StringMatches": "a*", "Comment": "c"}),
        build_choice(
            {"Or": [{"Variable": "$v.a", "IsPresent": True}, {"Not": {"Variable": "$.a", "IsNull": True}}]}
        ),
        {
            "A": MAP
            | {"ItemsPath": "$.items", "ItemSelector": {"a.$": "$$.Map.Item.Value"}, "MaxConcurrency": 0}
        },
        {"A": {"Type": "Map", "Iterator": BRANCH, "Parameters": {"a.$": "$"}, "End": True}},
        {
            "A": MAP
            | {
                "Label": "Segments",
                "ItemProcessor": BRANCH | DISTRIBUTED,
                "ItemReader": {
                    "Resource": "arn:aws:states:::s3:getObject",
                    "Parameters": {"Bucket.$": "$.bucket", "Key": "k"},
                    "ReaderConfig": {
                        "InputType": "CSV",
                        "CSVHeaderLocation": "GIVEN",
                        "CSVHeaders": ["a"],
                        "CSVDelimiter": "PIPE",
                        "MaxItemsPath": "$.max",
                    },
                },
                "ItemBatcher": {"MaxItemsPerBatch": 10, "BatchInput": {"a.$": "$.b"}},
                "ResultWriter": {"WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSONL"}},
                "ToleratedFailurePercentage": 5.5,
                "ToleratedFailureCountPath": "$.count",
            }
        },
        {"A": MAP | JSONATA | {"Items": "{% $states.input %}", "MaxConcurrency": "{% 2 %}"}},
        {"A": {"Type": "Parallel", "Branches": [BRANCH], "ResultSelector": {"a.$": "$[0]"}, "End": True}},
    ],
)
def test_definition_that_aws_accepts_is_accepted(states: dict[str, Any]) -> None:
    assert find_definition_problems({"StartAt": "A", "States": states}) == []


def test_migration_of_this_project_is_accepted() -> None:
    definition = build_migration_definition(
        f"{FUNCTION}:live", table="users", segments=8, max_concurrency=4, worker_seconds=60
    )

    assert find_definition_problems(definition) == []
