"""The custom challenge on a running local AWS, with real functions."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError
from conformance_aws import AwsResources, Recorder, unique_email
from conformance_challenge import CODE, TRIGGERS
from conformance_challenge_pool import FUNCTION, ChallengePool
from conformance_pool import error_of
from pulumi_localaws.errors import LocalAwsError
from pulumi_localaws.gateway.cognito.pool_models import AppClient, UserPool
from pulumi_localaws.gateway.cognito.user_names import compute_secret_hash
from pulumi_localaws.testing.trigger_runs import repeat_trigger


@pytest.fixture(scope="session")
def challenge_function(session_aws: AwsResources) -> Recorder:
    return session_aws.create_recorder(FUNCTION)


@pytest.fixture
def pool(aws: AwsResources, challenge_function: Recorder) -> ChallengePool:
    challenge_function.take_events()
    return ChallengePool(aws, challenge_function)


def test_sign_in_with_a_custom_challenge(pool: ChallengePool, challenge_function: Recorder) -> None:
    """Lines 8, 11, 36 and 45 (doc): the four events; the tokens work and can be refreshed."""
    email, phone = unique_email(), "+4915112345678"
    sub = pool.add_user(email, phone_number=phone, phone_number_verified="true")

    wrong = pool.answer(pool.start(phone, ClientMetadata={"a": "b"}), email.lower(), "wrong")
    tokens = pool.answer(wrong, sub)["AuthenticationResult"]

    entries = challenge_function.take_events()
    events = [entry["event"] for entry in entries]
    sources = [event["triggerSource"].partition("_")[0] for event in events]
    define, create, verify = TRIGGERS
    assert sources == [define, create, verify, define, create, verify, define]
    assert {(entry["arn"], entry["event"]["userName"]) for entry in entries} == {
        (challenge_function.arn, sub)
    }
    assert [event for event in events if "clientMetadata" in event["request"]] == []
    user = pool.aws.cognito.get_user(AccessToken=tokens["AccessToken"])
    refreshed = pool.aws.cognito.initiate_auth(
        ClientId=pool.client_id,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
    )
    assert (user["Username"], "AccessToken" in refreshed["AuthenticationResult"]) == (sub, True)


def test_phone_number_as_an_alias(aws: AwsResources, challenge_function: Recorder) -> None:
    """Lines 11 and 23 (doc): a verified number leads to the chosen user name; another one to no user."""
    aliases = {"UsernameAttributes": [], "AliasAttributes": ["phone_number"]}
    challenge_function.take_events()
    pool = ChallengePool(aws, challenge_function, **aliases)
    phones = {"Ann": "+4915112345678", "Bob": "+4915187654321"}
    for name, phone in phones.items():
        is_verified = "true" if name == "Ann" else "false"
        pool.add_user(name, phone_number=phone, phone_number_verified=is_verified)

    tokens = pool.answer(pool.start(phones["Ann"]), phones["Ann"])
    pool.start(phones["Bob"])

    events = [entry["event"] for entry in challenge_function.take_events()]
    assert "AuthenticationResult" in tokens
    assert [event["request"]["userNotFound"] for event in events] == [False] * 4 + [True] * 2
    assert {event["userName"] for event in events[:4]} == {"Ann"}


def test_three_runs_of_a_function(pool: ChallengePool, challenge_function: Recorder) -> None:
    """Line 36 (seen in amplify-cli#4467): the fault that tests can request; it ends with the block."""
    email = unique_email()
    pool.add_user(email)

    with repeat_trigger(pool.aws.local_aws, pool.id, "CreateAuthChallenge", 3):
        pool.start(email)
    pool.start(email)

    counts = Counter(source.partition("_")[0] for source in challenge_function.take_sources())
    assert counts == {"DefineAuthChallenge": 2, "CreateAuthChallenge": 4}


def test_fault_that_does_not_exist(pool: ChallengePool) -> None:
    """Our own rule: the error has the gateway's text."""
    with (
        pytest.raises(LocalAwsError, match="runs must be an integer from 1 to 3, but it is 9"),
        repeat_trigger(pool.aws.local_aws, pool.id, "CreateAuthChallenge", 9),
    ):
        pass


def test_session_of_another_app_client(pool: ChallengePool) -> None:
    """Line 46 (doc): a stolen session is worth nothing with another client."""
    email = unique_email()
    pool.add_user(email)
    started = pool.start(email)
    first_client = pool.client_id
    pool.client_id = pool.aws.create_client(pool.id, ExplicitAuthFlows=["ALLOW_CUSTOM_AUTH"])

    with pytest.raises(ClientError) as exc_info:
        pool.answer(started, email)
    pool.client_id = first_client

    assert error_of(exc_info) == ("NotAuthorizedException", "Invalid session for the user.")
    assert "AuthenticationResult" in pool.answer(started, email)


def test_triggers_around_the_challenge(aws: AwsResources, challenge_function: Recorder) -> None:
    """Lines 13 and 45 (doc): PreTokenGeneration fires once for both tokens."""
    around = ("PreAuthentication", "PreTokenGeneration", "PostAuthentication")
    challenge_function.take_events()
    pool, email = ChallengePool(aws, challenge_function, *around), unique_email()
    pool.add_user(email)

    pool.answer(pool.start(email), email)

    sources = challenge_function.take_sources()
    expected = ["PreAuthentication_Authentication", "TokenGeneration_Authentication"]
    assert [sources[0], sources[-2]] == expected
    assert (sources[-1], len(sources)) == ("PostAuthentication_Authentication", 7)


def test_choice_based_sign_in(pool: ChallengePool) -> None:
    """Our own rule: the emulator's error is replaced by one that says what to do."""
    with pytest.raises(ClientError, match="does not support choice-based sign-in"):
        pool.aws.cognito.initiate_auth(
            ClientId=pool.client_id, AuthFlow="USER_AUTH", AuthParameters={"USERNAME": unique_email()}
        )


def test_callers_of_the_admin_calls(pool: ChallengePool, challenge_function: Recorder) -> None:
    """Line 28 (doc): signature and permission are checked before any trigger fires; any case of the name."""
    email = unique_email()
    pool.add_user(email)
    actions = ["cognito-idp:AdminInitiateAuth", "cognito-idp:AdminRespondToAuthChallenge"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": pool.document["Arn"]}
    allowed = pool.aws.create_user_client("cognito-idp", {"Version": "2012-10-17", "Statement": [statement]})
    other = {**statement, "Action": ["cognito-idp:AdminGetUser"]}
    denied = pool.aws.create_user_client("cognito-idp", {"Version": "2012-10-17", "Statement": [other]})
    parameters = {"UserPoolId": pool.id, "ClientId": pool.client_id}
    start_parameters = {
        **parameters,
        "AuthFlow": "CUSTOM_AUTH",
        "AuthParameters": {"USERNAME": email.upper()},
    }

    with pytest.raises(ClientError) as start_error:
        denied.admin_initiate_auth(**start_parameters)
    assert challenge_function.take_events() == []
    started = allowed.admin_initiate_auth(**start_parameters)
    answer_parameters = {
        **parameters,
        "ChallengeName": "CUSTOM_CHALLENGE",
        "Session": started["Session"],
        "ChallengeResponses": {"USERNAME": email.upper(), "ANSWER": CODE},
    }
    with pytest.raises(ClientError) as answer_error:
        denied.admin_respond_to_auth_challenge(**answer_parameters)
    tokens = allowed.admin_respond_to_auth_challenge(**answer_parameters)

    codes = [error_of(start_error)[0], error_of(answer_error)[0]]
    assert codes == ["AccessDeniedException"] * 2
    assert "AccessToken" in tokens["AuthenticationResult"]


def test_app_client_with_a_secret(
    aws: AwsResources, pool: ChallengePool, challenge_function: Recorder
) -> None:
    """Line 29 (doc): the secret hash is checked in both calls."""
    email = unique_email()
    pool.add_user(email)
    client_id = aws.create_client(pool.id, GenerateSecret=True, ExplicitAuthFlows=["ALLOW_CUSTOM_AUTH"])
    document = aws.cognito.describe_user_pool_client(UserPoolId=pool.id, ClientId=client_id)["UserPoolClient"]
    client = AppClient(client_id, UserPool(pool.id, "", {}), document)
    name = {"USERNAME": email, "SECRET_HASH": compute_secret_hash(client, email)}
    wrong_name = {"USERNAME": email, "SECRET_HASH": compute_secret_hash(client, "another")}
    start_parameters = {"ClientId": client_id, "AuthFlow": "CUSTOM_AUTH"}
    answer_parameters = {"ClientId": client_id, "ChallengeName": "CUSTOM_CHALLENGE"}

    with pytest.raises(ClientError) as start_error:
        aws.cognito.initiate_auth(**start_parameters, AuthParameters=wrong_name)
    assert challenge_function.take_events() == []
    answer_parameters["Session"] = aws.cognito.initiate_auth(**start_parameters, AuthParameters=name)[
        "Session"
    ]
    with pytest.raises(ClientError) as answer_error:
        aws.cognito.respond_to_auth_challenge(
            **answer_parameters, ChallengeResponses={**wrong_name, "ANSWER": CODE}
        )
    tokens = aws.cognito.respond_to_auth_challenge(
        **answer_parameters, ChallengeResponses={**name, "ANSWER": CODE}
    )

    text = f"Unable to verify secret hash for client {client_id}"
    assert [error_of(start_error), error_of(answer_error)] == [("NotAuthorizedException", text)] * 2
    assert "AccessToken" in tokens["AuthenticationResult"]


def test_users_who_may_not_sign_in(aws: AwsResources, pool: ChallengePool) -> None:
    """Line 47 (doc): a disabled and an unconfirmed user."""
    disabled, unconfirmed = unique_email(), unique_email()
    pool.add_user(disabled)
    aws.cognito.admin_disable_user(UserPoolId=pool.id, Username=disabled)
    pool.sign_up(unconfirmed)
    errors = []
    for name in (disabled, unconfirmed):
        with pytest.raises(ClientError) as exc_info:
            pool.start(name)
        errors.append(error_of(exc_info))

    assert errors == [
        ("NotAuthorizedException", "User is disabled."),
        ("UserNotConfirmedException", "User is not confirmed."),
    ]


@pytest.mark.long
def test_simultaneous_sign_ins(pool: ChallengePool) -> None:
    """Our own rule: each of 32 sign-ins, 8 at a time, gets the tokens of its own user."""
    emails = [unique_email() for _ in range(8)]
    subs = [pool.add_user(email) for email in emails]

    def sign_in(email: str) -> str:
        tokens = pool.answer(pool.start(email), email)["AuthenticationResult"]
        return str(pool.aws.cognito.get_user(AccessToken=tokens["AccessToken"])["Username"])

    # Each call at the same time starts a process of its own, which must respond within 5 seconds.
    with ThreadPoolExecutor(8) as executor:
        names = list(executor.map(sign_in, emails * 4))

    assert names == subs * 4


def test_own_functions_are_shown(
    aws: AwsResources, pool: ChallengePool, challenge_function: Recorder
) -> None:
    """Our own rule: DescribeUserPool returns the owner's functions, also after they were changed."""
    config = dict.fromkeys(TRIGGERS[:2], challenge_function.arn)
    before = aws.cognito.describe_user_pool(UserPoolId=pool.id)["UserPool"]["LambdaConfig"]
    aws.cognito.update_user_pool(UserPoolId=pool.id, LambdaConfig=config)

    after = aws.cognito.describe_user_pool(UserPoolId=pool.id)["UserPool"]["LambdaConfig"]

    assert (before, after) == (dict.fromkeys(TRIGGERS, challenge_function.arn), config)
