"""Values of look-ups that are not supported."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pytest
from pulumi.runtime.invoke import InvokeResult
from pulumi_localaws.engine.unknown_results import build_unknown_value, replace_unknown_results
from pulumi_localaws.resources.unknown_values import UNKNOWN


@pulumi.output_type
class Block:
    def __init__(self, *, cidr: str) -> None:
        pulumi.set(self, "cidr", cidr)

    @property
    @pulumi.getter
    def cidr(self) -> str:
        return str(pulumi.get(self, "cidr"))


@pulumi.output_type
class LookupResult:
    """A result as the SDK defines it."""

    def __init__(self, name: str, blocks: list[Any]) -> None:
        pulumi.set(self, "name", name)
        pulumi.set(self, "blocks", blocks)

    @property
    @pulumi.getter
    def name(self) -> str:
        return str(pulumi.get(self, "name"))

    @property
    @pulumi.getter
    def blocks(self) -> Sequence[Block]:
        return list(pulumi.get(self, "blocks"))


@pytest.mark.parametrize(
    ("value_type", "expected"),
    [
        (str, UNKNOWN),
        (str | None, UNKNOWN),
        (bool, False),
        (int, 0),
        (Sequence[str], [UNKNOWN] * 3),
        (Mapping[str, str], {}),
        (Any, None),
    ],
)
def test_value_has_its_type(value_type: Any, expected: Any) -> None:
    assert build_unknown_value(value_type) == expected


def test_result_of_a_look_up_has_unknown_texts() -> None:
    result = build_unknown_value(LookupResult)

    assert result.name == UNKNOWN
    assert [block.cidr for block in result.blocks] == [UNKNOWN] * 3


def test_unknown_result_of_an_unsupported_look_up_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK does not call the monitor if an input is unknown."""
    unknown = InvokeResult(None, is_known=False)
    monkeypatch.setattr(pulumi.runtime, "invoke", lambda *_: unknown)
    monkeypatch.setattr(pulumi.runtime, "invoke_output", lambda *_: None)
    problems: list[Any] = []

    replace_unknown_results(problems)
    result = pulumi.runtime.invoke("aws:ec2/getVpc:getVpc", {}, typ=LookupResult)

    assert result.value.name == UNKNOWN
    assert [str(problem).split(" is not ")[0] for problem in problems] == ["The invoke aws:ec2/getVpc:getVpc"]
    pulumi.runtime.invoke("aws:s3/getBucket:getBucket", {}, typ=LookupResult)
    pulumi.runtime.invoke_output("aws:ec2/getAmi:getAmi", {})
    assert len(problems) == 2
