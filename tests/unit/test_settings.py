from datetime import timedelta

import pytest
from userprofiles import settings
from userprofiles.settings import SettingsError
from userprofiles.template import Template, TemplateError


def test_roles_default_to_those_of_the_template(marketplace: Template) -> None:
    roles = settings.roles({}, marketplace)

    assert (
        roles.allowed,
        roles.default,
        roles.attribute,
    ) == (("customer", "vendor"), "customer", "custom:role")


def test_sign_up_roles_restricts_the_allow_list(marketplace: Template) -> None:
    roles = settings.roles({"SIGN_UP_ROLES": " customer ,"}, marketplace)

    assert roles.allowed == ("customer",)


@pytest.mark.parametrize(
    ("requested_role", "expected"),
    [
        ("vendor", "vendor"),
        ("admin", "customer"),
        ("Vendor", "customer"),
        ("", "customer"),
        (None, "customer"),
    ],
)
def test_role_outside_the_allow_list_becomes_the_default(
    marketplace: Template,
    requested_role: str | None,
    expected: str,
) -> None:
    attributes = {} if requested_role is None else {"custom:role": requested_role}

    assert settings.roles({}, marketplace).decide_role(attributes) == expected


def test_default_role_can_be_set(marketplace: Template) -> None:
    roles = settings.roles({"SIGN_UP_ROLES": "customer", "DEFAULT_ROLE": "vendor"}, marketplace)

    assert roles.decide_role({"custom:role": "admin"}) == "vendor"


def test_template_with_one_role_ignores_the_requested_role(basic: Template) -> None:
    assert settings.roles({}, basic).decide_role({"custom:role": "admin"}) == "user"


@pytest.mark.parametrize("environment", [{"SIGN_UP_ROLES": "customer,admin"}, {"DEFAULT_ROLE": "admin"}])
def test_error_names_the_role_that_the_template_lacks(
    marketplace: Template, environment: dict[str, str]
) -> None:
    with pytest.raises(SettingsError, match=r"'admin'.*customer, vendor"):
        settings.roles(environment, marketplace)


@pytest.mark.parametrize("environment", [{}, {"USERS_TABLE": " "}])
def test_error_names_the_missing_variable(environment: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="USERS_TABLE"):
        settings.required(environment, "USERS_TABLE")


def test_template_is_marketplace_by_default() -> None:
    assert settings.template({}).name == "marketplace"
    assert settings.template({"TEMPLATE": "basic"}).name == "basic"


def test_unknown_template_raises_an_error() -> None:
    with pytest.raises(TemplateError, match="'nowhere'"):
        settings.template({"TEMPLATE": "nowhere"})


def test_users_of_approval_roles_are_pending(marketplace: Template) -> None:
    used = settings.template({"APPROVAL_ROLES": "vendor"})
    account, _ = used.fill("account", "vendor", {}, {"sub": "s", "role": "vendor", "now": "now"})

    assert account["vendorStatus"] == "pending"
    assert marketplace.defaults("account", "vendor")["vendorStatus"] == "approved"


@pytest.mark.parametrize("role", ["customer", "admin"])
def test_role_without_approval_raises_an_error(role: str) -> None:
    with pytest.raises(SettingsError, match=rf"APPROVAL_ROLES contains '{role}'.*Allowed: vendor\."):
        settings.template({"APPROVAL_ROLES": role})


def test_template_without_approval_allows_no_approval_role() -> None:
    with pytest.raises(SettingsError, match=r"Allowed: none\."):
        settings.template({"TEMPLATE": "basic", "APPROVAL_ROLES": "user"})


@pytest.mark.parametrize(("text", "days"), [(None, 30), (" ", 30), ("0", 0), ("365", 365)])
def test_grace_period_has_a_default_and_can_be_zero(text: str | None, days: int) -> None:
    environment = {} if text is None else {"DELETION_GRACE_DAYS": text}
    assert settings.grace_period(environment) == timedelta(days=days)


@pytest.mark.parametrize("text", ["-1", "366", "1.5", "a month", "\u0663"])
def test_wrong_grace_period_raises_an_error(text: str) -> None:
    with pytest.raises(SettingsError, match="DELETION_GRACE_DAYS must be a whole number from 0 to 365, got"):
        settings.grace_period({"DELETION_GRACE_DAYS": text})
