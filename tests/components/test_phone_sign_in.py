"""Phone sign-in: what its settings change, what the functions read from their environment, and the pool."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pytest
import userprofiles
from component_phone_expectations import EVERY_FUNCTION
from component_programs import KEY, PHONE, TWILIO, arn, phone_sign_in, phone_sign_in_api, whole_stack
from component_recording import PARTITION, Recording, record
from pulumi_userprofiles import InvalidArgumentError
from userprofiles.phone_sign_in import create_challenge, endpoints, verify_challenge
from userprofiles.telemetry import Report
from userprofiles.text_messages import worker_settings

SENDER = "app-phone-sender"
FORMER = KEY.replace("4000-8000", "4000-9000")
COUNTED_BY_POWERTOOLS = {
    *("POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_LOG_LEVEL"),
}
UNUSED_BY_THE_ENDPOINTS = {"APPROVAL_ROLES"}


def variables(recording: Recording, function: str) -> dict[str, str]:
    result: dict[str, str] = recording.resource(f"{function}-function").inputs["environment"]["variables"]
    return result


def statement(recording: Recording, function: str, sid: str) -> dict[str, Any]:
    [result] = [
        item
        for item in recording.resource(f"{function}-policy").document("policy")["Statement"]
        if item["Sid"] == sid
    ]
    return dict(result)


class Environment(Mapping[str, str]):
    """An environment that notes which variables are read."""

    def __init__(self, values: dict[str, str]) -> None:
        self.values_by_name = values
        self.read_names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.read_names.add(name)
        return self.values_by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_name)

    def __len__(self) -> int:
        return len(self.values_by_name)


def record_twilio(**settings: Any) -> Recording:
    return record(lambda: phone_sign_in(settings={**TWILIO, **settings}))


READERS: dict[str, tuple[Callable[[], Any], str, Callable[[Environment, Report], Any]]] = {
    "create": (phone_sign_in, "app-phone-create-challenge", create_challenge.from_environment),
    "verify": (phone_sign_in, "app-phone-verify-challenge", verify_challenge.from_environment),
    "sender with Amazon SNS": (
        lambda: phone_sign_in(
            settings={**PHONE, "sender_id": "Example", "origination_number": "+14155550100"}
        ),
        SENDER,
        worker_settings.create_worker,
    ),
    "sender with Twilio": (
        lambda: phone_sign_in(settings=TWILIO),
        SENDER,
        worker_settings.create_worker,
    ),
    "routes": (phone_sign_in_api, "app-code-api-handler", endpoints.from_environment),
}


@pytest.mark.parametrize("name", sorted(READERS))
def test_function_reads_every_variable_of_its_environment(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program, function, create = READERS[name]
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    environment = Environment(variables(record(program), function))

    create(environment, Report())

    unread = set(environment.values_by_name) - environment.read_names
    assert unread - UNUSED_BY_THE_ENDPOINTS == COUNTED_BY_POWERTOOLS


def test_define_challenge_has_no_environment_of_its_own() -> None:
    recording = record(phone_sign_in)

    assert set(variables(recording, "app-phone-define-challenge")) == COUNTED_BY_POWERTOOLS


def test_settings_reach_the_functions() -> None:
    settings = {
        **PHONE,
        "default_country_code": 44.0,
        "allowed_countries": ["GB", "IE"],
        "code_digits": 8,
        "codes_per_hour": 3,
        "codes_per_day": 9,
        "resend_seconds": 60,
        "messages_per_prefix_hour": 8,
        "code_text": "{code} is your code for Example",
        "registers_per_hour": 5,
        "verifies_per_hour": 7,
        "spend_alarm_usd": 200,
    }

    recording = record(lambda: phone_sign_in(settings=settings))
    api = record(lambda: phone_sign_in_api(settings=settings))

    create = variables(recording, "app-phone-create-challenge")
    assert (create["DEFAULT_COUNTRY_CODE"], create["ALLOWED_COUNTRIES"]) == ("44", "GB,IE")
    assert [create[key] for key in ("CODE_DIGITS", "CODES_PER_HOUR", "CODES_PER_DAY")] == ["8", "3", "9"]
    assert create["RESEND_SECONDS"] == "60"
    sender = variables(recording, SENDER)
    assert (sender["CODE_TEXT"], sender["MESSAGES_PER_PREFIX_HOUR"]) == (settings["code_text"], "8")
    endpoints_variables = variables(api, "app-code-api-handler")
    names = ("REGISTERS_PER_HOUR", "VERIFIES_PER_HOUR")
    assert [endpoints_variables[name] for name in names] == ["5", "7"]
    assert recording.resource("app-phone-spend-alarm").inputs["threshold"] == 200


def test_twilio_has_no_alarm_on_the_spending_of_amazon_sns() -> None:
    recording = record_twilio()

    names = {item.name for item in recording.resources}
    assert "app-phone-spend-alarm" not in names
    assert variables(recording, SENDER)["TWILIO_SECRET_ID"] == TWILIO["twilio_secret_arn"]


@pytest.mark.parametrize("settings", [{}, TWILIO], ids=["sns", "twilio"])
def test_cognitos_codes_take_the_same_way_by_default(settings: dict[str, Any]) -> None:
    recording = record(lambda: phone_sign_in(settings=settings))

    assert "app-phone-cognito-codes-function" in {item.name for item in recording.resources}
    keys = [item.name for item in recording.of_type("Key")]
    assert keys == ["app-phone-code-key", "app-phone-sender-key"]
    assert recording.messages == []


@pytest.mark.parametrize("settings", [{}, TWILIO], ids=["sns", "twilio"])
def test_cognito_sends_its_codes_itself_if_the_setting_is_false(settings: dict[str, Any]) -> None:
    recording = record(lambda: phone_sign_in(settings={**settings, "sends_cognito_codes": False}))

    assert [item.name for item in recording.resources if "cognito-codes" in item.name] == []
    assert [item.name for item in recording.of_type("Key")] == ["app-phone-code-key"]
    assert recording.messages == []


@pytest.mark.long
def test_deployed_stack_gets_cognitos_codes_without_a_replacement(phone_stack: Recording) -> None:
    """Only the pool's triggers differ, which Pulumi updates in place."""
    recording = record(lambda: whole_stack(phone_sign_in={"sends_cognito_codes": False}))
    before = {item["name"]: item for item in recording.as_golden()}
    after = {item["name"]: item for item in phone_stack.as_golden()}

    assert before.keys() - after.keys() == set()
    assert {name for name in before if after[name] != before[name]} == {"app-identity-pool"}
    inputs, inputs_before = (items["app-identity-pool"]["inputs"] for items in (after, before))
    assert {key for key in inputs if inputs[key] != inputs_before[key]} == {"lambdaConfig"}


