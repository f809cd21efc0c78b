"""Checks of the user pool: sign-in by phone, protected attributes, and template of the stack.

"CreateUserPoolClient" (Amazon Cognito User Pools API Reference): an app client without write attributes can
write the standard attributes, so no custom one.
"""

from collections.abc import Mapping
from typing import Any

from userprofiles import settings
from userprofiles import template as templates
from userprofiles.legacy.checklists.stack_functions import function_of_trigger
from userprofiles.stack_setup import trigger_function
from userprofiles.stack_setup.check_result import CheckFailedError, call
from userprofiles.stack_setup.stack import Stack

OLD_ID_ATTRIBUTE = "custom:old_user_id"
CHALLENGE_TRIGGERS = ("DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse")
_FIELDS = ("old_user_id", "migrated_from_old_system", "is_phone_verified", "country_code")
_PHONE_SIGN_IN = "Turn on phone sign-in: pulumi config set phoneSignIn '{}', then pulumi up."


def check_template(stack: Stack) -> str:
    """Check that the template of the stack has the fields of an old user."""
    pool = trigger_function.describe_pool(stack)
    environment = trigger_function.read_function(stack, pool, "PostConfirmation").environment
    name = settings.template_name(environment)
    if stack.template is None and name not in templates.names():
        raise CheckFailedError(
            f"the stack uses a template of its own, {name!r}", "Pass its file: --template FILE.json."
        )
    template = stack.template or templates.load(name)
    fields = template.document["account"]["properties"]
    missing_fields = [field for field in _FIELDS if field not in fields]
    if missing_fields:
        raise CheckFailedError(
            f"the template {name!r} does not have the fields {', '.join(missing_fields)}",
            "Use the template social, pulumi config set template social, or add these fields to yours.",
        )
    return name


def check_phone_sign_in(stack: Stack) -> str:
    """Check that users can sign in with a phone number and a code."""
    pool = trigger_function.describe_pool(stack)
    names = pool.get("UsernameAttributes", ())
    if "phone_number" not in names:
        raise CheckFailedError(
            f"users of the pool sign in with {' and '.join(names) or 'a user name'}, not with a phone number",
            "Create a stack whose usernameAttributes have phone_number. Cognito can't change them later.",
        )
    for trigger in CHALLENGE_TRIGGERS:
        function_of_trigger(stack, pool, trigger, _PHONE_SIGN_IN)
    client = _describe_client(stack, stack.client_id)
    if "ALLOW_CUSTOM_AUTH" not in client.get("ExplicitAuthFlows", ()):
        raise CheckFailedError(
            "the app client does not allow sign-in by code",
            f"{_PHONE_SIGN_IN} Or check the ID of the client.",
        )
    return "phone number and code"


def check_old_id_attribute(stack: Stack) -> str:
    """Check that the pool has the old ID, and that no app client can write it.

    A user who can write the old ID could claim the data of another user.
    """
    schema = {entry["Name"] for entry in trigger_function.describe_pool(stack).get("SchemaAttributes", ())}
    if OLD_ID_ATTRIBUTE not in schema:
        raise CheckFailedError(
            f"the user pool does not have {OLD_ID_ATTRIBUTE}, so an import that was killed may not recognize "
            "a user whom it has created",
            "pulumi config set oldUserIdAttribute true, then pulumi up. Cognito can't remove the attribute "
            "again.",
        )
    missing = CheckFailedError(f"user pool {stack.user_pool_id!r} doesn't exist", "Check the ID of the pool.")
    position: dict[str, str] = {}
    writers: list[str] = []
    count = 0
    while True:
        page = call(
            stack,
            "cognito-idp",
            "list_user_pool_clients",
            missing=missing,
            UserPoolId=stack.user_pool_id,
            MaxResults=60,
            **position,
        )
        for entry in page["UserPoolClients"]:
            count += 1
            client = _describe_client(stack, entry["ClientId"])
            if OLD_ID_ATTRIBUTE in client.get("WriteAttributes", ()):
                writers.append(entry["ClientId"])
        if not page.get("NextToken"):
            break
        position = {"NextToken": page["NextToken"]}
    if writers:
        raise CheckFailedError(
            f"the app clients {', '.join(writers)} can write {OLD_ID_ATTRIBUTE}",
            f"Remove {OLD_ID_ATTRIBUTE} from their write attributes.",
        )
    return f"none of {count} app clients"


def _describe_client(stack: Stack, client_id: str) -> Mapping[str, Any]:
    missing = CheckFailedError(f"app client {client_id!r} doesn't exist", "Check the ID of the app client.")
    response = call(
        stack,
        "cognito-idp",
        "describe_user_pool_client",
        missing=missing,
        UserPoolId=stack.user_pool_id,
        ClientId=client_id,
    )
    client: Mapping[str, Any] = response["UserPoolClient"]
    return client
