"""Sign-in with Cognito's custom challenge (``CUSTOM_AUTH``): the gateway runs the whole flow.

The emulator's own flow has other rules. The emulator is used for two things: it checks the caller (signature,
permission, secret hash), and it issues the tokens.
"""

import uuid
from dataclasses import replace
from typing import Any

from pulumi_localaws.gateway.cognito.authentication import (
    fire_post_authentication,
    fire_pre_authentication,
    issue_tokens,
)
from pulumi_localaws.gateway.cognito.call import CognitoCall
from pulumi_localaws.gateway.cognito.challenge_sessions import ChallengeAttempt
from pulumi_localaws.gateway.cognito.challenge_triggers import (
    CUSTOM_CHALLENGE,
    DEFINE,
    create_challenge,
    define_challenge,
    not_authorized_error,
    replace_triggers,
    verify_answer,
)
from pulumi_localaws.gateway.cognito.pool_models import AppClient, PoolUser, UserPool
from pulumi_localaws.gateway.cognito.user_names import compute_secret_hash
from pulumi_localaws.gateway.wire.errors import AwsError, json_response, parse_error_code
from pulumi_localaws.gateway.wire.http_messages import Response
from pulumi_localaws.local.second_factors import ISSUE_TOKENS


async def start_custom_auth(call: CognitoCall, client: AppClient) -> Response:
    """Handle InitiateAuth and AdminInitiateAuth with the flow CUSTOM_AUTH.

    Raises:
        AwsError: The user may not sign in this way, or a trigger failed.
    """
    parameters = call.parameters.get("AuthParameters")
    typed_name = _require_text(parameters, "USERNAME")
    await replace_triggers(call.dependencies.root_client, call.dependencies.directory, client.pool)
    user = await call.resolve_user(client)
    # A caller that passes all checks reaches the look-up of the user, or the function that does not exist.
    rejection = await _check_caller(call, {"UserNotFoundException", "InvalidLambdaResponseException"})
    if rejection is not None:
        return rejection
    _check_start(client, user, parameters)
    await fire_pre_authentication(call, client, user)
    attempt = ChallengeAttempt(
        client=client,
        user_name=user.name if user else _generate_user_name(client.pool, typed_name),
        is_user_known=user is not None,
        typed_name=typed_name,
    )
    return await _continue(call, attempt, user)


async def answer_custom_challenge(call: CognitoCall, client: AppClient) -> Response:
    """Handle RespondToAuthChallenge and AdminRespondToAuthChallenge for a custom challenge.

    Raises:
        AwsError: The session is not valid, the user may not sign in, or a trigger failed.
    """
    responses = call.parameters.get("ChallengeResponses")
    typed_name, answer = _require_text(responses, "USERNAME"), _require_text(responses, "ANSWER")
    session = _require_text(call.parameters, "Session")
    user = await call.resolve_user(client)
    # The emulator does not know the session, but it reports that only to a caller that passes all checks.
    rejection = await _check_caller(call, {"InvalidParameterException"})
    if rejection is not None:
        return rejection
    attempt = call.dependencies.challenge_sessions.take(session, client, user, typed_name)
    if user is not None:
        _check_user(user)
    is_correct = await verify_answer(call, attempt, user, answer)
    return await _continue(call, attempt.record_answer(CUSTOM_CHALLENGE, is_correct=is_correct), user)


async def _continue(call: CognitoCall, attempt: ChallengeAttempt, user: PoolUser | None) -> Response:
    """Let DefineAuthChallenge decide what follows the answers so far."""
    decision = await define_challenge(call, attempt, user)
    if decision.fails:
        raise not_authorized_error()
    if decision.issues_tokens:
        if user is None:
            raise not_authorized_error()
        return await _issue_tokens(call, attempt.client, user)
    challenge = await create_challenge(call, attempt, user)
    session = call.dependencies.challenge_sessions.issue(
        replace(
            attempt,
            challenge_metadata=challenge.metadata,
            private_parameters=challenge.private_parameters,
        )
    )
    return json_response(
        {
            "ChallengeName": CUSTOM_CHALLENGE,
            "ChallengeParameters": {**challenge.public_parameters, "USERNAME": attempt.user_name},
            "Session": session,
        }
    )


async def _issue_tokens(call: CognitoCall, client: AppClient, user: PoolUser) -> Response:
    """Let the emulator issue tokens, and fire PreTokenGeneration and PostAuthentication.

    For root, the local AWS adds a challenge to the emulator that no client can answer: it issues tokens.
    """
    is_answer = call.action.endswith("RespondToAuthChallenge")
    responses = {"USERNAME": user.name}
    if client.secret:
        responses["SECRET_HASH"] = compute_secret_hash(client, user.name)
    payload = {
        "UserPoolId": client.pool.id,
        "ClientId": client.id,
        "ChallengeName": ISSUE_TOKENS,
        "ChallengeResponses": responses,
    }

    async def request_tokens() -> Response:
        return await call.dependencies.root_client.call_json(
            "cognito-idp", "AdminRespondToAuthChallenge", payload, client.pool.region
        )

    response = await issue_tokens(
        call, client, user, request_tokens, client_metadata=call.client_metadata if is_answer else None
    )
    return await fire_post_authentication(call, client, response)


async def _check_caller(call: CognitoCall, expected_codes: set[str]) -> Response | None:
    """Let the emulator check signature, permission and secret hash; return its response to a rejected call.

    Args:
        call: The call. It can't succeed in the emulator, because the function there does not exist.
        expected_codes: The errors that only a call without a fault of the caller gets.
    """
    response = await call.forward()
    return response if response.is_error and parse_error_code(response) not in expected_codes else None


def _check_start(client: AppClient, user: PoolUser | None, parameters: Any) -> None:
    """Reject a sign-in that Cognito rejects before it fires a trigger."""
    if not client.allows_custom_auth:
        raise AwsError("InvalidParameterException", "CUSTOM_AUTH is not enabled for the client.")
    if not client.pool.trigger_arn(DEFINE):
        raise AwsError(
            "InvalidParameterException", "Custom auth lambda trigger is not configured for the user pool."
        )
    if "SRP_A" in parameters or parameters.get("CHALLENGE_NAME") == "SRP_A":
        raise AwsError(
            "InvalidParameterException",
            "pulumi-localaws: CUSTOM_AUTH with SRP_A (a password before the custom challenge) is not"
            " supported on the local AWS. Leave out SRP_A and CHALLENGE_NAME here, and try both on AWS.",
        )
    if user is not None:
        _check_user(user)
    elif not client.hides_user_existence:
        raise AwsError("UserNotFoundException", "User does not exist.")


def _check_user(user: PoolUser) -> None:
    if not user.is_enabled:
        raise AwsError("NotAuthorizedException", "User is disabled.")
    if user.status == "UNCONFIRMED":
        raise AwsError("UserNotConfirmedException", "User is not confirmed.")


def _require_text(parameters: Any, name: str) -> str:
    value = parameters.get(name) if isinstance(parameters, dict) else None
    if not isinstance(value, str) or not value:
        raise AwsError("InvalidParameterException", f"Missing required parameter {name}")
    return value


def _generate_user_name(pool: UserPool, name: str) -> str:
    """Return the user name of an unknown user: always the same UUID for a name.

    AWS shows such a UUID instead of the name that the client sent (developer guide, "Managing user existence
    error responses"; aws-sdk-go#3134; amazon-cognito-passwordless-auth#131).
    """
    return str(uuid.uuid3(uuid.NAMESPACE_URL, f"{pool.arn}/{name.casefold()}"))
