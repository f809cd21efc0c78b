"""What a plan says about a table."""

import datetime as dt

import pytest
from backfill_fixtures import client_error
from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.plan.plan_estimate import estimate
from userprofiles.backfill.plan.plan_summary import PlanSummary
from userprofiles.backfill.plan.plan_warnings import find_warnings
from userprofiles.backfill.tables.table_description import describe_table
from userprofiles.backfill.tally import Tally

LOCATION = TableLocation("users", "eu-west-1", "AWS")


class Client:
    """Describes one table."""

    def __init__(self, **table):
        self.table = {
            "TableArn": "arn:aws:dynamodb:eu-west-1:123456789012:table/users",
            "CreationDateTime": dt.datetime(2026, 2, 4, 16, tzinfo=dt.UTC),
            "KeySchema": [{"AttributeName": "PK", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "PK", "AttributeType": "S"}],
            **table,
        }

    def describe_table(self, **_):
        return {"Table": self.table}

    def describe_continuous_backups(self, **_):
        raise client_error("DescribeContinuousBackups", "AccessDeniedException", "no")

    def describe_time_to_live(self, **_):
        raise client_error("DescribeTimeToLive", "AccessDeniedException", "no")


def describe(**table):
    return describe_table(Client(**table), LOCATION)


ON_DEMAND = {"BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}}


@pytest.mark.parametrize(
    ("table", "capacity"),
    [
        ({"ProvisionedThroughput": {"WriteCapacityUnits": 50}}, 50),
        (ON_DEMAND, None),
        (ON_DEMAND | {"OnDemandThroughput": {"MaxWriteRequestUnits": -1}}, None),
        (ON_DEMAND | {"OnDemandThroughput": {"MaxWriteRequestUnits": 400}}, 400),
    ],
)
def test_write_capacity(table, capacity):
    assert describe(**table).write_capacity == capacity


def test_optional_permissions_are_not_needed():
    table = describe()

    assert (table.pitr, table.ttl_attribute) == (None, None)


def test_warnings_of_indexes_replicas_and_capacity():
    table = describe(
        ProvisionedThroughput={"WriteCapacityUnits": 50},
        GlobalSecondaryIndexes=[{"IndexName": "list"}],
        Replicas=[{"RegionName": "eu-central-1"}],
    )

    warnings = find_warnings(table, PlanSummary(), Tally(created=1), rate=None)

    kinds = {warning["kind"]: warning["message"] for warning in warnings}
    assert set(kinds) == {"unknownPointInTimeRecovery", "indexes", "replicas", "capacity"}
    assert "50 write units per second and no --rate is set" in kinds["capacity"]


def test_low_rate_has_no_warning():
    table = describe(ProvisionedThroughput={"WriteCapacityUnits": 50})

    kinds = {warning["kind"] for warning in find_warnings(table, PlanSummary(), Tally(), rate=10)}

    assert "capacity" not in kinds


def test_provisioned_table_costs_no_requests_and_sets_the_speed():
    table = describe(ProvisionedThroughput={"WriteCapacityUnits": 50})

    result = estimate(table, read_units=10, write_units=1_000, rate=None, seconds=1.0)

    assert (result["seconds"], result["writeUnitsPerSecond"]) == (20.0, 50)
    assert result["cost"]["requests"] == 0
    assert "provisioned capacity" in result["cost"]["notes"][1]
    assert "The table is in eu-west-1" in result["cost"]["notes"][0]


def test_on_demand_cost():
    result = estimate(
        describe(**ON_DEMAND), read_units=1_000_000, write_units=1_000_000, rate=500, seconds=9.0
    )

    assert result["cost"]["requests"] == pytest.approx(0.75)
    assert result["seconds"] == 2_000.0
