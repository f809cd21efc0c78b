"""The three triggers of the custom challenge: events, responses, errors and deadlines."""

import importlib
import threading
import time

import pytest
from userprofiles import deadline
from userprofiles.phone_sign_in import create_challenge, define_challenge, verify_challenge
from userprofiles.phone_sign_in.challenge_errors import NOT_SENT, UNAVAILABLE, ChallengeFailedError
from userprofiles.phone_sign_in.define_challenge import define_challenge as define

PHONE = "+14155550123"
ENVIRONMENT = {
    "CODES_TABLE": "codes",
    "CODE_KEY_ID": "key",
    "CODE_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/111122223333/codes",
}
TOKENS = {"issueTokens": True, "failAuthentication": False}
FAILED = {"issueTokens": False, "failAuthentication": True}
CHALLENGE = {"challengeName": "CUSTOM_CHALLENGE", "issueTokens": False, "failAuthentication": False}


def result(is_right, name="CUSTOM_CHALLENGE", metadata="CODE-x"):
    return {"challengeName": name, "challengeResult": is_right, "challengeMetadata": metadata}


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        ([], CHALLENGE),
        (None, CHALLENGE),
        ([result(False)], CHALLENGE),
        ([result(False), result(False)], CHALLENGE),
        ([result(False)] * 3, FAILED),
        ([result(False)] * 4, FAILED),
        ([result(True)], TOKENS),
        ([result(False), result(False), result(True)], TOKENS),
        ([result(True), result(False)], CHALLENGE),
        ([result("true")], CHALLENGE),
        ([result(True, "PASSWORD_VERIFIER")], FAILED),
        ([result(True, "SRP_A"), result(True)], FAILED),
        ([{"challengeResult": True}], FAILED),
    ],
)
def test_define_continues_issues_tokens_or_fails(load_event, session, expected):
    event = load_event("DefineAuthChallenge_Authentication")
    event["request"]["session"] = session

    assert define(event) == expected


@pytest.mark.parametrize(
    ("session", "expected"), [([], CHALLENGE), ([result(False)], CHALLENGE), ([result(True)], FAILED)]
)
def test_define_issues_no_tokens_to_an_unknown_user(load_event, session, expected):
    event = load_event("DefineAuthChallenge_Authentication_unknown_user")
    event["request"]["session"] = session

    assert define(event) == expected


def test_define_returns_the_event_with_all_fields_of_the_response(load_event, report):
    event = load_event("DefineAuthChallenge_Authentication")

    assert define_challenge.handle_event(event, report) == {
        **load_event("DefineAuthChallenge_Authentication"),
        "response": CHALLENGE,
    }


@pytest.mark.parametrize(
    "event", [{}, {"request": []}, {"request": {"session": "x"}}, {"request": {"session": [1]}}]
)
def test_define_fails_an_unreadable_event(event, report, read_metrics):
    assert define_challenge.handle_event(event, report)["response"] == FAILED
    assert read_metrics() == ["UnreadableEvent"]


def test_create_returns_the_same_public_parameters_for_everyone(world):
    sessions = [world.sign_in(), world.sign_in(is_known=False), world.sign_in(is_known=False, name="x")]

    for session in sessions:
        assert session.challenge["publicChallengeParameters"] == {"delivery": "SMS", "expiresIn": "180"}
        parameters = session.challenge["privateChallengeParameters"]
        assert {name: type(value) for name, value in parameters.items()} == {
            "key": str,
            "claimId": str,
            "codeMac": str,
        }
        assert session.challenge["challengeMetadata"] == f"CODE-{parameters['claimId']}"


def test_create_answers_the_events_of_the_documentation(world, load_event):
    for name in ("CreateAuthChallenge_Authentication", "CreateAuthChallenge_Authentication_unknown_user"):
        returned = world.create(load_event(name))

        assert {**returned, "response": None} == {**load_event(name), "response": None}
        assert world.messages[-1]["decoy"]  # the phone number of the event is not verified


def test_code_goes_to_the_verified_number_in_the_users_language(world):
    world.sign_in(phone=PHONE, locale="de-CH")

    [message] = world.messages
    assert (message["phone"], message["locale"], message["decoy"]) == (PHONE, "de-CH", False)


def test_wrong_answer_continues_with_the_same_code(world):
    session = world.sign_in()

    assert session.answer_wrong() == "CHALLENGE"
    assert len(world.messages) == 1
    assert session.answer_right() == "TOKENS"


def test_wrong_answer_after_another_code_was_sent(world):
    session = world.sign_in()
    world.clock.wait(31)
    world.sign_in()

    assert session.answer_right() == "CHALLENGE"
    assert session.answer(world.messages[0]["code"]) == "CHALLENGE"


def test_user_can_start_again_after_the_code_has_expired(world):
    session = world.sign_in()
    world.clock.wait(180)
    assert session.answer_right() == "CHALLENGE"

    assert world.sign_in().answer_right() == "TOKENS"


def test_verification_answers_the_event_of_the_documentation(world, load_event):
    session = world.sign_in()
    event = load_event("VerifyAuthChallengeResponse_Authentication")
    event["request"]["privateChallengeParameters"] = session.challenge["privateChallengeParameters"]
    event["request"]["challengeAnswer"] = world.messages[0]["code"]

    assert world.verify(event)["response"] == {"answerCorrect": True}


