"""Administrators over HTTP: roles, lists, invitations, bulk requests."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

pytestmark = pytest.mark.backends("embedded", "localstack", "aws")


def list_subs(client, token, **query):
    subs, cursor = [], None
    while True:
        parameters = query | ({"cursor": cursor} if cursor else {})
        response = client.request("GET", "/users", token, params=parameters)
        assert response.status_code == 200, response.text
        subs += [user["userId"] for user in response.json()["users"]]
        cursor = response.json().get("cursor")
        if cursor is None:
            return subs


def test_only_an_administrator_can_list_users(client, admin_token):
    user = client.create_confirmed_user()

    assert client.request("GET", "/users?role=customer").status_code == 401
    refusal = client.request("GET", "/users?role=customer", client.get_access_token(user))
    assert (refusal.status_code, refusal.json()["code"]) == (403, "forbidden")
    assert refusal.headers["Content-Type"] == "application/problem+json"
    assert user.sub in list_subs(client, admin_token, role="customer")


@pytest.mark.long
def test_changed_role_and_status_move_a_user_to_other_lists(client, admin_token, stack):
    user = client.create_confirmed_user()

    role = client.request("PUT", f"/users/{user.sub}/role", admin_token, json={"role": "vendor"})
    status = client.request("PUT", f"/users/{user.sub}/status", admin_token, json={"status": "suspended"})

    assert (role.status_code, status.status_code) == (200, 200)
    assert user.sub in list_subs(client, admin_token, role="vendor", status="suspended")
    assert user.sub not in list_subs(client, admin_token, role="vendor", status="active")
    assert user.sub not in list_subs(client, admin_token, role="customer")
    assert [row["action"]["S"] for row in stack.audit_rows(user.sub)] == [
        "REGISTERED",
        "ROLE_CHANGED",
        "STATUS_CHANGED",
    ]


def test_administrator_reads_and_changes_another_profile(client, admin_token):
    user = client.create_confirmed_user()
    path = f"/users/{user.sub}/profile"

    change = client.request("PATCH", path, admin_token, json={"profile": {"firstName": "Ada"}})

    assert change.status_code == 200
    assert client.request("GET", path, admin_token).json()["profile"]["firstName"] == "Ada"
    assert client.get_profile(client.get_access_token(user)).json()["profile"]["firstName"] == "Ada"


def test_demoted_administrator_is_refused_although_the_token_has_the_group(client, admin_token, grant_admin):
    second = client.create_confirmed_user()
    grant_admin(second)
    old_token = client.get_access_token(second)
    before = client.request("GET", "/users?role=customer", old_token).status_code

    client.request("PUT", f"/users/{second.sub}/role", admin_token, json={"role": "customer"})

    assert (before, client.request("GET", "/users?role=customer", old_token).status_code) == (200, 403)


def test_path_in_another_form_reaches_no_other_user(client):
    """`requests` would normalize these paths, so they are set after the request was prepared."""
    other = client.create_confirmed_user()
    token = client.get_access_token(client.create_confirmed_user())
    paths = [
        f"/users/{other.sub}/profile",
        f"/users/{other.sub}/profile/",
        f"//users/{other.sub}/profile",
        f"/me/../users/{other.sub}/profile",
        f"/me/%2e%2e/users/{other.sub}/profile",
        f"/health/../users/{other.sub}/profile",
        f"/users/{other.sub}%2Fprofile",
        f"/users%2F{other.sub}/profile",
        f"/me/profile/{other.sub}",
        f"/me/profile;{other.sub}",
        f"/users/{other.sub}%23/profile",
        f"/users/USER%23{other.sub}/profile",
        f"/USERS/{other.sub}/profile",
        f"/users/{other.sub}/profile%00",
    ]

    def send(path, **headers):
        request = requests.Request("GET", client.api, headers=headers).prepare()
        request.url = client.api + path
        with requests.Session() as session:
            return session.send(request, timeout=15)

    answers = {path: send(path, Authorization=f"Bearer {token}") for path in paths}
    without_token = {path: send(path) for path in paths}

    assert {path: answer.status_code in {400, 401, 403, 404} for path, answer in answers.items()} == (
        dict.fromkeys(paths, True)
    )
    assert {path: answer.status_code in {400, 401, 403, 404} for path, answer in without_token.items()} == (
        dict.fromkeys(paths, True)
    )


def test_member_of_the_group_without_the_role_is_refused(client, stack):
    user = client.create_confirmed_user()
    stack.aws("cognito-idp").admin_add_user_to_group(
        UserPoolId=client.pool_id, Username=user.email, GroupName="admin"
    )

    response = client.request("GET", "/users?role=customer", client.get_access_token(user))

    assert response.status_code == 403


def test_no_sign_up_gets_the_role_admin(client):
    with pytest.raises(client.idp.exceptions.UserLambdaValidationException):
        client.sign_up(role="admin")


def test_same_idempotency_key_five_times_invites_one_user(client, admin_token, stack):
    invitation = {"email": f"{uuid.uuid4().hex}@example.com", "role": "vendor"}
    headers = {"Idempotency-Key": uuid.uuid4().hex}

    responses = [
        client.request("POST", "/users/invite", admin_token, json=invitation, headers=headers)
        for _ in range(5)
    ]

    assert {(response.status_code, response.text) for response in responses} == {(201, responses[0].text)}
    account = stack.items(responses[0].json()["userId"])[0]
    assert account["role"]["S"] == "vendor"
    again = client.request("POST", "/users/invite", admin_token, json=invitation)
    assert (again.status_code, again.json()["code"]) == (409, "user_exists")


def test_bulk_request_creates_a_missing_record(client, admin_token, stack):
    user = client.create_confirmed_user()
    for item in stack.items(user.sub):
        stack.aws("dynamodb").delete_item(
            TableName=stack.outputs["usersTableName"], Key={"PK": item["PK"], "SK": item["SK"]}
        )
    unknown = str(uuid.uuid4())
    users = [{"userId": unknown}, {"userId": user.sub, "patch": {"profile": {"language": "fr"}}}]

    response = client.request("POST", "/users/bulk", admin_token, json={"users": users})

    assert [(item["status"], item["result"]) for item in response.json()["results"]] == [
        (404, "failed"),
        (201, "created"),
    ]
    assert len(stack.items(user.sub)) == 2


def test_openapi_document_is_served_without_a_token(client):
    response = client.request("GET", "/openapi.json")

    assert (response.status_code, response.json()["openapi"]) == (200, "3.1.0")


def test_grant_of_an_unknown_user_is_refused(grant_admin, client, capsys):
    stranger = client.pool_user("nobody@example.com", str(uuid.uuid4()))

    grant_admin(stranger, expected_code=5)

    assert "no such user" in capsys.readouterr().err


@pytest.mark.long
def test_twenty_parallel_changes_with_the_same_etag_have_one_winner(client):
    token = client.get_access_token(client.create_confirmed_user())
    etag = client.get_profile(token).headers["ETag"]

    def change(number):
        patch = {"profile": {"firstName": f"name-{number}"}}
        return client.patch_profile(token, patch, headers={"If-Match": etag}, timeout=60).status_code

    with ThreadPoolExecutor(20) as pool:
        statuses = sorted(pool.map(change, range(20)))

    assert statuses == [200, *[412] * 19]
