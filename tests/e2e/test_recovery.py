"""A failing table never fails a sign-up, and no user is lost."""

import json

import pytest

pytestmark = pytest.mark.backends("embedded")


WRITE_ACTIONS = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:TransactWriteItems")


def test_outbox_creates_the_profile_if_the_table_write_fails(client, stack, deny, eventually):
    user = client.sign_up(role="vendor")
    deny(*WRITE_ACTIONS)

    client.confirm(user)

    items = eventually("account and profile", lambda: stack.items(user.sub))
    assert [item["SK"]["S"] for item in items] == ["ACCOUNT#MAIN", "PROFILE#MAIN"]
    assert items[0]["role"]["S"] == "vendor"
    assert len(stack.audit_rows(user.sub)) == 1


def test_first_access_creates_the_profile_if_table_and_queue_fail(client, stack, deny):
    user = client.sign_up(role="vendor")
    deny(*WRITE_ACTIONS, "sqs:SendMessage")

    client.confirm(user)
    assert stack.items(user.sub) == []
    response = client.get_profile(client.get_access_token(user))

    assert response.status_code == 200
    assert response.json()["account"]["role"] == "vendor"
    assert len(stack.items(user.sub)) == 2


def test_erased_user_stays_erased(client, stack):
    """Neither a late outbox message nor an access to the API restores the user."""
    user = client.create_confirmed_user()
    token = client.get_access_token(user)
    table = stack.outputs["usersTableName"]
    for item in stack.items(user.sub):
        tombstone = {"PK": item["PK"], "SK": item["SK"], "entityType": {"S": "TOMBSTONE"}}
        stack.aws("dynamodb").put_item(TableName=table, Item=tombstone)
    before = stack.items(user.sub)
    stack.aws("sqs").send_message(
        QueueUrl=stack.get_resource_id("aws:sqs/queue:Queue", "triggers-outbox"),
        MessageBody=json.dumps({"userPoolId": client.pool_id, "userName": user.sub, "reason": "late"}),
    )

    statuses = [
        client.get_profile(token).status_code,
        client.patch_profile(token, {"profile": {}}).status_code,
    ]

    assert statuses == [410, 410]
    assert stack.items(user.sub) == before
