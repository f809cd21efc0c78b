"""connect: a client without any call to AWS."""

import pytest
from userprofiles.library import connect
from userprofiles.settings import SettingsError
from userprofiles.template import TemplateError

ARGUMENTS = {"users_table": "users", "audit_table": "audit", "user_pool_id": "us-east-1_abc"}


def test_client_has_region_and_endpoint():
    client = connect(**ARGUMENTS, template="career", region="eu-west-1", endpoint_url="http://127.0.0.1:4566")

    assert client.template.name == "career"
    assert client.cognito.meta.region_name == "eu-west-1"
    assert client.cognito.meta.endpoint_url == "http://127.0.0.1:4566"
    assert client.registrar.source == "library"


def test_roles_are_those_of_the_stack():
    client = connect(**ARGUMENTS, sign_up_roles=["customer"])

    assert client.registrar.roles.allowed == ("customer",)


@pytest.mark.parametrize("name", ARGUMENTS)
@pytest.mark.parametrize("value", ["", " ", None, 7])
def test_missing_name_is_rejected(name, value):
    with pytest.raises(SettingsError, match=f"{name} must be a text that is not empty, got {value!r}"):
        connect(**{**ARGUMENTS, name: value})


def test_role_that_the_template_does_not_have_is_rejected():
    with pytest.raises(SettingsError, match="'admiral'"):
        connect(**ARGUMENTS, sign_up_roles=["admiral"])


def test_text_as_list_of_roles_is_rejected():
    with pytest.raises(SettingsError, match="must be a list of roles, got the text 'customer'"):
        connect(**ARGUMENTS, sign_up_roles="customer")


def test_unknown_template_is_rejected():
    with pytest.raises(TemplateError, match="'carer' doesn't exist"):
        connect(**ARGUMENTS, template="carer")
