"""The provider of a resource sets its region and default tags."""

import json
from collections.abc import Callable

import pytest
from engine_helpers import Engine
from pulumi.runtime.proto import resource_pb2
from pulumi_localaws.config.provider import Provider
from pulumi_localaws.engine.properties import encode_properties
from pulumi_localaws.local_aws import LocalAws
from resource_cases.case import QUEUE

pytestmark = pytest.mark.backends("embedded")


def test_default_tags_apply_and_own_tags_take_precedence(
    engine_create: Callable[..., Engine], localaws: LocalAws
) -> None:
    engine = engine_create(provider=Provider("us-east-1", {"team": "a", "stage": "x"}))

    url, outputs = engine.register(QUEUE, "thing", {"tags": {"stage": "dev"}})

    expected = {"team": "a", "stage": "dev"}
    assert outputs["tagsAll"] == expected
    assert outputs["tags"] == {"stage": "dev"}
    assert localaws.client("sqs").list_queue_tags(QueueUrl=url)["Tags"] == expected


def test_explicit_provider_sets_region_and_tags(engine: Engine) -> None:
    """Its settings arrive as JSON text. The resource refers to it by URN and id."""
    settings = {"region": "us-west-2", "defaultTags": json.dumps({"tags": {"team": "b"}})}
    request = resource_pb2.RegisterResourceRequest(
        type="pulumi:providers:aws", name="west", custom=True, object=encode_properties(settings)
    )
    provider = engine.monitor.RegisterResource(request)

    _, outputs = engine.register(QUEUE, "thing", {}, provider=f"{provider.urn}::{provider.id}")

    assert outputs["arn"].startswith("arn:aws:sqs:us-west-2:")
    assert outputs["tagsAll"] == {"team": "b"}
    assert outputs["region"] == "us-west-2"


def test_region_of_a_resource_takes_precedence_over_its_provider(engine: Engine) -> None:
    _, outputs = engine.register(QUEUE, "thing", {"region": "eu-west-3"})

    assert outputs["arn"].startswith("arn:aws:sqs:eu-west-3:")


def test_unknown_region_of_a_resource_is_rejected(engine: Engine) -> None:
    message = engine.register_rejected(QUEUE, {"region": "eu-wset-1"})

    assert "region: 'eu-wset-1' is not an AWS region. Use a region such as eu-west-1" in message


def test_missing_region_is_rejected_with_the_settings_that_set_it(
    engine_create: Callable[..., Engine],
) -> None:
    engine = engine_create(provider=Provider())

    message = engine.register_rejected(QUEUE, {})

    assert "region is missing. Set aws:region in the stack's config" in message


def test_provider_of_another_package_is_rejected(engine: Engine) -> None:
    request = resource_pb2.RegisterResourceRequest(type="pulumi:providers:gcp", name="g", custom=True)

    response = engine.monitor.RegisterResource(request)

    assert response.unknown
    assert "the package 'gcp' is not supported" in str(engine.monitor.problems[0])
