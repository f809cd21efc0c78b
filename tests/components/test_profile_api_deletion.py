"""The arguments of the profile API for deletion: what its functions get with and without an erasure queue."""

from typing import Any

import pytest
from component_programs import KEY, TABLES, arn
from component_recording import Recording, record
from pulumi_userprofiles import ProfileApi

QUEUE = {"erasure_queue_url": "https://sqs.example/erasure", "erasure_queue_arn": arn("sqs", "erasure")}
POOL = {"user_pool_id": "p", "user_pool_arn": "pool", "issuer": "i", "client_ids": ["c"]}
ROUTES = {"api-route-delete-me", "api-route-post-me-restore", "api-route-post-users-id-erase"}


def record_api(**args: Any) -> Recording:
    return record(lambda: ProfileApi("api", {**TABLES, **POOL, "platform": "host", **args}))  # type: ignore[typeddict-item]


def environment(recording: Recording, function: str) -> dict[str, str]:
    variables: dict[str, str] = recording.resource(f"api-{function}-function").inputs["environment"][
        "variables"
    ]
    return variables


def statements_for(recording: Recording, function: str, action: str) -> list[dict[str, Any]]:
    document = recording.resource(f"api-{function}-policy").document("policy")
    return [statement for statement in document["Statement"] if action in statement["Action"]]


def test_with_a_queue_the_functions_know_it_and_only_the_administrators_send_to_it() -> None:
    recording = record_api(**QUEUE, grace_period_days=7.0)

    for function in ("handler", "admin"):
        variables = environment(recording, function)
        assert variables["ERASURE_QUEUE_URL"] == QUEUE["erasure_queue_url"]
        assert variables["DELETION_GRACE_DAYS"] == "7"
    [statement] = statements_for(recording, "admin", "sqs:SendMessage")
    assert (statement["Action"], statement["Resource"]) == (["sqs:SendMessage"], [QUEUE["erasure_queue_arn"]])
    assert statements_for(recording, "handler", "sqs:SendMessage") == []


def test_without_a_queue_no_function_knows_or_uses_one() -> None:
    recording = record_api()

    for function in ("handler", "admin"):
        variables = environment(recording, function)
        assert "ERASURE_QUEUE_URL" not in variables
        assert variables["DELETION_GRACE_DAYS"] == "30"
        assert statements_for(recording, function, "sqs:SendMessage") == []
    names = {resource.name for resource in recording.resources}
    assert names >= ROUTES


@pytest.mark.parametrize(("queue", "uses"), [(QUEUE, 1), ({}, 0)], ids=["queue", "no queue"])
def test_an_encrypted_queue_needs_the_key(queue: dict[str, str], uses: int) -> None:
    """SQS encrypts a message with the sender's rights (Amazon SQS Developer Guide, "Key management")."""
    recording = record_api(**queue, kms_key_arn=KEY)

    statements = [
        statement
        for statement in statements_for(recording, "admin", "kms:GenerateDataKey")
        if statement["Sid"] == "UseKeyViaSqs"
    ]
    assert len(statements) == uses
    assert all(statement["Resource"] == [KEY] for statement in statements)


def test_only_the_users_function_signs_users_out() -> None:
    recording = record_api(**QUEUE)

    [statement] = statements_for(recording, "handler", "cognito-idp:AdminUserGlobalSignOut")
    assert statement["Resource"] == ["pool"]
    assert statements_for(recording, "admin", "cognito-idp:AdminUserGlobalSignOut") == []
