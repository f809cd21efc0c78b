"""Settings of an AWS provider are applied, replaced by the local ones, or rejected."""

import pytest
from pulumi_localaws.config.provider import Provider, read_default_provider, read_provider
from pulumi_localaws.errors import DeploymentError

ACCOUNT = "000000000000"


def test_unknown_region_of_a_provider_is_rejected() -> None:
    with pytest.raises(DeploymentError, match="The provider p: region: 'mars-1' is not an AWS region"):
        read_provider({"region": "mars-1"}, where="The provider p", account=ACCOUNT)


def test_region_that_botocore_does_not_know_is_allowed_with_skip_region_validation() -> None:
    settings = {"region": "eu-north-9", "skipRegionValidation": "true"}

    assert read_provider(settings, where="p", account=ACCOUNT).region == "eu-north-9"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"assumeRoles": "[]"}, "the setting 'assumeRoles' of the AWS provider is not supported"),
        ({"allowedAccountIds": '["123456789012"]'}, "it must contain the local account 000000000000"),
        ({"forbiddenAccountIds": '["000000000000"]'}, "it must not contain the local account 000000000000"),
        ({"defaultTags": "{"}, "defaultTags must be valid JSON, not '{'"),
        ({"defaultTags": '{"a": "b"}'}, "defaultTags must be an object with the key `tags`"),
    ],
)
def test_unsupported_setting_is_rejected_with_its_name(settings: dict[str, str], expected: str) -> None:
    with pytest.raises(DeploymentError) as raised:
        read_provider(settings, where="p", account=ACCOUNT)

    assert expected in str(raised.value)


def test_connection_settings_are_replaced() -> None:
    values = {
        "aws:region": "eu-west-1",
        "aws:accessKey": "AKIA",
        "aws:endpoints": '[{"s3": "https://real"}]',
        "aws:profile": "prod",
        "aws:skipCredentialsValidation": "true",
        "other:thing": "x",
    }

    assert read_default_provider(values, account=ACCOUNT) == Provider("eu-west-1")


def test_setting_of_the_pulumi_cli_is_rejected_with_its_name() -> None:
    with pytest.raises(DeploymentError, match="pulumi:autonaming is not supported"):
        read_default_provider({"pulumi:autonaming": "{}"}, account=ACCOUNT)