def test_verification_of_an_unknown_user_is_wrong(world, load_event):
    session = world.sign_in(is_known=False)
    event = load_event("VerifyAuthChallengeResponse_Authentication_unknown_user")
    event["request"]["privateChallengeParameters"] = session.challenge["privateChallengeParameters"]
    event["request"]["challengeAnswer"] = world.messages[0]["code"]

    assert world.verify(event)["response"] == {"answerCorrect": False}


@pytest.mark.parametrize("parameters", [None, {}, [], {"key": "PHONE#x", "claimId": "x", "codeMac": None}])
def test_verification_without_private_parameters_is_an_error(world, load_event, read_metrics, parameters):
    event = load_event("VerifyAuthChallengeResponse_Authentication")
    event["request"]["privateChallengeParameters"] = parameters

    with pytest.raises(ChallengeFailedError, match=f"^{UNAVAILABLE}$"):
        world.verify(event)
    assert read_metrics() == ["UnreadableEvent"]


@pytest.mark.parametrize(
    "event", [None, [], {}, {"request": {}}, {"request": {"session": []}, "userName": ""}]
)
def test_unreadable_event_is_an_error_with_a_fixed_text(world, event):
    for process in (world.create, world.verify):
        with pytest.raises(ChallengeFailedError, match=f"^{UNAVAILABLE}$"):
            process(event)
    assert world.calls == []


OUTAGES = [
    ("kms", "generate_mac", UNAVAILABLE),
    ("dynamodb", "get_item", UNAVAILABLE),
    ("dynamodb", "update_item", UNAVAILABLE),
    ("sqs", "send_message", NOT_SENT),
]


@pytest.mark.parametrize("user", [{}, {"is_known": False}])
@pytest.mark.parametrize(("service", "operation", "text"), OUTAGES)
def test_outage_is_an_error_with_a_fixed_text_for_everyone(
    quiet_world, aws_error, *, user, service, operation, text
):
    getattr(quiet_world, service).errors[operation] = aws_error("InternalServerError")

    with pytest.raises(ChallengeFailedError, match=f"^{text}$"):
        quiet_world.sign_in(**user)

    assert quiet_world.report.counts == {"CodeRequestFailed": 1}


def test_log_of_an_outage_contains_no_message_of_aws_and_no_phone_number(world, aws_error, log):
    world.sqs.errors["send_message"] = aws_error("InternalServerError")

    with pytest.raises(ChallengeFailedError):
        world.sign_in()

    assert "InternalServerError" in log.getvalue()
    assert "CANARY" not in log.getvalue()
    assert PHONE not in log.getvalue()


def test_outage_during_a_check_is_an_error_and_the_code_stays_valid(world, aws_error, read_metrics):
    session = world.sign_in()
    world.dynamodb.errors["update_item"] = aws_error("InternalServerError")
    with pytest.raises(ChallengeFailedError, match=f"^{UNAVAILABLE}$"):
        session.answer_right()
    assert read_metrics()[-1] == "CodeCheckFailed"

    world.dynamodb.errors.clear()
    assert session.answer_right() == "TOKENS"


@pytest.mark.parametrize(
    ("service", "operation"),
    [("kms", "generate_mac"), ("dynamodb", "get_item"), ("dynamodb", "update_item"), ("sqs", "send_message")],
)
def test_hanging_service_is_an_error_within_the_deadline(world, monkeypatch, service, operation):
    monkeypatch.setattr(deadline, "CHALLENGE_SECONDS", 0.05)
    release = threading.Event()
    getattr(world, service).before[operation] = lambda: release.wait(10)
    other_threads = set(threading.enumerate())
    begin = time.monotonic()

    with pytest.raises(ChallengeFailedError, match=f"^{UNAVAILABLE}$"):
        world.sign_in()

    assert time.monotonic() - begin < 1
    release.set()
    for thread in set(threading.enumerate()) - other_threads:
        thread.join(10)  # otherwise, its metrics are printed during the next test


@pytest.mark.parametrize("module", [create_challenge, verify_challenge])
@pytest.mark.parametrize("variable", ["CODES_TABLE", "CODE_KEY_ID"])
def test_wrong_environment_is_logged_for_each_event(module, variable, report, read_log, load_event):
    process = module.from_environment({**ENVIRONMENT, variable: " "}, report)

    with pytest.raises(ChallengeFailedError, match=f"^{UNAVAILABLE}$"):
        process(load_event("CreateAuthChallenge_Authentication"))
    assert read_log()[-1]["problem"] == (
        f"The environment variable {variable} is not set. The function requires it."
    )


def test_queue_is_required_to_create_codes_only(report, read_log):
    environment = {name: value for name, value in ENVIRONMENT.items() if name != "CODE_QUEUE_URL"}

    for module in (create_challenge, verify_challenge):
        with pytest.raises(ChallengeFailedError):
            module.from_environment(environment, report)({})

    assert [line.get("problem") for line in read_log()] == [
        "The environment variable CODE_QUEUE_URL is not set. The function requires it.",
        "request must be an object",
    ]


@pytest.mark.parametrize(
    "name", ["define_auth_challenge", "create_auth_challenge", "verify_auth_challenge_response"]
)
def test_handler_processes_an_event(name, monkeypatch, load_event, capsys):
    for variable, value in ENVIRONMENT.items():
        monkeypatch.setenv(variable, value)
    module = importlib.reload(importlib.import_module(f"userprofiles.handlers.{name}"))

    if name == "define_auth_challenge":
        event = module.handler(load_event("DefineAuthChallenge_Authentication"), None)
        assert event["response"] == CHALLENGE
        return
    with pytest.raises(ChallengeFailedError, match=f"^{UNAVAILABLE}$"):
        module.handler({}, None)
