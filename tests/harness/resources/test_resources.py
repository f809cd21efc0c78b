"""Every type is really made on the emulator, read back, and really gone after destroy."""

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
from resource_cases import CASES, SAME_AS


def _make(engine: Engine, token: str) -> dict[str, dict[str, Any]]:
    made: dict[str, dict[str, Any]] = {}
    case = CASES[SAME_AS.get(token, token)]
    for number, kind in enumerate((*case.needs, token)):
        inputs = CASES[SAME_AS.get(kind, kind)].inputs(made)
        identifier, outputs = engine.register(kind, f"thing{number}", inputs)
        made[kind] = {**outputs, "id": identifier}
    return made


def _is_there(probe: Callable[[], object]) -> bool:
    try:
        return bool(probe())
    except ClientError as error:
        if is_not_found(error):
            return False
        raise


pytestmark = pytest.mark.backends("embedded")


def test_every_type_has_a_case() -> None:
    assert set(BY_TOKEN) == set(CASES) | set(SAME_AS)


def test_no_type_is_defined_twice() -> None:
    tokens = Counter(resource_type.token for resource_type in RESOURCE_TYPES)

    assert [token for token, count in tokens.items() if count > 1] == []


@pytest.mark.parametrize("token", sorted([*CASES, *SAME_AS]))
def test_type_is_made_with_its_outputs_and_gone_after_destroy(
    localaws: LocalAws, engine: Engine, token: str
) -> None:
    """What the program reads is there, AWS shows the resource, and after destroy it doesn't."""
    case = CASES[SAME_AS.get(token, token)]

    made = _make(engine, token)[token]

    assert not [name for name in case.outputs if made.get(name) in (None, "", [])]
    assert _is_there(lambda: case.there(localaws.client, made["id"], made))
    engine.destroy()
    assert not _is_there(lambda: case.there(localaws.client, made["id"], made))


def test_every_type_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs" / "engine.md").read_text()
    rows = {line.split("|")[1].strip(" `"): line for line in text.splitlines() if line.startswith("| `aws:")}

    for token, entry in BY_TOKEN.items():
        service, name = (
            token.split(":")[0] + ":" + token.split(":")[1].split("/")[0],
            token.split("/")[1].split(":")[0],
        )
        assert f"`{name}`{' (get)' if entry.read else ''}" in rows[service], token
