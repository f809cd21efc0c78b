"""Which of AWS's rules the backend behind the gateway leaves open."""

from enum import Enum, auto
from http import HTTPStatus

from pulumi_localaws.gateway.wire.http_messages import Request, SendToEmulator


class GatewayRule(Enum):
    """One thing that AWS does and a backend may not do."""

    TRIGGERS = auto()
    """PostConfirmation, PreSignUp for AdminCreateUser, Pre/PostAuthentication, UserMigration."""
    PRE_SIGN_UP_EVENT = auto()
    """PreSignUp's metadata, validation data, permission check and error text."""
    WRITE_ATTRIBUTES = auto()
    READ_ATTRIBUTES = auto()
    """GetUser leaves out what the client may not read."""
    IMMUTABLE_ATTRIBUTES = auto()
    USER_NAME_CASE = auto()
    DELETION_PROTECTION = auto()
    PHONE_FORMAT = auto()
    VERIFIED_BY_CODE = auto()
    """Confirming with a code marks the address it was sent to as verified."""
    SMS = auto()
    """A code for a phone number is sent, and goes by SMS alone when both addresses are to be verified."""
    CODE_LIMITS = auto()
    """Codes expire, and wrong ones are counted."""
    STATUS_CHECKS = auto()
    """A user is confirmed once; a temporary password can't be reset by its user."""
    TEMPORARY_PASSWORD = auto()
    """A temporary password that AdminCreateUser makes up meets the pool's policy."""
    PARTIQL_ACTIONS = auto()
    API_INVOKE_PERMISSION = auto()


ALL_RULES = frozenset(GatewayRule)

_GAPS_BY_VERSION: dict[str, frozenset[GatewayRule]] = {
    # Read in its source and tried; a version that closes a gap gets a line of its own.
    "1.5.33": ALL_RULES,
}


async def detect_rules(upstream: SendToEmulator) -> frozenset[GatewayRule]:
    """Ask the backend who it is and return its gaps.

    An unknown version of the known emulator is treated as the newest one in the table: a rule enforced twice
    refuses alike, a rule enforced by nobody lets a test pass that would fail on AWS. Any other backend
    (LocalStack, AWS) is left alone: it has its own triggers, and they must not run twice.
    """
    request = Request("GET", "/_localstack/health", (("Host", "127.0.0.1"),))
    response = await upstream(request)
    if response.status != HTTPStatus.OK:
        return frozenset()
    health = response.json()
    # The emulator's health document alone has this key.
    if not isinstance(health, dict) or "iot_mtls" not in health:
        return frozenset()
    return _GAPS_BY_VERSION.get(str(health.get("version")), ALL_RULES)
