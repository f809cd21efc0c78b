"""Arguments: the effect of each on the resources."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from component_programs import SES_IDENTITY, WEB_ACL
from component_recording import Recording, record
from pulumi_userprofiles import (
    PythonFunction,
    ReportsBucket,
    SignupToProfile,
    UserPool,
    UsersTable,
)
from userprofiles import template


def record_pool(**args: Any) -> Recording:
    return record(lambda: UserPool("pool", args))  # type: ignore[arg-type]


def client_inputs(**args: Any) -> dict[str, Any]:
    return record_pool(**args).resource("pool-client").inputs


def pool_inputs(**args: Any) -> dict[str, Any]:
    return record_pool(**args).resource("pool-pool").inputs


def test_rotation_replaces_the_refresh_flow() -> None:
    """Cognito rejects both together."""
    inputs = client_inputs(refresh_token_rotation=True)

    assert inputs["explicitAuthFlows"] == ["ALLOW_USER_SRP_AUTH"]
    assert inputs["refreshTokenRotation"] == {"feature": "ENABLED", "retryGracePeriodSeconds": 10}


def test_without_phone_no_role_for_text_messages_is_created() -> None:
    recording = record_pool(username_attributes=["email"])

    assert recording.of_type("Role") == []
    assert "smsConfiguration" not in recording.resource("pool-pool").inputs
    assert recording.invokes == []


def test_without_role_attribute_pool_and_client_have_none() -> None:
    recording = record_pool(role_attribute=False)

    assert "schemas" not in recording.resource("pool-pool").inputs
    assert "custom:role" not in recording.resource("pool-client").inputs["writeAttributes"]


def test_missing_sender_causes_a_warning() -> None:
    assert any("email_from" in message for message in record_pool().messages)


def test_sender_is_used_for_emails_without_a_warning() -> None:
    recording = record_pool(
        email_from={"identity_arn": SES_IDENTITY, "address": "a@example.com"}, username_attributes=["email"]
    )

    assert recording.resource("pool-pool").inputs["emailConfiguration"] == {
        "emailSendingAccount": "DEVELOPER",
        "fromEmailAddress": "a@example.com",
        "sourceArn": SES_IDENTITY,
    }
    assert recording.messages == []


def test_web_acl_is_associated_with_the_pool() -> None:
    recording = record_pool(web_acl_arn=WEB_ACL)

    association = recording.resource("pool-web-acl").inputs
    assert (
        association["webAclArn"],
        association["resourceArn"].rpartition("/")[2],
    ) == (WEB_ACL, recording.resource("pool-client").inputs["userPoolId"])
    assert [message for message in recording.messages if "web_acl_arn" in message] == []


@pytest.mark.parametrize(
    ("args", "warning_count"),
    [({}, 1), ({"protect": False}, 0), ({"username_attributes": ["email"]}, 0)],
)
def test_text_messages_that_any_client_can_cause_get_a_warning(
    args: dict[str, Any], warning_count: int
) -> None:
    messages = [message for message in record_pool(**args).messages if "web_acl_arn" in message]

    assert len(messages) == warning_count
    assert [message for message in messages if "\n" in message] == []


@pytest.mark.parametrize(
    "address", ["no-reply@example.com", "Example <no-reply@example.com>", '"A, B" <a+b@mail.example.com>']
)
def test_address_can_have_a_display_name(address: str) -> None:
    recording = record_pool(email_from={"identity_arn": SES_IDENTITY, "address": address})

    assert recording.resource("pool-pool").inputs["emailConfiguration"]["fromEmailAddress"] == address


def test_arn_from_a_resource_is_not_validated() -> None:
    recording = record(lambda: UsersTable("data", {"kms_key_arn": pulumi.Output.from_input("later")}))

    assert recording.resource("data-table").inputs["serverSideEncryption"]["kmsKeyArn"] == "later"


def test_a_custom_attribute_has_explicit_lengths_and_is_not_writable() -> None:
    recording = record_pool(custom_attributes=[{"name": "plan", "max_length": 20.0}])

    (plan,) = [item for item in recording.resource("pool-pool").inputs["schemas"] if item["name"] == "plan"]
    assert plan["stringAttributeConstraints"] == {"minLength": "0", "maxLength": "20"}
    assert "custom:plan" in recording.resource("pool-client").inputs["readAttributes"]
    assert "custom:plan" not in recording.resource("pool-client").inputs["writeAttributes"]


def test_the_old_user_id_is_readable_and_writable_by_nobody() -> None:
    """A user who could write it would look like a user whom an import has created."""
    recording = record_pool(old_user_id_attribute=True, further_clients=["admin-web"])

    (old_id,) = [
        item for item in recording.resource("pool-pool").inputs["schemas"] if item["name"] == "old_user_id"
    ]
    assert old_id["mutable"] is False
    for client in ("pool-client", "pool-client-admin-web"):
        inputs = recording.resource(client).inputs
        assert "custom:old_user_id" not in {*inputs["readAttributes"], *inputs["writeAttributes"]}


def test_without_the_argument_the_pool_has_no_old_user_id() -> None:
    """Cognito can't remove an attribute from a pool."""
    assert "old_user_id" not in {item["name"] for item in pool_inputs()["schemas"]}


