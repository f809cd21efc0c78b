"""The option `--rate` of `userprofiles backfill run`."""

import pytest
from botocore.exceptions import NoCredentialsError
from command_fixtures import run
from userprofiles.jobs.pacing import LocalPacer


@pytest.fixture
def described_table(old_table):
    """Let DescribeTable answer with a throughput of this test."""

    def describe(**throughput):
        description = {"TableName": old_table.name, **throughput}
        old_table.client.hooks = [
            lambda operation, _: {"Table": description} if operation == "DescribeTable" else None
        ]
        return old_table

    return describe


@pytest.fixture
def used_rates(monkeypatch):
    rates = []

    def create_pacer(rate, clock):
        rates.append(rate)
        return LocalPacer(rate, clock)

    monkeypatch.setattr("userprofiles.backfill.run.LocalPacer", create_pacer)
    return rates


@pytest.mark.parametrize(("option", "rate"), [([], None), (["--rate", "200"], 200.0)])
def test_number_is_the_rate_and_needs_no_description(old_table, used_rates, option, rate):
    assert run(*option) == 0
    assert used_rates == [rate]
    assert old_table.client.count("DescribeTable") == 0


@pytest.mark.parametrize(
    "throughput",
    [
        {"ProvisionedThroughput": {"WriteCapacityUnits": 500}},
        {
            "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
            "OnDemandThroughput": {"MaxWriteRequestUnits": 500},
        },
    ],
)
def test_percentage_is_a_part_of_the_throughput(described_table, used_rates, throughput):
    described_table(**throughput)

    assert run("--rate", "20%") == 0
    assert used_rates == [100.0]


def test_percentage_of_an_on_demand_table_is_refused(described_table, capsys):
    table = described_table(BillingModeSummary={"BillingMode": "PAY_PER_REQUEST"})

    assert run("--rate", "20%") == 5
    message = capsys.readouterr().err
    assert "--rate 20%: table 'v_users_dev' is an on-demand table" in message
    assert "such as --rate 200" in message
    assert len(table.profiles()) == 2


def test_percentage_without_the_permission_names_the_action(old_table, capsys):
    old_table.client.denied = {"DescribeTable"}

    assert run("--rate", "20%") == 1
    assert "Access Denied (dynamodb:DescribeTable on table 'v_users_dev')" in capsys.readouterr().err


@pytest.mark.parametrize("rate", ["0", "fast", "120%"])
def test_wrong_rate_is_wrong_usage(capsys, rate):
    with pytest.raises(SystemExit) as raised:
        run("--rate", rate)

    assert raised.value.code == 64
    assert "argument --rate: must be a number of write units per second" in capsys.readouterr().err


def test_resumed_run_may_have_another_rate(old_table, used_rates, capsys):
    def fail(operation, parameters):
        if operation == "BatchExecuteStatement":
            old_table.client.hooks = []
            raise NoCredentialsError

    old_table.client.hooks = [fail]
    assert run("--rate", "200") == 1

    assert run("--rate", "100", "--resume") == 0
    assert used_rates == [200.0, 100.0]
