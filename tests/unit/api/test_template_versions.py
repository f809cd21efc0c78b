"""Two versions of a template over one table: upgrades, roll-backs, and items that are too new to write."""

from collections.abc import Callable
from typing import Any

import pytest
from userprofiles import completion, settings, template
from userprofiles.api import profile_service
from userprofiles.api.access_token import Caller
from userprofiles.api.errors import ApiError
from userprofiles.api.profile_service import ProfileService
from userprofiles.registration.cognito_user import CognitoUser
from userprofiles.registration.registrar import Registrar
from userprofiles.template import Template

SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
CALLER = Caller(SUB, "ana")
USER = CognitoUser(SUB, "ana", "us-east-1_a", {"sub": SUB, "email": "ana@example.com"}, "CONFIRMED")


def create_template(version: str, fields: dict[str, Any], **keys: Any) -> Template:
    return template.load(
        {
            "version": version,
            "account": {"from": "basic"},
            "profile": {"from": "basic", "properties": fields},
            **keys,
        }
    )


BIO = {"bio": {"fieldType": "longText", "default": ""}, "fax": {"fieldType": "text", "default": ""}}
DETAILS = {
    "details": {
        "type": "object",
        "additionalProperties": False,
        "properties": {"floor": {"type": "integer"}},
        "default": {},
    }
}
NEW_DETAILS = {
    "details": {
        "type": "object",
        "additionalProperties": False,
        "properties": {"floor": {"type": "integer"}, "door": {"type": "string"}},
        "default": {},
    }
}
OLD = create_template("1.0", {**BIO, **DETAILS}, completion={"profile": {"bio": 1}})
MINOR = create_template(
    "1.1",
    {**BIO, **NEW_DETAILS, "motto": {"fieldType": "text", "default": "hello"}, "news": {"type": "boolean"}},
    completion={"profile": {"bio": 1, "motto": 1}},
    upgrades=[{"to": "1.1", "profile": {"default": {"news": False}}}],
)
MAJOR = create_template(
    "2.0",
    {"about": {"fieldType": "longText", "default": ""}, **NEW_DETAILS},
    completion={"profile": {"about": 1}},
    upgrades=[{"to": "2.0", "profile": {"rename": {"bio": "about"}, "remove": ["fax"]}}],
)


@pytest.fixture
def run(create_registrar: Callable[..., Registrar], cognito: Any) -> Callable[[Template], ProfileService]:
    """Return a function that creates the service with a version of the template."""
    cognito.add("ana", dict(USER.attributes))

    def create(used: Template) -> ProfileService:
        registrar = create_registrar(profile_service.SOURCE, template=used, roles=settings.roles({}, used))
        return ProfileService(registrar, cognito, "us-east-1_a", sleep=lambda _: None)

    return create


def test_older_item_is_upgraded_in_memory_and_stored_with_the_next_write(run: Any, tables: Any) -> None:
    run(OLD).change(CALLER, {"profile": {"bio": "x"}})
    before = tables.items()

    first, second = run(MINOR).read(CALLER), run(MINOR).read(CALLER)
    unchanged = tables.items()
    run(MINOR).change(CALLER, {"profile": {"language": "fr"}}, first.etag)

    account, profile = tables.items()
    assert unchanged == before
    assert first.etag == second.etag
    assert (first.body["profile"]["motto"], first.body["profile"]["news"]) == ("hello", False)
    assert account["templateVersion"] == "1.1"
    assert (profile["motto"], profile["news"], profile["language"]) == ("hello", False, "fr")
    assert profile["setFields"] == ["bio"]


def test_patch_without_changes_does_not_store_the_upgrade(run: Any, tables: Any) -> None:
    run(OLD).read(CALLER)
    before = tables.items()

    run(MINOR).change(CALLER, {"profile": {"motto": None, "news": False}})

    assert tables.items() == before


def test_old_and_new_code_in_turns_lose_nothing(run: Any, tables: Any) -> None:
    """The new version is deployed, rolled back and deployed again, while users change their profiles."""
    old, new = run(OLD), run(MINOR)
    old.change(CALLER, {"profile": {"bio": "old", "details": {"floor": 1}}})
    new.change(CALLER, {"profile": {"motto": "hello", "news": True, "details": {"door": "B"}}})
    old.change(CALLER, {"profile": {"bio": "rolled back", "language": "fr", "details": {"floor": 2}}})
    served_by_old_code = old.read(CALLER).body["profile"]
    new.change(CALLER, {"profile": {"organization": "Tea"}})

    account, profile = tables.items()
    expected = {
        "bio": "rolled back",
        "motto": "hello",
        "news": True,
        "language": "fr",
        "organization": "Tea",
        "details": {"floor": 2, "door": "B"},
        "setFields": ["bio", "motto"],
    }
    assert {name: profile[name] for name in expected} == expected
    assert account["templateVersion"] == "1.1"
    assert (served_by_old_code["motto"], served_by_old_code["news"]) == ("hello", True)
    assert completion.completion(MINOR, "user", account, profile).is_complete


def test_old_code_does_not_accept_a_new_field_in_a_patch(run: Any) -> None:
    run(MINOR).read(CALLER)

    with pytest.raises(ApiError) as refusal:
        run(OLD).change(CALLER, {"profile": {"motto": "x", "details": {"door": "C"}}})

    assert (refusal.value.status, len(refusal.value.field_errors)) == (400, 2)


def test_rename_keeps_the_value_and_its_completion(run: Any, tables: Any) -> None:
    run(OLD).change(CALLER, {"profile": {"bio": "x", "fax": "1"}})

    read = run(MAJOR).read(CALLER).body["profile"]
    run(MAJOR).change(CALLER, {"profile": {"about": "y"}})

    account, profile = tables.items()
    assert (read["about"], "bio" in read, "fax" in read) == ("x", False, False)
    assert (profile["about"], "bio" in profile, "fax" in profile) == ("y", False, False)
    assert (account["templateVersion"], profile["setFields"]) == ("2.0", ["about"])


def test_item_of_a_newer_major_version_can_be_read_but_not_written(run: Any, tables: Any) -> None:
    run(MAJOR).change(CALLER, {"profile": {"about": "y"}})
    before = tables.items()

    document = run(MINOR).read(CALLER)
    with pytest.raises(ApiError) as refusal:
        run(MINOR).change(CALLER, {"profile": {"language": "fr"}}, document.etag)

    assert document.body["profile"]["about"] == "y"
    assert (refusal.value.status, refusal.value.code) == (409, "newer_template")
    assert tables.items() == before


def test_account_without_a_version_has_the_first_version(run: Any, tables: Any) -> None:
    run(OLD).change(CALLER, {"profile": {"bio": "x"}})
    account, profile = tables.items()
    for item in (account, profile):
        tables.put({name: item[name] for name in item if name not in {"templateVersion", "setFields"}})

    run(MINOR).change(CALLER, {"profile": {"language": "fr"}})

    account, profile = tables.items()
    assert (account["templateVersion"], profile["motto"]) == ("1.1", "hello")
    assert completion.completion(MINOR, "user", account, profile).missing_fields == ("motto",)


def test_same_version_writes_only_the_patch(run: Any, tables: Any) -> None:
    run(OLD).read(CALLER)
    _, profile = tables.items()
    tables.put({name: profile[name] for name in profile if name != "fax"})

    run(OLD).change(CALLER, {"profile": {"language": "fr"}})

    _, changed_profile = tables.items()
    assert "fax" not in changed_profile