def test_plus_enforces_threat_protection() -> None:
    assert pool_inputs(tier="PLUS")["userPoolAddOns"] == {"advancedSecurityMode": "ENFORCED"}


def test_mfa_off_omits_the_authenticator_app() -> None:
    assert "softwareTokenMfaConfiguration" not in pool_inputs(mfa="OFF")


@pytest.mark.parametrize(
    "program",
    [
        lambda: UsersTable("data", {"protect": False}),
        lambda: UserPool("data", {"protect": False}),
        lambda: ReportsBucket("data", {"protect": False}),
    ],
)
def test_one_argument_turns_off_all_protection(program: Callable[[], Any]) -> None:
    """Both in AWS and in Pulumi, so that a trial stack can be destroyed."""
    recording = record(program)

    assert [item.name for item in recording.resources if item.protect] == []
    protections = [
        item.inputs.get("deletionProtectionEnabled", item.inputs.get("deletionProtection"))
        for item in recording.resources
    ]
    assert not {True, "ACTIVE"} & set(protections)


def test_snap_start_and_reserved_concurrency_are_passed_on() -> None:
    recording = record(
        lambda: PythonFunction(
            "fn", {"handler": "x.handler", "platform": "host", "snap_start": True, "reserved_concurrency": 5}
        )
    )

    inputs = recording.resource("fn-function").inputs
    assert (
        inputs["snapStart"],
        inputs["reservedConcurrentExecutions"],
    ) == ({"applyOn": "PublishedVersions"}, 5)


def test_each_function_has_its_own_reserved_concurrency(changed_stack: Recording) -> None:
    assert {
        item.name: item.inputs.get("reservedConcurrentExecutions")
        for item in changed_stack.of_type("Function")
    } == {
        "app-api-handler-function": 50,
        "app-api-admin-function": 50,
        "app-eraser-worker-function": None,
        "app-migration-worker-function": 20,
        "app-outbox-worker-function": 2,
        "app-reconciler-worker-function": None,
        "app-triggers-post-confirmation-function": 20,
        "app-triggers-pre-sign-up-function": 20,
        "app-triggers-pre-token-function": 20,
    }


def test_functions_that_cognito_invokes_have_the_memory_for_a_cold_start(record_stack: Any) -> None:
    """Cognito waits 5 s for a trigger, including its cold start."""
    memory = {item.name: item.inputs["memorySize"] for item in record_stack().of_type("Function")}

    assert memory == {
        "app-api-admin-function": 512,
        "app-api-handler-function": 512,
        "app-eraser-worker-function": 512,
        "app-migration-worker-function": 1024,
        "app-outbox-worker-function": 512,
        "app-reconciler-worker-function": 512,
        "app-triggers-post-confirmation-function": 1024,
        "app-triggers-pre-sign-up-function": 1024,
        "app-triggers-pre-token-function": 1024,
    }


