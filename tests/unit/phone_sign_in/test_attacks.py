"""What attackers try with codes, and what they get."""

from types import SimpleNamespace

import pytest
from userprofiles.phone_sign_in.claim import Identity, Outcome
from userprofiles.phone_sign_in.code_checks import Approval

PHONE = "+14155550123"
OTHER_PHONE = "+14155550199"
DAY = 86_400
WRITES = {"put_item", "update_item", "delete_item", "batch_write_item", "transact_write_items"}


def record_evaluated_guesses(world):
    """Return a list that grows by one with each wrong answer that was compared with a valid code."""
    evaluated_guesses = []

    def update_item(**parameters):
        response = world.table.update_item(**parameters)
        if "ADD tries" in parameters["UpdateExpression"]:
            evaluated_guesses.append(parameters)
        return response

    world.dynamodb.client = SimpleNamespace(get_item=world.table.get_item, update_item=update_item)
    return evaluated_guesses


def guess(world, guesses, seconds_between):
    """Guess codes in as many sessions as necessary."""
    identity = Identity.of_phone(PHONE)
    for number in range(guesses):
        if number % 3 == 0:
            claim = world.requests.request_code(identity)
        assert not world.checks.check_code(claim, world.wrong_code())
        world.clock.wait(seconds_between)


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("seconds_between", "most_evaluated"),
    [
        pytest.param(0, 3, id="one code: its tries, at once"),
        pytest.param(0.3, 10, id="an hour: until the lock"),
        pytest.param(8.64, 90, id="a day: the tries of its codes"),
    ],
)
@pytest.mark.sample(3)
@pytest.mark.long
def test_of_ten_thousand_guesses_few_are_evaluated(quiet_world, seconds_between, most_evaluated):
    """At most 90 guesses a day at 1,000,000 codes: a chance of 9 in 100,000 for a phone number and a day."""
    evaluated_guesses = record_evaluated_guesses(quiet_world)

    guess(quiet_world, 10_000, seconds_between)

    assert 0 < len(evaluated_guesses) <= most_evaluated
    assert len(quiet_world.text_messages) <= 30
    assert len(quiet_world.table.items()) == 1


def test_lock_holds_across_sessions(world):
    for _ in range(3):
        session = world.sign_in()
        assert [session.answer_wrong() for _ in range(3)] == ["CHALLENGE", "CHALLENGE", "FAILED"]
        world.clock.wait(31)
    session = world.sign_in()
    session.answer_wrong()

    assert session.answer_right() == "CHALLENGE"
    world.clock.wait(31)
    assert world.sign_in().answer_right() == "CHALLENGE"
    assert len(world.text_messages) == 4


def test_lock_ends_and_the_user_can_sign_in(quiet_world):
    guess(quiet_world, 30, 12)
    assert quiet_world.report.counts["CodesLocked"] == 1
    quiet_world.clock.wait(3600)

    assert quiet_world.sign_in().answer_right() == "TOKENS"
    assert quiet_world.item["failures"] == 0


def test_answers_during_the_lock_do_not_extend_it(world):
    sessions = [world.sign_in() for _ in range(2)]
    guess(world, 30, 12)
    last_failure = world.item["lastFailureAt"]
    world.clock.wait(1800)

    for session in sessions:
        session.answer_wrong()
    guess(world, 10, 12)

    assert world.item["lastFailureAt"] == last_failure


def test_six_wrong_codes_and_then_the_right_one(world):
    for _ in range(2):
        session = world.sign_in()
        assert [session.answer_wrong() for _ in range(3)] == ["CHALLENGE", "CHALLENGE", "FAILED"]
        world.clock.wait(31)

    assert world.sign_in().answer_right() == "TOKENS"


@pytest.mark.parametrize("position", [0, 40])
def test_parallel_guesses_share_the_tries_of_the_code(quiet_world, run_in_threads, position):
    """Of 41 guesses at once, three wrong ones are evaluated. The right one must be early."""
    claim = quiet_world.requests.request_code(Identity.of_phone(PHONE))
    code = quiet_world.messages[-1]["code"]
    guesses = [f"{(int(code) + 1 + number) % 1_000_000:06}" for number in range(40)]
    guesses.insert(position, code)
    evaluated_guesses = record_evaluated_guesses(quiet_world)
    results = []

    run_in_threads(
        *(lambda text=text: results.append(quiet_world.checks.check_code(claim, text)) for text in guesses)
    )

    assert len(results) == 41
    assert len(evaluated_guesses) == 3
    assert sum(results) <= 1


