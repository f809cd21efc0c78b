"""Imported users in a deployed stack: they get no message, sign in by code, and can be rolled back."""

import uuid
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError
from userprofiles import template
from userprofiles.backfill.limits import Limits
from userprofiles.legacy.job.stage import Outcome
from userprofiles.legacy.mapping.records import LegacyUser
from userprofiles.legacy.table_inserts import TableInserts
from userprofiles.legacy.users.pool_features import PoolFeatures
from userprofiles.legacy.users.quotas import QuotaClass
from userprofiles.legacy.users.users_stage import UsersSettings, UsersStage

pytestmark = pytest.mark.backends("embedded")


def legacy_user(number, **values):
    return LegacyUser(
        **{
            "old_id": uuid.uuid4().hex,
            "phone_number": number[2:],
            "country_code": "1",
            "email": "",
            "username": "ana",
            "first_name": "Ana",
            "picture": "",
            "visibility": "friends",
            "email_notifications": True,
            "push_notifications": True,
            "is_phone_verified": True,
            "is_disabled": False,
            "friends": (),
            "subscribers": (),
            "blocks": (),
            "premium": None,
            "updated_at": "",
            "digest": "1",
            "problems": (),
            **values,
        }
    )


@pytest.fixture
def stage(phone_stack):
    dynamodb, cognito = phone_stack.aws("dynamodb"), phone_stack.aws("cognito-idp")
    table, pool = phone_stack.outputs["usersTableName"], phone_stack.outputs["userPoolId"]
    inserts = TableInserts(dynamodb, table, threads=2)
    yield UsersStage(
        UsersSettings(
            source="e2e",
            run_id=uuid.uuid4().hex,
            pool_id=pool,
            table=table,
            template=template.load("marketplace"),
            rates=dict.fromkeys(QuotaClass, 1_000),
        ),
        dynamodb,
        cognito,
        inserts,
        PoolFeatures.read(cognito, pool),
        limits=Limits(),
    )
    inserts.close()


def outcomes(results):
    return [(result.outcome, result.reason) for result in results]


@pytest.mark.long
def test_an_imported_user_gets_no_message_and_signs_in_by_code(
    stage, create_phone, phone_client, phone_stack
):
    phone, disabled = create_phone(), create_phone()
    user = legacy_user(phone.number)
    users = [user, legacy_user(disabled.number, is_disabled=True)]

    results = stage.process(users)

    assert outcomes(results) == [(Outcome.CREATED, "")] * 2
    assert phone.texts + disabled.texts == []
    cognito, pool = phone_stack.aws("cognito-idp"), phone_stack.outputs["userPoolId"]
    states = [
        cognito.admin_get_user(UserPoolId=pool, Username=number) for number in (phone.number, disabled.number)
    ]
    assert [(state["UserStatus"], state["Enabled"]) for state in states] == [
        ("CONFIRMED", True),
        ("CONFIRMED", False),
    ]
    attributes = {entry["Name"]: entry["Value"] for entry in states[0]["UserAttributes"]}
    assert (attributes["phone_number_verified"], attributes["custom:old_user_id"]) == ("true", user.old_id)
    assert outcomes(stage.verify(users)) == [(Outcome.EXISTED, "")] * 2
    assert outcomes(stage.process(users)) == [(Outcome.CREATED, "")] * 2

    changed = replace(user, first_name="Bea", digest="2")
    assert outcomes(stage.update([changed])) == [(Outcome.UPDATED, "")]
    assert outcomes(stage.verify([changed])) == [(Outcome.EXISTED, "")]

    tokens = phone.sign_in()

    profile = phone_client.get_profile(tokens["AccessToken"]).json()
    assert (profile["profile"]["userId"], profile["profile"]["firstName"]) == (states[0]["Username"], "Bea")


@pytest.mark.long
def test_a_rollback_removes_the_users_of_the_run_only(stage, create_phone, phone_stack):
    imported, owner = create_phone(), create_phone()
    cognito, pool = phone_stack.aws("cognito-idp"), phone_stack.outputs["userPoolId"]
    attributes = {"phone_number": owner.number, "phone_number_verified": "true"}
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=owner.number,
        UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
        MessageAction="SUPPRESS",
    )
    users = [legacy_user(imported.number), legacy_user(owner.number)]
    results = stage.process(users)
    assert outcomes(results) == [(Outcome.CREATED, ""), (Outcome.EXISTED, "")]

    undone = stage.undo([key for result in results for key in result.keys])

    stays = "the user was here before the run and stays, without the imported data"
    assert outcomes(undone) == [(Outcome.REMOVED, ""), (Outcome.REMOVED, stays)]
    with pytest.raises(ClientError, match="UserNotFoundException"):
        cognito.admin_get_user(UserPoolId=pool, Username=imported.number)
    assert cognito.admin_get_user(UserPoolId=pool, Username=owner.number)["Enabled"] is True
    assert [result.reason for result in stage.verify(users)] == ["the user is not imported"] * 2


def test_no_client_can_write_the_old_id(create_phone, phone_client):
    """Otherwise users could pretend that an import has created them."""
    with pytest.raises(ClientError) as error:
        phone_client.sign_up(create_phone().number, **{"custom:old_user_id": "1"})

    assert error.value.response["Error"]["Code"] == "NotAuthorizedException"


@pytest.mark.long
def test_a_sign_up_with_the_number_of_an_old_user_gets_nothing(
    stage, create_phone, phone_client, phone_stack
):
    phone = create_phone()
    stranger = phone_client.sign_up(phone.number)
    user = legacy_user(phone.number)

    results = stage.process([user])

    assert outcomes(results) == [(Outcome.CONFLICT, "an unconfirmed user here has this address")]
    items = phone_stack.aws("dynamodb").query(
        TableName=phone_stack.outputs["usersTableName"],
        KeyConditionExpression="PK = :pk",
        ExpressionAttributeValues={":pk": {"S": f"USER#{stranger.sub}"}},
    )["Items"]
    assert items == []
