"""Tests of rates as the operator writes them."""

import pytest
from userprofiles.jobs.rate import NoThroughputError, Rate, parse_rate, resolve_rate

ON_DEMAND = {
    "TableName": "users",
    "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
    "ProvisionedThroughput": {"WriteCapacityUnits": 0},
}


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("200", Rate(200, False)),
        (" 0.5 ", Rate(0.5, False)),
        ("20%", Rate(20, True)),
        ("100 %", Rate(100, True)),
    ],
)
def test_rate_is_read(text, rate):
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "0", "-5", "0%", "101%", "fast", "1e3", "nan", "20%%", "99999999"])
def test_wrong_rate_is_refused_with_examples(text):
    with pytest.raises(ValueError, match="such as 20%") as raised:
        parse_rate(text)

    assert repr(text) in str(raised.value)


@pytest.mark.parametrize(
    ("table", "rate"),
    [
        ({"ProvisionedThroughput": {"WriteCapacityUnits": 1_000}}, 200),
        ({**ON_DEMAND, "OnDemandThroughput": {"MaxWriteRequestUnits": 500}}, 100),
    ],
)
def test_percentage_is_a_part_of_the_throughput(table, rate):
    assert resolve_rate(parse_rate("20%"), table) == rate


@pytest.mark.parametrize(
    "maximum", [{}, {"MaxWriteRequestUnits": -1}, {"MaxWriteRequestUnits": 0}, {"MaxReadRequestUnits": 500}]
)
def test_percentage_of_an_on_demand_table_without_a_maximum_is_refused(maximum):
    with pytest.raises(NoThroughputError, match=r"rate 20%: table 'users' is an on-demand table"):
        resolve_rate(parse_rate("20%"), {**ON_DEMAND, "OnDemandThroughput": maximum})


def test_number_needs_no_description():
    assert resolve_rate(parse_rate("200"), {}) == 200
