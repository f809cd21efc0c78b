"""Rules: sign-up, the triggers of Cognito, and the outbox."""

from hypothesis import strategies as st
from hypothesis.stateful import consumes, multiple, precondition, rule
from life_machine import MAX_USERS, LifeMachine, outbox, users
from life_world import outbox_body
from userprofiles.api.invitation import invite_user


class SignUpRules(LifeMachine):
    """What happens to users in Cognito, and the triggers that it invokes."""

    @precondition(lambda self: len(self.model) < MAX_USERS)
    @rule(target=users)
    def sign_up(self):
        user = self.new_user("UNCONFIRMED")
        self.world.pool.add(user.sub, user.email, user.status, self.now)
        return user.sub

    @precondition(lambda self: len(self.model) < MAX_USERS)
    @rule(target=users)
    def sign_up_and_confirm(self):
        """The user has data from the beginning, with links to the first other user."""
        sub = self.sign_up()
        self._confirm(self.model[sub])
        for other in self.model.values():
            if other.sub != sub and other.is_complete:
                self.world.add_data(sub, other.sub, self.model[sub].canary)
                break
        return sub

    @precondition(lambda self: len(self.model) < MAX_USERS)
    @rule(target=users)
    def invite(self):
        user = self.new_user("FORCE_CHANGE_PASSWORD")
        self.world.pool.next_sub, self.world.pool.now = user.sub, self.now
        assert invite_user(self.world.administration, {"email": user.email})["userId"] == user.sub
        user.register(user.email)
        return user.sub

    def _confirm(self, user):
        user.status = self.world.pool.users[user.sub]["status"] = "CONFIRMED"
        user.event = self.world.event(user.sub, "PostConfirmation_ConfirmSignUp", user.email)
        self.world.post_confirmation(user.event)
        user.register(user.email)

    @rule(sub=users)
    def confirm(self, sub):
        user = self.model[sub]
        if user.in_pool and user.status == "UNCONFIRMED":
            self._confirm(user)

    @rule(target=outbox, sub=users, is_queue_broken=st.booleans())
    def confirm_while_the_table_fails(self, sub, is_queue_broken):
        user = self.model[sub]
        if not user.in_pool or user.status != "UNCONFIRMED":
            return multiple()
        user.status = self.world.pool.users[sub]["status"] = "CONFIRMED"
        user.event = self.world.event(sub, "PostConfirmation_ConfirmSignUp", user.email)
        self.world.is_table_broken, self.world.outbox.is_broken = True, is_queue_broken
        self.world.post_confirmation(user.event)
        self.world.is_table_broken = self.world.outbox.is_broken = False
        messages, self.world.outbox.messages = self.world.outbox.messages, []
        assert len(messages) == (0 if is_queue_broken else 1)
        return multiple(*messages)

    @rule(sub=users)
    def deliver_the_confirmation_again(self, sub):
        user = self.model[sub]
        if user.event is not None:
            self.world.post_confirmation(user.event)
            if not user.is_returned:
                user.register(user.event["request"]["userAttributes"]["email"])

    @rule(target=outbox, sub=users)
    def put_user_into_the_outbox(self, sub):
        """A trigger timed out, although its write succeeded."""
        return outbox_body(sub)

    @rule(target=outbox, body=consumes(outbox), is_delivered_again=st.booleans())
    def deliver_outbox_message(self, body, is_delivered_again):
        [user] = [user for user in self.model.values() if outbox_body(user.sub)[:60] == body[:60]]
        is_unconfirmed = user.in_pool and user.is_enabled and user.status == "UNCONFIRMED"
        assert self.world.deliver_outbox_message(body) is not is_unconfirmed
        if user.can_be_registered and not user.is_returned:
            user.register(user.email)
        return multiple(body) if is_delivered_again or is_unconfirmed else multiple()

    @rule(sub=users)
    def reset_password(self, sub):
        user = self.model[sub]
        self.world.post_confirmation(
            self.world.event(sub, "PostConfirmation_ConfirmForgotPassword", user.email)
        )

    @rule(sub=users)
    def change_email(self, sub):
        user = self.model[sub]
        if user.in_pool:
            user.email = self.world.pool.users[sub]["email"] = f"{self.next_text(user)}@example.com"

    @rule(sub=users)
    def sign_in(self, sub):
        user = self.live_in_table(sub)
        if user is None or not user.can_be_registered:
            return
        user.status = self.world.pool.users[sub]["status"] = "CONFIRMED"
        response = self.world.sign_in(sub, user.email)
        claims = response["claimsOverrideDetails"].get("claimsToAddOrOverride", {})
        is_active = user.gone_code(self.now) is None and user.account_status == "active"
        assert claims.get("role") == (user.role if is_active else None)
        user.synchronize_contact_data()