def test_all_functions_have_the_same_runtime(stack: Recording, changed_stack: Recording) -> None:
    """The default does not follow the Python that deploys: otherwise two developers would undo each other."""
    runtimes = [
        {item.inputs["runtime"] for item in recording.of_type("Function")}
        for recording in (stack, changed_stack)
    ]

    assert runtimes == [{"python3.13"}, {"python3.12"}]


def test_existing_role_is_used_and_none_is_created() -> None:
    role = "arn:aws-cn:iam::1:role/theirs"

    recording = record(
        lambda: PythonFunction("fn", {"handler": "x.handler", "platform": "host", "existing_role_arn": role})
    )

    assert recording.resource("fn-function").inputs["role"] == role
    assert recording.of_type("Role") + recording.of_type("RolePolicy") == []


def test_basic_template_has_one_role_and_no_role_attribute(record_stack: Any) -> None:
    recording = record_stack(template="basic")

    assert "schemas" not in recording.resource("app-identity-pool").inputs
    assert (
        recording.resource("app-api-handler-function").inputs["environment"]["variables"]["TEMPLATE"]
        == "basic"
    )


def test_custom_template_is_packed_and_named(record_stack: Any) -> None:
    document = template.load("marketplace").document

    recording = record_stack(template="shop", template_document=json.dumps(document))

    function = recording.resource("app-triggers-post-confirmation-function").inputs
    assert function["environment"]["variables"]["TEMPLATE"] == "shop"


def test_the_environment_of_post_confirmation_is_what_its_handler_reads(stack: Recording) -> None:
    variables = stack.resource("app-triggers-post-confirmation-function").inputs["environment"]["variables"]

    assert variables == {
        "AUDIT_TABLE": "app-data-audit-table-1234567",
        "DEFAULT_ROLE": "customer",
        "OUTBOX_QUEUE_URL": "https://sqs.example/app-triggers-outbox",
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "POWERTOOLS_METRICS_NAMESPACE": "UserProfiles",
        "POWERTOOLS_SERVICE_NAME": "pulumi-userprofiles-test-app-triggers-post-confirmation",
        "SIGN_UP_ROLES": "customer,vendor",
        "TEMPLATE": "marketplace",
        "USERS_TABLE": "app-data-table-1234567",
    }


def test_a_transform_changes_one_child(record_stack: Any) -> None:
    def change_table(inputs: dict[str, Any], options: pulumi.ResourceOptions) -> None:
        inputs["table_class"] = "STANDARD_INFREQUENT_ACCESS"
        options.retain_on_delete = True

    recording = record(
        lambda: SignupToProfile(
            "app", {"platform": "host"}, transforms={"data": {"audit-table": change_table}}
        )  # type: ignore[typeddict-item]
    )

    assert recording.resource("app-data-audit-table").inputs["tableClass"] == "STANDARD_INFREQUENT_ACCESS"
    assert "tableClass" not in recording.resource("app-data-table").inputs


def test_no_scheduled_reconciliation_with_an_interval_of_0(record_stack: Any) -> None:
    recording = record_stack(reconcile_interval_hours=0)

    assert [item.name for item in recording.resources if item.name.startswith("app-reconciler")] == []
    assert recording.outputs["app"]["reconcilerStateTableName"] == ""


def test_reconciler_without_removals_can_change_no_user_of_the_pool(changed_stack: Recording) -> None:
    variables = changed_stack.resource("app-reconciler-worker-function").inputs["environment"]["variables"]
    statements = changed_stack.resource("app-reconciler-worker-policy").document("policy")["Statement"]
    actions = {action for statement in statements for action in statement["Action"]}
    assert (variables["UNCONFIRMED_DAYS"], variables["INTERVAL_HOURS"]) == ("0", "12")
    assert {action for action in actions if action.startswith("cognito-idp:")} == {
        "cognito-idp:AdminGetUser",
        "cognito-idp:ListUsers",
    }
    assert "dynamodb:DeleteItem" not in actions
