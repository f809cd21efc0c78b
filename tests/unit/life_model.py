"""The reference model of the life of users: what must be stored, in a few lines for each operation."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class ModelUser:
    """What the model expects of one user.

    Attributes:
        sub: The user.
        canary: A text in all personal data of the user.
        email: The address in Cognito.
        status: The status in Cognito.
        signed_up_at: When the user came into the pool.
        in_pool: Whether the pool has the user.
        is_enabled: Whether the user can sign in.
        has_account: Whether the table has the account.
        has_profile: Whether the table has the profile.
        stored_email: The address in the account.
        organization: The field of the profile that the user edits.
        role: The role in the account.
        account_status: The status in the account.
        erase_at: The end of the grace period; None for a user who is not marked.
        is_erased: Whether both items are tombstones.
        is_done: Whether the receipt of the erasure is DONE.
        is_returned: Whether a restored table has the erased user again.
        event: The event of the confirmation, which Cognito can deliver again.
        copy: The stored items at an earlier time.
        bundle: The last export; None without one.
    """

    sub: str
    canary: str
    email: str
    status: str
    signed_up_at: datetime
    in_pool: bool = True
    is_enabled: bool = True
    has_account: bool = False
    has_profile: bool = False
    stored_email: str = ""
    organization: str | None = None
    role: str = "customer"
    account_status: str = "active"
    erase_at: datetime | None = None
    is_erased: bool = False
    is_done: bool = False
    is_returned: bool = False
    event: dict | None = None
    copy: dict = field(default_factory=dict)
    bundle: dict | None = None

    @property
    def is_complete(self):
        return self.has_account and self.has_profile

    @property
    def can_be_registered(self):
        """Whether the pool has an enabled user who is confirmed in any way."""
        return self.in_pool and self.is_enabled and self.status != "UNCONFIRMED"

    def is_due(self, now):
        return self.erase_at is not None and self.erase_at <= now

    def register(self, email):
        """Create what is missing. An erased user stays erased."""
        if self.is_erased:
            return
        if not self.has_account:
            self.stored_email = email
        self.has_account = self.has_profile = True

    def gone_code(self, now):
        """Return the code with which the API refuses this user; None for a live user."""
        if self.is_erased:
            return "erased"
        if self.erase_at is None:
            return None
        return "erasure_due" if self.is_due(now) else "deletion_pending"

    def access(self):
        """Let the user send a request with a valid token; return the code of a refusal, None without one."""
        if self.is_erased:
            return "erased"
        if not self.is_complete:
            if not self.can_be_registered:
                return "unauthorized"
            self.register(self.email)
        return None

    def code_of_request(self, now):
        """Return the code of a request of the user that is for live users only."""
        return self.access() or self.gone_code(now) or "ok"

    def code_for_administrator(self, now):
        """Return the code of an administrator's request on this user."""
        return self.gone_code(now) or ("ok" if self.is_complete else "user_not_found")

    def synchronize_contact_data(self):
        if self.is_complete and not self.is_erased and self.erase_at is None:
            self.stored_email = self.email

    def erase(self):
        self.is_erased = True
        self.is_done = False
        self.has_account = self.has_profile = False
        self.erase_at = None
