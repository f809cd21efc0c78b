"""Triggers of the user pool: functions of others, our optional ones, and the texts of messages."""

import json
import zipfile
from typing import Any, get_args, get_type_hints

import pulumi
import pytest
from component_programs import KEY, SES_IDENTITY, TABLES, TOPIC, arn, whole_stack
from component_recording import ACCOUNT, Recording, record
from pulumi_aws.cognito._inputs import UserPoolLambdaConfigArgsDict
from pulumi_userprofiles import SignUpTriggers, UserPool
from pulumi_userprofiles.cognito_triggers import POST_CONFIRMATION, PRE_SIGN_UP
from pulumi_userprofiles.message_texts import MessageTexts
from pulumi_userprofiles.other_triggers import OTHER_TRIGGERS

FUNCTION = arn("lambda", "function:theirs")
SENDER = {"identity_arn": SES_IDENTITY, "address": "a@example.com"}
TEXTS = {
    "verification_email_subject": "Your code",
    "verification_email_message": "The code is {####}.",
    "verification_sms_message": "Code: {####}",
    "invitation_email_subject": "Welcome",
    "invitation_email_message": "{username}: {####}",
    "invitation_sms_message": "{username} {####}",
}


def pool(**args: Any) -> Recording:
    return record(lambda: UserPool("pool", args))  # type: ignore[arg-type]


def lambda_config(**args: Any) -> dict[str, Any]:
    config: dict[str, Any] = pool(**args).resource("pool-pool").inputs.get("lambdaConfig", {})
    return config


def test_every_trigger_of_pulumi_aws_is_ours_or_accepted() -> None:
    """An unknown trigger, such as one that a later version adds, fails here and is then added."""
    keys = set(UserPoolLambdaConfigArgsDict.__annotations__)

    assert keys == {*OTHER_TRIGGERS, PRE_SIGN_UP.key, POST_CONFIRMATION.key} | {
        *("kms_key_id", "pre_token_generation_config")
    }


@pytest.mark.parametrize("trigger", [key for key in OTHER_TRIGGERS if not key.endswith("_sender")])
def test_a_function_of_others_gets_a_permission_and_an_alarm(trigger: str) -> None:
    recording = pool(triggers={trigger: FUNCTION}, alarm_topic_arn=TOPIC)

    child = f"pool-{trigger.replace('_', '-')}"
    permission = recording.resource(f"{child}-permission").inputs
    assert "qualifier" not in permission
    assert {key: permission[key] for key in ("function", "principal", "sourceArn", "sourceAccount")} == {
        "function": FUNCTION,
        "principal": "cognito-idp.amazonaws.com",
        "sourceArn": arn("cognito-idp", "userpool/pool-pool-id"),
        "sourceAccount": ACCOUNT,
    }
    alarm = recording.resource(f"{child}-alarm").inputs
    assert (alarm["metricName"], alarm["dimensions"]) == ("Errors", {"FunctionName": "theirs"})
    assert alarm["threshold"] == (20 if trigger in {"pre_authentication", "user_migration"} else 0)
    assert alarm["alarmActions"] == [TOPIC]
    assert f"{child}-permission" in recording.resource("pool-client").depends_on


@pytest.mark.parametrize("given", ["text", "output"])
def test_an_alias_is_the_qualifier_of_the_permission(given: str) -> None:
    function: Any = f"{FUNCTION}:live"
    value = function if given == "text" else pulumi.Output.from_input(function)

    recording = pool(triggers={"post_authentication": value})

    permission = recording.resource("pool-post-authentication-permission").inputs
    assert (permission["function"], permission["qualifier"]) == (FUNCTION, "live")
    config = recording.resource("pool-pool").inputs["lambdaConfig"]
    assert config == {"postAuthentication": function}
    alarm = recording.resource("pool-post-authentication-alarm").inputs
    assert alarm["dimensions"] == {"FunctionName": "theirs"}


def test_a_sender_gets_the_key_that_encrypts_its_codes() -> None:
    triggers = {"custom_email_sender": FUNCTION, "custom_sms_sender": FUNCTION}

    sender = {"lambdaArn": FUNCTION, "lambdaVersion": "V1_0"}
    assert lambda_config(triggers=triggers, sender_key_arn=KEY) == {
        "customEmailSender": sender,
        "customSmsSender": sender,
        "kmsKeyId": KEY,
    }


@pytest.mark.parametrize(
    ("tier", "config"),
    [
        ("LITE", {"preTokenGeneration": FUNCTION}),
        ("ESSENTIALS", {"preTokenGenerationConfig": {"lambdaArn": FUNCTION, "lambdaVersion": "V2_0"}}),
    ],
)
@pytest.mark.parametrize("is_ours", [True, False])
def test_the_tier_decides_the_version_of_pre_token_generation(
    tier: str, config: dict[str, Any], is_ours: bool
) -> None:
    args: dict[str, Any] = (
        {"pre_token_generation_alias_arn": FUNCTION}
        if is_ours
        else {"triggers": {"pre_token_generation": FUNCTION}}
    )

    assert lambda_config(tier=tier, **args) == config


