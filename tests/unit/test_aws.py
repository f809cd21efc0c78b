"""The region of clients: option, AWS_REGION, AWS_DEFAULT_REGION, profile."""

import pytest
from userprofiles import aws
from userprofiles.backfill.command.connection import create_client
from userprofiles.backfill.limits import COMMAND_LINE


@pytest.fixture(autouse=True)
def new_session():
    """A session of botocore keeps the region that it has read."""
    aws._session.cache_clear()
    yield
    aws._session.cache_clear()


def region_of_client(region):
    return aws.client("dynamodb", region=region).meta.region_name


def region_of_backfill(region):
    client, location = create_client("users", limits=COMMAND_LINE, region=region)
    assert location.region == client.meta.region_name
    return client.meta.region_name


@pytest.mark.parametrize("region_of", [region_of_client, region_of_backfill])
@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"AWS_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": ""}, "eu-west-1"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2", "option": "eu-west-3"}, "eu-west-3"),
        ({"AWS_REGION": "eu-west-1", "option": "eu-west-3"}, "eu-west-3"),
        ({"AWS_REGION": ""}, "eu-north-1"),
        ({}, "eu-north-1"),
    ],
)
def test_region(monkeypatch, tmp_path, region_of, settings, expected):
    config = tmp_path / "config"
    config.write_text("[default]\nregion = eu-north-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        value = settings.get(name)
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)

    assert region_of(settings.get("option")) == expected


def test_wrong_region_of_the_environment_is_named(monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_REGION", "no region")

    with pytest.raises(Exception, match="Region 'no region' is not the name of an AWS region"):
        region_of_backfill(None)
