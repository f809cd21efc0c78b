"""Which of AWS's rules the gateway enforces, because the backend behind it does not."""

from enum import Enum, auto
from http import HTTPStatus

from pulumi_localaws.gateway.wire.http_messages import Request, SendToEmulator


class GatewayRule(Enum):
    """A rule of AWS that the gateway can enforce."""

    TRIGGERS = auto()
    """All triggers fire as on AWS, except PreSignUp at a SignUp."""
    PRE_SIGN_UP_EVENT = auto()
    """PreSignUp has metadata, validation data, a permission check and AWS's error text."""
    CUSTOM_CHALLENGE = auto()
    """The custom challenge follows AWS's rules for triggers, sessions and unknown users."""
    REQUEST_MODEL = auto()
    """The parameters of a Cognito call fit the API model: types, lengths, ranges, patterns and values."""
    POOL_SCHEMA = auto()
    """A pool's schema is possible, and attribute values conform to it."""
    USER_FILTER = auto()
    """The filter of ListUsers has AWS's syntax and names a searchable attribute."""
    WRITE_ATTRIBUTES = auto()
    READ_ATTRIBUTES = auto()
    """GetUser returns only the client's read attributes."""
    IMMUTABLE_ATTRIBUTES = auto()
    USER_NAME_CASE = auto()
    DELETION_PROTECTION = auto()
    PHONE_FORMAT = auto()
    VERIFIED_BY_CODE = auto()
    """Confirming with a code verifies the address that the code was sent to."""
    CODE_BY_SMS = auto()
    """A code for a phone number is sent by SMS, and only by SMS if both addresses must be verified."""
    CODE_DESTINATION = auto()
    """A code is sent only to an address that the pool verifies or uses for recovery, and that is masked."""
    CODE_LIMITS = auto()
    """Codes expire, and the number of wrong codes is limited."""
    STATUS_CHECKS = auto()
    """A user is confirmed only once. Users can't reset a temporary password."""
    TEMPORARY_PASSWORD = auto()
    """A temporary password that AdminCreateUser generates meets the pool's policy."""
    PARTIQL_ACTIONS = auto()
    S3_SIGNATURE_VERSION_4 = auto()
    HTTP_API = auto()
    """An HTTP API needs an invoke permission, and has limits for size, time and requests per second."""


ALL_RULES = frozenset(GatewayRule)

_RULES_BY_VERSION: dict[str, frozenset[GatewayRule]] = {
    # From this version's source and tests. A version that enforces a rule itself gets a line of its own.
    "1.5.33": ALL_RULES,
}


async def detect_rules(send_to_emulator: SendToEmulator) -> frozenset[GatewayRule]:
    """Identify the backend and return the rules that the gateway must enforce for it.

    An unknown version of the known emulator gets all rules: a rule that is enforced twice rejects the same
    calls, and a rule that nothing enforces lets a test pass that would fail on AWS. Any other backend
    (LocalStack, AWS) gets none: it fires its own triggers, and they must not run twice.
    """
    request = Request("GET", "/_localstack/health", (("Host", "127.0.0.1"),))
    response = await send_to_emulator(request)
    if response.status != HTTPStatus.OK:
        return frozenset()
    health = response.json()
    # Only the emulator's health document has this key.
    if not isinstance(health, dict) or "iot_mtls" not in health:
        return frozenset()
    return _RULES_BY_VERSION.get(str(health.get("version")), ALL_RULES)
