"""The resources of a run: their names, and their deletion."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from pulumi_localaws.conformance.fact import NotTriedError
from pulumi_localaws.conformance.resources import RunResources


class FakeAws:
    """Clients of AWS that note their calls; `errors` lets an action fail."""

    endpoint = "http://a"
    wait_seconds = 0

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.errors: dict[str, BaseException] = {}
        self.pools: list[dict[str, str]] = []

    def client(self, service: str) -> "FakeAws":
        return self

    def __getattr__(self, action: str) -> Any:
        def call(**parameters: Any) -> dict[str, Any]:
            self.calls.append((action, parameters))
            if action in self.errors:
                raise self.errors[action]
            return {"UserPool": {"Id": "p1"}, "Role": {"Arn": "r1"}}

        return call

    def get_paginator(self, action: str) -> "FakeAws":
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"UserPools": self.pools}]

    def deletions(self) -> list[tuple[str, dict[str, Any]]]:
        return [call for call in self.calls if call[0].startswith("delete")]


@pytest.fixture
def aws() -> FakeAws:
    return FakeAws()


@pytest.fixture
def resources(aws: FakeAws) -> RunResources:
    return RunResources(aws)


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "text"}}, "Call")


def test_names_contain_the_run(resources: RunResources) -> None:
    """Our own rule: names are unique, also between runs."""
    assert resources.create_name() == f"localaws-conformance-{resources.run_id}-1"
    assert resources.create_name() != resources.create_name()


def test_newest_resource_is_deleted_first(resources: RunResources, aws: FakeAws) -> None:
    """Our own rule: each resource is deleted once."""
    resources.create_role("{}", "{}")
    resources.create_pool()

    assert resources.delete_all() == []
    assert [name for name, _ in aws.deletions()] == ["delete_user_pool", "delete_role_policy", "delete_role"]
    assert resources.delete_all() == []
    assert len(aws.deletions()) == 3


def test_pool_of_an_interrupted_call_is_searched_by_its_name(resources: RunResources, aws: FakeAws) -> None:
    """Our own rule: no other pool is deleted."""
    aws.errors["create_user_pool"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        resources.create_pool()
    name = dict(aws.calls)["create_user_pool"]["PoolName"]
    aws.pools = [{"Name": "theirs", "Id": "p2"}, {"Name": name, "Id": "p3"}, {"Name": f"{name}0", "Id": "p4"}]

    assert resources.delete_all() == []
    assert aws.deletions() == [("delete_user_pool", {"UserPoolId": "p3"})]


def test_rejected_call_has_nothing_to_delete(resources: RunResources, aws: FakeAws) -> None:
    """Our own rule: the fact is then not tried."""
    aws.errors["create_role"] = error("NotImplemented")

    with pytest.raises(NotTriedError, match=r"^IAM can't be used here "):
        resources.create_role("{}", "{}")

    assert resources.delete_all() == []
    assert aws.deletions() == []


def test_failed_deletion_is_reported_and_the_others_follow(resources: RunResources, aws: FakeAws) -> None:
    """Our own rule: one failure does not stop the deletion."""
    resources.create_role("{}", "{}")
    resources.create_pool()
    aws.errors["delete_user_pool"] = error("TooManyRequestsException")
    aws.errors["delete_role"] = error("NoSuchEntity")

    [failure] = resources.delete_all()

    assert failure.startswith(f"user pool localaws-conformance-{resources.run_id}-2: ")
    assert aws.deletions()[-1][0] == "delete_role"


def test_log_group_of_the_endpoint_is_deleted(resources: RunResources, aws: FakeAws) -> None:
    """Our own rule: Cognito creates the log group of an import job, and does not delete it with the pool."""
    aws.errors["delete_log_group"] = error("ResourceNotFoundException")
    resources.expect_log_group("/aws/cognito/userpools/p1/name")

    assert resources.delete_all() == []
    assert aws.deletions() == [
        ("delete_log_group", {"logGroupName": "/aws/cognito/userpools/p1/name"}),
    ]
