"""KMS, the table or the queue is down: an error, and the user can start again."""

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError
from userprofiles.phone_sign_in.claim import Identity, Outcome
from userprofiles.phone_sign_in.code_errors import CodeNotQueuedError, CodesUnavailableError

IDENTITY = Identity.of_phone("+14155550123")
OUTAGES = {
    "KMS": ("kms", "generate_mac"),
    "read": ("dynamodb", "get_item"),
    "write": ("dynamodb", "update_item"),
}
ERRORS = [
    EndpointConnectionError(endpoint_url="https://secret.example"),
    ConnectTimeoutError(endpoint_url="https://secret.example"),
]


@pytest.mark.parametrize("outage", OUTAGES)
@pytest.mark.parametrize("error", ERRORS, ids=["unreachable", "time-out"])
def test_service_that_is_down_sends_nothing_and_a_later_request_succeeds(world, outage, error):
    service, operation = OUTAGES[outage]
    getattr(world, service).errors[operation] = error

    with pytest.raises(CodesUnavailableError, match=f"^{type(error).__name__}$") as raised:
        world.requests.request_code(IDENTITY)
    assert not isinstance(raised.value, CodeNotQueuedError)
    assert world.messages == []

    getattr(world, service).errors.clear()
    claim = world.requests.request_code(IDENTITY)
    assert world.checks.check_code(claim, world.messages[0]["code"])


@pytest.mark.parametrize("outage", ["KMS", "write"])
def test_check_during_an_outage_can_be_repeated(world, outage, aws_error):
    claim = world.requests.request_code(IDENTITY)
    service, operation = OUTAGES[outage]
    getattr(world, service).errors[operation] = aws_error("ThrottlingException")

    with pytest.raises(CodesUnavailableError, match=r"^ThrottlingException$"):
        world.checks.check_code(claim, world.messages[0]["code"])

    getattr(world, service).errors.clear()
    assert world.checks.check_code(claim, world.messages[0]["code"])


def test_queue_that_is_down_leaves_a_claim_and_the_user_can_start_again(world, aws_error):
    world.sqs.errors["send_message"] = aws_error("ServiceUnavailable")
    with pytest.raises(CodeNotQueuedError, match=r"^ServiceUnavailable$"):
        world.requests.request_code(IDENTITY)
    world.sqs.errors.clear()

    assert world.requests.request_code(IDENTITY).outcome == Outcome.REPEATED
    assert world.messages == []
    world.clock.wait(30)
    claim = world.requests.request_code(IDENTITY)
    assert claim.outcome == Outcome.CLAIMED
    assert world.checks.check_code(claim, world.messages[0]["code"])


def test_message_whose_answer_was_lost_has_a_valid_code(world):
    world.sqs.errors["send_message"] = ERRORS[1]
    world.sqs.is_applied = True
    with pytest.raises(CodeNotQueuedError):
        world.requests.request_code(IDENTITY)
    world.sqs.errors.clear()

    claim = world.requests.request_code(IDENTITY)

    assert len(world.messages) == 1
    assert world.checks.check_code(claim, world.messages[0]["code"])
