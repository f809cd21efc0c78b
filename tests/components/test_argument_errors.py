"""Invalid arguments: each gets one actionable error message before any resource is created."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from component_programs import KEY, SES_IDENTITY, TABLES, TOPIC, WEB_ACL, arn
from component_recording import Recording, start_recording
from pulumi_userprofiles import (
    AfterSignUp,
    InvalidArgumentError,
    MfaMode,
    MigrationJob,
    ProfileApi,
    PythonFunction,
    Reconciler,
    SignupToProfile,
    SignUpTriggers,
    UserPool,
    UserPoolTier,
    UsersTable,
)

FUNCTION = arn("lambda", "function:theirs")

MISTAKES: dict[str, tuple[Callable[[], Any], list[str]]] = {
    "unknown template": (
        lambda: _stack(template="shop"),
        ["template", "'shop'", "basic, career, marketplace, social"],
    ),
    "template that is not JSON": (
        lambda: _stack(template_document="{"),
        ["template_document", "JSON", "installed package userprofiles"],
    ),
    "template without roles": (
        lambda: _stack(template_document="{}"),
        ["'template_document' is not a valid template", "Got '{}'", "`userprofiles template check FILE`"],
    ),
    "name of a preset for another template": (
        lambda: _stack(template="basic", template_document="{}"),
        ["preset", "'basic'"],
    ),
    "role with an invalid form": (
        lambda: _stack(sign_up_roles=["Admin!"]),
        ["'Admin!'", "lower-case"],
    ),
    "role that the template lacks": (
        lambda: _stack(sign_up_roles=["admin"]),
        ["'admin'", "customer, vendor"],
    ),
    "table instead of its stream": (
        lambda: AfterSignUp(
            "a", targets=[{"name": "crm"}], users_table_stream_arn=TABLES["users_table_arn"], platform="host"
        ),
        ["'users_table_stream_arn' must be the ARN of the stream of a DynamoDB table", "/stream/"],
    ),
    "no role": (lambda: _stack(sign_up_roles=[]), ["sign_up_roles", "empty"]),
    "text instead of a list of roles": (lambda: _stack(sign_up_roles="customer"), ["sign_up_roles", "list"]),
    "a role twice": (lambda: _stack(sign_up_roles=["vendor", "vendor"]), ["twice"]),
    "role without approval": (
        lambda: _stack(approval_roles=["customer"]),
        ["'approval_roles'", "'customer'", "allowed: vendor"],
    ),
    "template without approval": (
        lambda: _stack(template="career", approval_roles=["user"]),
        ["'approval_roles'", "none: no role of this template"],
    ),
    "bad table name": (
        lambda: _stack(migration_table_names=["a/b"]),
        ["'a/b'", "255"],
    ),
    "more tables than the environment holds": (
        lambda: _stack(migration_table_names=[f"{number:0255}" for number in range(11)]),
        ["'migration_table_names'", "4 KB", "second MigrationJob"],
    ),
    "unknown argument": (lambda: _stack(templte="basic"), ["'templte'", "template"]),
    "group of administrators": (
        lambda: _stack(user_pool={"groups": ["support", "admin"]}),
        ["'admin'", "'groups'", "user pool"],
    ),
    "unknown argument of the pool": (lambda: _stack(user_pool={"mfaa": "ON"}), ["mfaa"]),
    "argument of the pool that the stack sets": (
        lambda: _stack(user_pool={"protect": False}),
        ["'protect'", "user_pool"],
    ),
    "unknown platform": (lambda: _stack(platform="x86"), ["platform", "'x86'", "lambda, host"]),
    "runtime that the code does not support": (
        lambda: _stack(runtime="python3.10"),
        ["'runtime'", "'python3.10'", "python3.13, python3.12, python3.11"],
    ),
    "retention that CloudWatch does not offer": (lambda: _stack(log_retention_days=31), ["31", "30, 60"]),
    "text instead of a number": (lambda: _stack(log_retention_days="30"), ["log_retention_days", "'30'"]),
    "text instead of a boolean": (lambda: _stack(protect="yes"), ["protect", "'yes'", "true, false"]),
    "secret instead of a plain boolean": (
        lambda: _stack(protect=pulumi.Output.secret(True)),
        ["protect", "plain"],
    ),
    "wildcard origin": (
        lambda: _stack(allowed_origins=["*"]),
        ["allowed_origins", "'*'", "https://example.com"],
    ),
    "long name": (lambda: SignupToProfile("a" * 21, {"platform": "host"}), ["20 characters"]),
    "name with capitals": (lambda: UserPool("Pool", {}), ["lower-case"]),
    "transform of an unknown child": (
        lambda: UsersTable("t", {}, transforms={"tabel": print}),
        ["'tabel'"],
    ),
    "transform of an unknown group": (
        lambda: UserPool("p", {"groups": ["admins"]}, transforms={"group-admn": print}),
        ["'group-admn'", "group-admins", "pre-sign-up-permission"],
    ),
    "transform of an unknown permission": (
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
    "code alone although all users need a second factor": (
        lambda: _stack(phone_sign_in={}, user_pool={"mfa": MfaMode.ON}),
        ["'phone_sign_in'", "'mfa' ON", "Set 'mfa' to OPTIONAL"],
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
        lambda: _stack(migration_max_concurrency=8, migration_concurrency=7),
        ["'migration_concurrency'", "8 to 10000"],
    ),
    "more than all segments fail": (
        lambda: _stack(migration_tolerated_failure_percentage=101),
        ["'migration_tolerated_failure_percentage'", "0 to 100"],
    ),
    "rollback in words": (
        lambda: _stack(migration_allow_rollback="sometimes"),
        ["'migration_allow_rollback'", "true", "false"],
    ),
    "no segment at a time": (lambda: _stack(migration_max_concurrency=0), ["1 to 1000"]),
    "password flow": (
        lambda: UserPool("p", {"auth_flows": ["ALLOW_USER_PASSWORD_AUTH"]}),
        ["auth_flows", "ALLOW_USER_SRP_AUTH"],
    ),
    "verified flag that clients can write": (
        lambda: UserPool("p", {"write_attributes": ["email_verified"]}),
        ["write_attributes", "'email_verified'"],
    ),
    "attribute twice": (
        lambda: UserPool("p", {"custom_attributes": [{"name": "role"}]}),
        ["role_attribute"],
    ),
    "old user ID twice": (
        lambda: UserPool(
            "p", {"old_user_id_attribute": True, "custom_attributes": [{"name": "old_user_id"}]}
        ),
        ["old_user_id_attribute"],
    ),
    "attribute name with a prefix": (
        lambda: UserPool("p", {"custom_attributes": [{"name": "custom:x"}]}),
        ["custom:"],
    ),
    "sender without address": (lambda: UserPool("p", {"email_from": {"identity_arn": "a"}}), ["'address'"]),
    "topic instead of a key": (lambda: UsersTable("t", {"kms_key_arn": TOPIC}), ["'kms_key_arn'", "KMS key"]),
    "former topic instead of a key": (
        lambda: _stack(former_kms_key_arns=[TOPIC]),
        ["'former_kms_key_arns'", "KMS key"],
    ),
    "former keys as text": (lambda: _stack(former_kms_key_arns=KEY), ["'former_kms_key_arns'", "list"]),
    "former key that is current": (
        lambda: _stack(kms_key_arn=KEY, former_kms_key_arns=[KEY]),
        ["'former_kms_key_arns'", "current key"],
    ),
    "alias instead of a key": (
        lambda: _stack(kms_key_arn=KEY.replace("key/", "alias/")),
        ["'kms_key_arn'", "alias"],
    ),
    "web ACL for CloudFront": (
        lambda: UserPool("p", {"web_acl_arn": WEB_ACL.replace("regional", "global")}),
        ["'web_acl_arn'", "regional"],
    ),
    "concurrency of zero": (lambda: _stack(trigger_concurrency=0), ["'trigger_concurrency'", "1 to 10000"]),
    "concurrency below the minimum of the queue": (
        lambda: _stack(outbox_concurrency=1),
        ["'outbox_concurrency'", "2 to 10000"],
    ),
    "name instead of the topic's ARN": (
        lambda: _stack(alarm_topic_arn="alarms"),
        ["'alarm_topic_arn'", "'alarms'"],
    ),
    "key instead of an identity": (
        lambda: _stack(user_pool={"email_from": {"identity_arn": KEY, "address": "a@example.com"}}),
        ["'email_from.identity_arn'", "SES identity"],
    ),
    "sender that is not an address": (
        lambda: UserPool("p", {"email_from": {"identity_arn": SES_IDENTITY, "address": "example.com"}}),
        ["'email_from.address'", "'example.com'"],
    ),
    "client name with a space": (
        lambda: UserPool("p", {"further_clients": ["a b"]}),
        ["further_clients", "'a b'"],
    ),
    "unknown trigger": (
        lambda: UserPool("p", {"triggers": {"inbound_federation": FUNCTION}}),
        ["'triggers'", "'inbound_federation'", "pre_authentication", "pulumi-aws"],
    ),
    "triggers as text": (lambda: UserPool("p", {"triggers": FUNCTION}), ["'triggers'", "dict"]),  # type: ignore[typeddict-item]
    "name instead of a function's ARN": (
        lambda: UserPool("p", {"triggers": {"pre_authentication": "theirs"}}),
        ["'triggers.pre_authentication'", "'theirs'", "arn:aws:lambda:"],
    ),
    "unpublished version of a function": (
        lambda: UserPool("p", {"triggers": {"pre_authentication": f"{FUNCTION}:$LATEST"}}),
        ["'triggers.pre_authentication'", "$LATEST"],
    ),
    "second function for a trigger of ours": (
        lambda: _stack(triggers={"post_confirmation": FUNCTION}),
        ["'post_confirmation'", "only one", "'post_confirmation_alias_arn'"],
    ),
    "second function for the role in tokens": (
        lambda: _stack(triggers={"pre_token_generation": FUNCTION}),
        ["'pre_token_generation'", "'role_in_token' to false"],
    ),
    "second function for messages": (
        lambda: _stack(
            triggers={"custom_message": FUNCTION},
            texts_by_language={"de": {"verification_sms_message": "{####}"}},
        ),
        ["'custom_message'", "remove 'texts_by_language'"],
    ),
    "second function of a pool alone": (
        lambda: UserPool(
            "p", {"custom_message_alias_arn": FUNCTION, "triggers": {"custom_message": FUNCTION}}
        ),
        ["'custom_message'", "only one"],
    ),
    "triggers of the stack's pool": (
        lambda: _stack(user_pool={"triggers": {"pre_authentication": FUNCTION}}),
        ["'triggers'", "user_pool"],
    ),
    "sender without a key": (
        lambda: UserPool("p", {"triggers": {"custom_sms_sender": FUNCTION}}),
        ["'sender_key_arn'", "custom_sms_sender", "kms:Decrypt"],
    ),
    "key without a sender": (lambda: UserPool("p", {"sender_key_arn": KEY}), ["'sender_key_arn'"]),
    "topic instead of the sender's key": (
        lambda: UserPool("p", {"sender_key_arn": TOPIC}),
        ["'sender_key_arn'", "KMS key"],
    ),
    "unknown text": (
        lambda: UserPool("p", {"texts": {"verification_subject": "x"}}),  # type: ignore[typeddict-unknown-key]
        ["'verification_subject'", "verification_email_subject"],
    ),
    "texts as text": (lambda: UserPool("p", {"texts": "{####}"}), ["'texts'", "dict"]),  # type: ignore[typeddict-item]
    "code without its place": (
        lambda: UserPool("p", {"texts": {"verification_email_message": "Your code"}}),
        ["'texts.verification_email_message'", "{####}"],
    ),
    "invitation without the user name": (
        lambda: UserPool("p", {"texts": {"invitation_sms_message": "Password: {####}"}}),
        ["'texts.invitation_sms_message'", "{username}"],
    ),
    "control character in a text": (
        lambda: UserPool("p", {"texts": {"verification_email_subject": "a\u200bb"}}),
        ["'texts.verification_email_subject'", "ZERO WIDTH SPACE"],
    ),
    "language that is no tag": (
        lambda: _stack(texts_by_language={"german": {}}),
        ["'texts_by_language'", "'german'", "pt-BR"],
    ),
    "language twice": (
        lambda: _stack(texts_by_language={"pt-BR": {}, "pt-br": {}}),
        ["'texts_by_language'", "twice"],
    ),
    "no language": (lambda: _stack(texts_by_language={}), ["'texts_by_language'", "leave it out"]),
    "text of a language without its code": (
        lambda: _stack(texts_by_language={"de": {"verification_sms_message": "Ihr Code"}}),
        ["'texts_by_language.de.verification_sms_message'", "{####}"],
    ),
    "emails of a language without Amazon SES": (
        lambda: _stack(texts_by_language={"de": {"verification_email_subject": "Ihr Code"}}),
        ["'texts_by_language'", "InvalidLambdaResponseException", "Set 'email_from'"],
    ),
    "client ID with a space": (
        lambda: SignupToProfile("s", {"platform": "host", "further_client_ids": ["x y"]}),
        ["further_client_ids", "'x y'", "1 to 128"],
    ),
    "empty template": (
        lambda: SignupToProfile("s", {"platform": "host", "template": ""}),
        ["'template'", "''"],
    ),
    "group name with a space": (lambda: UserPool("p", {"groups": ["a b"]}), ["'a b'"]),
    "nickname as user name": (
        lambda: UserPool("p", {"username_attributes": ["nickname"]}),
        ["email, phone"],
    ),
    "handler missing": (lambda: PythonFunction("f", {}), ["'handler'"]),
    "tables missing": (lambda: SignUpTriggers("t", {}), ["'users_table_name'"]),
    "role and statements": (
        lambda: PythonFunction(
            "f", {"handler": "h", "existing_role_arn": "r", "statements": [_statement("a:b", "c")]}
        ),
        ["existing_role_arn", "cannot be used together"],
    ),
    "wildcard action": (
        lambda: PythonFunction("f", {"handler": "h", "statements": [_statement("dynamodb:*", "arn")]}),
        ["dynamodb:*", "List the actions"],
    ),
    "wildcard resource": (
        lambda: PythonFunction("f", {"handler": "h", "statements": [_statement("dynamodb:Scan", "*")]}),
        ["dynamodb:Scan", "ARN"],
    ),
    "erasure queue without its ARN": (
        lambda: _api(erasure_queue_url="https://sqs.example/erasure"),
        ["'erasure_queue_url' needs 'erasure_queue_arn'", "none of them", "output of the same resource"],
    ),
    "erasure queue without its URL": (
        lambda: _api(erasure_queue_arn=arn("sqs", "erasure")),
        ["'erasure_queue_arn' needs 'erasure_queue_url'", "none of them"],
    ),
    "grace period over a year": (
        lambda: _api(grace_period_days=366),
        ["'grace_period_days'", "0 to 365", "366", "default: 30"],
    ),
    "interval of reconciliations over a month": (
        lambda: _stack(reconcile_interval_hours=721),
        ["'reconcile_interval_hours'", "0 to 720", "721", "default: 24"],
    ),
    "unconfirmed users for over a year": (
        lambda: _stack(unconfirmed_days=366),
        ["'unconfirmed_days'", "0 to 365", "366", "default: 7"],
    ),
    "reconciler without an interval": (
        lambda: _reconciler(interval_hours=0),
        ["'interval_hours'", "1 to 720"],
    ),
    "reconciler without requests": (
        lambda: _reconciler(requests_per_second=0),
        ["'requests_per_second'", "1 to 100"],
    ),
    "reconciler without a pool": (lambda: Reconciler("r", TABLES), ["'user_pool_id'"]),
    "negative grace period": (lambda: _api(grace_period_days=-1), ["'grace_period_days'", "0 to 365"]),
    "no segments": (
        lambda: MigrationJob("m", {"users_table_name": "t", "users_table_arn": "a", "segments": 0}),
        ["segments", "1 to 1000"],
    ),
}


def _stack(**args: Any) -> SignupToProfile:
    return SignupToProfile("app", {"platform": "host", **args})  # type: ignore[typeddict-item]


def _api(**args: Any) -> ProfileApi:
    pool = {"user_pool_id": "p", "user_pool_arn": "p", "issuer": "i", "client_ids": ["c"]}
    return ProfileApi("api", {**TABLES, **pool, "platform": "host", **args})  # type: ignore[typeddict-item]


def _reconciler(**args: Any) -> Reconciler:
    pool = {"user_pool_id": "theirs", "user_pool_arn": arn("cognito-idp", "userpool/theirs")}
    return Reconciler("r", {**TABLES, **pool, "platform": "host", **args})  # type: ignore[typeddict-item]


def _statement(action: str, resource: str) -> Any:
    return {"sid": "It", "actions": [action], "resources": [resource]}


@pytest.mark.parametrize("mistake", sorted(MISTAKES))
def test_an_invalid_argument_gets_one_message_and_creates_nothing(mistake: str) -> None:
    """The message says what is wrong, what was given, what is allowed and how to fix it."""
    program, parts = MISTAKES[mistake]
    recordings: list[Recording] = []

    with pytest.raises(InvalidArgumentError) as raised:
        _record_until_error(recordings, program)

    message = str(raised.value)
    assert isinstance(raised.value, pulumi.RunError)
    assert [part for part in [*parts, "Got ", "allowed: "] if part not in message] == [], message
    assert [resource.name for recording in recordings for resource in recording.resources] == []


def _record_until_error(recordings: list[Recording], program: Callable[[], Any]) -> None:
    """Run a program that may fail, and record the resources that it registers before."""
    recordings.append(start_recording())
    pulumi.runtime.test(program)()
