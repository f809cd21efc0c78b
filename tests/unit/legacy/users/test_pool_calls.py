"""Quotas of Cognito, and calls at their pace."""

from types import SimpleNamespace

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError
from import_table import LIMITS
from legacy_pool import POOL_ID, LegacyPool, pool_error
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, StoppedError
from userprofiles.backfill.stop import Stop
from userprofiles.legacy.users.pool_calls import PoolCalls, PoolRefusedError
from userprofiles.legacy.users.pool_features import PoolError, PoolFeatures
from userprofiles.legacy.users.quotas import (
    DEFAULT_QUOTAS,
    Quota,
    QuotaClass,
    duration_s,
    durations_s,
    import_rates,
    read_quotas,
)
from users_world import FAST, legacy_user


class FakeTime(Stop):
    """Time that passes only in waits and calls."""

    def __init__(self):
        super().__init__(clock=lambda: self.seconds)
        self.seconds = 0.0

    def wait(self, seconds):
        self.seconds += seconds
        return self.is_requested


class Quotas:
    """Clients of Cognito and Service Quotas."""

    def __init__(self, enforced=None, pages=None):
        self._enforced = enforced
        self._pages = pages

    def get_provisioned_limit(self, *, LimitDefinition):  # noqa: N803
        assert LimitDefinition["LimitClass"] == "API_CATEGORY"
        rate = (self._enforced or {}).get(LimitDefinition["Attributes"]["Category"])
        if rate is None:
            raise pool_error(
                "AccessDeniedException" if self._enforced is None else "InvalidParameterException"
            )
        return {"Limit": {"ProvisionedLimitValue": rate}}

    def list_service_quotas(self, *, ServiceCode, NextToken="0"):  # noqa: N803
        assert ServiceCode == "cognito-idp"
        if self._pages is None:
            raise pool_error("AccessDeniedException")
        page = int(NextToken)
        more = {"NextToken": str(page + 1)} if page + 1 < len(self._pages) else {}
        return {"Quotas": self._pages[page], **more}


def quota(name, value):
    return {"QuotaName": f"Rate of {name} requests", "Value": value}


class TestQuotas:
    def test_without_permissions_the_defaults_are_used(self):
        quotas = read_quotas(Quotas(), Quotas())

        assert quotas == {name: Quota(rate, "default") for name, rate in DEFAULT_QUOTAS.items()}

    def test_the_enforced_rate_wins_over_the_highest_possible_one(self):
        """Service Quotas has the rate to which a provisioned limit can be raised."""
        pages = [[quota("UserCreation", 500.0)], [quota("UserRead", 200.0), quota("Other", 1.0)]]

        quotas = read_quotas(Quotas({"UserCreation": 80}), Quotas(pages=pages))

        assert quotas[QuotaClass.USER_CREATION] == Quota(80, "enforced")
        assert quotas[QuotaClass.USER_READ] == Quota(200, "account")
        assert quotas[QuotaClass.USER_UPDATE] == Quota(25, "default")

    def test_an_unreachable_service_is_no_error(self):
        class Unreachable:
            def list_service_quotas(self, **_):
                raise EndpointConnectionError(endpoint_url="https://example.com")

        assert read_quotas(SimpleNamespace(), Unreachable())[QuotaClass.USER_READ].source == "default"

    def test_the_import_uses_half_of_each_quota(self):
        assert import_rates(read_quotas(Quotas())) == {
            name: rate / 2 for name, rate in DEFAULT_QUOTAS.items()
        }

    def test_a_fixed_rate_is_never_above_the_quota(self):
        quotas = read_quotas(Quotas())

        assert import_rates(quotas, rate=28)[QuotaClass.USER_ACCOUNT_RECOVERY] == 28
        assert import_rates(quotas, rate=28)[QuotaClass.USER_UPDATE] == 25

    def test_the_slowest_category_gives_the_duration(self):
        calls = {"UserCreation": 3_000, "UserAccountRecovery": 3_000, "UserRead": 3_000}
        rates = import_rates(read_quotas(Quotas()))

        assert durations_s(calls, rates) == {"UserCreation": 120, "UserAccountRecovery": 200, "UserRead": 50}
        assert duration_s(calls, rates) == 200
        assert duration_s({}, rates) == 0

    def test_an_estimate_has_the_calls_of_each_category(self, create_world):
        users = [legacy_user(1), legacy_user(2, is_disabled=True), legacy_user(3, phone_number="")]

        estimate = create_world().stage().estimate(users)
        passwordless = create_world(is_passwordless=True).stage().estimate(users)

        assert estimate.calls == {
            "UserCreation": 2,
            "UserRead": 2,
            "UserAccountRecovery": 2,
            "UserUpdate": 1,
        }
        assert "UserAccountRecovery" not in passwordless.calls
        assert estimate.rollback_calls == {"UserRead": 2, "UserUpdate": 2}
        assert estimate.write_units > estimate.rollback_write_units > 0


