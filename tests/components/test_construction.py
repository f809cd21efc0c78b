"""Ways to construct a component: a dict, keywords, or neither; and the form of transforms."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from component_golden import STACK, differences, read_golden
from component_recording import record, start_recording
from pulumi_userprofiles import (
    InvalidArgumentError,
    ReportsBucket,
    SignupToProfile,
    UserPool,
    UsersTable,
)


@pytest.fixture
def host_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    """Build for this machine by default, which is faster."""
    monkeypatch.setattr(
        "pulumi_userprofiles.python_function_settings.build_bundle",
        lambda *_: "/zips/pulumi_userprofiles-host-0.zip",
    )


@pytest.mark.usefixtures("host_platform")
def test_no_arguments_are_the_defaults() -> None:
    recording = record(lambda: SignupToProfile("app"))

    golden = read_golden(STACK)
    assert [item["name"] for item in golden] == [item.name for item in recording.resources]


def test_keywords_are_arguments() -> None:
    recording = record(lambda: SignupToProfile("app", platform="host"))  # type: ignore[arg-type]

    assert differences(recording, read_golden(STACK)) == []


def test_dict_and_keywords_are_merged() -> None:
    recording = record(
        lambda: SignupToProfile("app", {"platform": "host"}, template="basic", log_retention_days=90)  # type: ignore[typeddict-item]
    )

    variables = recording.resource("app-api-handler-function").inputs["environment"]["variables"]
    assert variables["TEMPLATE"] == "basic"
    assert recording.resource("app-api-log-group").inputs["retentionInDays"] == 90


@pytest.mark.parametrize(
    "program", [lambda: UsersTable("a"), lambda: ReportsBucket("a"), lambda: UserPool("a")]
)
def test_component_without_required_arguments_needs_a_name_only(program: Callable[[], Any]) -> None:
    assert record(program).root.name == "a"


def nothing(inputs: dict[str, Any], options: pulumi.ResourceOptions) -> None:
    """Change nothing."""


MISTAKES: dict[str, tuple[Callable[[], Any], list[str]]] = {
    "options as arguments": (
        lambda: UsersTable("t", pulumi.ResourceOptions()),  # type: ignore[arg-type]
        ["second parameter", "ResourceOptions", "opts="],
    ),
    "dict and keyword": (
        lambda: UsersTable("t", {"protect": False}, protect=True),
        ["'protect' is given twice"],
    ),
    "unknown keyword": (
        lambda: UsersTable("t", protct=True),  # type: ignore[call-arg]
        ["unknown argument 'protct'"],
    ),
    "transforms as a list": (
        lambda: UsersTable("t", transforms=[nothing]),  # type: ignore[arg-type]
        ["'transforms' must be a dict"],
    ),
    "transform as a dict": (
        lambda: UsersTable("t", transforms={"table": {"table_class": "STANDARD"}}),
        ["'transforms.table' must be a function", "(inputs, options)"],
    ),
    "function for a component": (
        lambda: SignupToProfile("app", transforms={"data": nothing}),
        ["'transforms.data' must be a dict", "UsersTable"],
    ),
    "dict for a resource of a component": (
        lambda: SignupToProfile("app", transforms={"data": {"table": {"read_capacity": 1}}}),
        ["'transforms.data.table' must be a function"],
    ),
}


@pytest.mark.usefixtures("host_platform")
@pytest.mark.parametrize("mistake", sorted(MISTAKES))
def test_wrong_construction_gets_one_message_and_creates_nothing(mistake: str) -> None:
    program, parts = MISTAKES[mistake]
    recording = start_recording()

    with pytest.raises(InvalidArgumentError) as caught:
        pulumi.runtime.test(program)()

    message = str(caught.value)
    assert [part for part in parts if part not in message] == [], message
    assert recording.resources == []
