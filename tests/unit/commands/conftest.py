"""Commands of `userprofiles` on tables in moto."""

import sys
from pathlib import Path

import pytest
from userprofiles import cli, settings, template
from userprofiles.backfill.error_messages import TableLocation
from userprofiles.registration.cognito_user import CognitoUser
from userprofiles.registration.registrar import Registrar

# For the helper modules: the tests are not a package.
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))

from reconcile_fixtures import add_user, function, pool, reconcile

__all__ = ["add_user", "function", "pool", "reconcile"]


@pytest.fixture
def register(store):
    """Return a function that registers a user of the template `marketplace`."""

    def register(sub, **attributes):
        document = template.load("marketplace")
        registrar = Registrar(store, document, settings.roles({}, document), "test")
        values = {"sub": sub, "email": f"{sub}@example.com", **attributes}
        registrar.register(CognitoUser(sub, sub, "us-east-1_abc", values, "CONFIRMED"))

    return register


@pytest.fixture
def run(tables, monkeypatch):
    """Return a function that runs a command in this process, with the client of the tables."""

    def create_client(table, **_):
        return tables.client, TableLocation(table, "us-east-1", "AWS", has_connection_options=True)

    monkeypatch.setattr("userprofiles.commands.analytics_command.create_client", create_client)
    return lambda *arguments: cli.main(list(map(str, arguments)))