class TestCalls:
    def create(self, pool=None, rates=None, stop=None, **settings):
        time = stop or FakeTime()
        calls = PoolCalls(
            pool or LegacyPool(),
            POOL_ID,
            {**FAST, **(rates or {})},
            stop=time,
            limits=LIMITS,
            clock=lambda: getattr(time, "seconds", 0.0),
            **settings,
        )
        return calls, time

    def test_calls_reach_the_pace_and_never_exceed_it(self):
        calls, time = self.create(rates={QuotaClass.USER_READ: 20})

        for _ in range(200):
            calls.find("nobody")

        assert 9 <= time.seconds <= 10
        assert calls.calls == {"UserRead": 200}

    def test_a_category_does_not_wait_for_another(self):
        calls, time = self.create(rates={QuotaClass.USER_READ: 0.1})
        calls.find("nobody")

        with pytest.raises(PoolRefusedError):
            calls.call("admin_delete_user", Username="nobody")

        assert time.seconds < 20

    def test_a_quota_that_shrinks_slows_down_and_the_calls_go_on(self):
        """From the 100th call on, Cognito allows 5 calls per second instead of 20."""
        time = FakeTime()
        accepted = []

        class Shrinking(LegacyPool):
            def admin_get_user(self, **parameters):
                allowed = 20 if len(accepted) < 100 else 5
                if sum(moment > time.seconds - 1 for moment in accepted) >= allowed:
                    raise pool_error("TooManyRequestsException")
                accepted.append(time.seconds)
                return super().admin_get_user(**parameters)

        calls, _ = self.create(Shrinking(), {QuotaClass.USER_READ: 18}, time)
        for _ in range(300):
            assert calls.find("nobody") is None

        slow_s = accepted[-1] - accepted[100]
        assert len(accepted) == 300
        assert 200 / slow_s > 0.6 * 5
        assert 0 < calls.throttled["UserRead"] < 300

    @pytest.mark.parametrize(
        "code", ["TooManyRequestsException", "InternalErrorException", "UnexpectedLambdaException"]
    )
    def test_a_passing_error_is_repeated(self, code):
        pool = LegacyPool()
        pool.errors["admin_get_user"] = [code, code]
        calls, _ = self.create(pool)

        assert calls.find("nobody") is None
        assert pool.calls == ["admin_get_user"] * 3

    def test_a_trigger_that_keeps_failing_fails_the_user_and_not_the_run(self):
        pool = LegacyPool()
        pool.errors["admin_get_user"] = ["UnexpectedLambdaException"] * 10
        calls, _ = self.create(pool)

        with pytest.raises(PoolRefusedError, match="UnexpectedLambdaException"):
            calls.call("admin_get_user", Username="nobody")

        assert pool.calls == ["admin_get_user"] * 4

    def test_a_lost_connection_is_repeated(self):
        class Flaky(LegacyPool):
            def admin_get_user(self, **parameters):
                if len(self.calls) < 2:
                    self.calls.append("lost")
                    raise EndpointConnectionError(endpoint_url="https://example.com")
                return super().admin_get_user(**parameters)

        pool = Flaky()

        assert self.create(pool)[0].find("nobody") is None
        assert pool.calls == ["lost", "lost", "admin_get_user"]

    def test_missing_credentials_end_the_run_at_once(self):
        class WithoutCredentials:
            calls = 0

            def admin_get_user(self, **_):
                self.calls += 1
                raise NoCredentialsError

        pool = WithoutCredentials()

        with pytest.raises(BackfillFailedError, match="NoCredentialsError"):
            self.create(pool)[0].find("nobody")

        assert pool.calls == 1

    def test_endless_throttling_ends_the_run(self):
        pool = LegacyPool()
        pool.errors["admin_get_user"] = ["TooManyRequestsException"] * 100_000
        calls, _ = self.create(pool, {QuotaClass.USER_READ: 50})

        with pytest.raises(BackfillFailedError, match="smaller --cognito-share") as error:
            calls.find("nobody")

        assert error.value.kind is ErrorKind.SERVICE

    def test_throttling_goes_on_as_long_as_other_calls_succeed(self):
        time = FakeTime()

        class Busy(LegacyPool):
            def admin_get_user(self, *, Username, **parameters):  # noqa: N803
                if Username == "unlucky" and time.seconds < 10 * LIMITS.patience_s:
                    assert calls.find("lucky") is None
                    raise pool_error("TooManyRequestsException")
                return super().admin_get_user(Username=Username, **parameters)

        calls, _ = self.create(Busy(), {QuotaClass.USER_READ: 50}, time)

        assert calls.find("unlucky") is None
        assert time.seconds >= 10 * LIMITS.patience_s

    @pytest.mark.parametrize(
        ("code", "kind", "text"),
        [
            ("AccessDeniedException", ErrorKind.RIGHTS, "cognito-idp:AdminGetUser"),
            ("ExpiredTokenException", ErrorKind.CREDENTIALS, "credentials"),
            ("ResourceNotFoundException", ErrorKind.USAGE, "ID of the pool"),
        ],
    )
    def test_a_lasting_error_ends_the_run_without_cognitos_message(self, code, kind, text):
        pool = LegacyPool()
        pool.errors["admin_get_user"] = [code]
        calls, _ = self.create(pool)

        with pytest.raises(BackfillFailedError, match=text) as error:
            calls.find("CANARY")

        assert error.value.kind is kind
        assert "CANARY" not in str(error.value)

    def test_a_stop_ends_the_waits(self):
        calls, time = self.create(rates={QuotaClass.USER_READ: 0.001})
        time.request()

        with pytest.raises(StoppedError):
            calls.find("nobody")


class TestFeatures:
    def test_a_pool_without_phone_numbers_is_refused(self):
        class EmailPool(LegacyPool):
            def describe_user_pool(self, **parameters):
                response = super().describe_user_pool(**parameters)
                response["UserPool"]["UsernameAttributes"] = ["email"]
                return response

        with pytest.raises(PoolError, match="sign in with email"):
            PoolFeatures.read(EmailPool(), POOL_ID)

    def test_an_unreadable_pool_is_explained(self):
        class Denied:
            def describe_user_pool(self, **_):
                raise pool_error("AccessDeniedException")

        with pytest.raises(PoolError, match=r"AccessDeniedException\.\n.*DescribeUserPool"):
            PoolFeatures.read(Denied(), POOL_ID)