OWN_SENDER = arn("lambda", "function:theirs:live")


@pytest.mark.long
def test_own_sender_of_text_messages_keeps_cognitos_codes() -> None:
    recording = record(
        lambda: whole_stack(
            phone_sign_in={}, triggers={"custom_sms_sender": OWN_SENDER}, user_pool={"sender_key_arn": KEY}
        )
    )

    config = recording.resource("app-identity-pool").inputs["lambdaConfig"]
    assert (config["customSmsSender"]["lambdaArn"], config["kmsKeyId"]) == (OWN_SENDER, KEY)
    assert [item.name for item in recording.resources if "cognito-codes" in item.name] == []


@pytest.mark.long
def test_own_sender_of_emails_shares_its_key_with_cognitos_codes() -> None:
    """A pool has one key for both senders, so another key would lock the emails' function out."""
    recording = record(
        lambda: whole_stack(
            phone_sign_in={}, triggers={"custom_email_sender": OWN_SENDER}, user_pool={"sender_key_arn": KEY}
        )
    )

    config = recording.resource("app-identity-pool").inputs["lambdaConfig"]
    assert config["customEmailSender"]["lambdaArn"] == OWN_SENDER
    assert (config["customSmsSender"]["lambdaVersion"], config["kmsKeyId"]) == ("V1_0", KEY)
    assert [item.name for item in recording.of_type("Key")] == ["app-phone-code-key"]
    assert variables(recording, "app-phone-cognito-codes")["SENDER_KEY_ARN"] == KEY
    assert statement(recording, "app-phone-cognito-codes", "DecryptCodes")["Resource"] == [KEY]


