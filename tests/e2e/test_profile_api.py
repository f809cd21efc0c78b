"""The profile API over the wire: tokens, changes, refusals."""

import pytest

pytestmark = pytest.mark.backends("embedded", "localstack", "aws")


def test_health_needs_no_token(client):
    answer = client.call("GET", "/health")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_no_token_is_401(client):
    assert client.call("GET", "/me/profile").status_code == 401


def test_id_token_is_refused(client, stack):
    person = client.confirmed()

    answer = client.get_profile(client.tokens(person)["IdToken"])

    assert answer.status_code == 401


def test_token_of_another_app_client_is_refused(client, stack):
    """Its signature, issuer and expiry are right: the audience alone is not."""
    person = client.confirmed()
    idp = stack.aws("cognito-idp")
    other = idp.create_user_pool_client(
        UserPoolId=client.pool_id, ClientName="other", ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"]
    )["UserPoolClient"]["ClientId"]
    ours, client.id = client.id, other
    try:
        token = client.token(person)
    finally:
        client.id = ours

    assert client.get_profile(token).status_code == 401


def test_tampered_token_is_refused(client):
    head, payload, signature = client.token(client.confirmed()).split(".")
    flipped = ("A" if signature[10] != "A" else "B").join((signature[:10], signature[11:]))

    assert client.get_profile(f"{head}.{payload}.{flipped}").status_code == 401


def test_deleted_user_with_a_living_token_gets_401_and_nothing_is_written(client, stack):
    idp = stack.aws("cognito-idp")
    person = client.sign_up()
    idp.admin_confirm_sign_up(UserPoolId=client.pool_id, Username=person.email)
    token = client.token(person)
    table = stack.outputs["usersTableName"]
    for item in stack.items(person.sub):
        stack.aws("dynamodb").delete_item(TableName=table, Key={"PK": item["PK"], "SK": item["SK"]})
    idp.admin_delete_user(UserPoolId=client.pool_id, Username=person.email)

    answer = client.get_profile(token)

    assert answer.status_code == 401
    assert stack.items(person.sub) == []


def test_change_is_kept_and_told_to_the_audit_trail_without_values(client, stack):
    person = client.confirmed()
    token = client.token(person)

    answer = client.patch_profile(token, {"profile": {"language": "fr", "address": {"city": "Lyon"}}})

    assert answer.status_code == 200
    profile = client.get_profile(token).json()["profile"]
    assert (profile["language"], profile["address"]["city"]) == ("fr", "Lyon")
    assert profile["address"]["street"] == ""
    rows = stack.audit_rows(person.sub)
    assert len(rows) == 2
    assert "Lyon" not in str(rows)


def test_audit_rows_form_a_chain_whose_head_stands_on_the_account(client, stack):
    person = client.confirmed()
    token = client.token(person)
    for language in ("fr", "de", "it"):
        client.patch_profile(token, {"profile": {"language": language}})

    rows = stack.audit_rows(person.sub)
    account = stack.items(person.sub)[0]

    links = {row["previousHash"]["S"]: row["hash"]["S"] for row in rows if "S" in row["previousHash"]}
    hashes = {row["hash"]["S"] for row in rows}
    assert len(rows) == 4
    assert len(hashes) == 4
    assert account["auditHead"]["S"] in hashes - links.keys()


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
def test_refused_change_names_its_fault_and_changes_nothing(client, stack, patch):
    person = client.confirmed()
    before = stack.items(person.sub)

    answer = client.patch_profile(client.token(person), patch)

    assert answer.status_code == 400
    assert answer.json()["error"]["message"]
    assert stack.items(person.sub) == before


def test_suspended_user_reads_and_changes_nothing(client, stack):
    person = client.confirmed()
    token = client.token(person)
    account = stack.items(person.sub)[0]
    stack.aws("dynamodb").update_item(
        TableName=stack.outputs["usersTableName"],
        Key={"PK": account["PK"], "SK": account["SK"]},
        UpdateExpression="SET #s = :s",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":s": {"S": "suspended"}},
    )
    before = stack.items(person.sub)

    answer = client.patch_profile(token, {"profile": {"language": "fr"}})

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "inactive")
    assert client.get_profile(token).json()["account"]["status"] == "suspended"
    assert stack.items(person.sub) == before


def test_answer_to_a_request_full_of_faults_is_small(client):
    answer = client.patch_profile(client.token(client.confirmed()), {"account": {"wishlist": [1] * 20_000}})

    assert answer.status_code == 400
    assert len(answer.content) < 8192


def test_stale_if_match_is_412(client):
    token = client.token(client.confirmed())
    etag = client.get_profile(token).headers["ETag"]
    assert client.patch_profile(token, {"profile": {"language": "fr"}}).status_code == 200

    stale = client.patch_profile(token, {"profile": {"language": "de"}}, headers={"If-Match": etag})

    assert stale.status_code == 412
    assert client.get_profile(token).json()["profile"]["language"] == "fr"


def test_users_see_only_their_own(client):
    ada, grace = client.confirmed(), client.confirmed()

    client.patch_profile(client.token(ada), {"profile": {"firstName": "Ada"}})

    assert client.get_profile(client.token(grace)).json()["profile"]["firstName"] == ""
