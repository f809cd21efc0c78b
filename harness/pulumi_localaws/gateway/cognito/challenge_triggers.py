"""The three triggers of a custom challenge: their events, and the responses that Cognito accepts.

The emulator would fire them itself, with other rules. Therefore the name of a function that does not exist
replaces them in the emulator's pool; DescribeUserPool still shows the owner's functions.
"""

from dataclasses import dataclass
from typing import Any

from pulumi_localaws.gateway.cognito.call import CognitoCall
from pulumi_localaws.gateway.cognito.challenge_sessions import ChallengeAttempt
from pulumi_localaws.gateway.cognito.pool_models import PoolUser, UserPool
from pulumi_localaws.gateway.cognito.triggers import build_event, build_user_attributes
from pulumi_localaws.gateway.cognito.user_directory import UserDirectory
from pulumi_localaws.gateway.wire.errors import AwsError
from pulumi_localaws.gateway.wire.root_client import RootClient

DEFINE, CREATE, VERIFY = "DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse"
CHALLENGE_TRIGGERS = (DEFINE, CREATE, VERIFY)
CUSTOM_CHALLENGE = "CUSTOM_CHALLENGE"
MARKER_NAME = "localaws-custom-challenge"
"""The function that does not exist."""


@dataclass(frozen=True)
class Decision:
    """What DefineAuthChallenge decides.

    Attributes:
        fails: The sign-in has failed.
        issues_tokens: The user gets tokens.
        challenge_name: The next challenge, if neither is the case.
    """

    fails: bool
    issues_tokens: bool
    challenge_name: str


@dataclass(frozen=True)
class Challenge:
    """What CreateAuthChallenge returns.

    Attributes:
        public_parameters: The parameters for the client.
        private_parameters: The parameters for VerifyAuthChallengeResponse.
        metadata: The challenge's metadata in later events, or None.
    """

    public_parameters: dict[str, str]
    private_parameters: dict[str, str]
    metadata: str | None


async def replace_triggers(root_client: RootClient, directory: UserDirectory, pool: UserPool) -> None:
    """Replace the pool's three triggers in the emulator, if that has not been done yet.

    Raises:
        AwsError: The emulator rejected the change.
    """
    document = await directory.describe_pool(pool.id)
    config = dict((document or {}).get("LambdaConfig") or {})
    marker = f"arn:aws:lambda:{pool.region}:{pool.account_id}:function:{MARKER_NAME}"
    own_triggers = {k: config[k] for k in CHALLENGE_TRIGGERS if config.get(k) not in {None, "", marker}}
    if not own_triggers:
        return
    for key, arn in own_triggers.items():
        directory.remember_relay(pool.id, key, relay_value=marker, own_triggers={key: arn})
    config |= dict.fromkeys(own_triggers, marker)
    await root_client.call_cognito("UpdateUserPool", {"UserPoolId": pool.id, "LambdaConfig": config})


async def define_challenge(call: CognitoCall, attempt: ChallengeAttempt, user: PoolUser | None) -> Decision:
    """Fire DefineAuthChallenge.

    Raises:
        AwsError: The trigger failed, or its response is not valid.
    """
    response = await _fire(
        call,
        DEFINE,
        attempt,
        user,
        request={"session": list(attempt.results)},
        response=dict.fromkeys(("challengeName", "issueTokens", "failAuthentication")),
    )
    decision = Decision(
        fails=_parse_flag(response, "failAuthentication"),
        issues_tokens=_parse_flag(response, "issueTokens"),
        challenge_name=_parse_text(response, "challengeName") or "",
    )
    if decision.fails or decision.issues_tokens or decision.challenge_name == CUSTOM_CHALLENGE:
        return decision
    if decision.challenge_name:
        raise AwsError(
            "InvalidLambdaResponseException",
            f"pulumi-localaws: {DEFINE} returned challengeName {decision.challenge_name!r}. The local AWS"
            f" supports only {CUSTOM_CHALLENGE!r}; other challenges must be tried on AWS.",
        )
    raise _unrecognizable_output()


async def create_challenge(call: CognitoCall, attempt: ChallengeAttempt, user: PoolUser | None) -> Challenge:
    """Fire CreateAuthChallenge.

    Raises:
        AwsError: The trigger failed, or its response is not valid. Without private parameters, the caller
            gets NotAuthorizedException (amazon-cognito-passwordless-auth#214).
    """
    response = await _fire(
        call,
        CREATE,
        attempt,
        user,
        request={"challengeName": CUSTOM_CHALLENGE, "session": list(attempt.results)},
        response=dict.fromkeys(
            ("publicChallengeParameters", "privateChallengeParameters", "challengeMetadata")
        ),
    )
    challenge = Challenge(
        public_parameters=_parse_parameters(response, "publicChallengeParameters"),
        private_parameters=_parse_parameters(response, "privateChallengeParameters"),
        metadata=_parse_text(response, "challengeMetadata"),
    )
    if not challenge.private_parameters:
        call.notes.append(f"{CREATE}: no private parameters")
        raise not_authorized_error()
    return challenge


async def verify_answer(
    call: CognitoCall, attempt: ChallengeAttempt, user: PoolUser | None, answer: str
) -> bool:
    """Fire VerifyAuthChallengeResponse and return whether the answer is correct.

    Raises:
        AwsError: The trigger failed, or its response is not valid.
    """
    response = await _fire(
        call,
        VERIFY,
        attempt,
        user,
        request={"privateChallengeParameters": attempt.private_parameters, "challengeAnswer": answer},
        response={"answerCorrect": None},
    )
    return _parse_flag(response, "answerCorrect")


def not_authorized_error() -> AwsError:
    """Return the error of a failed sign-in."""
    return AwsError("NotAuthorizedException", "Incorrect username or password.")


async def _fire(
    call: CognitoCall,
    trigger: str,
    attempt: ChallengeAttempt,
    user: PoolUser | None,
    *,
    request: dict[str, Any],
    response: dict[str, Any],
) -> dict[str, Any]:
    pool = attempt.client.pool
    complete_request = {
        "userAttributes": build_user_attributes(user) if user else {},
        **request,
        "userNotFound": user is None,
    }
    # InitiateAuth's metadata does not reach these triggers (API reference, InitiateAuth, ClientMetadata).
    if call.client_metadata and call.action.endswith("RespondToAuthChallenge"):
        complete_request["clientMetadata"] = call.client_metadata
    event = build_event(
        pool,
        f"{trigger}_Authentication",
        user_name=attempt.user_name,
        client_id=attempt.client.id,
        request=complete_request,
        response=response,
    )
    return await call.dependencies.triggers.fire(pool, trigger, event, call.notes)


def _parse_flag(response: dict[str, Any], key: str) -> bool:
    value = response.get(key) or False
    if not isinstance(value, bool):
        raise _unrecognizable_output()
    return value


def _parse_text(response: dict[str, Any], key: str) -> str | None:
    value = response.get(key)
    if value is not None and not isinstance(value, str):
        raise _unrecognizable_output()
    return value


def _parse_parameters(response: dict[str, Any], key: str) -> dict[str, str]:
    """Return a map of texts; AWS documents no other type of value."""
    value = response.get(key)
    parameters = {} if value is None else value
    if not isinstance(parameters, dict) or not all(isinstance(v, str) for v in parameters.values()):
        raise _unrecognizable_output()
    return parameters


def _unrecognizable_output() -> AwsError:
    return AwsError("InvalidLambdaResponseException", "Unrecognizable lambda output")
