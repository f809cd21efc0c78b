"""Each check fails for its own reason, with a fix."""

import dataclasses
import json

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError
from userprofiles import template
from userprofiles.backfill.errors import BackfillFailedError
from userprofiles.stack_setup.check_result import Status
from userprofiles.stack_setup.checks import check_stack


def problems(stack):
    """Return detail and fix of all checks that are not ok, by name."""
    return {
        result.name: (result.detail, result.fix)
        for result in check_stack(stack)
        if result.status is not Status.OK
    }


def pool(clients):
    return clients["cognito-idp"].responses["describe_user_pool"]["UserPool"]


def change_response(client, operation, change):
    """Change the document that an operation returns."""
    create = client.responses[operation]

    def respond(**parameters):
        document = create(**parameters) if callable(create) else create
        change(document, parameters)
        return document

    client.responses[operation] = respond


def set_variable(clients, name, value):
    change_response(
        clients["lambda"],
        "get_function_configuration",
        lambda document, _: document["Environment"]["Variables"].update({name: value}),
    )


def test_complete_stack_has_no_problem(stack):
    results = list(check_stack(stack))

    assert {result.status for result in results} == {Status.OK}
    assert len(results) == 16


@pytest.mark.parametrize(
    ("change", "name", "problem"),
    [
        (lambda table: table.update(TableStatus="CREATING"), "users table", "has the status CREATING"),
        (lambda table: table["KeySchema"].pop(), "users table", "has the keys PK, not PK and SK"),
        (
            lambda table: table.update(GlobalSecondaryIndexes=[]),
            "indexes of the users table",
            "the index 'list' is missing",
        ),
        (
            lambda table: table["GlobalSecondaryIndexes"][0]["KeySchema"].pop(),
            "indexes of the users table",
            "the index 'list' has the keys listPK, not listPK and listSK",
        ),
        (
            lambda table: table["GlobalSecondaryIndexes"][0].update(IndexStatus="CREATING"),
            "indexes of the users table",
            "the index 'list' has the status CREATING",
        ),
    ],
)
def test_problem_of_the_users_table(stack, clients, change, name, problem):
    change_response(
        clients["dynamodb"],
        "describe_table",
        lambda document, parameters: parameters["TableName"] == "users" and change(document["Table"]),
    )

    [(check, (detail, fix))] = problems(stack).items()

    assert check == name
    assert problem in detail
    assert fix


def test_missing_tables(stack, clients, aws_error):
    clients["dynamodb"].responses["describe_table"] = aws_error("ResourceNotFoundException")

    found_problems = problems(stack)

    assert found_problems["users table"][0] == "table 'users' doesn't exist"
    assert found_problems["audit table"][0] == "table 'audit' doesn't exist"
    assert "pulumi up" in found_problems["audit table"][1]


def test_missing_pool(stack, clients, aws_error):
    clients["cognito-idp"].responses["describe_user_pool"] = aws_error("ResourceNotFoundException")

    assert problems(stack)["user pool"][0] == "user pool 'us-east-1_abc123456' doesn't exist"


@pytest.mark.parametrize("trigger", ["PreSignUp", "PostConfirmation"])
def test_missing_trigger(stack, clients, trigger):
    del pool(clients)["LambdaConfig"][trigger]

    detail, fix = problems(stack)[f"{trigger} trigger"]
    assert detail == f"the pool has no {trigger} trigger"
    assert fix.startswith("Check the ID of the pool.")


def test_trigger_without_its_function(stack, clients, aws_error):
    clients["lambda"].responses["get_function_configuration"] = aws_error("ResourceNotFoundException")

    assert "which doesn't exist" in problems(stack)["PreSignUp trigger"][0]


def test_trigger_with_another_function(stack, clients):
    change_response(
        clients["lambda"], "get_function_configuration", lambda document, _: document.update(Handler="x.y")
    )

    assert "has the handler x.y, not userprofiles.handlers." in problems(stack)["PreSignUp trigger"][0]


@pytest.mark.parametrize(
    "policy",
    [
        {"Statement": []},
        {
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "cognito-idp.amazonaws.com"},
                    "Condition": {"ArnLike": {"AWS:SourceArn": "arn:of:another:pool"}},
                }
            ]
        },
        {
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Condition": {"ArnLike": {"AWS:SourceArn": "arn:of:another:pool"}},
                }
            ]
        },
    ],
)
def test_missing_invoke_permission(stack, clients, policy):
    clients["lambda"].responses["get_policy"] = {"Policy": json.dumps(policy)}

    assert problems(stack).keys() == {"PreSignUp invoke permission", "PostConfirmation invoke permission"}


def test_other_triggers_need_an_invoke_permission_too(stack, clients):
    arn = "arn:aws:lambda:us-east-1:000000000000:function:token:live"
    pool(clients)["LambdaConfig"] |= {
        "PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": arn},
        "PreTokenGeneration": arn,
        "CustomMessage": "arn:aws:lambda:us-east-1:000000000000:function:message",
        "KMSKeyID": "arn:aws:kms:us-east-1:000000000000:key/1",
    }
    policy = clients["lambda"].responses["get_policy"]

    def get_policy(**parameters):
        return {"Policy": '{"Statement": []}'} if parameters["FunctionName"] == "message" else policy

    clients["lambda"].responses["get_policy"] = get_policy

    names = [result.name for result in check_stack(stack) if "invoke" in result.name]
    assert names == [
        "PreSignUp invoke permission",
        "PostConfirmation invoke permission",
        "PreTokenGeneration invoke permission",
        "CustomMessage invoke permission",
    ]
    assert problems(stack).keys() == {"CustomMessage invoke permission"}


