"""Every type is created on the emulator with its outputs, and deleted by destroy."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from engine_helpers import Engine
from pulumi_localaws.local_aws import LocalAws
from pulumi_localaws.resources.catalog import BY_TOKEN, RESOURCE_TYPES
from pulumi_localaws.resources.undo_log import is_not_found
from resource_cases import ALIASES, CASES
from resource_cases.case import FUNCTION, FUNCTION_CODE, ROLE, TRUST_POLICY

pytestmark = pytest.mark.backends("embedded")


def create_with_dependencies(engine: Engine, token: str) -> dict[str, dict[str, Any]]:
    created: dict[str, dict[str, Any]] = {}
    case = CASES[ALIASES.get(token, token)]
    for number, current in enumerate((*case.dependencies, token)):
        inputs = CASES[ALIASES.get(current, current)].inputs(created)
        resource_id, outputs = engine.register(current, f"thing{number}", inputs)
        created[current] = {**outputs, "id": resource_id}
    return created


def exists(probe: Callable[[], object]) -> bool:
    try:
        return bool(probe())
    except ClientError as error:
        if is_not_found(error):
            return False
        raise


def test_every_type_has_a_case() -> None:
    """Types of the random provider have tests of their own: they create nothing on AWS."""
    aws_types = {token for token in BY_TOKEN if token.startswith("aws:")}

    assert aws_types == set(CASES) | set(ALIASES)


def test_no_type_is_defined_twice() -> None:
    tokens = Counter(resource_type.token for resource_type in RESOURCE_TYPES)

    assert [token for token, count in tokens.items() if count > 1] == []


@pytest.mark.parametrize("token", sorted([*CASES, *ALIASES]))
@pytest.mark.sample(4)
def test_type_is_created_with_its_outputs_and_deleted_by_destroy(
    localaws: LocalAws, engine: Engine, token: str
) -> None:
    """The outputs have values, and AWS has the resource until destroy."""
    case = CASES[ALIASES.get(token, token)]

    resource = create_with_dependencies(engine, token)[token]

    assert not [name for name in case.outputs if resource.get(name) in (None, "", [])]
    assert exists(lambda: case.probe(localaws.client, resource["id"], resource))
    engine.destroy()
    assert not exists(lambda: case.probe(localaws.client, resource["id"], resource))


def test_every_type_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs" / "engine.md").read_text()
    rows = {
        line.split("|")[1].strip(" `"): line
        for line in text.splitlines()
        if re.match(r"\| `(aws|random):", line)
    }

    for token, resource_type in BY_TOKEN.items():
        package, module, _ = token.split(":")
        service, name = module.split("/")
        assert f"`{name}`{' (get)' if resource_type.read else ''}" in rows[f"{package}:{service}"], token


def test_functions_with_the_same_code_have_the_same_hash(engine: Engine) -> None:
    role, outputs = engine.register(ROLE, "role", {"assumeRolePolicy": TRUST_POLICY})
    inputs = {
        "role": outputs["arn"],
        "handler": "app.handler",
        "runtime": "python3.13",
        "code": FUNCTION_CODE,
    }

    first = engine.register(FUNCTION, "one", inputs)[1]
    second = engine.register(FUNCTION, "two", inputs)[1]

    assert role
    assert first["sourceCodeHash"] == second["sourceCodeHash"]
