"""A library client on tables in moto and a fake pool."""

import io
import logging
import uuid

import pytest
from userprofiles import settings, template
from userprofiles.library import ProfileClient, ProfileIntegration, ProfileManager, install_log_handler
from userprofiles.registration.registrar import Registrar

POOL_ID = "us-east-1_abc123456"


class Pool:
    """The fake pool, with ListUsers by sub for federated users."""

    def __init__(self, cognito):
        self.cognito = cognito
        self.federated_names = {}

    def add(self, status="CONFIRMED", enabled=True, name=None, **attributes):
        sub = str(uuid.uuid4())
        if name is not None:
            self.federated_names[sub] = name
        values = {"sub": sub, "email": f"{sub}@example.com", **attributes}
        self.cognito.add(name or sub, values, status=status, enabled=enabled)
        return sub

    def admin_get_user(self, **parameters):
        return self.cognito.admin_get_user(**parameters)

    def list_users(self, *, UserPoolId, Filter, Limit):  # noqa: N803
        assert (UserPoolId, Limit) == (POOL_ID, 1)
        sub = Filter.removeprefix('sub = "').removesuffix('"')
        if sub not in self.federated_names:
            return {"Users": []}
        return {"Users": [{"Username": self.federated_names[sub], "Enabled": True}]}


@pytest.fixture
def pool(cognito):
    return Pool(cognito)


@pytest.fixture
def create_client(store, pool):
    """Return a function that creates a library client with a template."""

    def create(name="career"):
        document = template.load(name)
        registrar = Registrar(store, document, settings.roles({}, document), "library")
        return ProfileClient(registrar, pool, POOL_ID)

    return create


@pytest.fixture
def manager(create_client):
    return ProfileManager(create_client(), testing_mode=False)


@pytest.fixture
def integration(create_client):
    return ProfileIntegration(create_client(), testing_mode=False)


@pytest.fixture
def log():
    """Return everything that the library logs, with DEBUG lines."""
    stream = io.StringIO()
    logger = logging.getLogger("userprofiles.library")
    level = logger.level
    handler = install_log_handler(stream, testing_mode=True)
    yield stream
    logger.removeHandler(handler)
    logger.setLevel(level)
