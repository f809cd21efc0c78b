"""The profile API over HTTP: tokens, changes, rejected requests."""

import pytest

pytestmark = pytest.mark.backends("embedded", "localstack", "aws")


def test_health_requires_no_token(client):
    response = client.request("GET", "/health")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_no_token_is_401(client):
    assert client.request("GET", "/me/profile").status_code == 401


def test_id_token_is_rejected(client, stack):
    user = client.create_confirmed_user()

    response = client.get_profile(client.sign_in(user)["IdToken"])

    assert response.status_code == 401


def test_token_of_another_app_client_is_rejected(client, stack):
    """Its signature, issuer and expiry are valid; only the audience is not."""
    user = client.create_confirmed_user()
    idp = stack.aws("cognito-idp")
    other_id = idp.create_user_pool_client(
        UserPoolId=client.pool_id, ClientName="other", ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"]
    )["UserPoolClient"]["ClientId"]
    original_id, client.app_client_id = client.app_client_id, other_id
    try:
        token = client.get_access_token(user)
    finally:
        client.app_client_id = original_id

    assert client.get_profile(token).status_code == 401


def test_tampered_token_is_rejected(client):
    head, payload, signature = client.get_access_token(client.create_confirmed_user()).split(".")
    tampered = ("A" if signature[10] != "A" else "B").join((signature[:10], signature[11:]))

    assert client.get_profile(f"{head}.{payload}.{tampered}").status_code == 401


def test_deleted_user_with_a_valid_token_gets_401_and_nothing_is_written(client, stack):
    idp = stack.aws("cognito-idp")
    user = client.sign_up()
    idp.admin_confirm_sign_up(UserPoolId=client.pool_id, Username=user.email)
    token = client.get_access_token(user)
    table = stack.outputs["usersTableName"]
    for item in stack.items(user.sub):
        stack.aws("dynamodb").delete_item(TableName=table, Key={"PK": item["PK"], "SK": item["SK"]})
    idp.admin_delete_user(UserPoolId=client.pool_id, Username=user.email)

    response = client.get_profile(token)

    assert response.status_code == 401
    assert stack.items(user.sub) == []


def test_change_is_stored_with_an_audit_row_without_values(client, stack):
    user = client.create_confirmed_user()
    token = client.get_access_token(user)

    response = client.patch_profile(token, {"profile": {"language": "fr", "address": {"city": "Lyon"}}})

    assert response.status_code == 200
    profile = client.get_profile(token).json()["profile"]
    assert (profile["language"], profile["address"]["city"]) == ("fr", "Lyon")
    assert profile["address"]["street"] == ""
    rows = stack.audit_rows(user.sub)
    assert len(rows) == 2
    assert "Lyon" not in str(rows)


def test_audit_rows_form_a_chain_that_ends_in_the_audit_head_of_the_account(client, stack):
    user = client.create_confirmed_user()
    token = client.get_access_token(user)
    for language in ("fr", "de", "it"):
        client.patch_profile(token, {"profile": {"language": language}})

    rows = stack.audit_rows(user.sub)
    account = stack.items(user.sub)[0]

    links = {row["previousHash"]["S"]: row["hash"]["S"] for row in rows if "S" in row["previousHash"]}
    hashes = {row["hash"]["S"] for row in rows}
    assert len(rows) == 4
    assert len(hashes) == 4
    assert account["auditHead"]["S"] in hashes - links.keys()


@pytest.fixture(scope="module")
def unchanged_user(client):
    """Return a user whom no request changes, and an access token."""
    user = client.create_confirmed_user()
    return user, client.get_access_token(user)


@pytest.mark.parametrize(
    "patch",
    [
        {"account": {"role": "vendor"}},
        {"account": {"totalSpent": 1}},
        {"account": {"emailVerified": True}},
        {"account": {"email": "other@example.com"}},
        {"profile": {"userId": "somebody-else"}},
        {"profile": {"createdAt": "2020-01-01T00:00:00Z"}},
        {"profile": {"PK": "USER#x"}},
        {"profile": {"unknown": 1}},
        {"profile": {"language": 7}},
        {"auditHead": "x"},
        [],
        "text",
    ],
    ids=str,
)
@pytest.mark.sample(4)
def test_rejected_patch_has_an_error_message_and_changes_nothing(client, stack, unchanged_user, patch):
    user, token = unchanged_user
    before = stack.items(user.sub)

    response = client.patch_profile(token, patch)

    assert response.status_code == 400
    assert response.json()["detail"]
    assert stack.items(user.sub) == before


def test_suspended_user_can_read_but_not_change(client, stack):
    user = client.create_confirmed_user()
    token = client.get_access_token(user)
    account = stack.items(user.sub)[0]
    stack.aws("dynamodb").update_item(
        TableName=stack.outputs["usersTableName"],
        Key={"PK": account["PK"], "SK": account["SK"]},
        UpdateExpression="SET #s = :s",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":s": {"S": "suspended"}},
    )
    before = stack.items(user.sub)

    response = client.patch_profile(token, {"profile": {"language": "fr"}})

    assert (response.status_code, response.json()["code"]) == (403, "inactive")
    assert client.get_profile(token).json()["account"]["status"] == "suspended"
    assert stack.items(user.sub) == before


def test_response_to_a_request_with_many_errors_is_small(client):
    token = client.get_access_token(client.create_confirmed_user())

    response = client.patch_profile(token, {"account": {"wishlist": [1] * 20_000}})

    assert response.status_code == 400
    assert len(response.content) < 8192


def test_stale_if_match_is_412(client):
    token = client.get_access_token(client.create_confirmed_user())
    etag = client.get_profile(token).headers["ETag"]
    assert client.patch_profile(token, {"profile": {"language": "fr"}}).status_code == 200

    stale = client.patch_profile(token, {"profile": {"language": "de"}}, headers={"If-Match": etag})

    assert stale.status_code == 412
    assert client.get_profile(token).json()["profile"]["language"] == "fr"


def test_users_see_only_their_own_profile(client):
    ada, grace = client.create_confirmed_user(), client.create_confirmed_user()

    client.patch_profile(client.get_access_token(ada), {"profile": {"firstName": "Ada"}})

    assert client.get_profile(client.get_access_token(grace)).json()["profile"]["firstName"] == ""