TEXTS: dict[str, Any] = {
    "user_pool": {
        "texts": {"verification_sms_message": "{####}", "verification_email_subject": "Code"},
        "email_from": {
            "identity_arn": arn("ses", "identity/example.com"),
            "address": "a@example.com",
        },
    },
    "texts_by_language": {"de": {"invitation_sms_message": "{username} {####}"}},
}


@pytest.mark.parametrize(("settings", "warning_count"), [({}, 1), ({"sends_cognito_codes": False}, 0)])
def test_texts_without_effect_get_a_warning(settings: dict[str, Any], warning_count: int) -> None:
    recording = record(lambda: whole_stack(phone_sign_in=settings, **TEXTS))

    warnings = [message for message in recording.messages if "no effect" in message]
    assert len(warnings) == warning_count
    parts = ("texts.verification_sms_message, texts_by_language.de.invitation_sms_message. ", "to false")
    assert [part for warning in warnings for part in parts if part not in warning] == []


@pytest.mark.parametrize(
    ("secret", "actions", "services"),
    [
        (TWILIO["twilio_secret_arn"], ["secretsmanager:GetSecretValue"], {"Secretsmanager"}),
        (arn("ssm", "parameter/twilio"), ["ssm:GetParameter"], {"Ssm"}),
        (
            pulumi.Output.from_input(TWILIO["twilio_secret_arn"]),
            ["secretsmanager:GetSecretValue", "ssm:GetParameter"],
            {"Secretsmanager", "Ssm"},
        ),
    ],
    ids=["secret", "parameter", "output"],
)
def test_sender_can_read_the_credentials_and_no_other_secret(
    secret: Any, actions: list[str], services: set[str]
) -> None:
    recording = record(
        lambda: phone_sign_in(settings={**TWILIO, "twilio_secret_arn": secret}, kms_key_arn=KEY)
    )

    read = statement(recording, SENDER, "ReadTwilioCredentials")
    assert (read["Action"], len(read["Resource"])) == (actions, 1)
    assert "*" not in read["Resource"][0]
    sids = {item["Sid"] for item in recording.resource(f"{SENDER}-policy").document("policy")["Statement"]}
    assert {name for name in ("Secretsmanager", "Ssm", "Sns") if f"UseKeyVia{name}" in sids} == services
    assert "SendTextMessages" not in sids


def test_functions_can_still_read_what_a_former_key_encrypts() -> None:
    recording = record(lambda: phone_sign_in(former_kms_key_arns=[FORMER]))

    rights = {
        item.name.removeprefix("app-phone-").removesuffix("-policy"): {
            host.partition(".")[0]
            for part in item.document("policy")["Statement"]
            if part["Resource"] == [FORMER] and part["Action"] == ["kms:Decrypt"]
            for host in part["Condition"]["StringEquals"]["kms:ViaService"]
        }
        for item in recording.of_type("RolePolicy")
    }
    assert rights == {
        "define-challenge": {"lambda"},
        "create-challenge": {"lambda", "dynamodb", "sqs"},
        "verify-challenge": {"lambda", "dynamodb"},
        "sender": {"lambda", "dynamodb", "sqs"},
        "cognito-codes": {"lambda", "sqs"},
    }


