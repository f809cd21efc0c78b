"""The base of the state machine: the application, the model, and the comparison of erasures."""

from hypothesis.stateful import Bundle, RuleBasedStateMachine
from life_model import ModelUser
from life_world import LifeWorld
from userprofiles import template
from userprofiles.table import tombstones

MARKETPLACE = template.load("marketplace")
MAX_USERS = 3

users = Bundle("users")
outbox = Bundle("outbox")


class LifeMachine(RuleBasedStateMachine):
    """The application, the model, and what the groups of rules share."""

    def __init__(self):
        super().__init__()
        self.world = LifeWorld(MARKETPLACE)
        self.model = {}
        self.number = 0

    @property
    def now(self):
        return self.world.now

    def live_in_table(self, sub):
        """Return the model of a user; None while the user is back from an older copy of the table."""
        user = self.model[sub]
        return None if user.is_returned else user

    def new_user(self, status):
        self.number += 1
        sub, canary = f"user-{self.number}", f"canary{self.number}x"
        user = ModelUser(sub, canary, f"{canary}@example.com", status, self.now)
        self.model[sub] = user
        return user

    def next_text(self, user):
        self.number += 1
        return f"{user.canary}-{self.number}"

    def check_erasures(self, erased_subs):
        """Compare the model with a run that erased these users and the due ones.

        Args:
            erased_subs: The users who must be erased now; None for all due users, as in a sweep.
        """
        for user in self.model.values():
            is_due = user.is_due(self.now)
            self.note_erasure(user.sub, is_allowed=is_due or user.sub in (erased_subs or ()))
            if is_due if erased_subs is None else user.sub in erased_subs:
                assert user.is_erased or not (user.has_account or user.has_profile)
                assert not user.in_pool
            receipt = self.world.receipts.read(user.sub)
            assert receipt is None or not receipt.is_open or erased_subs is not None

    def note_erasure(self, sub, *, is_allowed):
        """Note that a user was erased, if the tables say so and the model allows it."""
        user = self.model[sub]
        is_erased = tombstones.is_complete(self.world.store.read(sub))
        if user.is_returned:
            user.is_returned = not is_erased
        elif is_erased and not user.is_erased:
            assert is_allowed, f"{sub} was erased, but must not be"
            user.erase()
        receipt = self.world.receipts.read(sub)
        user.is_done = receipt is not None and not receipt.is_open
        if user.is_erased and not user.is_returned:
            user.in_pool = sub in self.world.pool.users
