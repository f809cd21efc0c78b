"""Steps after sign-up: queues, the reader's rights and settings, and argument errors."""

import json
from functools import cache
from typing import Any

import pytest
from component_checks import CHECKS, statements
from component_expectations import silent_alarms
from component_programs import KEY, PROGRAMS, STREAM, TARGETS, TOPIC, arn
from component_recording import Recording, record, start_recording
from pulumi_userprofiles import AfterSignUp, InvalidArgumentError
from pulumi_userprofiles.after_sign_up import STREAM_FILTER
from userprofiles.lifecycle.after_sign_up.sign_up_delivery import Target, parse_targets

FUNCTION = arn("lambda", "function:welcome-mail")


def steps(**args: Any) -> Recording:
    all_args: Any = {"targets": TARGETS, "users_table_stream_arn": STREAM, "platform": "host", **args}
    return record(lambda: AfterSignUp("steps", all_args))


@cache
def default_recording() -> Recording:
    return record(PROGRAMS["AfterSignUp"])


@pytest.fixture
def recording() -> Recording:
    return default_recording()


def queue_arn(child: str) -> str:
    return arn("sqs", f"steps-{child}-1234567")


def allowed(recording: Recording) -> dict[str, tuple[set[str], set[str]]]:
    """Return actions and resources of each statement of the reader."""
    return {
        statement["Sid"]: (set(statement["Action"]), set(statement["Resource"]))
        for item, statement in statements(recording)
        if item["name"] == "steps-reader-policy"
    }


def test_steps_pass_the_security_checks(recording: Recording) -> None:
    assert {check.__name__: check(recording) for check in CHECKS} == {check.__name__: [] for check in CHECKS}


