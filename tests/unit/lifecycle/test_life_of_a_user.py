"""A state machine drives the life of users at random, and compares every step with a small reference model.

After each step: every user has exactly the items that the model says, an erased user is never back, no edit
is lost, every audit chain is complete, and nothing of an erased user is left in any store or log.
"""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant, run_state_machine_as_test
from life_rules_operations import OperationRules
from life_rules_requests import RequestRules
from life_rules_sign_up import SignUpRules
from userprofiles.lifecycle.audit.audit_chain import UserStatus, check_chain
from userprofiles.table import deletion, record, tombstones


class LifeOfUsers(SignUpRules, RequestRules, OperationRules):
    """All rules, and what must be true after each step."""

    steps = 0

    @invariant()
    def count_step(self):
        LifeOfUsers.steps += 1

    @invariant()
    def every_user_is_as_the_model_says(self):
        for user in self.model.values():
            items = self.world.store.read(user.sub)
            assert (user.sub in self.world.pool.users) is user.in_pool
            if user.is_returned:
                continue
            if user.is_erased:
                assert tombstones.is_complete(items)
                continue
            assert (items.account is not None, items.profile is not None) == (
                user.has_account,
                user.has_profile,
            )
            assert not items.is_erased
            if user.has_account:
                self._check_account(user, items.account)
            if user.has_profile:
                assert items.profile.get("organization") == user.organization

    def _check_account(self, user, account):
        request = deletion.find_request(account)
        erase_at = None if user.erase_at is None else record.timestamp(user.erase_at)
        assert (request and request.erase_at) == erase_at
        actual = (account["email"], account["role"], account["status"])
        assert actual == (user.stored_email, user.role, user.account_status)
        if "listPK" in account:
            list_name = "DELETION" if user.erase_at else user.role
            assert account["listPK"] == record.list_partition(record.list_shard(user.sub), list_name)

    @invariant()
    def every_audit_chain_is_complete(self):
        rows = {}
        for row in self.world.tables.audit_rows():
            rows.setdefault(row["PK"], []).append(row)
        for user in self.model.values():
            if not user.is_returned:
                account = self.world.store.read(user.sub).account
                result = check_chain(user.sub, rows.get(f"USER#{user.sub}", []), account)
                expected = UserStatus.ERASED if user.is_erased else UserStatus.OK
                assert (result.status, result.problems) == (expected, ())

    @invariant()
    def nothing_is_left_of_an_erased_user(self):
        text = self.world.everything()
        for user in self.model.values():
            if user.is_done and user.is_erased and not user.is_returned:
                assert user.canary not in text
                assert self.world.leftovers(user.sub) == []

    @invariant()
    def no_log_line_has_personal_data(self):
        assert "canary" not in self.world.log.getvalue()


def run(examples, **options):
    """Run the state machine, and return the number of steps."""
    LifeOfUsers.steps = -examples  # the invariants are also checked at the beginning of an example
    run_state_machine_as_test(
        LifeOfUsers,
        settings=settings(
            max_examples=examples,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            **options,
        ),
    )
    return LifeOfUsers.steps


def test_life_of_users(aws_environment):
    """At least 200 steps, the same in every run."""
    assert run(20, derandomize=True) >= 200


@pytest.mark.long
@pytest.mark.timeout(600)
def test_long_life_of_users(aws_environment):
    """At least 2,000 steps, others in every run."""
    assert run(200) >= 2_000
