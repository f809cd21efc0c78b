"""What sign-up and PATCH store about completion: `setFields` and `profile_completed`."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from userprofiles import completion, settings, template
from userprofiles.api import profile_service
from userprofiles.api.access_token import Caller
from userprofiles.api.errors import ApiError
from userprofiles.api.profile_service import ProfileService
from userprofiles.registration.cognito_user import CognitoUser
from userprofiles.registration.registrar import Registrar

SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
CALLER = Caller(SUB, "ana")
ATTRIBUTES = {"sub": SUB, "email": "ana@example.com", "given_name": "Ana", "phone_number": "+14155550123"}


@pytest.fixture
def create_service(
    create_registrar: Callable[..., Registrar], cognito: Any, now: datetime
) -> Callable[..., ProfileService]:
    """Return a function that creates a service with a template, and registers the user."""

    def create(name: str, **attributes: str) -> ProfileService:
        used = template.load(name)
        registrar = create_registrar(
            profile_service.SOURCE, template=used, roles=settings.roles({}, used), clock=lambda: now
        )
        registrar.register(CognitoUser(SUB, "ana", "us-east-1_a", {**ATTRIBUTES, **attributes}, "CONFIRMED"))
        return ProfileService(registrar, cognito, "us-east-1_a", sleep=lambda _: None)

    return create


def test_new_career_profile_is_not_complete(create_service: Any, tables: Any) -> None:
    create_service("career")

    account, profile = tables.items()
    assert (account["templateVersion"], account["setFields"]) == ("1.0", [])
    assert (profile["setFields"], profile["profile_completed"]) == ([], False)


def test_written_default_counts_and_the_last_field_completes_the_profile(
    create_service: Any, tables: Any
) -> None:
    service = create_service("career")

    service.change(CALLER, {"profile": {"experience_level": "entry", "years_of_experience": 0}})
    _, half_profile = tables.items()
    document = service.change(CALLER, {"profile": {"education_level": "bachelors"}})

    account, profile = tables.items()
    assert (half_profile["setFields"], half_profile["profile_completed"]) == (
        ["experience_level", "years_of_experience"],
        False,
    )
    assert profile["setFields"] == ["education_level", "experience_level", "years_of_experience"]
    assert profile["profile_completed"] is True
    assert document.body["profile"]["profile_completed"] is True
    assert not {"setFields", "templateVersion"} & {*document.body["account"], *document.body["profile"]}
    assert (account["version"], profile["updated_at"]) == (3, "2026-02-04T16:00:00Z")
    assert "updatedAt" not in profile


def test_audit_row_has_the_names_of_fields_that_were_set_to_their_default(
    create_service: Any, tables: Any
) -> None:
    create_service("career").change(CALLER, {"profile": {"experience_level": "entry"}})

    assert [row["fields"] for row in tables.audit_rows() if "fields" in row] == [["profile.experience_level"]]


def test_reset_field_does_not_count_any_more(create_service: Any, tables: Any) -> None:
    service = create_service("career")
    service.change(
        CALLER,
        {"profile": {"experience_level": "mid", "years_of_experience": 3, "education_level": "masters"}},
    )

    service.change(CALLER, {"profile": {"experience_level": None}})

    _, profile = tables.items()
    assert profile["setFields"] == ["education_level", "years_of_experience"]
    assert (profile["experience_level"], profile["profile_completed"]) == ("entry", False)


def test_same_value_again_is_not_written(create_service: Any, tables: Any) -> None:
    service = create_service("career")
    service.change(CALLER, {"profile": {"experience_level": "entry"}})
    before = tables.items()

    service.change(CALLER, {"profile": {"experience_level": "entry"}})

    assert tables.items() == before


def test_user_can_not_write_profile_completed(create_service: Any) -> None:
    with pytest.raises(ApiError, match="not accepted"):
        create_service("career").change(CALLER, {"profile": {"profile_completed": True}})


def test_values_from_cognito_count_even_if_they_equal_the_default(create_service: Any, tables: Any) -> None:
    create_service("basic", family_name="")

    account, profile = tables.items()
    result = completion.completion(template.load("basic"), "user", account, profile)
    assert profile["setFields"] == ["firstName", "phoneNumber"]
    assert (result.completion_percentage, result.missing_fields) == (66, ("lastName",))
    assert "profile_completed" not in profile


def test_repaired_profile_has_bookkeeping_and_a_new_id(
    create_service: Any, tables: Any, cognito: Any
) -> None:
    service = create_service("career")
    _, profile = tables.items()
    tables.delete(profile)

    cognito.add("ana", ATTRIBUTES)
    service.read(CALLER)

    _, new_profile = tables.items()
    assert (new_profile["setFields"], new_profile["profile_completed"]) == ([], False)
    assert new_profile["profile_id"] != profile["profile_id"]
