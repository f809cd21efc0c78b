"""What other languages see: the schema that Pulumi reads from the annotations."""

import re
import subprocess
import sys
from pathlib import Path

import pulumi
import pytest
import yaml
from component_recording import Recording, record
from component_schema import ANALYZED, ROOT, hosted
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


def test_every_component_is_hosted() -> None:
    assert sorted(kind.__name__ for kind in Component.__subclasses__()) == sorted(
        kind.__name__ for kind in hosted()
    )


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda item: item.name)
def test_everything_is_described(definition: ComponentDefinition | TypeDefinition) -> None:
    missing = [name for name, item in properties(definition).items() if not (item.description or "").strip()]
    members = [member.name for member in getattr(definition, "enum", None) or [] if not member.description]

    assert definition.description
    assert [] == missing + members


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda item: item.name)
def test_every_optional_argument_tells_its_default(definition: ComponentDefinition | TypeDefinition) -> None:
    inputs = definition.inputs if isinstance(definition, ComponentDefinition) else definition.properties

    silent = [
        name
        for name, item in inputs.items()
        if item.optional and "Default: " not in " ".join(str(item.description).split())
    ]

    assert [] == silent


def test_another_language_makes_a_component() -> None:
    """As the host does it: names in camel case, whole numbers as floats, enums as their values."""
    provider = ComponentProvider(hosted(), "userprofiles", version="1.2.3")
    inputs = {
        "handler": "userprofiles.handlers.outbox.handler",
        "timeoutSeconds": 30.0,
        "platform": "host",
        "statements": [
            {"sid": "Read", "actions": ["sqs:ReceiveMessage"], "resources": ["arn:aws-cn:sqs:x:1:q"]}
        ],
    }

    recording = record(lambda: provider.construct("fn", "userprofiles:index:PythonFunction", inputs, None))

    function = recording.one("fn-function").inputs
    assert (30, "userprofiles.handlers.outbox.handler") == (function["timeout"], function["handler"])
    assert "sqs:ReceiveMessage" in recording.one("fn-policy").inputs["policy"]


def test_the_plugins_host_starts() -> None:
    """The engine runs the folder and reads the port that the provider listens on."""
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
        *(f"examples/{name}/Pulumi.yaml" for name in ("users_table_only", "sign_up_only")),
    ],
)
def test_the_cli_finds_the_environment_that_holds_the_components(manifest: str) -> None:
    """Without, it runs the python on the PATH, which lacks pulumi."""

    def environment(path: Path) -> Path:
        runtime = yaml.safe_load(path.read_text())["runtime"]
        return (path.parent / runtime["options"]["virtualenv"]).resolve()

    assert environment(ROOT / "Pulumi.yaml") == environment(ROOT / manifest)


@pulumi.runtime.test
def test_outputs_are_registered_under_their_schema_names(live: Recording) -> pulumi.Output[None]:
    """Every declared output, and nothing else, reaches who asks for the component's state."""
    table = UsersTable("users", {})

    def check(name: str) -> None:
        assert name == "users-table-1234567"

    return table.table_name.apply(check)


def test_registered_outputs_are_those_of_the_schema(component: tuple[str, Recording]) -> None:
    name, recording = component
    (root,) = [item for item in recording.resources if not item.parent]

    assert sorted(ANALYZED["component_definitions"][name].outputs) == sorted(recording.outputs[root.name])
    assert f"userprofiles:index:{name}" == root.type


@pytest.mark.parametrize(
    "name", ["url", "user_pool_arn", "sign_up_2fa", "sms_MFA", "email_from.identity_arn"]
)
def test_camel_case_is_that_of_the_schema(name: str) -> None:
    assert util.camel_case(name) == camel_case(name)


def test_enums_are_their_values() -> None:
    assert LambdaPlatform("host") == "host"


def test_no_component_module_defers_its_annotations() -> None:
    """With them the analyzer fails, and names nothing."""
    modules = (ROOT / "components" / "pulumi_userprofiles").glob("*.py")

    assert [] == [
        path.name for path in modules if re.search(r"^from __future__", path.read_text(), re.MULTILINE)
    ]
