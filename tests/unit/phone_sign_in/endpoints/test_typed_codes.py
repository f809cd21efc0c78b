"""Codes that are wrong, old, used or guessed: one answer for all of them."""

import json

import pytest

WRONG = {"otp": ["This code is not valid. Check the code, or request a new one."]}


def is_wrong(response):
    return (response.status, response.body) == (400, WRONG)


def test_wrong_code(service):
    service.register()

    assert is_wrong(service.verify(service.world.wrong_code()))
    assert service.verify().status == 200


def test_code_without_a_request(service):
    assert is_wrong(service.verify("123456"))


def test_expired_code(service):
    service.register()
    service.world.clock.wait(180)

    assert is_wrong(service.verify())


def test_code_is_used_once(service):
    service.register()
    service.verify()

    assert is_wrong(service.verify())


def test_code_for_another_number(service):
    service.register()
    code = service.world.messages[-1]["code"]
    service.register({"phone_number": "4155550124"})

    assert is_wrong(service.send_code("4155550124", code))


def test_right_code_after_three_wrong_ones(service):
    service.register()
    for _ in range(3):
        assert is_wrong(service.verify(service.world.wrong_code()))

    assert is_wrong(service.verify())


def test_six_wrong_codes_and_a_new_start(service):
    for _ in range(2):
        service.register()
        for _ in range(3):
            assert is_wrong(service.verify(service.world.wrong_code()))
        service.world.clock.wait(31)
    service.register()

    assert service.verify().status == 200


def test_ten_wrong_codes_lock_the_number_and_register_shows_no_difference(service):
    for _ in range(4):
        service.register()
        for _ in range(3):
            service.verify(service.world.wrong_code())
        service.world.clock.wait(31)
    sent = len(service.world.messages)

    assert service.register().body == {"message": "OTP sent to phone"}
    assert len(service.world.messages) == sent
    assert is_wrong(service.verify())


@pytest.mark.parametrize("user", [None, {}, {"enabled": False}], ids=["unknown", "known", "disabled"])
def test_nobody_learns_about_a_user_without_the_code(service, add_user, user):
    if user is not None:
        add_user(**user)
    service.register()
    del service.world.calls[:]

    assert is_wrong(service.verify(service.world.wrong_code()))
    assert service.world.operations == [
        "generate_mac",  # the address
        "update_item",
        "generate_mac",  # the number
        "get_item",
        "generate_mac",  # the code
        "update_item",
    ]


def test_two_requests_at_once_with_one_code(quiet_service, run_in_threads):
    quiet_service.register()
    responses = []

    run_in_threads(*[lambda: responses.append(quiet_service.verify())] * 2)

    assert sorted(response.status for response in responses) == [200, 400]
    assert [response.body for response in responses if response.status == 400] == [WRONG]
    assert len(quiet_service.pool.users) == 1
    assert len(quiet_service.world.messages) == 1


@pytest.mark.parametrize("is_known", [True, False])
def test_register_makes_the_same_calls_for_known_and_unknown_numbers(service, add_user, is_known):
    if is_known:
        add_user()

    answers = []
    for _ in range(8):  # up to the limit of codes
        response = service.register()
        answers.append((response.status, response.body, response.headers))
        service.world.clock.wait(31)

    claim = ["generate_mac", "update_item", "generate_mac", "get_item", "generate_mac", "update_item"]
    assert service.world.operations == [*claim, "send_message"] * 5 + claim[:4] * 3
    assert answers == answers[:1] * 8


def test_nothing_personal_in_logs_and_metrics(service, read_log, capsys):
    service.register()
    code = service.world.messages[-1]["code"]
    service.verify(service.world.wrong_code())
    service.verify()
    service.verify()
    service.send_code("CANARY", "CANARY")

    texts = json.dumps(read_log()) + capsys.readouterr().out
    for secret in ("4155550123", code, "203.0.113.7", "CANARY", "access of", "refresh of"):
        assert secret not in texts
