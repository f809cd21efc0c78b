"""A user deletes the account, is signed out, and can sign in again during the grace period to restore it."""

import base64
import json

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.backends("embedded", "localstack", "aws")


def read_claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def test_deleted_user_signs_in_again_and_restores_the_account(client, stack):
    user = client.create_confirmed_user()
    token = client.get_access_token(user)
    before = client.get_profile(token).json()

    deletion = client.request("DELETE", "/me", token)

    assert deletion.status_code == 202
    refused = client.get_profile(token)
    assert (refused.status_code, refused.json()["code"]) == (410, "deletion_pending")
    assert refused.json()["eraseAt"] == deletion.json()["deletion"]["eraseAt"]
    with pytest.raises(ClientError, match="revoked"):
        client.idp.get_user(AccessToken=token)

    new_token = client.get_access_token(user)
    restored = client.request("POST", "/me/restore", new_token)

    assert (restored.status_code, restored.json()) == (200, before)
    assert client.get_profile(new_token).json() == before
    rows = sorted(stack.audit_rows(user.sub), key=lambda row: int(row["version"]["N"]))
    actions = [row["action"]["S"] for row in rows]
    assert actions == ["REGISTERED", "DELETION_REQUESTED", "RESTORED"]
    assert all(row["requestId"]["S"] for row in rows)


def test_deleted_user_can_sign_in_but_not_change_the_profile(client, stack):
    user = client.create_confirmed_user()
    assert client.request("DELETE", "/me", client.get_access_token(user)).status_code == 202
    before = stack.items(user.sub)

    token = client.get_access_token(user)
    change = client.patch_profile(token, {"profile": {"language": "fr"}})

    assert (change.status_code, change.json()["code"]) == (410, "deletion_pending")
    assert client.request("DELETE", "/me", token).status_code == 410
    assert "role" not in read_claims(token)
    assert stack.items(user.sub) == before
    pool_user = stack.aws("cognito-idp").admin_get_user(UserPoolId=client.pool_id, Username=user.email)
    assert pool_user["Enabled"]