def test_function_for_cognitos_codes_has_the_zip_with_the_encryption_sdk() -> None:
    recording = record(phone_sign_in)
    codes = {
        name: recording.resource(f"app-phone-{name}-function").inputs["code"].path
        for name in ("cognito-codes", "sender", "define-challenge")
    }

    assert codes["cognito-codes"] != codes["sender"]
    assert codes["sender"] == codes["define-challenge"]


def test_pool_invokes_the_functions_and_its_client_has_the_flow(phone_stack: Recording) -> None:
    config = phone_stack.resource("app-identity-pool").inputs["lambdaConfig"]

    live = {
        trigger: arn("lambda", f"function:app-phone-{child}-function-1234567:live")
        for trigger, child in (
            ("defineAuthChallenge", "define-challenge"),
            ("createAuthChallenge", "create-challenge"),
            ("verifyAuthChallengeResponse", "verify-challenge"),
        )
    }
    assert {trigger: config[trigger] for trigger in live} == live
    assert config["customSmsSender"] == {
        "lambdaArn": arn("lambda", "function:app-phone-cognito-codes-function-1234567:live"),
        "lambdaVersion": "V1_0",
    }
    assert config["kmsKeyId"] == arn("kms", "key/app-phone-sender-key")
    flows = phone_stack.resource("app-identity-client").inputs["explicitAuthFlows"]
    assert flows == ["ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]


def test_client_waits_for_the_permissions_of_the_challenge(phone_stack: Recording) -> None:
    dependencies = phone_stack.resource("app-identity-client").depends_on

    permissions = {
        f"app-identity-{name}-permission"
        for name in (
            *("define-auth-challenge", "create-auth-challenge", "verify-auth-challenge-response"),
            "custom-sms-sender",
        )
    }
    assert permissions - set(dependencies) == set()


@cache
def stack_with_arguments_of_the_pool() -> Recording:
    """Record a stack with phone sign-in, a trigger and a flow of the user, and without sign-up."""
    return record(
        lambda: whole_stack(
            phone_sign_in={},
            triggers={"pre_authentication": OWN_SENDER},
            user_pool={"auth_flows": ["ALLOW_CUSTOM_AUTH"], "self_sign_up": False},
        )
    )


def test_own_triggers_and_flows_remain() -> None:
    recording = stack_with_arguments_of_the_pool()

    assert recording.resource("app-identity-pool").inputs["lambdaConfig"]["preAuthentication"] == OWN_SENDER
    flows = recording.resource("app-identity-client").inputs["explicitAuthFlows"]
    assert flows == ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]


@pytest.mark.long
def test_a_pool_without_sign_up_creates_no_users_by_code() -> None:
    recording = stack_with_arguments_of_the_pool()

    assert variables(recording, "app-code-api-handler")["SELF_SIGN_UP"] == "false"


