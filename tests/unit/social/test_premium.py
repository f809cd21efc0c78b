from datetime import UTC, datetime, timedelta

import pytest
from userprofiles.social.premium import Premium, premium_item, read_premium, remaining_days

START, END = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"
ITEM = premium_item("s-1", plan="gold", starts_at=START, ends_at=END, created_at=START)


def read(now: datetime) -> tuple[str, int | None]:
    premium = read_premium(ITEM, now)
    return premium.state, premium.remaining_days


def test_remaining_days_follow_the_clock_and_never_end_early() -> None:
    end = datetime.fromisoformat(END)

    assert read(end - timedelta(days=40)) == ("scheduled", 31)
    assert read(end - timedelta(days=31)) == ("active", 31)
    assert read(end - timedelta(days=3, seconds=1)) == ("active", 4)
    assert read(end - timedelta(seconds=1)) == ("active", 1)
    assert read(end) == ("expired", 0)


def test_user_without_a_plan_has_the_state_none() -> None:
    assert read_premium(None, datetime.now(UTC)) == Premium("none", None, None, None, 0)


def test_plan_without_an_end_stays_active() -> None:
    item = premium_item("s-1", plan="life", starts_at=START, ends_at=None, created_at=START, run_id="r-1")

    assert item["migrationRunId"] == "r-1"
    assert "ends_at" not in item
    assert read_premium(item, datetime(2099, 1, 1, tzinfo=UTC)) == Premium(
        "active", "life", START, None, None
    )


def test_times_are_stored_in_utc() -> None:
    item = premium_item(
        "s-1", plan="gold", starts_at="2026-01-01T02:00:00+02:00", ends_at=END, created_at=START
    )

    assert item["starts_at"] == START


@pytest.mark.parametrize("text", ["2026-01-01T00:00:00", "tomorrow"])
def test_time_without_zone_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"time zone|isoformat"):
        premium_item("s-1", plan="gold", starts_at=text, ends_at=None, created_at=START)


def test_remaining_days_are_never_negative() -> None:
    end = datetime.fromisoformat(END)

    assert remaining_days(end + timedelta(days=2), end) == 0
