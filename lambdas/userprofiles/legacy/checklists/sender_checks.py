"""Checks of the service that sends the codes: Twilio's credentials, or the state of Amazon SNS.

* "GetSMSSandboxAccountStatus" (Amazon SNS API Reference): an account in the sandbox sends to verified
  numbers only.
* "SetSMSAttributes" (the same): `MonthlySpendLimit` is 1 US dollar by default, and SNS stops at it.
"""

from collections.abc import Mapping
from typing import Any

from userprofiles.legacy.checklists.stack_functions import (
    environment_of,
    function_of_queue,
    function_of_trigger,
)
from userprofiles.stack_setup import trigger_function
from userprofiles.stack_setup.check_result import CheckFailedError, call
from userprofiles.stack_setup.stack import Stack
from userprofiles.text_messages.secret_cache import SecretError
from userprofiles.text_messages.twilio_credentials import parse_credentials

_MIN_SPEND_USD = 2
_PHONE_SIGN_IN = "Turn on phone sign-in: pulumi config set phoneSignIn '{}', then pulumi up."


def check_sender(stack: Stack) -> str:
    """Check that the sender of codes can send to all users."""
    sender = find_sender(stack)
    environment = environment_of(sender)
    provider = environment.get("SMS_PROVIDER") or "sns"
    if provider == "twilio":
        return _check_twilio(stack, sender, environment.get("TWILIO_SECRET_ID", ""))
    if stack.is_local:
        return "local AWS: text messages go to its inbox"
    return _check_sns(stack)


def allowed_countries(stack: Stack) -> list[str]:
    """Return the ISO codes of the countries that get codes; empty for all."""
    text = environment_of(find_sender(stack)).get("ALLOWED_COUNTRIES", "")
    return [country.strip() for country in text.split(",") if country.strip()]


def find_sender(stack: Stack) -> Mapping[str, Any]:
    """Return the configuration of the function that sends codes."""
    pool = trigger_function.describe_pool(stack)
    creator = function_of_trigger(stack, pool, "CreateAuthChallenge", _PHONE_SIGN_IN)
    queue_url = environment_of(creator).get("CODE_QUEUE_URL", "")
    if not queue_url:
        raise CheckFailedError("the CreateAuthChallenge trigger is not of this project", _PHONE_SIGN_IN)
    return function_of_queue(stack, queue_url)


def _check_twilio(stack: Stack, sender: Mapping[str, Any], secret_id: str) -> str:
    """Check that the secret has the form of Twilio's credentials, and that the sender may read it."""
    is_parameter = secret_id.split(":")[2:3] == ["ssm"] or secret_id.startswith("ssm:")
    missing = CheckFailedError(
        f"the secret {secret_id!r} with Twilio's credentials doesn't exist",
        "Create it as docs/text-messages.md describes.",
    )
    if is_parameter:
        name = secret_id.removeprefix("ssm:")
        response = call(stack, "ssm", "get_parameter", missing=missing, Name=name, WithDecryption=True)
        text = response["Parameter"]["Value"]
    else:
        response = call(stack, "secretsmanager", "get_secret_value", missing=missing, SecretId=secret_id)
        text = response.get("SecretString", "")
    try:
        parse_credentials(text)
    except SecretError:
        raise CheckFailedError(
            f"the secret {secret_id!r} does not have the form of Twilio's credentials",
            'Store {"accountSid": "AC…", "apiKeySid": "SK…", "secret": "…"}.',
        ) from None
    _check_right(stack, sender.get("Role", ""), is_parameter=is_parameter, secret_id=secret_id)
    return "Twilio, its credentials can be read; Twilio itself was not called"


def _check_right(stack: Stack, role: str, *, is_parameter: bool, secret_id: str) -> None:
    action = "ssm:GetParameter" if is_parameter else "secretsmanager:GetSecretValue"
    response = call(
        stack,
        "iam",
        "simulate_principal_policy",
        missing=CheckFailedError(f"the role {role} doesn't exist", "Deploy the stack again (`pulumi up`)."),
        PolicySourceArn=role,
        ActionNames=[action],
        ResourceArns=[secret_id] if secret_id.startswith("arn:") else ["*"],
    )
    if any(result["EvalDecision"] != "allowed" for result in response.get("EvaluationResults", ())):
        raise CheckFailedError(
            f"the role {role.rpartition('/')[2]} may not {action}", "Deploy the stack again (`pulumi up`)."
        )


def _check_sns(stack: Stack) -> str:
    missing = CheckFailedError("Amazon SNS has no such operation in this region", "Check the region.")
    status = call(stack, "sns", "get_sms_sandbox_account_status", missing=missing)
    if status.get("IsInSandbox"):
        raise CheckFailedError(
            "Amazon SNS is in the SMS sandbox, so it sends codes to verified numbers only",
            "Leave the sandbox: https://docs.aws.amazon.com/sns/latest/dg/sns-sms-sandbox.html",
        )
    response = call(stack, "sns", "get_sms_attributes", missing=missing, attributes=["MonthlySpendLimit"])
    limit = float(response.get("attributes", {}).get("MonthlySpendLimit") or 1)
    if limit < _MIN_SPEND_USD:
        raise CheckFailedError(
            f"Amazon SNS stops at {limit:g} US dollars a month, which most imports reach on the first day",
            "Request a higher limit, then: aws sns set-sms-attributes --attributes MonthlySpendLimit=…",
        )
    return f"Amazon SNS, {limit:g} US dollars a month"