MISTAKES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "unknown setting": ({"countries": ["US"]}, ["'countries'", "allowed_countries"]),
    "unknown provider": ({"provider": "acme"}, ["'settings.provider'", "'acme'", "sns, twilio"]),
    "too few digits": ({"code_digits": 4}, ["'settings.code_digits'", "6 to 8", "default: 6"]),
    "resent at once": ({"resend_seconds": 0}, ["'settings.resend_seconds'", "30 to 120"]),
    "no codes": ({"codes_per_hour": 0}, ["'settings.codes_per_hour'", "1 to 20"]),
    "a million codes": ({"codes_per_day": 1_000_000}, ["'settings.codes_per_day'", "1 to 100"]),
    "fewer codes in a day than in an hour": (
        {"codes_per_hour": 10, "codes_per_day": 5},
        [
            "'settings.codes_per_day' is less than 'settings.codes_per_hour'",
            "10 to 100",
            "Raise it, or lower 'settings.codes_per_hour'",
        ],
    ),
    "few messages for a country": (
        {"messages_per_country_hour": 1},
        ["'settings.messages_per_country_hour'", "10 to 1000000"],
    ),
    "few messages for a range": (
        {"messages_per_prefix_hour": 1},
        ["'settings.messages_per_prefix_hour'", "8 to"],
    ),
    "no requests of a source": ({"registers_per_hour": 0}, ["'settings.registers_per_hour'", "1 to 100000"]),
    "no checks of a source": ({"verifies_per_hour": 0}, ["'settings.verifies_per_hour'", "1 to 100000"]),
    "no spending": ({"spend_alarm_usd": 0}, ["'settings.spend_alarm_usd'", "1 to 100000"]),
    "country code with a plus sign": (
        {"default_country_code": "+44"},
        ["'settings.default_country_code' is not valid", "'+44'", "such as 1 or 44"],
    ),
    "country code without countries": (
        {"default_country_code": "44"},
        [
            "'settings.allowed_countries' must name the countries",
            "such as US",
            "List the countries of your users",
        ],
    ),
    "no country": ({"allowed_countries": []}, ["'settings.allowed_countries' must name", "Got []"]),
    "name of a country": ({"allowed_countries": ["Germany"]}, ["'Germany'", "two capital letters"]),
    "text without a code": (
        {"code_text": "Hello"},
        ["'settings.code_text' must contain the placeholder {code} once", "'Hello'", "Write {code} where"],
    ),
    "text that needs two messages": ({"code_text": "{code}" + "x" * 140}, ["at most 140 characters"]),
    "Twilio's number for Amazon SNS": (
        {"twilio_from": "+14155550100"},
        [
            "'settings.twilio_from' has no effect with the provider sns",
            "Remove it, or change 'settings.provider'",
        ],
    ),
    "sender ID for Twilio": (
        {**TWILIO, "sender_id": "Example"},
        ["'settings.sender_id' has no effect with the provider twilio"],
    ),
    "spend alarm for Twilio": (
        {**TWILIO, "spend_alarm_usd": 10},
        ["'settings.spend_alarm_usd' has no effect with the provider twilio"],
    ),
    "sender ID of digits": ({"sender_id": "12345"}, ["'settings.sender_id' is not valid", "1 to 11 letters"]),
    "number without a plus sign": (
        {"origination_number": "4155550100"},
        ["'settings.origination_number' is not valid", "+14155550100"],
    ),
    "Twilio without credentials": (
        {**TWILIO, "twilio_secret_arn": None},
        ["'settings.twilio_secret_arn' must be the ARN", "Got None", "Store the Twilio credentials"],
    ),
    "token instead of the ARN": (
        {**TWILIO, "twilio_secret_arn": "an-auth-token"},
        ["'settings.twilio_secret_arn' must be the ARN of a secret or of a parameter", "'another text'"],
    ),
    "ARN of a key instead of the secret": (
        {**TWILIO, "twilio_secret_arn": KEY},
        ["'settings.twilio_secret_arn' must be the ARN", KEY, "secret:twilio-a1b2c3"],
    ),
    "Twilio without a sender": (
        {**TWILIO, "twilio_from": None},
        ["either 'settings.twilio_from' or 'settings.twilio_messaging_service_sid'", "'none'"],
    ),
    "Twilio with two senders": (
        {**TWILIO, "twilio_messaging_service_sid": f"MG{'0' * 32}"},
        ["either 'settings.twilio_from' or 'settings.twilio_messaging_service_sid'", "'both'"],
    ),
    "SID of an account": (
        {**TWILIO, "twilio_from": None, "twilio_messaging_service_sid": f"AC{'0' * 32}"},
        ["'settings.twilio_messaging_service_sid' is not valid", "MG and 32 hexadecimal digits"],
    ),
    "text instead of a switch": ({"sends_cognito_codes": "yes"}, ["'settings.sends_cognito_codes'", "'yes'"]),
}


