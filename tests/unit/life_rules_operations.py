"""Rules: operators, the functions that run on a schedule, time, and accidents."""

import copy
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from life_commands import export, import_bundle, reconcile
from life_machine import MARKETPLACE, LifeMachine, users
from life_world import GRACE, LifeWorld


class OperationRules(LifeMachine):
    """What operators and schedules do, and what goes wrong."""

    @rule(sub=users)
    def erase_by_operator(self, sub):
        self.world.erasure.erase(sub, "operator")
        self.world.drain_queues()
        self.check_erasures({sub})

    @rule(sub=users)
    def import_the_export(self, sub):
        """The user exists or was erased here, so only another stack accepts the bundle."""
        bundle = self.model[sub].bundle
        if bundle is None:
            return
        assert not import_bundle(self.world, bundle)
        other_stack = LifeWorld(MARKETPLACE)
        assert import_bundle(other_stack, bundle)
        _, other_bundle = export(other_stack, sub)
        for part in ("account", "profile", "items"):
            assert other_bundle["parts"][part] == bundle["parts"][part]

    @rule(sub=users)
    def disable_or_enable(self, sub):
        user = self.model[sub]
        if user.in_pool:
            user.is_enabled = self.world.pool.users[sub]["enabled"] = not user.is_enabled

    @rule(sub=users)
    def delete_in_cognito(self, sub):
        if self.model[sub].in_pool:
            del self.world.pool.users[sub]
            self.model[sub].in_pool = False

    @rule(sub=users)
    def add_row_of_former_system(self, sub):
        """The table is older than the application: accounts without profile and audit trail."""
        user = self.model[sub]
        if not user.is_erased and not user.has_account and not user.has_profile:
            user.stored_email = f"{user.canary}@former.example.com"
            self.world.add_former_account(sub, user.stored_email)
            user.has_account = True

    @rule(sub=users)
    def backfill(self, sub):
        """The backfill has read the row of this user some time ago."""
        user = self.live_in_table(sub)
        if user is not None and (user.has_account or user.is_erased):
            is_inserted = self.world.insert_backfilled_profile(sub)
            assert is_inserted is (not user.has_profile and not user.is_erased)
            user.has_profile = user.has_profile or is_inserted

    @rule(sub=users, other=users)
    def add_data(self, sub, other):
        """The user has items, links to another user, files, stored answers and data of the team."""
        user = self.model[sub]
        if sub != other and user.is_complete and self.model[other].is_complete:
            self.world.add_data(sub, other, user.canary)

    @precondition(lambda self: not any(user.is_returned for user in self.model.values()))
    @rule()
    def reconcile_and_fix(self):
        reconcile(self.world)
        for user in self.model.values():
            if user.can_be_registered and user.erase_at is None:
                user.register(user.email)
                user.synchronize_contact_data()
            elif user.has_account and not user.in_pool and user.erase_at is None:
                user.erase_at = self.now + GRACE
            elif user.in_pool and user.is_enabled and user.status == "UNCONFIRMED":
                user.in_pool = user.signed_up_at >= self.now - timedelta(days=7)
        is_new_orphan = any(
            user.has_account and not user.in_pool and user.erase_at is None for user in self.model.values()
        )
        assert is_new_orphan or reconcile(self.world) == []
        if is_new_orphan:
            self.reconcile_and_fix()

    @rule(days=st.sampled_from([0.01, 1, 8, 29, 31]))
    def let_time_pass(self, days):
        """Copy the table, as the daily backup does, then go forward."""
        for user in self.model.values():
            if user.is_complete:
                user.copy = self.world.partition(user.sub)
        self.world.now += timedelta(days=days)

    @rule()
    def sweep(self):
        self.world.sweep()
        self.check_erasures(None)

    @rule(sub=users, calls=st.integers(1, 60), is_forced=st.booleans())
    def kill_an_erasure(self, sub, calls, is_forced):
        erasure = self.world.erasure
        operation = (lambda: erasure.erase(sub, "operator")) if is_forced else lambda: erasure.erase_due(sub)
        self.world.kill_during(operation, calls)
        self.note_erasure(sub, is_allowed=is_forced or self.model[sub].is_due(self.now))

    @precondition(lambda self: any(user.is_done and user.copy for user in self.model.values()))
    @rule()
    def restore_an_older_table(self):
        """Bring back the erased users, with the copy of the table from before the erasures."""
        for user in self.model.values():
            if user.is_done and user.copy:
                self.world.tables.client.tables["users"].update(copy.deepcopy(user.copy))
                user.is_returned = True

    @precondition(lambda self: any(user.is_returned for user in self.model.values()))
    @rule()
    def replay_erasures(self):
        self.world.replay()
        self.check_erasures({user.sub for user in self.model.values() if user.is_returned})
        assert not any(user.is_returned for user in self.model.values())
