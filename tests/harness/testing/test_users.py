"""Users for tests, against a Cognito that records its calls."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from pulumi_localaws.errors import LocalAwsError
from pulumi_localaws.testing import users
from pulumi_localaws.testing.seed import seed_users
from pulumi_localaws.testing.user_pools import UserPools
from pulumi_localaws.testing.users import User, UserFactory, UserState

POOL_ID, CLIENT_ID = "us-east-1_pool", "client"


class FakeStack:
    def __init__(self, *pool_ids: str) -> None:
        self.outputs: dict[str, Any] = {}
        self.resources = [{"type": "aws:cognito/userPool:UserPool", "id": pool_id} for pool_id in pool_ids]

    def destroy(self) -> None:
        raise NotImplementedError


class NotFoundError(Exception):
    """The pool or the client does not exist."""


class FakeCognito:
    """Records each call, and answers as Cognito does."""

    meta = SimpleNamespace(region_name="us-east-1")
    exceptions = SimpleNamespace(
        ResourceNotFoundException=NotFoundError, InvalidParameterException=NotFoundError
    )

    def __init__(self, pool: dict[str, Any] | None = None, clients: Sequence[dict[str, Any]] = ()) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._pool = pool or {}
        self._clients = {client["ClientId"]: client for client in clients or [{"ClientId": CLIENT_ID}]}

    def __getattr__(self, name: str) -> Any:
        def call(**parameters: Any) -> dict[str, Any]:
            self.calls.append((name, parameters))
            if parameters.get("UserPoolId", POOL_ID) != POOL_ID:
                raise NotFoundError
            answers = {
                "describe_user_pool": {"UserPool": self._pool},
                "sign_up": {"UserSub": "sub", "UserConfirmed": False},
                "admin_create_user": {"User": {"Attributes": [{"Name": "sub", "Value": "sub"}]}},
            }
            return answers.get(name, {})

        return call

    def describe_user_pool_client(self, **parameters: Any) -> dict[str, Any]:
        if parameters["ClientId"] not in self._clients:
            raise NotFoundError
        client = self._clients[parameters["ClientId"]]
        return {"UserPoolClient": {"ClientName": "web", **client}}

    def get_paginator(self, name: str) -> Any:
        assert name == "list_user_pool_clients"
        pages = [{"UserPoolClients": [{"ClientName": "web", **client}]} for client in self._clients.values()]
        return type("Paginator", (), {"paginate": lambda _, **__: pages})()

    @property
    def actions(self) -> list[str]:
        return [name for name, _ in self.calls if not name.startswith("describe_")]

    def parameters(self, action: str) -> dict[str, Any]:
        return next(parameters for name, parameters in self.calls if name == action)


def attributes_of(parameters: dict[str, Any]) -> dict[str, str]:
    return {entry["Name"]: entry["Value"] for entry in parameters["UserAttributes"]}


@pytest.fixture(autouse=True)
def _sign_in_without_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    def sign_in(cognito: FakeCognito, **parameters: Any) -> dict[str, Any]:
        cognito.calls.append(("sign_in_by_srp", parameters))
        if parameters["username"] == "with-factor":
            return {"ChallengeName": "SOFTWARE_TOKEN_MFA"}
        return {"AuthenticationResult": {"AccessToken": "a", "IdToken": "i", "RefreshToken": "r"}}

    monkeypatch.setattr(users, "sign_in_by_srp", sign_in)


def create_factory(
    cognito: FakeCognito, *, has_constant_codes: bool = True, pool_ids: Sequence[str] = (POOL_ID,)
) -> UserFactory:
    pools = UserPools(cognito, [FakeStack(*pool_ids)])
    return UserFactory(cognito, pools, has_constant_codes=has_constant_codes)


def test_user_signs_up_confirms_and_signs_in() -> None:
    cognito = FakeCognito({"UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"]})

    user = create_factory(cognito).create()

    assert cognito.actions == ["sign_up", "confirm_sign_up", "sign_in_by_srp"]
    assert user.username == user.attributes["email"]
    assert (user.access_token, user.id_token, user.refresh_token) == ("a", "i", "r")
    assert user.headers == {"Authorization": "Bearer a"}


def test_missing_pool_or_client_is_reported_with_the_existing_ones() -> None:
    factory = create_factory(FakeCognito())

    with pytest.raises(
        LocalAwsError, match=f"pool 'us-east-1_x' does not exist.* stacks: {POOL_ID}.*user_pool_id"
    ):
        factory.create(user_pool_id="us-east-1_x")
    with pytest.raises(
        LocalAwsError, match=rf"no app client 'x'. Its clients: {CLIENT_ID} \(web\).*client_id"
    ):
        factory.create(client_id="x")


def test_second_user_causes_no_call_that_describes_the_pool() -> None:
    cognito = FakeCognito()
    factory = create_factory(cognito)
    factory.create()
    count = len(cognito.calls)

    factory.create()

    assert [name for name, _ in cognito.calls[count:]] == [
        "sign_up",
        "admin_confirm_sign_up",
        "sign_in_by_srp",
    ]


def test_user_of_another_backend_is_confirmed_by_an_administrator() -> None:
    """Only the local AWS has constant codes."""
    cognito = FakeCognito({"AutoVerifiedAttributes": ["email"]})

    create_factory(cognito, has_constant_codes=False).create()

    assert "admin_confirm_sign_up" in cognito.actions
    assert attributes_of(cognito.parameters("admin_update_user_attributes")) == {"email_verified": "true"}


def test_required_attributes_have_values_that_cognito_accepts() -> None:
    schema = [{"Name": name, "Required": True} for name in ("sub", "birthdate", "phone_number", "given_name")]
    cognito = FakeCognito({"SchemaAttributes": schema})

    user = create_factory(cognito).create(attributes={"given_name": "Ana", "email": None})

    assert set(user.attributes) == {"birthdate", "phone_number", "given_name"}
    assert user.attributes["birthdate"] == "2000-01-31"
    assert user.attributes["given_name"] == "Ana"
    assert attributes_of(cognito.parameters("sign_up")) == user.attributes


@pytest.mark.parametrize(
    ("name_attributes", "username", "attribute"),
    [(["email"], "ana@example.com", "email"), (["phone_number", "email"], "+12065550100", "phone_number")],
)
def test_user_name_that_is_an_address_is_also_an_attribute(
    name_attributes: list[str], username: str, attribute: str
) -> None:
    user = create_factory(FakeCognito({"UsernameAttributes": name_attributes})).create(username)

    assert user.attributes[attribute] == username


def test_user_of_a_pool_with_phone_numbers_has_one_as_the_name() -> None:
    user = create_factory(FakeCognito({"UsernameAttributes": ["phone_number"]})).create()

    assert user.username == user.attributes["phone_number"]
    assert user.username.startswith("+1206")


def test_client_secret_is_used_in_each_call() -> None:
    cognito = FakeCognito(
        {"AutoVerifiedAttributes": ["email"]}, [{"ClientId": CLIENT_ID, "ClientSecret": "secret"}]
    )

    create_factory(cognito).create("ana")

    assert cognito.parameters("sign_up")["SecretHash"] == cognito.parameters("confirm_sign_up")["SecretHash"]
    assert cognito.parameters("sign_in_by_srp")["client_secret"] == "secret"


def test_administrator_creates_users_of_a_pool_without_sign_up() -> None:
    cognito = FakeCognito({"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True}})

    user = create_factory(cognito).create()

    assert cognito.actions == ["admin_create_user", "admin_set_user_password", "sign_in_by_srp"]
    assert user.sub == "sub"


def test_groups_are_added_before_the_sign_in() -> None:
    cognito = FakeCognito()

    create_factory(cognito).create(groups=["admins"])

    assert cognito.actions[-2:] == ["admin_add_user_to_group", "sign_in_by_srp"]


@pytest.mark.parametrize(
    ("state", "last_action"),
    [
        ("unconfirmed", "sign_up"),
        ("disabled", "admin_disable_user"),
        ("reset_required", "admin_reset_user_password"),
        ("force_change_password", "admin_create_user"),
    ],
)
def test_user_in_another_state_does_not_sign_in(state: str, last_action: str) -> None:
    cognito = FakeCognito()

    user = create_factory(cognito).create(state=state)

    assert cognito.actions[-1] == last_action
    with pytest.raises(LocalAwsError, match=rf"\({state}\) has no AccessToken"):
        _ = user.access_token


def test_unknown_state_names_the_allowed_ones() -> None:
    with pytest.raises(ValueError, match="'gone' is unknown; allowed: confirmed, unconfirmed, disabled"):
        create_factory(FakeCognito()).create(state="gone")


def test_no_user_of_an_administrators_pool_is_unconfirmed() -> None:
    cognito = FakeCognito({"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True}})

    with pytest.raises(LocalAwsError, match="Only administrators create users in the pool us-east-1_pool"):
        create_factory(cognito).create(state="unconfirmed")
    assert cognito.actions == []


def test_further_challenge_is_named() -> None:
    with pytest.raises(LocalAwsError, match="needs the challenge SOFTWARE_TOKEN_MFA"):
        create_factory(FakeCognito()).create("with-factor")


@pytest.mark.parametrize(
    ("pool_ids", "message"),
    [
        ([], "have no user pool. Deploy one"),
        (["a", "b"], "have 2 user pools: a, b. Call make_user with the user_pool_id"),
    ],
)
def test_pool_must_be_unique(pool_ids: list[str], message: str) -> None:
    with pytest.raises(LocalAwsError, match=message):
        create_factory(FakeCognito(), pool_ids=pool_ids).create()


def test_client_without_srp_is_not_chosen() -> None:
    flows = [["ALLOW_USER_PASSWORD_AUTH"], ["ALLOW_USER_SRP_AUTH"]]
    clients = [{"ClientId": f"client{i}", "ExplicitAuthFlows": flow} for i, flow in enumerate(flows)]

    assert create_factory(FakeCognito({}, clients)).create().client_id == "client1"


@pytest.mark.parametrize(("flow", "count"), [("ALLOW_USER_PASSWORD_AUTH", 0), ("ALLOW_USER_SRP_AUTH", 2)])
def test_client_must_be_unique(flow: str, count: int) -> None:
    clients = [{"ClientId": f"client{i}", "ExplicitAuthFlows": [flow]} for i in range(2)]

    with pytest.raises(LocalAwsError, match=f"has {count} app clients that allow a sign-in by SRP"):
        create_factory(FakeCognito({}, clients)).create()


def create_without_aws(**options: Any) -> User:
    return User(
        username="ana",
        password="x",
        sub="",
        attributes=dict(options["attributes"]),
        state=UserState(options["state"]),
        groups=tuple(options["groups"]),
        user_pool_id="",
        client_id="",
    )


def test_seed_has_each_combination_of_role_phone_number_and_state() -> None:
    roles = [{"custom:role": "vendor"}, {}]

    seeded = seed_users(create_without_aws, roles=roles, groups=["admins"])

    combinations = {
        (user.state, "phone_number" in user.attributes, user.attributes.get("custom:role"), user.groups)
        for user in seeded
    }
    assert len(seeded) == 50
    assert len(combinations) == len(UserState) * 2 * 2 * 2


def test_first_users_of_a_seed_have_all_states() -> None:
    seeded = seed_users(create_without_aws, len(UserState), roles=[{"custom:role": "a"}, {}])

    assert {user.state for user in seeded} == set(UserState)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": -1}, "count must be 0 or more, but it is -1"),
        ({"roles": []}, "roles and states must have one or more entries"),
    ],
)
def test_wrong_seed_is_rejected(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        seed_users(create_without_aws, **options)
