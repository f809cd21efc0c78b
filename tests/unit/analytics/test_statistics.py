"""Completion bands, and counts that add up."""

import pytest
from userprofiles.analytics.statistics import BANDS, Statistics, band


@pytest.mark.parametrize(
    ("percentage", "expected"),
    [
        (0, "0"),
        (1, "1-25"),
        (25, "1-25"),
        (26, "26-50"),
        (50, "26-50"),
        (51, "51-75"),
        (75, "51-75"),
        (76, "76-99"),
        (99, "76-99"),
        (100, "100"),
    ],
)
def test_band_of_a_percentage(percentage, expected):
    assert band(percentage) == expected


def test_counts_of_two_segments_add_up():
    one, other = Statistics(users=3), Statistics(users=1, erased=2, without_profile=1)
    one.bands.update({"100": 1, "0": 2})
    other.bands.update({"100": 1})

    one.add(other)

    assert (one.users, one.erased, one.without_profile, one.complete) == (4, 2, 1, 2)
    assert one.completion_rate == 50.0
    assert list(one.to_json()["completionBands"]) == list(BANDS)


def test_completion_rate_without_users_is_zero():
    assert Statistics().completion_rate == 0.0
