"""The price file, and the costs that are computed with it."""

import datetime as dt

import pytest
from userprofiles.jobs.prices import load_prices


def test_prices_have_a_date_and_a_region():
    prices = load_prices()

    assert dt.date.fromisoformat(prices.date) >= dt.date(2026, 1, 1)
    assert prices.region == "us-east-1"
    assert "Other regions" in prices.note


def test_costs_follow_the_units():
    prices = load_prices()

    assert prices.write_cost(1_000_000) == pytest.approx(0.625)
    assert prices.read_cost(2_000_000) == pytest.approx(0.25)
    assert prices.backup_cost(10 * 10**9) == pytest.approx(1.0)
