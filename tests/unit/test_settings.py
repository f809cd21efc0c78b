import pytest
from userprofiles import settings
from userprofiles.settings import SettingsError
from userprofiles.template import Template, TemplateError


def test_roles_default_to_the_templates(marketplace: Template) -> None:
    roles = settings.roles({}, marketplace)

    assert (
        roles.allowed,
        roles.default,
        roles.attribute,
    ) == (("customer", "vendor"), "customer", "custom:role")


def test_sign_up_roles_narrow_the_allow_list(marketplace: Template) -> None:
    roles = settings.roles({"SIGN_UP_ROLES": " customer ,"}, marketplace)

    assert roles.allowed == ("customer",)


@pytest.mark.parametrize(
    ("asked", "expected"),
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
    asked: str | None,
    expected: str,
) -> None:
    attributes = {} if asked is None else {"custom:role": asked}

    assert expected == settings.roles({}, marketplace).decide(attributes)


def test_default_role_can_be_set(marketplace: Template) -> None:
    roles = settings.roles({"SIGN_UP_ROLES": "customer", "DEFAULT_ROLE": "vendor"}, marketplace)

    assert roles.decide({"custom:role": "admin"}) == "vendor"


def test_template_with_one_role_knows_no_wish(basic: Template) -> None:
    assert settings.roles({}, basic).decide({"custom:role": "admin"}) == "user"


@pytest.mark.parametrize("environment", [{"SIGN_UP_ROLES": "customer,admin"}, {"DEFAULT_ROLE": "admin"}])
def test_role_that_the_template_lacks_is_named(marketplace: Template, environment: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"'admin'.*customer, vendor"):
        settings.roles(environment, marketplace)


@pytest.mark.parametrize("environment", [{}, {"USERS_TABLE": " "}])
def test_missing_variable_is_named(environment: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="USERS_TABLE"):
        settings.required(environment, "USERS_TABLE")


def test_template_is_marketplace_unless_named() -> None:
    assert settings.template({}).name == "marketplace"
    assert settings.template({"TEMPLATE": "basic"}).name == "basic"


def test_unknown_template_is_refused() -> None:
    with pytest.raises(TemplateError, match="'nowhere'"):
        settings.template({"TEMPLATE": "nowhere"})
