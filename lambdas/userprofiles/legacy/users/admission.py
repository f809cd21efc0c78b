"""Decides for each user whether the import may begin, without a call to AWS."""

from dataclasses import dataclass

from userprofiles.legacy.job.stage import Conflict, Outcome
from userprofiles.legacy.mapping.records import LegacyUser
from userprofiles.legacy.users.address_index import AddressIndex
from userprofiles.legacy.users.addresses import Addresses, read_addresses
from userprofiles.legacy.users.decisions import (
    EMAIL_KIND,
    IMPORT,
    PHONE_KIND,
    SKIP,
    UNIQUE_KINDS,
    UNVERIFIED_EMAIL_KIND,
    USERNAME_KIND,
    Decisions,
)
from userprofiles.phone_sign_in.phone_input import DEFAULT_COUNTRY_CODE
from userprofiles.social.legacy_records import legacy_name

NO_ID = "the document has no usable ID"
BY_DECISION = "skipped by a decision"
NO_ADDRESS = "the user has no address for the sign-in"


@dataclass(frozen=True)
class Admission:
    """Whether a user may be imported.

    Attributes:
        addresses: The addresses of the user.
        outcome: Why the user is not imported: `skipped`, `conflict` or `failed`; None for a user who is.
        reason: The reason for the outcome.
    """

    addresses: Addresses
    outcome: Outcome | None = None
    reason: str = ""


class AdmissionRule:
    """Applies the decisions to users.

    Args:
        source: The name of the old application.
        decisions: The decisions of the operator.
        default_country_code: The calling code of phone numbers without one.
    """

    def __init__(
        self,
        source: str,
        decisions: Decisions,
        default_country_code: str = DEFAULT_COUNTRY_CODE,
    ) -> None:
        self._source = source
        self._decisions = decisions
        self._default_country_code = default_country_code

    def admit(self, user: LegacyUser) -> Admission:
        """Return whether a user may be imported."""
        addresses = read_addresses(user, self._default_country_code)
        try:
            legacy_name(self._source, user.old_id)
        except ValueError:
            return Admission(addresses, Outcome.FAILED, NO_ID)
        choice = self._decisions.choice(user.old_id)
        if choice == SKIP:
            return Admission(addresses, Outcome.SKIPPED, BY_DECISION)
        if choice == IMPORT:
            # Without a usable address, the decision changes nothing.
            is_possible = bool(addresses.main)
            problem = addresses.problem or NO_ADDRESS
            return Admission(addresses) if is_possible else Admission(addresses, Outcome.CONFLICT, problem)
        shared = self._decisions.shared_ids.get(user.old_id)
        if shared is not None:
            return Admission(addresses, Outcome.CONFLICT, shared_reason(shared))
        if addresses.problem:
            return Admission(addresses, Outcome.CONFLICT, addresses.problem)
        return Admission(addresses)


class ConflictSearch:
    """Finds the conflicts among all users of a source."""

    def __init__(self, index: AddressIndex) -> None:
        self._index = index

    def add(self, user: LegacyUser, admission: Admission) -> None:
        """Add a user of the source."""
        if admission.reason == NO_ID:
            return
        addresses = admission.addresses
        values = [
            (PHONE_KIND, addresses.phone),
            (EMAIL_KIND, addresses.email),
            (UNVERIFIED_EMAIL_KIND, addresses.unverified_email),
            (USERNAME_KIND, user.username.strip().casefold()),
        ]
        # A phone number that nobody has verified could be that of another person.
        rank = f"{0 if addresses.problem else 1}{user.updated_at}"
        self._index.add(user.old_id, rank, values)
        if addresses.problem:
            # With a number, an import would store it as verified. Only the operator can vouch for it.
            has_email_only = bool(addresses.email and not addresses.phone)
            self._index.add_problem(user.old_id, addresses.problem, IMPORT if has_email_only else SKIP)

    def conflicts(self) -> list[Conflict]:
        """Return the conflicts with a proposal for each user.

        Of several users with one address, the user who was changed last is imported. Users who share another
        value can all be imported, because nobody signs in with it here.
        """
        shared = [
            Conflict(
                kind=value.kind,
                record_ids=value.old_ids,
                proposal={
                    old_id: IMPORT if value.kind not in UNIQUE_KINDS or old_id == value.keeper_id else SKIP
                    for old_id in value.old_ids
                },
            )
            for value in self._index.shared_values()
        ]
        own = [
            Conflict(kind=kind, record_ids=(old_id,), proposal={old_id: proposal})
            for old_id, kind, proposal in self._index.problems()
        ]
        return [*shared, *own]


def shared_reason(kind: str) -> str:
    """Return the reason for users who share something."""
    return f"another user has the same {kind}"
