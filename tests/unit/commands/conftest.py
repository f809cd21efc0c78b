"""Commands of `userprofiles` on tables in moto."""

import pytest
from userprofiles import cli, settings, template
from userprofiles.registration.cognito_user import CognitoUser
from userprofiles.registration.registrar import Registrar


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
def run(tables):
    """Return a function that runs a command in this process."""
    return lambda *arguments: cli.main(list(map(str, arguments)))