def test_reader_reads_the_stream_and_sends_to_its_queues_only(recording: Recording) -> None:
    rights = allowed(recording)

    assert rights["ReadStream"] == (
        {f"dynamodb:{name}" for name in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")},
        {STREAM},
    )
    assert rights["SendToTargets"] == (
        {"sqs:SendMessage"},
        {queue_arn(child) for child in ("welcome-mail-queue", "crm-queue", "dead-letters")},
    )
    assert sorted(rights) == ["ReadStream", "SendToTargets", "Trace", "WriteLog"]


def test_reader_gets_inserts_of_accounts_from_the_beginning_of_the_stream(recording: Recording) -> None:
    mapping = recording.resource("steps-mapping").inputs

    [pattern] = mapping["filterCriteria"]["filters"]
    assert json.loads(pattern["pattern"]) == {
        "eventName": ["INSERT"],
        "dynamodb": {"NewImage": {"SK": {"S": ["ACCOUNT#MAIN"]}, "entityType": {"S": ["USER_ACCOUNT"]}}},
    }
    assert pattern["pattern"] == STREAM_FILTER
    assert (mapping["eventSourceArn"], mapping["startingPosition"]) == (STREAM, "TRIM_HORIZON")
    assert mapping["functionResponseTypes"] == ["ReportBatchItemFailures"]


def test_record_that_cannot_be_processed_does_not_block_the_stream_for_a_day(recording: Recording) -> None:
    mapping = recording.resource("steps-mapping").inputs

    assert mapping["bisectBatchOnFunctionError"]
    assert mapping["maximumRecordAgeInSeconds"] == 6 * 60 * 60
    assert mapping["destinationConfig"] == {"onFailure": {"destinationArn": queue_arn("dead-letters")}}


def test_function_understands_its_environment(recording: Recording) -> None:
    variables = recording.resource("steps-reader-function").inputs["environment"]["variables"]

    targets = parse_targets(variables["AFTER_SIGN_UP_TARGETS"])

    urls = {child: recording.resource(f"steps-{child}").name for child in ("welcome-mail-queue", "crm-queue")}
    assert [(target.name, target.created_by) for target in targets] == [
        ("welcome-mail", {"sign_up", "first_access"}),
        ("crm", {"sign_up", "import"}),
    ]
    assert [Target(*vars(target).values()) for target in targets] == list(targets)
    assert [urls[f"{target.name}-queue"] in target.queue_url for target in targets] == [True, True]
    assert "steps-dead-letters" in variables["DEAD_LETTER_QUEUE_URL"]


def test_environment_of_ten_targets_is_below_the_limit_of_lambda() -> None:
    """AWS Lambda Developer Guide, "Lambda quotas": 4 KB for all variables."""
    every_user = ["sign_up", "first_access", "reconciler", "admin", "import"]
    targets = [{"name": f"{number}".rjust(24, "a"), "created_by": every_user} for number in range(10)]
    all_args: Any = {"targets": targets, "users_table_stream_arn": STREAM, "platform": "host"}

    recording = record(lambda: AfterSignUp("a" * AfterSignUp._NAME_LIMIT, all_args))

    variables = recording.of_type("Function")[0].inputs["environment"]["variables"]
    text = "".join([*variables, *variables.values()])
    real_urls = text.replace(
        "https://sqs.example/", "https://sqs.ap-southeast-1.amazonaws.com.cn/111122223333/"
    )
    assert "amazonaws" in real_urls
    assert len(real_urls) < 4096


def test_longest_names_are_short_enough_for_every_child() -> None:
    """SQS allows 80 characters, Lambda 64, of which Pulumi's suffix takes 8."""
    all_args: Any = {"targets": [{"name": "a" * 24}], "users_table_stream_arn": STREAM, "platform": "host"}

    recording = record(lambda: AfterSignUp("a" * AfterSignUp._NAME_LIMIT, all_args))

    limits = {"Queue": 72, "Function": 56, "Role": 56}
    assert [
        item.name
        for kind, limit in limits.items()
        for item in recording.of_type(kind)
        if len(item.name) > limit
    ] == []


def test_only_a_target_with_a_function_has_a_mapping(recording: Recording) -> None:
    mappings = [item.name for item in recording.of_type("EventSourceMapping")]

    mapping = recording.resource("steps-welcome-mail-mapping").inputs
    assert sorted(mappings) == ["steps-mapping", "steps-welcome-mail-mapping"]
    assert (mapping["functionName"], mapping["batchSize"]) == (FUNCTION, 1)
    assert mapping["eventSourceArn"] == queue_arn("welcome-mail-queue")
    assert mapping["scalingConfig"] == {"maximumConcurrency": 2}


def test_each_target_has_a_dead_letter_queue_with_an_alarm(recording: Recording) -> None:
    for target in ("welcome-mail", "crm"):
        redrive = recording.resource(f"steps-{target}-queue").document("redrivePolicy")
        alarm = recording.resource(f"steps-{target}-dead-letters-alarm").inputs
        assert redrive == {"deadLetterTargetArn": queue_arn(f"{target}-dead-letters"), "maxReceiveCount": 5}
        assert alarm["metricName"] == "ApproximateNumberOfMessagesVisible"
        assert alarm["dimensions"] == {"QueueName": f"steps-{target}-dead-letters-1234567"}
        assert alarm["threshold"] == 0


def test_reader_has_alarms(recording: Recording) -> None:
    alarms = {
        name: recording.resource(f"steps-{name}").inputs
        for name in ("alarm", "age-alarm", "poison-alarm", "dead-letters-alarm")
    }
    service = recording.resource("steps-reader-function").inputs["environment"]["variables"][
        "POWERTOOLS_SERVICE_NAME"
    ]

    assert {name: (alarm["metricName"], alarm["threshold"]) for name, alarm in alarms.items()} == {
        "alarm": ("Errors", 0),
        "age-alarm": ("IteratorAge", 600_000),
        "poison-alarm": ("AfterSignUpPoison", 0),
        "dead-letters-alarm": ("ApproximateNumberOfMessagesVisible", 0),
    }
    assert alarms["poison-alarm"]["dimensions"] == {"service": service}
    assert alarms["dead-letters-alarm"]["dimensions"] == {"QueueName": "steps-dead-letters-1234567"}


def test_every_alarm_notifies_the_topic() -> None:
    assert silent_alarms(steps(alarm_topic_arn=TOPIC)) == []


def test_with_a_key_queues_and_log_are_encrypted_with_it() -> None:
    recording = steps(kms_key_arn=KEY)

    rights = allowed(recording)
    assert {item.inputs.get("kmsMasterKeyId") for item in recording.of_type("Queue")} == {KEY}
    assert recording.resource("steps-reader-log-group").inputs["kmsKeyId"] == KEY
    assert {name: actions for name, (actions, _) in rights.items() if name.startswith("UseKey")} == {
        "UseKeyViaLambda": {"kms:Decrypt"},
        "UseKeyViaDynamodb": {"kms:Decrypt"},
        "UseKeyViaSqs": {"kms:Decrypt", "kms:GenerateDataKey"},
    }


def test_outputs_are_by_the_names_of_the_targets(recording: Recording) -> None:
    outputs = recording.outputs["steps"]

    assert outputs["queueArns"] == {name: queue_arn(f"{name}-queue") for name in ("welcome-mail", "crm")}
    assert sorted(outputs["queueUrls"]) == ["crm", "welcome-mail"]


@pytest.mark.parametrize("targets", [pytest.param(None, marks=pytest.mark.long), []])
def test_stack_without_steps_creates_nothing_for_them(record_stack: Any, targets: Any) -> None:
    recording = record_stack(after_sign_up=targets)

    assert [item.name for item in recording.resources if "after-sign-up" in item.name] == []
    assert recording.outputs["app"]["afterSignUpQueueUrls"] == {}


def test_stack_passes_its_stream_key_and_topic(encrypted_stack: Recording) -> None:
    mapping = encrypted_stack.resource("app-after-sign-up-mapping").inputs
    assert mapping["eventSourceArn"].startswith(arn("dynamodb", "table/app-data-table/stream/"))
    assert encrypted_stack.resource("app-after-sign-up-crm-queue").inputs["kmsMasterKeyId"] == KEY
    assert encrypted_stack.resource("app-after-sign-up-alarm").inputs["alarmActions"] == [TOPIC]


MISTAKES: dict[str, tuple[Any, list[str]]] = {
    "no list": ({"name": "mail"}, ["'targets' must be a list of targets"]),
    "list of names": (["mail"], ["'targets' must be a list of targets", '[{"name": "welcome-mail"}]']),
    "no target": ([], ["'targets' is empty"]),
    "target without a name": ([{}], ["invalid or missing name", "None"]),
    "name in capitals": ([{"name": "Mail"}], ["invalid or missing name", "'Mail'", "lower-case"]),
    "long name": ([{"name": "a" * 25}], ["invalid or missing name", "up to 24"]),
    "name that is a number": ([{"name": 1}], ["invalid or missing name"]),
    "unknown field": ([{"name": "mail", "queue": "q"}], ["unknown field", "'queue'", "function_arn"]),
    "same name twice": ([{"name": "mail"}, {"name": "mail"}], ["two targets with the same name", "'mail'"]),
    "too many targets": ([{"name": f"n{number}"} for number in range(11)], ["Got 11", "at most 10"]),
    "function's name": (
        [{"name": "mail", "function_arn": "mail"}],
        ["'targets.function_arn' of the target mail", "'mail'", "arn:aws:lambda"],
    ),
    "unknown way into the table": (
        [{"name": "mail", "created_by": ["sign_up", "signup"]}],
        ["'targets.created_by' of the target mail", "'signup'", "sign_up, first_access, reconciler"],
    ),
    "no way into the table": ([{"name": "mail", "created_by": []}], ["different known values", "[]"]),
    "the same way twice": ([{"name": "mail", "created_by": ["admin"] * 2}], ["different known values"]),
    "text instead of a list": ([{"name": "mail", "created_by": "sign_up"}], ["'sign_up'", "known values"]),
}


@pytest.mark.parametrize("mistake", sorted(MISTAKES))
def test_invalid_targets_get_one_message_and_create_nothing(mistake: str) -> None:
    targets, parts = MISTAKES[mistake]
    recording = start_recording()

    with pytest.raises(InvalidArgumentError) as raised:
        AfterSignUp("steps", {"targets": targets, "users_table_stream_arn": STREAM})

    message = str(raised.value)
    assert [part for part in [*parts, "Got ", "allowed: "] if part not in message] == [], message
    assert recording.resources == []
