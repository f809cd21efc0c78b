"""A failing table never breaks a sign-up, and no user is lost."""

import json

import pytest

pytestmark = pytest.mark.backends("embedded")


WRITES = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:TransactWriteItems")


def test_outbox_brings_the_profile_when_the_table_refuses(client, stack, deny, eventually):
    person = client.sign_up(role="vendor")
    deny(*WRITES)

    client.confirm(person)

    items = eventually("account and profile", lambda: stack.items(person.sub))
    assert [item["SK"]["S"] for item in items] == ["ACCOUNT#MAIN", "PROFILE#MAIN"]
    assert items[0]["role"]["S"] == "vendor"
    assert len(stack.audit_rows(person.sub)) == 1


def test_first_access_brings_the_profile_when_table_and_queue_refuse(client, stack, deny):
    person = client.sign_up(role="vendor")
    deny(*WRITES, "sqs:SendMessage")

    client.confirm(person)
    assert stack.items(person.sub) == []
    answer = client.get_profile(client.token(person))

    assert answer.status_code == 200
    assert answer.json()["account"]["role"] == "vendor"
    assert len(stack.items(person.sub)) == 2


def test_erased_user_stays_erased(client, stack):
    """Both items stay, emptied: neither a late delivery nor an access brings the user back."""
    person = client.confirmed()
    token = client.token(person)
    table = stack.outputs["usersTableName"]
    for item in stack.items(person.sub):
        emptied = {"PK": item["PK"], "SK": item["SK"], "entityType": {"S": "TOMBSTONE"}}
        stack.aws("dynamodb").put_item(TableName=table, Item=emptied)
    before = stack.items(person.sub)
    stack.aws("sqs").send_message(
        QueueUrl=stack.physical("aws:sqs/queue:Queue", "triggers-outbox"),
        MessageBody=json.dumps({"userPoolId": client.pool_id, "userName": person.sub, "reason": "late"}),
    )

    answers = [
        client.get_profile(token).status_code,
        client.patch_profile(token, {"profile": {}}).status_code,
    ]

    assert answers == [410, 410]
    assert stack.items(person.sub) == before
