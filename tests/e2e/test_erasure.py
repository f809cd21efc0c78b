"""Erasure by an administrator on a deployed stack: the worker, its receipt, and what is left of the user."""

import json

import pytest

pytestmark = pytest.mark.backends("embedded")


@pytest.fixture
def wait_for_receipt(stack, eventually):
    """Return a function that waits for the finished receipt of a user."""

    def read_receipt(sub):
        response = stack.aws("dynamodb").get_item(
            TableName=stack.outputs["receiptsTableName"],
            Key={"PK": {"S": f"USER#{sub}"}},
            ConsistentRead=True,
        )
        receipt = response.get("Item", {})
        return receipt if receipt.get("state") == {"S": "DONE"} else None

    return lambda sub: eventually("the receipt", lambda: read_receipt(sub))


def entity_types(stack, sub):
    return [item["entityType"]["S"] for item in stack.items(sub)]


def add_friend(stack, sub, other):
    for mine, theirs in ((sub, other), (other, sub)):
        stack.aws("dynamodb").put_item(
            TableName=stack.outputs["usersTableName"],
            Item={"PK": {"S": f"USER#{mine}"}, "SK": {"S": f"FRIEND#{theirs}"}, "text": {"S": "canary"}},
        )


def test_administrator_erases_a_user_everywhere(client, admin_token, stack, wait_for_receipt):
    user, friend = client.create_confirmed_user(), client.create_confirmed_user()
    add_friend(stack, user.sub, friend.sub)
    token = client.get_access_token(user)
    bulk = {"users": [{"userId": user.sub, "patch": {"profile": {"firstName": "Ada"}}}]}
    stored = client.request(
        "POST", "/users/bulk", admin_token, json=bulk, headers={"Idempotency-Key": user.sub}
    )
    assert stored.status_code == 200
    bucket, s3 = stack.outputs["avatarBucketName"], stack.aws("s3")
    for prefix in ("avatars", "claimed/avatars", "exports"):
        for body in (b"canary 1", b"canary 2"):
            s3.put_object(Bucket=bucket, Key=f"{prefix}/{user.sub}/canary", Body=body)

    for body in (b"canary 1", b"canary 2", b"canary 3"):
        s3.put_object(Bucket=stack.outputs["mediaBucketName"], Key=f"media/{user.sub}/1/m1", Body=body)

    answer = client.request("POST", f"/users/{user.sub}/erase", admin_token)
    receipt = wait_for_receipt(user.sub)

    assert (answer.status_code, answer.json()) == (202, {"userId": user.sub, "state": "erasing"})
    assert entity_types(stack, user.sub) == ["TOMBSTONE", "TOMBSTONE"]
    assert "FRIEND#" not in str(stack.items(friend.sub))
    counts = {name: int(entry["M"]["found"]["N"]) for name, entry in receipt["stores"]["M"].items()}
    assert counts == {"record": 2, "items": 2, "files": 6, "media_files": 3, "answers": 1, "user": 1}
    assert [
        version["Key"]
        for version in s3.list_object_versions(Bucket=bucket).get("Versions", [])
        if user.sub in version["Key"]
    ] == []
    actions = [row["action"]["S"] for row in stack.audit_rows(user.sub)]
    assert actions[-3:] == ["DELETION_REQUESTED", "ERASURE_STARTED", "ERASED"]
    refusal = client.get_profile(token)
    assert (refusal.status_code, refusal.json()["code"]) == (410, "erased")
    with pytest.raises(stack.aws("cognito-idp").exceptions.UserNotFoundException):
        stack.aws("cognito-idp").admin_get_user(UserPoolId=client.pool_id, Username=user.sub)
    assert client.request("POST", f"/users/{user.sub}/erase", admin_token).status_code == 410


def test_the_sweep_finds_a_user_whose_message_was_lost(client, admin_token, stack, deny, wait_for_receipt):
    user = client.create_confirmed_user()
    deny("sqs:SendMessage", role="api-admin")

    answer = client.request("POST", f"/users/{user.sub}/erase", admin_token)
    response = stack.aws("lambda").invoke(
        FunctionName=stack.outputs["erasureFunctionName"],
        Qualifier="live",
        Payload=json.dumps({"sweep": True}),
    )

    assert (answer.status_code, response["Payload"].read()) == (503, b"null")
    wait_for_receipt(user.sub)
    assert entity_types(stack, user.sub) == ["TOMBSTONE", "TOMBSTONE"]


def test_the_schedule_invokes_the_worker_every_hour(stack):
    events = stack.aws("events")
    rule = stack.get_resource_id("aws:cloudwatch/eventRule:EventRule", "eraser-schedule")

    [target] = events.list_targets_by_rule(Rule=rule)["Targets"]

    assert events.describe_rule(Name=rule)["ScheduleExpression"] == "rate(1 hour)"
    assert target["Arn"].endswith(f":function:{stack.outputs['erasureFunctionName']}:live")
    assert json.loads(target["Input"]) == {"sweep": True}
