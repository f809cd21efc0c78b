"""Every route with tokens that are not valid: the authorizer or the function rejects each of them.

The routes for valid tokens are in tests/unit/api/test_authorisation.py.
"""

import uuid

import pytest
from userprofiles.api.routes import FOLLOW_REDIRECT, ROUTES, SOCIAL_ROUTES

ALL_ROUTES = ROUTES + SOCIAL_ROUTES
pytestmark = pytest.mark.backends("embedded", "localstack", "aws")


def tampered(token):
    head, payload, signature = token.split(".")
    return f"{head}.{payload}.{('A' if signature[10] != 'A' else 'B').join((signature[:10], signature[11:]))}"


@pytest.fixture(scope="module")
def admin(client, grant_admin):
    user = client.create_confirmed_user()
    grant_admin(user)
    return user


def sign_in_elsewhere(client, user, *, pool_id, client_id):
    """Sign in with another app client, perhaps of another pool; return the access token."""
    original = client.pool_id, client.app_client_id
    client.pool_id, client.app_client_id = pool_id, client_id
    try:
        return client.get_access_token(user)
    finally:
        client.pool_id, client.app_client_id = original


@pytest.fixture(scope="module")
def tokens(client, stack, admin):
    """Return tokens of an administrator that no route accepts."""
    idp = stack.aws("cognito-idp")
    flows = ["ALLOW_USER_SRP_AUTH"]

    def create_client(pool_id):
        settings = {"UserPoolId": pool_id, "ClientName": "other", "ExplicitAuthFlows": flows}
        return idp.create_user_pool_client(**settings)["UserPoolClient"]["ClientId"]

    other_pool = idp.create_user_pool(PoolName=uuid.uuid4().hex)["UserPool"]["Id"]
    idp.admin_create_user(UserPoolId=other_pool, Username=admin.email, MessageAction="SUPPRESS")
    idp.admin_set_user_password(
        UserPoolId=other_pool, Username=admin.email, Password=admin.password, Permanent=True
    )
    own = client.sign_in(admin)
    return {
        "no token": None,
        "no JWT": "x",
        "ID token": own["IdToken"],
        "tampered": tampered(own["AccessToken"]),
        "another client": sign_in_elsewhere(
            client, admin, pool_id=client.pool_id, client_id=create_client(client.pool_id)
        ),
        "another pool": sign_in_elsewhere(
            client, admin, pool_id=other_pool, client_id=create_client(other_pool)
        ),
    }


@pytest.mark.parametrize(
    "kind", ["no token", "no JWT", "ID token", "tampered", "another client", "another pool"]
)
@pytest.mark.sample(2)
def test_token_that_is_not_valid_is_401_on_every_route(client, tokens, admin, kind):
    statuses = {
        route.key: client.request(
            route.method, route.path.replace("{id}", admin.sub), tokens[kind], json={}
        ).status_code
        for route in ALL_ROUTES
    }

    expected = {route.key: 401 if route.needs_token else 200 for route in ALL_ROUTES}
    assert statuses == {**expected, FOLLOW_REDIRECT.key: 404}


def test_valid_token_of_the_same_user_is_accepted(client, admin):
    response = client.request("GET", "/users?role=admin", client.get_access_token(admin))

    assert response.status_code == 200
