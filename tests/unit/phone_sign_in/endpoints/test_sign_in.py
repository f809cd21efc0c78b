"""The two endpoints as installed applications use them."""

import pytest

PHONE = "+14155550123"


def test_register_answers_as_installed_applications_expect(service):
    response = service.register()

    assert (response.status, response.body) == (200, {"message": "OTP sent to phone"})
    assert [message["phone"] for message in service.world.text_messages] == [PHONE]


def test_new_user_gets_tokens_and_an_account(service):
    service.register()

    response = service.verify()

    [sub] = service.pool.users
    assert response.status == 200
    assert response.body["tokens"] == {"refresh": f"refresh of {sub}", "access": f"access of {sub}"}
    user = response.body["user"]
    assert (user["country_code"], user["phone_number"], user["is_phone_verified"]) == (
        "1",
        "4155550123",
        True,
    )
    assert user["account"]["user_id"] == sub
    assert user["account"]["role"] == "customer"
    assert user["profile"]["userId"] == sub


def test_new_user_is_confirmed_with_a_verified_number_and_a_random_password(service):
    service.register()
    service.verify()

    [(sub, user)] = service.pool.users.items()
    assert user["UserStatus"] == "CONFIRMED"
    assert user["attributes"] == {"sub": sub, "phone_number": PHONE, "phone_number_verified": "true"}
    password = service.pool.passwords[sub]
    assert 99 <= len(password) <= 256
    assert all(any(is_kind(c) for c in password) for is_kind in (str.islower, str.isupper, str.isdigit))
    assert "!" in password


def test_audit_row_of_a_new_user_names_the_endpoint(service):
    service.register()
    service.verify()

    [row] = service.tables.audit_rows()
    assert (row["action"], row["source"]) == ("REGISTERED", "phone_sign_in")
    [account] = [item for item in service.tables.items() if item["SK"] == "ACCOUNT#MAIN"]
    assert account["createdBy"] == "sign_up"


def test_known_user_keeps_sub_and_account(service, add_user):
    sub = add_user(email="ada@example.com", email_verified="true")
    service.register()
    first = service.verify()
    service.world.clock.wait(31)
    service.register()

    second = service.verify()

    assert list(service.pool.users) == [sub]
    assert service.pool.passwords == {}
    assert second.body == first.body
    assert second.body["user"]["account"]["email"] == "ada@example.com"
    assert len(service.tables.audit_rows()) == 1


def test_sign_in_sends_one_message(service):
    service.register()
    service.verify()

    assert len(service.world.messages) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"phone_number": "4155550123"},
        {"phone_number": 4155550123},
        {"phone_number": "4155550123", "country_code": 1},
        {"phone_number": "4155550123", "country_code": "+1"},
        {"phone_number": "+14155550123", "country_code": "44"},
        {"phone_number": "4155550123", "username": "ada", "country_code": None},
    ],
    ids=str,
)
def test_forms_of_one_number_share_their_code(service, body):
    service.register()

    assert service.register(body).status == 200
    assert [message["phone"] for message in service.world.messages] == [PHONE]


def test_number_without_country_code_gets_the_default_of_the_stack(create_world, create_service):
    service = create_service(create_world(DEFAULT_COUNTRY_CODE="44"))

    assert service.register({"phone_number": "07400 123456"}).status == 200
    assert [message["phone"] for message in service.world.messages] == ["+447400123456"]


def test_code_is_accepted_as_a_number_and_with_spaces(service):
    service.register()
    code = service.world.messages[-1]["code"]

    assert service.verify(f" {code[:3]} {code[3:]} ").status == 200


def test_answers_are_not_stored_by_caches(service):
    service.register()

    assert service.verify().headers["cache-control"] == "no-store"


def test_key_of_an_uploaded_picture_is_left_out(service, add_user):
    sub = add_user()
    service.register()
    service.verify()
    [profile] = [item for item in service.tables.items() if item["SK"] == "PROFILE#MAIN"]
    key = f"avatars/{sub}/0123456789abcdef0123456789abcdef"
    service.tables.put({**profile, "profilePictureUrl": key})
    service.world.clock.wait(31)
    service.register()

    assert "profilePictureUrl" not in service.verify().body["user"]["profile"]
