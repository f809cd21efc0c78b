"""Which user of the pool the owner of a number gets, and which users get no tokens."""

from datetime import UTC, datetime, timedelta

import pytest
from phone_pool import cognito_error
from userprofiles.table import audit, deletion
from userprofiles.table.audit import Action

PHONE = "+14155550123"
NOT_VERIFIED = "This phone number belongs to an account in which it is not verified."


def refusal(response):
    """Return the field and the text of a refusal."""
    assert response.status == 400
    [(field, [text])] = response.body.items()
    return field, text


@pytest.fixture
def verify(service):
    """Return a function that requests a code and signs in with it."""

    def sign_in():
        service.register()
        return service.verify()

    return sign_in


@pytest.fixture
def known_user(add_user):
    return add_user()


def test_unconfirmed_user_of_somebody_else_is_replaced(service, add_user, verify, read_log, read_metrics):
    """An attacker has signed up with the number, an own e-mail address and an own password."""
    attacker = add_user("UNCONFIRMED", "false", email="eve@example.com")

    response = verify()

    [sub] = service.pool.users
    assert sub != attacker
    assert response.body["tokens"]["access"] == f"access of {sub}"
    assert "email" not in service.pool.users[sub]["attributes"]
    assert response.body["user"]["account"]["email"] is None
    assert [line["sub"] for line in read_log() if "removed" in line["message"]] == [attacker]
    assert "UnconfirmedUsersReplaced" in read_metrics()


def test_wrong_code_removes_no_user(service, add_user):
    sub = add_user("UNCONFIRMED", "false")
    service.register()
    service.verify(service.world.wrong_code())

    assert list(service.pool.users) == [sub]


def test_unconfirmed_user_with_an_account_stays(service, add_user, verify):
    """Only users without data are removed."""
    sub = add_user("UNCONFIRMED", "false")
    service.tables.put({"PK": f"USER#{sub}", "SK": "ACCOUNT#MAIN", "status": "active"})

    field, text = refusal(verify())

    assert (field, text.startswith(NOT_VERIFIED)) == ("phone_number", True)
    assert list(service.pool.users) == [sub]


def test_unconfirmed_user_stays_if_nobody_can_sign_up(service, add_user, verify):
    sub = add_user("UNCONFIRMED", "false")
    service.replace(users=replace_users(service, self_sign_up=False))

    assert refusal(verify())[0] == "phone_number"
    assert list(service.pool.users) == [sub]


def test_disabled_unconfirmed_user_stays(service, add_user, verify):
    """A user whom an administrator has blocked must not come back as a new user."""
    sub = add_user("UNCONFIRMED", "false", enabled=False)

    assert refusal(verify())[0] == "non_field_errors"
    assert list(service.pool.users) == [sub]


@pytest.mark.parametrize("status", ["CONFIRMED", "FORCE_CHANGE_PASSWORD"])
@pytest.mark.parametrize("verified", ["false", ""])
def test_user_with_an_unverified_number_gets_no_tokens(service, add_user, verify, status, verified):
    """Somebody else may know the password of this user."""
    sub = add_user(status, verified, email="eve@example.com")

    field, text = refusal(verify())

    assert (field, text.startswith(NOT_VERIFIED)) == ("phone_number", True)
    assert list(service.pool.users) == [sub]
    assert service.pool.passwords == {}
    assert service.tables.items() == []


@pytest.mark.parametrize("status", ["CONFIRMED", "UNCONFIRMED"])
def test_user_whose_name_looks_like_the_number_gets_no_tokens(service, verify, status):
    """In a pool with names of their own, a name can be the number of somebody else."""
    sub = service.pool.add(status, email=PHONE, phone_number="+14155550199", phone_number_verified="true")

    assert refusal(verify())[0] == "phone_number"
    assert list(service.pool.users) == [sub]


def test_unconfirmed_user_whom_another_request_removes_first(service, add_user, verify):
    add_user("UNCONFIRMED", "false")
    service.cognito.before["admin_delete_user"] = service.pool.users.clear

    assert verify().status == 200


def test_disabled_user(service, add_user, verify, read_log):
    add_user(enabled=False)

    field, text = refusal(verify())

    assert (field, text) == ("non_field_errors", "This account is disabled. Contact support.")
    assert [line["reason"] for line in read_log() if "reason" in line] == ["disabled"]
    assert service.tables.items() == []


def test_user_with_a_temporary_password_can_reset_it_after_the_sign_in(service, add_user, verify):
    sub = add_user("FORCE_CHANGE_PASSWORD")

    assert verify().status == 200
    assert list(service.pool.passwords) == [sub]


def test_confirmed_user_keeps_the_password(service, add_user, verify):
    add_user()

    assert verify().status == 200
    assert service.pool.passwords == {}


def test_unknown_user_without_self_sign_up(service, verify):
    service.replace(users=replace_users(service, self_sign_up=False))

    assert refusal(verify()) == ("phone_number", "There is no account with this phone number.")
    assert service.pool.users == {}


def test_known_user_without_self_sign_up(service, add_user, verify):
    service.replace(users=replace_users(service, self_sign_up=False))
    add_user()

    assert verify().status == 200


def test_pre_sign_up_rejects_the_user(service, verify):
    service.pool.refusal = "PreSignUp failed with error CANARY."

    assert refusal(verify()) == ("non_field_errors", "The registration was refused. Contact support.")