def test_right_code_after_three_parallel_wrong_ones_is_wrong(quiet_world, run_in_threads):
    session = quiet_world.sign_in()

    run_in_threads(*(lambda: session.copy().answer_wrong() for _ in range(8)))

    assert quiet_world.item["tries"] == 3
    assert session.answer_right() == "CHALLENGE"


def test_replayed_code_is_wrong_in_its_session_and_in_another(world):
    session = world.sign_in()
    other_session = world.sign_in()
    stolen_session = session.copy()

    assert session.answer_right() == "TOKENS"
    assert stolen_session.answer_right() == "CHALLENGE"
    assert other_session.answer_right() == "CHALLENGE"
    assert world.sign_in().answer_right() == "CHALLENGE"


def test_stolen_session_used_twice_at_once_gets_tokens_once(quiet_world, run_in_threads):
    session = quiet_world.sign_in()
    results = []

    run_in_threads(*(lambda: results.append(session.copy().answer_right()) for _ in range(8)))

    assert sorted(results) == ["CHALLENGE"] * 7 + ["TOKENS"]


def test_code_for_another_number_is_wrong(world):
    session = world.sign_in(phone=PHONE)
    world.sign_in(phone=OTHER_PHONE, name="another user")

    assert session.answer_right() == "CHALLENGE"  # the last message is that of the other number


def test_private_parameters_of_another_number_do_not_fit(world):
    """The MAC of a code contains the key of the phone number's item and the ID of the claim."""
    session = world.sign_in(phone=PHONE)
    other = world.sign_in(phone=OTHER_PHONE, name="another user")
    parameters = session.challenge["privateChallengeParameters"]

    parameters["codeMac"] = other.challenge["privateChallengeParameters"]["codeMac"]

    assert session.answer_right() == "CHALLENGE"


def test_two_sign_ins_at_once_share_one_code(quiet_world, run_in_threads):
    sessions = []

    run_in_threads(*(lambda: sessions.append(quiet_world.sign_in()) for _ in range(8)))

    assert len(quiet_world.messages) == 1
    assert len({session.challenge["challengeMetadata"] for session in sessions}) == 1
    assert [session.answer_right() for session in sessions].count("TOKENS") == 1


def test_three_runs_of_create_send_one_message(world):
    """F19: Cognito runs the trigger up to three times. One message with one code is sent."""
    session = world.sign_in(runs=3)

    assert len(world.messages) == 1
    assert session.answer_right() == "TOKENS"


def test_storm_of_requests_sends_five_messages_an_hour_and_thirty_a_day(quiet_world):
    sends = []
    for _ in range(DAY // 30):
        quiet_world.requests.request_code(Identity.of_phone(PHONE))
        quiet_world.clock.wait(30)
        sends.append(len(quiet_world.messages))

    assert sends[0] == 1
    assert sends[3600 // 30 - 1] == 5
    assert sends[-1] == 30


def test_all_users_and_forms_of_a_number_share_its_limits(world):
    """An attacker who adds the victim's number to many accounts gets no more codes."""
    for name in range(8):
        world.sign_in(name=f"user {name}", phone=PHONE)
        world.requests.request_code(Identity.of_phone(PHONE))
        world.clock.wait(31)

    assert len(world.messages) == 5
    assert len(world.table.items()) == 1


def test_sign_ins_of_an_unknown_number_leave_the_codes_of_its_owner(world):
    """They send nothing, and nothing limits them: the endpoints, which send, limit source addresses."""
    world.requests.request_code(Identity.of_phone(PHONE))
    code = world.messages[-1]["code"]
    for _ in range(4):
        world.clock.wait(31)
        session = world.sign_in(is_known=False, name=PHONE)
        for _ in range(3):
            session.answer_wrong()

    assert world.checks.approve(PHONE, code) is Approval.APPROVED
    world.clock.wait(61)
    assert world.requests.request_code(Identity.of_phone(PHONE)).outcome is Outcome.CLAIMED
    assert len(world.text_messages) == 2


@pytest.mark.parametrize(
    "phone", ["+19005550123", "+448431234567", "+442083661177", "+4915123456789", "+1555"]
)
def test_premium_numbers_and_other_countries_get_no_message(world, phone):
    session = world.sign_in(phone=phone)

    assert world.text_messages == []
    assert session.answer_right() == "CHALLENGE"


def test_unverified_number_gets_no_message_and_leaves_the_limits_of_its_owner(world):
    session = world.sign_in(is_verified=False)
    for _ in range(10):
        world.sign_in(is_verified=False, name=PHONE)
        world.clock.wait(31)
    world.sign_in(name="the owner")

    assert session.answer_right() == "CHALLENGE"
    assert len(world.text_messages) == 1
