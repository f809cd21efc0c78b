"""Generated requests: the API answers each of them as its OpenAPI document says.

Schemathesis generates requests that match the document, and requests that do not: values of other types and
lengths, unknown names, no token. `make test` sends a few to each route, the same in every run.
`make test-long` sends many, which differ from run to run.
"""

import functools

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, checks
from userprofiles.api.routes import DELETE_USER, ERASE_USER, READ_CONTENT, ROUTES, SOCIAL_ROUTES

pytestmark = pytest.mark.backends("embedded", "localstack", "aws")

ALL_ROUTES = ROUTES + SOCIAL_ROUTES
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
FEW = settings(
    max_examples=3,
    phases=[Phase.generate],
    derandomize=True,
    database=None,
    deadline=None,
    # A route without parameters and body has no wrong requests: its strategy for them is empty.
    suppress_health_check=list(HealthCheck),
)
MANY = settings(FEW, max_examples=200, phases=[Phase.generate, Phase.shrink], derandomize=False)


@pytest.fixture(scope="module")
def document(client):
    """Return the document that the API serves, with strategies for its requests."""
    return schemathesis.openapi.from_dict(client.request("GET", "/openapi.json").json())


@pytest.fixture(scope="module")
def callers(client, grant_admin):
    admin = client.create_confirmed_user()
    grant_admin(admin)
    return {"administrator": admin, "user": client.create_confirmed_user()}


@pytest.fixture(scope="module")
def send_requests(client, document, callers):
    """Return a function that sends generated requests to a route, and checks each answer."""
    other_user = client.create_confirmed_user()
    get_token = functools.cache(lambda caller: client.get_access_token(callers[caller]))

    def send(route, caller, options):
        # Deleted users get 410 on every other route, so these routes have users of their own.
        deletes_caller = route == DELETE_USER
        target = client.create_confirmed_user() if route == ERASE_USER else other_user
        token = (
            client.get_access_token(client.create_confirmed_user()) if deletes_caller else get_token(caller)
        )
        operation = document[route.document_path][route.method]
        # A generated ID belongs to nobody, so some requests have the ID of a user.
        ids = [None, {"id": target.sub}] if "{id}" in route.path and route != READ_CONTENT else [None]
        cases = st.one_of(
            operation.as_strategy(generation_mode=mode, path_parameters=path_parameters)
            for path_parameters in ids
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        )

        @options
        @given(case=cases)
        def check(case):
            response = case.call(
                base_url=client.api, headers={"Authorization": f"Bearer {token}"}, timeout=60
            )
            case.validate_response(response, checks=CHECKS)

        check()

    return send


@pytest.mark.parametrize("caller", ["administrator", pytest.param("user", marks=pytest.mark.long)])
@pytest.mark.parametrize("route", ALL_ROUTES, ids=lambda route: route.key)
@pytest.mark.sample(8)
def test_answers_to_generated_requests_match_the_document(send_requests, route, caller):
    send_requests(route, caller, FEW)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("caller", ["administrator", "user"])
@pytest.mark.parametrize("route", ALL_ROUTES, ids=lambda route: route.key)
def test_answers_to_many_generated_requests_match_the_document(send_requests, route, caller):
    send_requests(route, caller, MANY)