def test_another_request_creates_the_user_first(service, verify):
    winners = []
    service.cognito.before["admin_create_user"] = lambda: winners.append(
        service.pool.add(phone_number=PHONE, phone_number_verified="true")
    )

    response = verify()

    assert list(service.pool.users) == winners
    assert response.body["tokens"]["access"] == f"access of {winners[0]}"


@pytest.mark.parametrize("code", ["UsernameExistsException", "AliasExistsException"])
def test_number_of_a_user_whom_the_pool_does_not_find(service, verify, code):
    """It is not documented whether AdminGetUser finds a user by an unverified number."""
    service.cognito.errors["admin_create_user"] = cognito_error(code)

    assert refusal(verify())[0] == "phone_number"
    assert service.world.operations.count("admin_create_user") == 3


@pytest.mark.parametrize(
    "operation", ["admin_set_user_password", "transact_write_items", "admin_initiate_auth"]
)
def test_next_request_completes_a_user_after_a_crash(service, verify, operation):
    """The code is still valid: it is used up last."""
    client = service.dynamodb if operation.startswith("transact") else service.cognito
    client.errors[operation] = cognito_error("InternalErrorException")
    assert verify().status == 503
    [sub] = service.pool.users
    client.errors.clear()

    response = service.verify()

    assert response.status == 200
    assert list(service.pool.users) == [sub]
    assert service.pool.users[sub]["UserStatus"] == "CONFIRMED"
    assert response.body["user"]["account"]["user_id"] == sub


def test_user_who_is_disabled_between_the_calls(service, add_user, verify):
    sub = add_user()
    service.cognito.before["admin_initiate_auth"] = lambda: service.pool.users[sub].update(Enabled=False)

    assert refusal(verify())[0] == "non_field_errors"


def test_user_who_is_deleted_between_the_calls(service, add_user, verify):
    add_user()
    service.cognito.before["admin_initiate_auth"] = service.pool.users.clear

    assert refusal(verify()) == ("non_field_errors", "The account has changed. Request a new code.")


def test_number_that_changes_between_the_calls(service, add_user, verify):
    """The code fits only the number that it was sent to."""
    sub = add_user()
    attributes = service.pool.users[sub]["attributes"]
    service.cognito.before["admin_initiate_auth"] = lambda: attributes.update(phone_number="+14155550199")

    assert refusal(verify())[0] == "otp"


@pytest.mark.parametrize(
    ("code", "message", "text"),
    [
        ("PasswordResetRequiredException", "", "The password of this account must be reset"),
        ("UserNotConfirmedException", "", "The account has changed."),
        ("UserLambdaValidationException", "PreAuthentication failed with error CANARY.", "can't sign in"),
    ],
)
@pytest.mark.usefixtures("known_user")
def test_cognito_refuses_the_user(service, verify, code, message, text):
    service.cognito.errors["admin_initiate_auth"] = cognito_error(code, message)

    field, answer = refusal(verify())

    assert field == "non_field_errors"
    assert text in answer


@pytest.mark.usefixtures("known_user")
@pytest.mark.parametrize("code", ["NotAuthorizedException", "CodeMismatchException", "ExpiredCodeException"])
def test_cognito_refuses_the_answer(service, verify, code):
    service.cognito.errors["admin_respond_to_auth_challenge"] = cognito_error(code)

    assert refusal(verify())[0] == "otp"


def test_user_with_a_second_factor(service, add_user, verify):
    add_user()
    service.pool.next_challenge = "SOFTWARE_TOKEN_MFA"

    field, text = refusal(verify())

    assert field == "non_field_errors"
    assert "second factor" in text


def test_erased_user(service, add_user, verify):
    sub = add_user()
    for sort_key in ("ACCOUNT#MAIN", "PROFILE#MAIN"):
        service.tables.put({"PK": f"USER#{sub}", "SK": sort_key, "entityType": "TOMBSTONE"})

    response = verify()

    assert (response.status, response.body["code"]) == (410, "erased")
    assert "admin_initiate_auth" not in service.world.operations


def test_owner_of_a_number_whose_user_was_erased_and_removed_is_a_new_user(service, add_user, verify):
    erased = add_user()
    verify()
    for item in service.tables.items():
        service.tables.put({"PK": item["PK"], "SK": item["SK"], "entityType": "TOMBSTONE"})
    service.pool.users.clear()
    service.world.clock.wait(31)

    assert verify().status == 200
    [sub] = service.pool.users
    assert sub != erased


@pytest.mark.parametrize(("days", "status"), [(30, 200), (0, 410)])
def test_user_who_is_marked_for_deletion_can_sign_in_until_the_erasure_is_due(
    service, add_user, verify, days, status
):
    sub = add_user()
    verify()
    mark_user(service, sub, days)
    service.world.clock.wait(31)

    response = verify()

    assert response.status == status
    if status == 410:
        assert response.body["code"] == "erasure_due"


def mark_user(service, sub, days):
    store = service.endpoints.registrar.store
    moment = datetime.fromtimestamp(service.world.clock.now, UTC)
    user = store.read(sub)
    request = deletion.create_request(moment, timedelta(days=days), "user")
    row = audit.create_row(sub, Action.DELETION_REQUESTED, source="api", account=user.account, moment=moment)
    assert store.change(user, {"account": deletion.mark_changes(sub, user.account, request)}, row) is not None


def replace_users(service, **fields):
    users = service.endpoints.users
    return type(users)(**{**vars(users), **fields})
