"""Content, links and paid plans: the stack with and without them, rights, settings."""

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from component_checks import CHECKS
from component_expectations import EXPECTATIONS, RIGHTS, silent_alarms
from component_key_expectations import EXPECTATIONS_WITH_A_KEY
from component_phone_expectations import EVERY_FUNCTION
from component_programs import KEY, TABLES, TOPIC, arn, social_api, whole_stack
from component_recording import Recording, record
from component_rules import RULES
from pulumi_userprofiles import ErasureWorker, InvalidArgumentError, ProfileApi
from userprofiles import handlers


@pytest.fixture
def social_stack(record_stack: Callable[..., Recording]) -> Recording:
    """Return the recording of the whole stack with content."""
    return record_stack(social={}, allowed_origins=["https://example.com"])


def variables(recording: Recording, function: str) -> dict[str, str]:
    values: dict[str, str] = recording.resource(f"{function}-function").inputs["environment"]["variables"]
    return values


def test_stack_with_content_passes_the_checks(social_stack: Recording) -> None:
    checks = [*CHECKS, *EXPECTATIONS]

    assert {check.__name__: check(social_stack) for check in checks} == {
        check.__name__: [] for check in checks
    }
    breaches = {rule.name: rule.breaches(social_stack) for rule in RULES}
    assert not [name for name, found in breaches.items() if any("app-media" in text for text in found)]


@pytest.mark.long
def test_with_a_key_everything_is_encrypted_with_it() -> None:
    """tests/components/test_security.py has a stack with all parts."""
    recording = record(lambda: whole_stack(social={}, kms_key_arn=KEY, alarm_topic_arn=TOPIC))

    checks = [*CHECKS, *EXPECTATIONS_WITH_A_KEY, silent_alarms]
    assert {check.__name__: check(recording) for check in checks} == {check.__name__: [] for check in checks}


def test_limit_of_uploads_reaches_the_function() -> None:
    recording = record(lambda: social_api(settings={"storage_per_user_gb": 5.0}))

    assert variables(recording, "app-social-handler")["STORAGE_PER_USER_GB"] == "5"


def test_three_functions_know_the_bucket(social_stack: Recording, stack: Recording) -> None:
    functions = ("app-social-handler", "app-api-handler", "app-eraser-worker")

    names = {variables(social_stack, function)["MEDIA_BUCKET"] for function in functions}

    assert names == {"app-media-bucket-1234567"}
    assert "MEDIA_BUCKET" not in variables(social_stack, "app-api-admin")
    assert not any("MEDIA_BUCKET" in variables(stack, function) for function in functions[1:])
    assert stack.outputs["app"]["mediaBucketName"] == ""
    assert social_stack.outputs["app"]["mediaBucketName"] == "app-media-bucket-1234567"


def test_pages_of_the_application_can_upload(social_stack: Recording) -> None:
    [rule] = social_stack.resource("app-media-cors").inputs["corsRules"]

    assert rule == {
        "allowedMethods": ["GET", "PUT"],
        "allowedOrigins": ["https://example.com"],
        "allowedHeaders": ["content-type", "x-amz-checksum-sha256"],
    }


def test_nothing_expires_that_a_user_uploaded(social_stack: Recording) -> None:
    [rule] = social_stack.resource("app-media-lifecycle").inputs["rules"]

    assert "expiration" not in rule
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 30}
    assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 1}


def test_functions_reach_media_below_the_prefix_only(social_stack: Recording) -> None:
    bucket = "arn:aws-cn:s3:::app-media-bucket-1234567"
    for policy in ("app-social-handler-policy", "app-api-handler-policy", "app-eraser-worker-policy"):
        statements = social_stack.resource(policy).document("policy")["Statement"]
        resources = {
            resource
            for statement in statements
            for resource in statement["Resource"]
            if resource.startswith(bucket)
        }

        assert resources <= {bucket, f"{bucket}/media/*"}
        assert f"{bucket}/media/*" in resources


def test_role_has_the_rights_that_the_handlers_docstring_lists() -> None:
    source = (Path(handlers.__path__[0]) / "social_api.py").read_text()
    documented = set(re.findall("`([a-z0-9-]+:[A-Za-z]+)`", ast.get_docstring(ast.parse(source)) or ""))

    assert documented == RIGHTS["app-social-handler-policy"] - EVERY_FUNCTION


def test_paths_of_the_old_host_are_public_routes_of_the_same_function() -> None:
    recording = record(lambda: social_api(settings={"redirect_paths": ["/uploads", "/static/media"]}))

    keys = {
        route.inputs["routeKey"]: route.inputs["authorizationType"] for route in recording.of_type("Route")
    }
    assert keys["GET /uploads/{location+}"] == "NONE"
    assert keys["GET /static/media/{location+}"] == "NONE"
    assert [key for key, kind in keys.items() if kind == "NONE"] == [
        key for key in keys if key.endswith("{location+}")
    ]


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        ({"redirect_paths": ["uploads"]}, ["'settings.redirect_paths'", "uploads", "/uploads"]),
        ({"redirect_paths": ["/uploads/"]}, ["/uploads/", "without one at its end"]),
        ({"redirect_paths": ["/"]}, ["'settings.redirect_paths'"]),
        ({"redirect_paths": ["/a/../me"]}, ["/a/../me"]),
        ({"redirect_paths": ["/{proxy+}"]}, ["/{proxy+}"]),
        ({"redirect_paths": ["/a", "/a"]}, ["contains the same value twice"]),
        ({"redirect_paths": [f"/p{number}" for number in range(11)]}, ["at most 10"]),
        ({"redirect_paths": ["/me/old"]}, ["the API has already", "/me/old", "/media/{location}"]),
        ({"redirect_path": ["/a"]}, ["redirect_path"]),
        ({"storage_per_user_gb": 0}, ["'storage_per_user_gb'", "1 to 10000", "default: 50"]),
        ({"storage_per_user_gb": "many"}, ["'storage_per_user_gb'", "many"]),
        ("yes", ["'settings' must be a dict of settings", "yes", "{} for the defaults"]),
    ],
    ids=str,
)
def test_wrong_settings_get_one_message(settings: Any, parts: list[str]) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        record(lambda: social_api(settings=settings))

    assert [part for part in [*parts, "Got ", "allowed: "] if part not in str(raised.value)] == []


def test_wrong_settings_of_the_stack_create_nothing() -> None:
    with pytest.raises(InvalidArgumentError, match=r"social\.redirect_paths"):
        record(lambda: whole_stack(social={"redirect_paths": ["x"]}))


@pytest.mark.parametrize("component", [ProfileApi, ErasureWorker])
def test_bucket_needs_name_and_arn(component: Any) -> None:
    pool = {"user_pool_id": "theirs", "user_pool_arn": arn("cognito-idp", "userpool/theirs")}
    others = {
        "issuer": "https://issuer.example",
        "client_ids": ["web"],
    }
    if component is ErasureWorker:
        names = ("idempotency_table", "avatar_bucket", "erasure_queue")
        others = {f"{name}_name": "x" for name in names[:2]}
        others |= {
            "idempotency_table_arn": arn("dynamodb", "table/x"),
            "avatar_bucket_arn": "arn:aws-cn:s3:::x",
            "erasure_queue_url": "https://sqs.example/x",
            "erasure_queue_arn": arn("sqs", "x"),
        }
    args = {**TABLES, **pool, **others, "media_bucket_name": "media", "platform": "host"}

    with pytest.raises(InvalidArgumentError, match="needs 'media_bucket_arn' too"):
        record(lambda: component("it", args))
