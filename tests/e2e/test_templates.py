"""Each template, from sign-up to a backfilled profile. The stack of the other tests has `marketplace`."""

import json

import pytest

pytestmark = [pytest.mark.backends("embedded", "localstack", "aws"), pytest.mark.long]


OWN_TEMPLATE = {"template": "hiking-club", "templateFile": "examples/own_template/hiking-club.json"}


@pytest.mark.parametrize(
    ("settings", "patch"),
    [
        ({"template": "basic"}, {"language": "fr"}),
        ({"template": "social"}, {"profile_visibility": "private"}),
        ({"template": "career"}, {"experience_level": "entry", "skills_technologies": ["Python"]}),
        (OWN_TEMPLATE, {"fitness": "hard"}),
    ],
    ids=["basic", "social", "career", "own"],
)
def test_template_runs_from_sign_up_to_backfill(deploy_dev_stack, connect, eventually, settings, patch):
    stack = deploy_dev_stack({f"pulumi-userprofiles:{name}": value for name, value in settings.items()})
    client = connect(stack)
    user = client.create_confirmed_user(given_name="Ada")
    token = client.get_access_token(user)

    first = client.get_profile(token)
    changed = client.patch_profile(token, {"profile": patch}, headers={"If-Match": first.headers["ETag"]})

    account, _ = stack.items(user.sub)
    assert (first.status_code, changed.status_code) == (200, 200), changed.text
    assert {name: changed.json()["profile"][name] for name in patch} == patch
    assert account["templateVersion"]["S"] == "1.0"
    assert len(stack.audit_rows(user.sub)) == 2

    stack.aws("dynamodb").delete_item(
        TableName=stack.outputs["usersTableName"],
        Key={"PK": {"S": f"USER#{user.sub}"}, "SK": {"S": "PROFILE#MAIN"}},
    )
    stepfunctions = stack.aws("stepfunctions")
    arn = stepfunctions.start_execution(
        stateMachineArn=stack.outputs["migrationStateMachineArn"], input=json.dumps({"segments": 1})
    )["executionArn"]
    eventually(
        "the result of the job",
        lambda: stepfunctions.describe_execution(executionArn=arn)["status"] == "SUCCEEDED",
        60,
    )
    backfilled = client.patch_profile(token, {"profile": patch})

    assert backfilled.status_code == 200, backfilled.text
    assert set(backfilled.json()["profile"]) == set(first.json()["profile"])  # without the ID of the run
    assert {name: backfilled.json()["profile"][name] for name in patch} == patch
