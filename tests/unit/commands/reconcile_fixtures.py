"""A pool in memory, tables in moto, and the command `reconcile` on both."""

import pytest
from fake_pool import POOL_ID, FakePool
from userprofiles import settings, template
from userprofiles.registration.cognito_user import CognitoUser
from userprofiles.registration.registrar import Registrar
from userprofiles.stack_setup.stack import Stack

CANARY = "canary"
OPTIONS = ("--user-pool-id", POOL_ID, "--users-table", "users", "--audit-table", "audit")
FAST = ("--requests-per-second", "1000")


class FunctionConfiguration:
    """A client of Lambda with the post-confirmation function."""

    def __init__(self):
        self.variables = {"USERS_TABLE": "users", "AUDIT_TABLE": "audit", "TEMPLATE": "marketplace"}

    def get_function_configuration(self, *, FunctionName, Qualifier):  # noqa: N803
        assert (FunctionName, Qualifier) == ("post-confirmation", "live")
        return {
            "Handler": "userprofiles.handlers.post_confirmation.handler",
            "Environment": {"Variables": self.variables},
        }


@pytest.fixture
def pool():
    return FakePool()


@pytest.fixture
def function():
    return FunctionConfiguration()


@pytest.fixture
def reconcile(run, pool, function, tables, monkeypatch):
    """Return a function that reconciles the fake pool with the tables."""
    clients = {"cognito-idp": pool, "lambda": function, "dynamodb": tables.client._client}
    monkeypatch.setattr(Stack, "client", lambda _, service: clients[service])
    return lambda *arguments: run("reconcile", *OPTIONS, *FAST, *arguments)


@pytest.fixture
def add_user(pool, store):
    """Return a function that adds a user to the pool, and registers the user."""

    def add(sub, *, status="CONFIRMED", enabled=True, is_registered=True, **attributes):
        values = {"sub": sub, "email": f"{CANARY}-{sub}@example.com", "email_verified": "true", **attributes}
        pool.add(f"{CANARY}-{sub}", values, status, enabled)
        if is_registered:
            document = template.load("marketplace")
            registrar = Registrar(store, document, settings.roles({}, document), "test")
            registrar.register(CognitoUser(sub, sub, POOL_ID, values, status))
        return sub

    return add
