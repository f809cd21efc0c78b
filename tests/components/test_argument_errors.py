"""Invalid arguments: each gets one actionable error message before any resource is created."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from component_recording import Recording, begin
from pulumi_userprofiles import (
    InvalidArgumentError,
    MfaMode,
    MigrationJob,
    PythonFunction,
    SignupToProfile,
    SignUpTriggers,
    UserPool,
    UserPoolTier,
    UsersTable,
)

SES = "arn:aws-cn:ses:cn-north-1:111122223333:identity/example.com"
KMS = "arn:aws-cn:kms:cn-north-1:111122223333:key/00000000-0000-4000-8000-000000000000"
WEB_ACL = "arn:aws-cn:wafv2:cn-north-1:111122223333:regional/webacl/sign-ups/00000000-0000-4000"
SNS = "arn:aws-cn:sns:cn-north-1:111122223333:alarms"


MISTAKES: dict[str, tuple[Callable[[], Any], list[str]]] = {
    "unknown template": (lambda: _whole(template="shop"), ["template", "'shop'", "basic, marketplace"]),
    "template that is no JSON": (
        lambda: _whole(template_document="{"),
        ["template_document", "JSON", "installed package userprofiles"],
    ),
    "template without roles": (lambda: _whole(template_document="{}"), ["template"]),
    "template named as a preset": (
        lambda: _whole(template="basic", template_document="{}"),
        ["preset", "'basic'"],
    ),
    "role in another form": (
        lambda: _whole(sign_up_roles=["Admin!"]),
        ["'Admin!'", "lower-case"],
    ),
    "role that the template lacks": (
        lambda: _whole(sign_up_roles=["admin"]),
        ["'admin'", "customer, vendor"],
    ),
    "no role": (lambda: _whole(sign_up_roles=[]), ["sign_up_roles", "empty"]),
    "roles as one text": (lambda: _whole(sign_up_roles="customer"), ["sign_up_roles", "list"]),
    "a role twice": (lambda: _whole(sign_up_roles=["vendor", "vendor"]), ["twice"]),
    "bad table name": (
        lambda: _whole(migration_table_names=["a/b"]),
        ["'a/b'", "255"],
    ),
    "more tables than the environment holds": (
        lambda: _whole(migration_table_names=[f"{number:0255}" for number in range(11)]),
        ["'migration_table_names'", "4 KB", "second MigrationJob"],
    ),
    "argument that doesn't exist": (lambda: _whole(templte="basic"), ["'templte'", "template"]),
    "argument of the pool that doesn't exist": (lambda: _whole(user_pool={"mfaa": "ON"}), ["mfaa"]),
    "argument of the pool that follows": (
        lambda: _whole(user_pool={"protect": False}),
        ["'protect'", "user_pool"],
    ),
    "unknown platform": (lambda: _whole(platform="x86"), ["platform", "'x86'", "lambda, host"]),
    "retention that CloudWatch lacks": (lambda: _whole(log_retention_days=31), ["31", "30, 60"]),
    "number as a text": (lambda: _whole(log_retention_days="30"), ["log_retention_days", "'30'"]),
    "switch as a text": (lambda: _whole(protect="yes"), ["protect", "'yes'", "true, false"]),
    "secret that decides": (lambda: _whole(protect=pulumi.Output.secret(True)), ["protect", "plain"]),
    "any origin": (lambda: _whole(allowed_origins=["*"]), ["allowed_origins", "'*'", "https://example.com"]),
    "long name": (lambda: SignupToProfile("a" * 21, {"platform": "host"}), ["20 characters"]),
    "name with capitals": (lambda: UserPool("Pool", {}), ["lower-case"]),
    "transform of no child": (
        lambda: UsersTable("t", {}, transforms={"tabel": print}),
        ["'tabel'"],
    ),
    "transform of no group": (
        lambda: UserPool("p", {"groups": ["admins"]}, transforms={"group-admn": print}),
        ["'group-admn'", "group-admins", "pre-sign-up-permission"],
    ),
    "transform of no permission": (
        lambda: PythonFunction("f", {"handler": "h", "platform": "host"}, transforms={"api": print}),  # type: ignore[typeddict-item]
        ["'api'", "*-permission"],
    ),
    "grace too long": (lambda: UserPool("p", {"rotation_grace_seconds": 61}), ["0 to 60"]),
    "rotation in the plan without it": (
        lambda: UserPool("p", {"refresh_token_rotation": True, "tier": UserPoolTier.LITE}),
        ["refresh_token_rotation", "LITE", "ESSENTIALS or PLUS"],
    ),
    "region of text messages": (
        lambda: UserPool("p", {"sns_region": "frankfurt"}),
        ["'sns_region'", "'frankfurt'", "eu-central-1"],
    ),
    "recovery by the second factor": (
        lambda: UserPool("p", {"mfa": MfaMode.ON, "account_recovery": ["verified_phone_number"]}),
        ["'account_recovery'", "'mfa' is ON", "set 'mfa' to OFF"],
    ),
    "app alone with phone numbers": (
        lambda: UserPool("p", {"mfa_methods": ["authenticator_app"]}),
        ["'mfa_methods'", "authenticator_app, text_message", "username_attributes"],
    ),
    "text messages alone": (
        lambda: UserPool("p", {"mfa_methods": ["text_message"]}),
        ["'mfa_methods'", "authenticator_app, text_message"],
    ),
    "text messages without phone numbers": (
        lambda: UserPool(
            "p",
            {"username_attributes": ["email"], "mfa_methods": ["authenticator_app", "text_message"]},
        ),
        ["'mfa_methods'", "sends no text messages"],
    ),
    "methods without a second factor": (
        lambda: UserPool("p", {"mfa": MfaMode.OFF, "mfa_methods": ["authenticator_app"]}),
        ["'mfa_methods'", "'mfa' OFF", "Remove it"],
    ),
    "fewer calls than the migration makes": (
        lambda: _whole(migration_max_concurrency=8, migration_concurrency=7),
        ["'migration_concurrency'", "8 to 10000"],
    ),
    "no segment at a time": (lambda: _whole(migration_max_concurrency=0), ["1 to 1000"]),
    "password flow": (
        lambda: UserPool("p", {"auth_flows": ["ALLOW_USER_PASSWORD_AUTH"]}),
        ["auth_flows", "ALLOW_USER_SRP_AUTH"],
    ),
    "verified flag written": (
        lambda: UserPool("p", {"write_attributes": ["email_verified"]}),
        ["write_attributes", "'email_verified'"],
    ),
    "attribute twice": (
        lambda: UserPool("p", {"custom_attributes": [{"name": "role"}]}),
        ["role_attribute"],
    ),
    "attribute's name": (
        lambda: UserPool("p", {"custom_attributes": [{"name": "custom:x"}]}),
        ["custom:"],
    ),
    "sender without address": (lambda: UserPool("p", {"email_from": {"identity_arn": "a"}}), ["'address'"]),
    "key that is a topic": (lambda: UsersTable("t", {"kms_key_arn": SNS}), ["'kms_key_arn'", "KMS key"]),
    "former key that is a topic": (
        lambda: _whole(former_kms_key_arns=[SNS]),
        ["'former_kms_key_arns'", "KMS key"],
    ),
    "former keys as text": (lambda: _whole(former_kms_key_arns=KMS), ["'former_kms_key_arns'", "list"]),
    "former key that is current": (
        lambda: _whole(kms_key_arn=KMS, former_kms_key_arns=[KMS]),
        ["'former_kms_key_arns'", "current key"],
    ),
    "key by its alias": (
        lambda: _whole(kms_key_arn=KMS.replace("key/", "alias/")),
        ["'kms_key_arn'", "alias"],
    ),
    "web ACL for CloudFront": (
        lambda: UserPool("p", {"web_acl_arn": WEB_ACL.replace("regional", "global")}),
        ["'web_acl_arn'", "regional"],
    ),
    "no call at all": (lambda: _whole(trigger_concurrency=0), ["'trigger_concurrency'", "1 to 10000"]),
    "fewer calls than the queue makes": (
        lambda: _whole(outbox_concurrency=1),
        ["'outbox_concurrency'", "2 to 10000"],
    ),
    "topic by its name": (lambda: _whole(alarm_topic_arn="alarms"), ["'alarm_topic_arn'", "'alarms'"]),
    "identity that is a key": (
        lambda: _whole(user_pool={"email_from": {"identity_arn": KMS, "address": "a@example.com"}}),
        ["'email_from.identity_arn'", "SES identity"],
    ),
    "sender that is no address": (
        lambda: UserPool("p", {"email_from": {"identity_arn": SES, "address": "example.com"}}),
        ["'email_from.address'", "'example.com'"],
    ),
    "group's name": (lambda: UserPool("p", {"groups": ["a b"]}), ["'a b'"]),
    "user name by nickname": (
        lambda: UserPool("p", {"username_attributes": ["nickname"]}),
        ["email, phone"],
    ),
    "handler missing": (lambda: PythonFunction("f", {}), ["'handler'"]),
    "tables missing": (lambda: SignUpTriggers("t", {}), ["'users_table_name'"]),
    "role and statements": (
        lambda: PythonFunction(
            "f", {"handler": "h", "existing_role_arn": "r", "statements": [_right("a:b", "c")]}
        ),
        ["existing_role_arn", "cannot be used together"],
    ),
    "wildcard action": (
        lambda: PythonFunction("f", {"handler": "h", "statements": [_right("dynamodb:*", "arn")]}),
        ["dynamodb:*", "List the actions"],
    ),
    "wildcard resource": (
        lambda: PythonFunction("f", {"handler": "h", "statements": [_right("dynamodb:Scan", "*")]}),
        ["dynamodb:Scan", "ARN"],
    ),
    "no segments": (
        lambda: MigrationJob("m", {"users_table_name": "t", "users_table_arn": "a", "segments": 0}),
        ["segments", "1 to 1000"],
    ),
}


def _whole(**args: Any) -> SignupToProfile:
    return SignupToProfile("app", {"platform": "host", **args})  # type: ignore[typeddict-item]


def _right(action: str, resource: str) -> Any:
    return {"sid": "It", "actions": [action], "resources": [resource]}


@pytest.mark.parametrize("mistake", sorted(MISTAKES))
def test_an_invalid_argument_gets_one_message_and_creates_nothing(mistake: str) -> None:
    """What is wrong, what was given, what is allowed, how to fix it; and no traceback."""
    program, parts = MISTAKES[mistake]
    recordings: list[Recording] = []

    with pytest.raises(InvalidArgumentError) as caught:
        _keep(recordings, program)

    message = str(caught.value)
    assert isinstance(caught.value, pulumi.RunError)
    assert [] == [part for part in [*parts, "Got ", "allowed: "] if part not in message], message
    assert [] == [resource.name for recording in recordings for resource in recording.resources]


def _keep(recordings: list[Recording], program: Callable[[], Any]) -> None:
    """Run a program that may fail, and keep what it registered until then."""
    recordings.append(begin())
    pulumi.runtime.test(program)()
