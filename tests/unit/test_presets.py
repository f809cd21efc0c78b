"""Each preset has the fields of its write-up, and runs through sign-up, API and backfill."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from userprofiles import completion, settings, template
from userprofiles.api import profile_service
from userprofiles.api.access_token import Caller
from userprofiles.api.profile_service import ProfileService
from userprofiles.backfill.tables.table_shape import TableShape
from userprofiles.backfill.targets.profile_builder import ProfileBuilder
from userprofiles.backfill.users.skip_rule import SkipRule
from userprofiles.backfill.users.user_row import read_user_row
from userprofiles.registration.cognito_user import CognitoUser
from userprofiles.registration.registrar import Registrar
from userprofiles.table import audit
from userprofiles.table.attribute_value import deserialize_item, serialize_item

SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
NOW = "2026-02-04T16:00:00Z"
CALLER = Caller(SUB, "ana")
EXAMPLE = str(Path(__file__).parents[2] / "examples" / "own_template" / "hiking-club.json")
ATTRIBUTES = {
    "sub": SUB,
    "email": "Ana@Example.com",
    "given_name": "Ana",
    "phone_number": "+442012345678",
    "phone_number_verified": "true",
    "custom:role": "vendor",
}
SYSTEM = {"sub": SUB, "role": "user", "now": NOW}


def test_career_profile_has_the_columns_and_defaults_of_the_guide() -> None:
    profile, _ = template.load("career").fill("profile", "user", ATTRIBUTES, SYSTEM)

    assert len(profile.pop("profile_id")) == 36
    expected = {
        "user_id": SUB,
        "years_of_experience": 0,
        "experience_level": "entry",
        "education_level": "bachelors",
        "field_of_study": None,
        "skills_technologies": None,
        "work_arrangement_preference": "any",
        "preferred_locations": None,
        "salary_min": None,
        "salary_max": None,
        "salary_currency": "USD",
        "profile_completed": False,
        "created_at": NOW,
        "updated_at": NOW,
    }
    assert json.dumps(profile) == json.dumps(expected)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("experience_level", ["entry", "junior", "mid", "senior", "lead", "executive"]),
        ("education_level", ["high_school", "associates", "bachelors", "masters", "phd", "other"]),
        ("work_arrangement_preference", ["any", "remote", "hybrid", "on_site"]),
    ],
)
def test_career_fields_have_the_values_of_the_guide(field: str, values: list[str]) -> None:
    assert template.load("career").document["profile"]["properties"][field]["enum"] == values


def test_career_is_complete_with_the_required_fields_of_the_guide() -> None:
    weights = completion.completion_weights(template.load("career"), "user")

    assert weights == {
        "account": {},
        "profile": {"years_of_experience": 1, "experience_level": 1, "education_level": 1},
    }


def test_social_account_has_the_user_fields_of_the_migration_strategy() -> None:
    account, unfit = template.load("social").fill("account", "user", ATTRIBUTES, SYSTEM)

    assert (account, unfit) == (
        {
            "user_id": SUB,
            "username": "ana",
            "email": "ana@example.com",
            "phone_number": "2012345678",
            "country_code": "44",
            "is_phone_verified": True,
            "first_name": "Ana",
            "profile_picture": None,
            "status": "active",
            "migrated_from_old_system": False,
            "old_user_id": None,
            "created_at": NOW,
        },
        [],
    )


def test_social_account_without_a_phone_number_has_the_defaults() -> None:
    account, _ = template.load("social").fill("account", "user", {}, SYSTEM)

    assert (account["phone_number"], account["country_code"], account["is_phone_verified"]) == (
        None,
        "1",
        False,
    )


def test_social_profile_has_the_settings_of_the_migration_strategy() -> None:
    profile, _ = template.load("social").fill("profile", "user", ATTRIBUTES, SYSTEM)

    assert profile == {
        "user_id": SUB,
        "profile_visibility": "friends",
        "email_notifications": True,
        "push_notifications": True,
        "created_at": NOW,
        "updated_at": NOW,
    }


@pytest.fixture
def create_service(
    create_registrar: Callable[..., Registrar], cognito: Any, now: datetime
) -> Callable[[str], ProfileService]:
    """Return a function that creates the service with a template."""
    cognito.add("ana", ATTRIBUTES)

    def create(name: str) -> ProfileService:
        used = template.load(name)
        registrar = create_registrar(
            profile_service.SOURCE, template=used, roles=settings.roles({}, used), clock=lambda: now
        )
        return ProfileService(registrar, cognito, "us-east-1_a", sleep=lambda _: None)

    return create


@pytest.mark.parametrize(
    ("name", "patch"),
    [
        ("basic", {"profile": {"language": "fr"}}),
        ("social", {"profile": {"profile_visibility": "private"}, "account": {"first_name": "Bo"}}),
        ("career", {"profile": {"skills_technologies": ["Python"], "salary_min": 1}}),
        ("marketplace", {"account": {"storeName": "Tea"}, "profile": {"timezone": "Europe/Paris"}}),
        (EXAMPLE, {"profile": {"fitness": "hard", "emergencyPhone": "+14155550123"}}),
    ],
    ids=["basic", "social", "career", "marketplace", "example"],
)
def test_template_runs_through_sign_up_api_and_backfill(
    create_service: Any, tables: Any, name: str, patch: Any
) -> None:
    used = template.load(name)
    service = create_service(name)
    role = service.registrar.roles.decide_role(ATTRIBUTES)

    registration = service.registrar.register(CognitoUser(SUB, "ana", "us-east-1_a", ATTRIBUTES, "CONFIRMED"))
    first = service.read(CALLER)
    changed = service.change(CALLER, patch, first.etag)

    account, profile = tables.items()
    assert registration.unfit_fields == ()
    assert set(first.body["profile"]) == set(used.schema("profile", role)["properties"])
    assert set(first.body["account"]) <= set(used.schema("account", role)["properties"])
    for kind, fields in patch.items():
        assert {field: changed.body[kind][field] for field in fields} == fields
        assert used.validate(kind, role, changed.body[kind]) == []
    assert audit.verify(tables.audit_rows(), account["auditHead"]) == 2

    tables.delete(profile)
    row = read_user_row(serialize_item(account), TableShape.STACK, SkipRule())
    item = deserialize_item(ProfileBuilder(used, TableShape.STACK, "run-1").build_item(row, NOW))
    tables.put(item)
    backfilled = service.change(CALLER, {"profile": patch["profile"]})

    assert set(item) == {"PK", "SK", "entityType", "migrationRunId", *used.document["profile"]["properties"]}
    assert {field: backfilled.body["profile"][field] for field in patch["profile"]} == patch["profile"]
