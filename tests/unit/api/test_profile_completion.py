"""GET /me/profile/completion, in the words of the seed."""

from collections.abc import Callable
from typing import Any

import pytest
from userprofiles import settings, template
from userprofiles.api.routes import CHANGE_PROFILE, READ_COMPLETION
from userprofiles.completion import completion_weights
from userprofiles.table.store import Store


@pytest.fixture(autouse=True)
def career(replace_registrar_part: Callable[..., None], confirmed_user: None) -> None:
    career_template = template.load("career")
    replace_registrar_part(template=career_template, roles=settings.roles({}, career_template))


def test_new_profile_of_a_career_is_not_complete(call_route: Callable[..., Any]) -> None:
    response = call_route(READ_COMPLETION)

    assert response.status == 200
    assert response.body.keys() == {"is_complete", "completion_percentage", "missing_fields"}
    assert response.body["is_complete"] is False
    assert response.body["completion_percentage"] < 100
    assert "experience_level" in response.body["missing_fields"]


def test_default_counts_once_the_user_writes_it(call_route: Callable[..., Any]) -> None:
    career = template.load("career")
    before = call_route(READ_COMPLETION).body
    defaults = career.defaults("profile")
    [name, *_] = [name for name in before["missing_fields"] if defaults.get(name)]

    call_route(CHANGE_PROFILE, body={"profile": {name: defaults[name]}})

    after = call_route(READ_COMPLETION).body
    assert after["missing_fields"] == [field for field in before["missing_fields"] if field != name]
    assert after["completion_percentage"] > before["completion_percentage"]
    assert sum(map(len, completion_weights(career, career.default_role).values())) > 1


def test_completion_is_one_call_to_dynamodb(
    call_route: Callable[..., Any], replace_registrar_part: Callable[..., None], tables: Any
) -> None:
    call_route(READ_COMPLETION)
    calls: list[str] = []

    class CountingClient:
        def __getattr__(self, name: str) -> Any:
            calls.append(name)
            return getattr(tables.client, name)

    replace_registrar_part(store=Store(CountingClient(), tables.users, tables.audit))

    call_route(READ_COMPLETION)

    assert calls == ["batch_get_item"]
