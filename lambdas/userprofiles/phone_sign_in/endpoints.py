"""The two endpoints for installed applications: request a code, and sign in with it.

`register` does the same for every phone number: it doesn't look for a user. `verify` checks the code first,
so its other answers are only for the owner of the number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from userprofiles import aws, phone_number, settings
from userprofiles.api import gone
from userprofiles.api.picture_key import FIELD as PICTURE
from userprofiles.api.picture_key import is_key
from userprofiles.api.profile_service import build_document
from userprofiles.phone_sign_in.claim import Identity
from userprofiles.phone_sign_in.code_checks import Approval, CodeChecks
from userprofiles.phone_sign_in.code_requests import CodeRequests
from userprofiles.phone_sign_in.code_settings import CodeSettings
from userprofiles.phone_sign_in.code_sign_in import WRONG_CODE, CodeSignIn
from userprofiles.phone_sign_in.code_store import CodeStore
from userprofiles.phone_sign_in.mac_key import MacKey
from userprofiles.phone_sign_in.pool_users import PoolUsers
from userprofiles.phone_sign_in.request_input import (
    CODE,
    InputError,
    read_document,
    read_phone,
    read_phone_and_code,
)
from userprofiles.phone_sign_in.source_limits import RequestLimits, SourceLimits, read_address
from userprofiles.registration.cognito_user import CognitoUser
from userprofiles.registration.registrar import Registrar
from userprofiles.table.store import UserItems
from userprofiles.table.store_errors import StoreBusyError
from userprofiles.telemetry import Report
from userprofiles.text_messages.code_message import CodeQueue

SOURCE = "phone_sign_in"
"""Source in the audit rows of users who are created here."""

CODE_SENT = {"message": "OTP sent to phone"}

# AdminInitiateAuth waits for two triggers, which have 4 s each.
_COGNITO_SECONDS = 8


@dataclass(frozen=True)
class PhoneEndpoints:
    """Handles the requests of the two endpoints.

    Attributes:
        code_settings: The phone numbers that get codes.
        limits: Requests of one source address in an hour.
        sources: Counts the requests of source addresses.
        requests: Creates codes.
        checks: Checks codes.
        users: The users of the pool.
        registrar: Creates accounts and profiles.
        sign_in: Signs users in.
        report: Log lines and metrics.
    """

    code_settings: CodeSettings
    limits: RequestLimits
    sources: SourceLimits
    requests: CodeRequests
    checks: CodeChecks
    users: PoolUsers
    registrar: Registrar
    sign_in: CodeSignIn
    report: Report

    def register(self, event: Mapping[str, Any]) -> dict[str, str]:
        """Send a code to a phone number, and return the body of the response.

        The answer is the same if nothing was sent, because the last code is recent or a limit is reached.

        Raises:
            InputError, userprofiles.api.errors.ApiError: The request is not accepted.
            SourceLimitedError: The source address has reached its limit.
            CodesUnavailableError: KMS, the table of codes or the queue did not answer.
        """
        phone = read_phone(read_document(event), self.code_settings)
        self.sources.count("REGISTER", read_address(event), self.limits.registers)
        self.requests.request_code(Identity.of_phone(phone))
        return dict(CODE_SENT)

    def verify(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Sign in with a code, and return the body of the response: the user and the tokens.

        An unknown user is created. The code is used up last, so that a request which fails on the way can
        be repeated with the same code while it is valid.

        Raises:
            InputError: The request is not accepted, or the user can't sign in.
            userprofiles.api.errors.ApiError: 410, the user was erased; 413 or 415.
            SourceLimitedError: The source address has reached its limit.
            CodesUnavailableError, userprofiles.table.store_errors.StoreError,
            botocore.exceptions.ClientError: A call to AWS failed.
        """
        phone, code = read_phone_and_code(read_document(event), self.code_settings)
        self.sources.count("VERIFY", read_address(event), self.limits.verifies)
        approval = self.checks.approve(phone, code)
        if approval is not Approval.APPROVED:
            self.report.info("code not approved", approval=str(approval))
            raise InputError({CODE: WRONG_CODE})
        user = self.users.find_or_create(phone)
        items = self._read_items(user)
        tokens = self.sign_in.sign_in(user.name, code)
        self.report.info("user signed in", sub=user.sub)
        return {
            "user": self._to_document(phone, items),
            "tokens": {"refresh": tokens.refresh, "access": tokens.access},
        }

    def _read_items(self, user: CognitoUser) -> UserItems:
        """Return the user's account and profile, and create what is missing.

        A user who is marked for deletion can sign in until the erasure is due, in order to be restored.
        """
        store = self.registrar.store
        items = store.read(user.sub)
        if not items.is_erased and not items.is_complete:
            self.registrar.register(user)
            items = store.read(user.sub)
        gone.check_not_erased(items)
        gone.check_not_due(items, self.registrar.clock())
        if not items.is_complete:
            raise StoreBusyError("StillIncomplete")
        return items

    def _to_document(self, phone: str, items: UserItems) -> dict[str, Any]:
        """Return the document of `GET /me/profile`, and the phone number as installed applications know it.

        The function has no right to sign URLs of pictures, so an uploaded picture is left out.
        """
        document = build_document(self.registrar.template, items).body
        profile = document["profile"]
        if is_key(profile.get(PICTURE)):
            profile = {name: value for name, value in profile.items() if name != PICTURE}
        country_code, national_number = phone_number.split(phone)
        return {
            "phone_number": national_number,
            "country_code": country_code,
            "is_phone_verified": True,
            **document,
            "profile": profile,
        }


def from_environment(environment: Mapping[str, str], report: Report) -> PhoneEndpoints:
    """Create the endpoints from a function's environment.

    Args:
        environment: The environment, see the handler.
        report: Log lines and metrics.

    Raises:
        userprofiles.settings.SettingsError, userprofiles.template.TemplateError: The environment is wrong.
    """
    code_settings = CodeSettings.from_environment(environment)
    pool_id = settings.required(environment, "USER_POOL_ID")
    client_id = settings.required(environment, "USER_POOL_CLIENT_ID")
    queue_url = settings.required(environment, "CODE_QUEUE_URL")
    dynamodb, cognito = aws.client("dynamodb"), aws.client("cognito-idp", read_s=_COGNITO_SECONDS, attempts=2)
    mac_key = MacKey(aws.client("kms"), code_settings.code_key_id)
    store = CodeStore(dynamodb, code_settings.codes_table, code_settings.limits)
    queue = CodeQueue(aws.client("sqs"), queue_url)
    registrar = Registrar.from_environment(environment, SOURCE, dynamodb)
    return PhoneEndpoints(
        code_settings=code_settings,
        limits=RequestLimits.from_environment(environment),
        sources=SourceLimits(mac_key, dynamodb, code_settings.codes_table),
        requests=CodeRequests(mac_key, store, queue, code_settings.limits, report),
        checks=CodeChecks(mac_key, store, code_settings.limits, report),
        users=PoolUsers(
            cognito, pool_id, registrar.store, report, settings.switch(environment, "SELF_SIGN_UP")
        ),
        registrar=registrar,
        sign_in=CodeSignIn(cognito, pool_id, client_id),
        report=report,
    )
