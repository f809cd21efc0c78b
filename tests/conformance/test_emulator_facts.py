"""The facts of `pulumi-localaws conformance` on a running local AWS."""

import json
from collections.abc import Iterator

import pytest
from pulumi_localaws import cli
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
    groups = [
        group["logGroupName"] for group in running_aws.client("logs").describe_log_groups()["logGroups"]
    ]
    assert [name for name in groups if kit.resources.run_id in name] == []


@pytest.mark.sample(5)
@pytest.mark.parametrize("entry", [as_case(entry) for entry in load_facts()])
def test_fact_holds(kit: Kit, entry: Fact) -> None:
    """Our own rule: each fact holds here."""
    outcome = try_fact(entry, kit)

    assert (outcome.result, outcome.observation) == (HOLDS, outcome.observation)


def test_json_of_a_run(capsys: pytest.CaptureFixture[str], running_aws: LocalAws) -> None:
    """Our own rule: standard output is one document, and the run deletes its pools."""
    names = list_pool_names(running_aws)
    code = cli.main(["conformance", "--endpoint", running_aws.endpoint, "--fact", "24", "--json"])

    document = json.loads(capsys.readouterr().out)
    assert (code, document["backend"], document["undeleted"]) == (0, "pulumi-localaws", [])
    assert "ministack" in document["version"]
    assert [(fact["line"], fact["result"]) for fact in document["facts"]] == [(24, HOLDS)]
    assert list_pool_names(running_aws) == names


def list_pool_names(local_aws: LocalAws) -> list[str]:
    pages = local_aws.client("cognito-idp").get_paginator("list_user_pools").paginate(MaxResults=60)
    return sorted(pool["Name"] for page in pages for pool in page["UserPools"])
