"""What attackers can see: whether a user exists, codes and phone numbers."""

import json

import pytest
from userprofiles.phone_sign_in.claim import Identity
from userprofiles.phone_sign_in.code_checks import Approval

PHONE = "+14155550123"
WRITES = {"put_item", "update_item", "delete_item", "batch_write_item", "transact_write_items"}


def visit(world, **user):
    """Sign in in every way, and return what an attacker sees and which calls were made."""
    answers = []
    for _ in range(4):  # until the lock
        session = world.sign_in(runs=2, **user)
        answers.append(session.challenge["publicChallengeParameters"])
        answers.extend(session.answer(code) for code in ["", "x", f"{10**6 - 1}"])
        world.clock.wait(31)
    for _ in range(3):  # until the limit
        answers.append(world.sign_in(**user).challenge["publicChallengeParameters"])
        world.clock.wait(3600 / 2)
    return answers, [(operation, sorted(parameters)) for operation, parameters in world.calls]


@pytest.mark.parametrize(
    "user",
    [
        {"is_known": False},
        {"is_known": False, "name": "nobody@example.com"},
        {"is_verified": False},
        {"phone": "+19005550123"},
    ],
    ids=["unknown number", "unknown name", "unverified number", "premium number"],
)
def test_known_and_unknown_users_lead_to_the_same_calls_and_answers(create_world, user):
    known_user = visit(create_world())

    assert visit(create_world(), **user) == known_user


def test_messages_for_known_and_unknown_users_have_the_same_size(create_world):
    worlds = create_world(), create_world()
    worlds[0].sign_in()
    worlds[1].sign_in(is_known=False, name="nobody@example.com")

    [known_size, unknown_size] = [
        len(parameters["MessageBody"])
        for world in worlds
        for operation, parameters in world.calls
        if operation == "send_message"
    ]
    assert unknown_size == known_size - 1  # `true` instead of `false`


@pytest.mark.parametrize("is_known", [True, False])
def test_unknown_user_gets_no_tokens_even_with_the_right_code(world, is_known):
    """The endpoint sends codes to unknown numbers too, so their owner knows a right code."""
    world.requests.request_code(Identity.of_phone(PHONE))
    session = world.sign_in(is_known=is_known, name=PHONE)

    assert len(world.text_messages) == 1
    assert session.answer_right() == ("TOKENS" if is_known else "CHALLENGE")
    assert world.checks.approve(PHONE, world.messages[0]["code"]) == (
        Approval.EXPIRED if is_known else Approval.APPROVED
    )


def test_code_is_in_no_log_metric_state_or_call_except_the_message(world, log, capsys):
    secrets = set()
    for user in [{}, {"is_known": False}, {"is_verified": False}]:
        session = world.sign_in(locale="de", **user)
        codes = [message["code"] for message in world.messages]
        secrets |= {PHONE, PHONE[1:], *codes}
        session.answer_wrong()
        session.answer_right()
        world.checks.approve(PHONE, codes[-1])
        world.clock.wait(31)
    parameters = [parameters for operation, parameters in world.calls if operation != "send_message"]
    output = log.getvalue() + capsys.readouterr().out
    state = json.dumps([session.challenge, session.session, world.table.items()], default=str)

    assert len(world.messages) == 2 + 1
    for text in secrets:
        assert text not in output
        assert text not in state
        assert text not in repr(parameters)


def test_repr_of_no_object_contains_a_code_or_number(world):
    identity = Identity.of_phone(PHONE)
    claim = world.requests.request_code(identity)

    assert PHONE not in repr(identity)
    assert world.item["codeMac"] not in repr(claim)


@pytest.mark.parametrize("user", [{}, {"is_known": False}, {"is_verified": False}])
def test_no_trigger_call_writes_more_than_once(world, user):
    for runs in (1, 2):
        session = world.sign_in(runs=runs, **user)
        assert sum(operation in WRITES for operation in world.operations) <= 1
        world.calls.clear()
        for code in (session.answer_wrong, session.answer_right):
            if session.status == "CHALLENGE":
                code()
            assert sum(operation in WRITES for operation in world.operations) == 1
            world.calls.clear()
        world.clock.wait(31)