def test_texts_are_sent_to_the_pool() -> None:
    inputs = pool(texts=TEXTS, email_from=SENDER).resource("pool-pool").inputs

    assert inputs["verificationMessageTemplate"] == {
        "emailSubject": "Your code",
        "emailMessage": "The code is {####}.",
        "smsMessage": "Code: {####}",
    }
    assert inputs["adminCreateUserConfig"]["inviteMessageTemplate"] == {
        "emailSubject": "Welcome",
        "emailMessage": "{username}: {####}",
        "smsMessage": "{username} {####}",
    }


def test_texts_that_are_not_set_are_cognitos() -> None:
    inputs = pool(texts={"verification_sms_message": "{####} is your code"}).resource("pool-pool").inputs

    assert inputs["verificationMessageTemplate"] == {"smsMessage": "{####} is your code"}
    assert "inviteMessageTemplate" not in inputs["adminCreateUserConfig"]


@pytest.mark.parametrize(
    ("args", "count"),
    [({"texts": TEXTS}, 1), ({"texts": {"invitation_sms_message": "{username}{####}"}}, 0), ({}, 0)],
)
def test_email_texts_without_amazon_ses_cause_a_warning(args: dict[str, Any], count: int) -> None:
    assert len([message for message in pool(**args).messages if "'texts'" in message]) == count


def test_the_stack_passes_triggers_on_to_its_pool(changed_stack: Recording) -> None:
    alarm = changed_stack.resource("app-identity-pre-authentication-alarm").inputs
    config = changed_stack.resource("app-identity-pool").inputs["lambdaConfig"]

    assert alarm["alarmActions"] == [TOPIC]
    assert config["preAuthentication"] == arn("lambda", "function:theirs:live")


def test_without_the_role_in_tokens_the_function_can_be_another() -> None:
    recording = record(
        lambda: whole_stack(role_in_token=False, triggers={"pre_token_generation": f"{FUNCTION}:live"})
    )

    assert [name for name in map(str, recording.resources) if "app-triggers-pre-token" in name] == []
    config = recording.resource("app-identity-pool").inputs["lambdaConfig"]
    assert config["preTokenGenerationConfig"]["lambdaArn"] == f"{FUNCTION}:live"


@pytest.mark.long
def test_texts_by_language_are_in_the_zip_of_their_function_alone() -> None:
    texts: Any = {"pt-BR": {"verification_sms_message": "Seu código: {####}"}}
    recording = record(
        lambda: SignUpTriggers("triggers", {**TABLES, "platform": "host", "texts_by_language": texts})
    )

    packed = {}
    for function in recording.of_type("Function"):
        with zipfile.ZipFile(function.inputs["code"].path) as archive:
            if "userprofiles/texts_by_language.json" in archive.namelist():
                packed[function.name] = json.loads(archive.read("userprofiles/texts_by_language.json"))

    assert packed == {
        "triggers-custom-message-function": {"pt-BR": {"verificationSmsMessage": "Seu código: {####}"}}
    }
    assert recording.outputs["triggers"]["customMessageAliasArn"].endswith(":live")


def test_every_text_has_a_limit_and_a_purpose() -> None:
    parts = {"email_subject", "email_message", "sms_message"}

    names = {f"{purpose}_{part}" for purpose in ("verification", "invitation") for part in parts}
    assert set(MessageTexts.__annotations__) == names
    assert {get_args(hint) or hint for hint in get_type_hints(MessageTexts).values()} == {str}


BOUNDARIES = {
    "verification_email_subject": ("x" * 140, "x" * 141),
    "verification_email_message": ("{####}" + "x" * 19_994, "{####}" + "x" * 19_995),
    "verification_sms_message": ("{####}" + "x" * 134, "{####}" + "x" * 135),
    "invitation_email_subject": ("x", ""),
    "invitation_email_message": ("{username}{####}" + "é" * 19_984, "{username}{####}" + "é" * 19_985),
    "invitation_sms_message": ("{username}{####}" + "x" * 124, "{username}{####}" + "x" * 125),
}


@pytest.mark.parametrize("name", sorted(BOUNDARIES))
def test_length_of_a_text_is_cognitos_limit(name: str) -> None:
    longest, too_long = BOUNDARIES[name]

    pool(texts={name: longest})

    with pytest.raises(pulumi.RunError, match=f"'texts.{name}' must be a text of"):
        pool(texts={name: too_long})