def test_function_without_any_policy(stack, clients, aws_error):
    clients["lambda"].responses["get_policy"] = aws_error("ResourceNotFoundException")

    assert "has no invoke permission" in problems(stack)["PreSignUp invoke permission"][0]


def test_trigger_writes_to_other_tables(stack, clients):
    set_variable(clients, "AUDIT_TABLE", "other")

    assert problems(stack)["tables of the trigger"][0] == (
        "AUDIT_TABLE of post_confirmation is 'other', not 'audit'"
    )


def test_other_template(stack):
    other = dataclasses.replace(stack, template=template.load("career"))

    assert problems(other)["template"] == (
        "the trigger uses the template 'marketplace', not 'career'",
        "Pass --template marketplace, or change the configuration of the stack.",
    )


def test_preset_is_not_the_template_of_the_team(stack, clients):
    set_variable(clients, "TEMPLATE", "custom")

    assert problems(dataclasses.replace(stack, template=template.load("career")))["template"] == (
        "the trigger uses the template 'custom', not 'career'",
        "Pass --template FILE.json, the stack's own file, or change the configuration of the stack.",
    )


def test_template_of_the_team_must_be_passed(stack, clients):
    set_variable(clients, "TEMPLATE", "custom")

    results = {result.name: result for result in check_stack(stack)}

    assert results["template"].status is Status.NOT_CHECKED
    assert results["template"].fix == "Pass its file: --template FILE.json."


def test_role_that_the_template_does_not_have(stack, clients):
    set_variable(clients, "SIGN_UP_ROLES", "customer,admiral")

    assert "SIGN_UP_ROLES of the trigger has the role 'admiral'" in problems(stack)["template"][0]


def test_role_attribute(stack, clients):
    pool(clients)["SchemaAttributes"][1]["Mutable"] = True
    mutable = problems(stack)
    pool(clients)["SchemaAttributes"].pop()

    assert "custom:role is mutable" in mutable["role attribute of the pool"][0]
    assert "doesn't have the attribute custom:role" in problems(stack)["role attribute of the pool"][0]


def test_role_attribute_is_not_needed_for_one_role(stack, clients):
    set_variable(clients, "SIGN_UP_ROLES", "customer")
    pool(clients)["SchemaAttributes"].pop()

    assert problems(stack) == {}


def test_missing_rights(stack, clients):
    clients["iam"].responses["simulate_principal_policy"] = {
        "EvaluationResults": [{"EvalActionName": "dynamodb:PutItem", "EvalDecision": "implicitDeny"}]
    }

    assert problems(stack).keys() == {
        "rights on the users table",
        "rights on the audit table",
        "rights on the outbox",
    }


def test_missing_outbox(stack, clients, aws_error):
    clients["sqs"].responses["get_queue_attributes"] = aws_error("AWS.SimpleQueueService.NonExistentQueue")

    assert problems(stack).keys() == {"rights on the outbox", "outbox worker", "dead-letter queue"}


@pytest.mark.parametrize(
    ("mappings", "problem"),
    [
        ([], "no function receives messages of the outbox"),
        (
            [{"State": "Disabled", "UUID": "7"}],
            "the event source mapping of the outbox has the state Disabled",
        ),
    ],
)
def test_outbox_worker(stack, clients, mappings, problem):
    clients["lambda"].responses["list_event_source_mappings"] = {"EventSourceMappings": mappings}

    assert problems(stack)["outbox worker"][0] == problem


def test_messages_in_the_dead_letter_queue(stack, clients):
    change_response(
        clients["sqs"],
        "get_queue_attributes",
        lambda document, _: document["Attributes"].update(ApproximateNumberOfMessages="3"),
    )

    detail, fix = problems(stack)["dead-letter queue"]

    assert detail == "3 users could not be registered; their messages are in dead"
    assert "start-message-move-task" in fix


def test_denied_call_is_not_checked(stack, clients, aws_error):
    clients["iam"].responses["simulate_principal_policy"] = aws_error("AccessDenied")

    results = {result.name: result for result in check_stack(stack)}

    result = results["rights on the outbox"]
    assert (result.status, result.detail) == (
        Status.NOT_CHECKED,
        "your credentials may not call iam:SimulatePrincipalPolicy",
    )


@pytest.mark.parametrize(
    "error", [NoCredentialsError(), EndpointConnectionError(endpoint_url="http://127.0.0.1:1")]
)
def test_problem_of_all_checks_ends_the_command(stack, clients, error):
    clients["dynamodb"].responses["describe_table"] = error

    with pytest.raises(BackfillFailedError):
        list(check_stack(stack))


def test_expired_credentials_end_the_command(stack, clients, aws_error):
    clients["dynamodb"].responses["describe_table"] = aws_error("ExpiredTokenException")

    with pytest.raises(BackfillFailedError, match="AWS does not accept the credentials"):
        list(check_stack(stack))
