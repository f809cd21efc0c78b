"""The schema for other languages, which Pulumi reads from the annotations."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pulumi
import pytest
import yaml
from component_recording import Recording, record
from component_schema import ANALYZED, ROOT, hosted_components
from pulumi.provider.experimental import util
from pulumi.provider.experimental.analyzer import (
    ComponentDefinition,
    PropertyDefinition,
    TypeDefinition,
)
from pulumi.provider.experimental.component import ComponentProvider
from pulumi_userprofiles import LambdaPlatform, UsersTable
from pulumi_userprofiles.component import Component
from pulumi_userprofiles.names import camel_case

DEFINITIONS: list[ComponentDefinition | TypeDefinition] = [
    *ANALYZED["component_definitions"].values(),
    *ANALYZED["type_definitions"].values(),
]


def properties(definition: ComponentDefinition | TypeDefinition) -> dict[str, PropertyDefinition]:
    if isinstance(definition, ComponentDefinition):
        return {**{f"in {key}": item for key, item in definition.inputs.items()}, **definition.outputs}
    return definition.properties


def concrete_components(kind: type[Component]) -> Iterator[type[Component]]:
    """Yield the components below a base class. A base class has no constructor of its own."""
    for subclass in kind.__subclasses__():
        if "__init__" in vars(subclass):
            yield subclass
        else:
            yield from concrete_components(subclass)


def test_every_component_is_hosted() -> None:
    assert sorted(component.__name__ for component in concrete_components(Component)) == sorted(
        component.__name__ for component in hosted_components()
    )


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda item: item.name)
def test_everything_is_described(definition: ComponentDefinition | TypeDefinition) -> None:
    missing = [name for name, item in properties(definition).items() if not (item.description or "").strip()]
    members = [member.name for member in getattr(definition, "enum", None) or [] if not member.description]

    assert definition.description
    assert missing + members == []


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda item: item.name)
def test_every_optional_argument_documents_its_default(
    definition: ComponentDefinition | TypeDefinition,
) -> None:
    inputs = definition.inputs if isinstance(definition, ComponentDefinition) else definition.properties

    undocumented = [
        name
        for name, item in inputs.items()
        if item.optional and "Default: " not in " ".join(str(item.description).split())
    ]

    assert undocumented == []


def test_component_can_be_created_from_another_language() -> None:
    """The host sends names in camel case, whole numbers as floats, and enums as their values."""
    provider = ComponentProvider(hosted_components(), "userprofiles", version="1.2.3")
    inputs = {
        "handler": "userprofiles.handlers.outbox.handler",
        "timeoutSeconds": 30.0,
        "platform": "host",
        "statements": [
            {"sid": "Read", "actions": ["sqs:ReceiveMessage"], "resources": ["arn:aws-cn:sqs:x:1:q"]}
        ],
    }

    recording = record(lambda: provider.construct("fn", "userprofiles:index:PythonFunction", inputs, None))

    function = recording.resource("fn-function").inputs
    assert (function["timeout"], function["handler"]) == (30, "userprofiles.handlers.outbox.handler")
    assert "sqs:ReceiveMessage" in recording.resource("fn-policy").inputs["policy"]


@pytest.mark.long
def test_the_plugins_host_starts() -> None:
    """The engine runs the folder and reads the provider's port."""
    command = [sys.executable, "-W", "ignore", str(ROOT / "components"), "127.0.0.1:9"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout is not None
        line = host.stdout.readline()
        host.kill()

    assert line.strip().isdigit()


@pytest.mark.parametrize(
    "manifest",
    [
        "components/PulumiPlugin.yaml",
        *(f"examples/{name}/Pulumi.yaml" for name in ("users_table_only", "sign_up_only", "welcome_mail")),
    ],
)
def test_cli_uses_the_environment_of_the_components(manifest: str) -> None:
    """Otherwise it runs the Python on PATH, which does not have pulumi."""

    def environment(path: Path) -> Path:
        runtime = yaml.safe_load(path.read_text())["runtime"]
        return (path.parent / runtime["options"]["virtualenv"]).resolve()

    assert environment(ROOT / "Pulumi.yaml") == environment(ROOT / manifest)


@pulumi.runtime.test
def test_output_resolves_to_the_output_of_its_resource(live_recording: Recording) -> pulumi.Output[None]:
    table = UsersTable("users", {})

    def check(name: str) -> None:
        assert name == "users-table-1234567"

    return table.table_name.apply(check)


def test_registered_outputs_are_those_of_the_schema(component: tuple[str, Recording]) -> None:
    name, recording = component
    (root,) = [item for item in recording.resources if not item.parent]

    outputs = ANALYZED["component_definitions"][name].outputs
    missing = set(outputs) - set(recording.outputs[root.name])
    assert set(recording.outputs[root.name]) <= set(outputs)
    assert [output for output in missing if not outputs[output].optional] == []
    assert root.type == f"userprofiles:index:{name}"


@pytest.mark.parametrize(
    "name", ["url", "user_pool_arn", "sign_up_2fa", "sms_MFA", "email_from.identity_arn"]
)
def test_camel_case_is_that_of_the_schema(name: str) -> None:
    assert camel_case(name) == util.camel_case(name)


def test_enums_are_their_values() -> None:
    assert LambdaPlatform("host") == "host"


def test_no_component_module_defers_its_annotations() -> None:
    """With deferred annotations, the analyzer fails with a message that does not name the module."""
    modules = (ROOT / "components" / "pulumi_userprofiles").glob("*.py")

    assert [
        path.name for path in modules if re.search(r"^from __future__", path.read_text(), re.MULTILINE)
    ] == []
