"""Rules: requests of users and administrators to the API."""

from hypothesis import strategies as st
from hypothesis.stateful import rule
from life_commands import export
from life_machine import MARKETPLACE, LifeMachine, users
from life_world import GRACE
from userprofiles.api import roles
from userprofiles.api.account_changes import change_account, plan_status
from userprofiles.api.bulk_change import change_users
from userprofiles.api.deletion import erase_user
from userprofiles.table.audit import Action


class RequestRules(LifeMachine):
    """What users do with a valid token, and what administrators do."""

    @rule(sub=users)
    def read_profile(self, sub):
        user = self.live_in_table(sub)
        if user is not None:
            code = self.world.answer(self.world.profiles.read, self.world.caller(sub))
            assert code == user.code_of_request(self.now)

    @rule(sub=users)
    def change_profile(self, sub):
        user = self.live_in_table(sub)
        if user is None:
            return
        text = self.next_text(user)
        patch = {"profile": {"organization": text}}
        code = self.world.answer(self.world.profiles.change, self.world.caller(sub), patch)
        expected = user.code_of_request(self.now)
        if expected == "ok" and user.account_status != "active":
            expected = "inactive"
        assert code == expected
        if code == "ok":
            user.organization = text

    @rule(sub=users)
    def delete_me(self, sub):
        user = self.live_in_table(sub)
        if user is None:
            return
        code = self.world.answer(self.world.deletion.mark, self.world.caller(sub))
        assert code == user.code_of_request(self.now)
        if code == "ok":
            user.erase_at = self.now + GRACE

    @rule(sub=users)
    def restore_me(self, sub):
        user = self.live_in_table(sub)
        if user is None:
            return
        code = self.world.answer(self.world.deletion.restore, self.world.caller(sub))
        refusal = user.access()
        assert code == (refusal or ("erasure_due" if user.is_due(self.now) else "ok"))
        if code == "ok":
            user.erase_at = None

    @rule(sub=users)
    def export(self, sub):
        user = self.live_in_table(sub)
        if user is None:
            return
        code, bundle = export(self.world, sub)
        assert code == (user.access() or "ok")
        if code == "ok":
            assert bundle["parts"]["account"].get("email") == user.stored_email
            assert bundle["parts"]["profile"]["organization"] == user.organization
            others = [other.canary for other in self.model.values() if other is not user]
            assert [canary for canary in others if canary in repr(bundle)] == []
            user.bundle = bundle

    @rule(sub=users, status=st.sampled_from(["active", "inactive", "suspended"]))
    def set_status(self, sub, status):
        user = self.live_in_table(sub)
        if user is None:
            return
        code = self.world.answer(
            change_account,
            self.world.administration.registrar,
            sub,
            Action.STATUS_CHANGED,
            plan_status(MARKETPLACE, status),
        )
        assert code == user.code_for_administrator(self.now)
        if code == "ok":
            user.account_status = status

    @rule(sub=users, role=st.sampled_from(["customer", "vendor", "admin"]))
    def set_role(self, sub, role):
        user = self.live_in_table(sub)
        if user is None:
            return
        code = self.world.answer(roles.set_role, self.world.administration, sub, role)
        expected = user.code_for_administrator(self.now)
        if expected == "ok" and role == "admin" and not user.in_pool:
            expected = "user_not_found"
        assert code == expected
        if code == "ok":
            user.role = role

    @rule(sub=users)
    def change_in_bulk(self, sub):
        user = self.live_in_table(sub)
        if user is None:
            return
        text = self.next_text(user)
        request = [{"userId": sub, "patch": {"profile": {"organization": text}}}]
        [result] = change_users(self.world.administration, request, lambda: 100)["results"]
        expected = user.gone_code(self.now)
        if expected is None and not user.is_complete and not user.can_be_registered:
            is_unconfirmed = user.in_pool and user.is_enabled
            expected = "unconfirmed" if is_unconfirmed else "user_not_found"
        assert result.get("code") == expected
        if expected is None:
            user.register(user.email)
            user.organization = text

    @rule(sub=users)
    def erase_by_administrator(self, sub):
        user = self.live_in_table(sub)
        if user is None:
            return
        queue = self.world.erasure_queue
        code = self.world.answer(erase_user, self.world.administration, queue, sub)
        if user.is_erased:
            assert code == "erased"
        elif not user.has_account:
            assert code == "user_not_found"
        else:
            assert code == "ok"
            user.erase_at = user.erase_at if user.is_due(self.now) else self.now