def refuse(program: Callable[[], Any], parts: list[str]) -> None:
    with pytest.raises(InvalidArgumentError) as error:
        record(program)

    message = str(error.value)
    assert [part for part in [*parts, "Got ", "llowed: "] if part not in message] == [], message


@pytest.mark.parametrize("mistake", sorted(MISTAKES))
def test_invalid_setting_gets_one_message(mistake: str) -> None:
    settings, parts = MISTAKES[mistake]

    refuse(lambda: phone_sign_in(settings=settings), parts)


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        ({"phone_sign_in": "on"}, ["'phone_sign_in' must be a dict of settings", "'on'", "Write {}"]),
        (
            {"phone_sign_in": {}, "user_pool": {"username_attributes": ["email"]}},
            ["'phone_sign_in' needs phone numbers as user names", "['email']", "a change replaces the pool"],
        ),
        (
            {"phone_sign_in": {}, "triggers": {"create_auth_challenge": "arn"}},
            ["'create_auth_challenge', which has a function of phone sign-in already"],
        ),
        (
            {"phone_sign_in": PHONE, "triggers": {"custom_sms_sender": "arn"}},
            ["'custom_sms_sender', which has", "or set its 'sends_cognito_codes' to false"],
        ),
        (
            {"phone_sign_in": {"code_digits": 5}},
            ["SignupToProfile 'app': 'phone_sign_in.code_digits'", "6 to 8"],
        ),
    ],
    ids=["no dict", "pool without numbers", "second trigger", "second sender", "invalid setting"],
)
def test_stack_refuses_what_does_not_fit(args: dict[str, Any], parts: list[str]) -> None:
    refuse(lambda: whole_stack(**args), parts)


def test_routes_need_the_outputs_of_phone_sign_in() -> None:
    refuse(lambda: phone_sign_in_api(code_key_arn=None), ["'code_key_arn'"])


def test_sender_can_send_text_messages_and_publish_to_no_topic() -> None:
    recording = record(phone_sign_in)

    allowed = statement(recording, SENDER, "SendTextMessages")
    denied = statement(recording, SENDER, "SendTextMessagesDenied")
    assert (allowed["Effect"], allowed["Action"], allowed["Resource"]) == ("Allow", ["sns:Publish"], ["*"])
    assert denied == {
        "Sid": "SendTextMessagesDenied",
        "Effect": "Deny",
        "Action": ["sns:Publish"],
        "Resource": [f"arn:{PARTITION}:sns:*:*:*"],
    }


PARAMETER = {**TWILIO, "twilio_secret_arn": arn("ssm", "parameter/twilio")}
HANDLERS: dict[str, tuple[str, list[Callable[[], Any]]]] = {
    "define_auth_challenge": ("app-phone-define-challenge", [phone_sign_in]),
    "create_auth_challenge": ("app-phone-create-challenge", [phone_sign_in]),
    "verify_auth_challenge_response": ("app-phone-verify-challenge", [phone_sign_in]),
    "text_message_sender": (
        SENDER,
        [
            phone_sign_in,
            lambda: phone_sign_in(settings=TWILIO),
            lambda: phone_sign_in(settings=PARAMETER),
        ],
    ),
    "custom_sms_sender": ("app-phone-cognito-codes", [phone_sign_in]),
    "phone_sign_in_api": ("app-code-api-handler", [phone_sign_in_api]),
}


@pytest.mark.parametrize("handler", sorted(HANDLERS))
def test_role_has_the_rights_that_the_handlers_docstring_lists(handler: str) -> None:
    source = (Path(userprofiles.__file__).parent / "handlers" / f"{handler}.py").read_text()
    documented = set(re.findall("`([a-z-]+:[A-Za-z]+)`", ast.get_docstring(ast.parse(source)) or ""))
    function, programs = HANDLERS[handler]

    actual = {
        action
        for program in programs
        for part in record(program).resource(f"{function}-policy").document("policy")["Statement"]
        for action in part["Action"]
    }

    assert actual - EVERY_FUNCTION == documented
