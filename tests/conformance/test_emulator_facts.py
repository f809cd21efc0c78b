"""The facts of `pulumi-localaws conformance` on a running local AWS."""

from collections.abc import Iterator

import pytest
from pulumi_localaws.conformance.backend import Backend
from pulumi_localaws.conformance.fact import Fact, load_facts
from pulumi_localaws.conformance.kit import Kit
from pulumi_localaws.conformance.runner import HOLDS, try_fact
from pulumi_localaws.local_aws import LocalAws

SLOW_LINES = {6}
"""A fact of these lines waits for a time-out of Cognito."""


def as_case(entry: Fact) -> object:
    marks = [pytest.mark.long] if entry.line in SLOW_LINES else []
    return pytest.param(entry, id=f"{entry.line}-{entry.check.__name__}", marks=marks)


@pytest.fixture(scope="session")
def kit(running_aws: LocalAws) -> Iterator[Kit]:
    kit = Kit(Backend(running_aws.endpoint, running_aws.region, headers={}))
    yield kit
    assert kit.resources.delete_all() == []


@pytest.mark.sample(5)
@pytest.mark.parametrize("entry", [as_case(entry) for entry in load_facts()])
def test_fact_holds(kit: Kit, entry: Fact) -> None:
    """Each claimed line of docs/cognito-behaviour.md."""
    outcome = try_fact(entry, kit)

    assert (outcome.result, outcome.seen) == (HOLDS, outcome.seen)
