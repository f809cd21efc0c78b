"""User pools, app clients and users, as Cognito's API describes them."""

import secrets
import string
from dataclasses import dataclass, field
from typing import Any

EMAIL, PHONE = "email", "phone_number"
PRE_TOKEN_GENERATION, PRE_TOKEN_GENERATION_CONFIG = "PreTokenGeneration", "PreTokenGenerationConfig"
"""Two keys of LambdaConfig for one trigger; the second one also has the version of the event."""
_CHARACTER_CLASSES = (string.ascii_uppercase, string.ascii_lowercase, string.digits, "!@#%*_-")
_MIN_PASSWORD_LENGTH = 16


@dataclass(frozen=True)
class UserPool:
    """A user pool.

    Attributes:
        id: The pool's ID; the part before ``_`` is its region.
        arn: The pool's ARN.
        document: ``UserPool`` of DescribeUserPool with the triggers that the pool's owner configured.
        installed_triggers: The emulator's ``LambdaConfig``, with the relays.
    """

    id: str
    arn: str
    document: dict[str, Any]
    installed_triggers: dict[str, Any] = field(default_factory=dict)

    @property
    def region(self) -> str:
        """The pool's region."""
        return self.id.split("_", 1)[0]

    @property
    def account_id(self) -> str:
        """The pool's account."""
        return self.arn.split(":")[4]

    @property
    def is_case_insensitive(self) -> bool:
        """Whether user names are case-insensitive; by default they are case-sensitive."""
        return (self.document.get("UsernameConfiguration") or {}).get("CaseSensitive") is False

    @property
    def username_attributes(self) -> frozenset[str]:
        """The addresses that are used as user name; the stored user name is then the sub."""
        return self._names("UsernameAttributes")

    @property
    def alias_attributes(self) -> frozenset[str]:
        """The attributes that a user can sign in with instead of the user name."""
        return self._names("AliasAttributes")

    @property
    def auto_verified_attributes(self) -> frozenset[str]:
        """The addresses that automatically get a code."""
        return self._names("AutoVerifiedAttributes")

    @property
    def allows_sign_up(self) -> bool:
        """Whether users may sign up; otherwise only administrators create users."""
        return not (self.document.get("AdminCreateUserConfig") or {}).get("AllowAdminCreateUserOnly")

    @property
    def recovery_mechanisms(self) -> tuple[str, ...]:
        """The names of the recovery mechanisms in their order; empty means AWS's default."""
        mechanisms = (self.document.get("AccountRecoverySetting") or {}).get("RecoveryMechanisms") or ()
        return tuple(
            str(m.get("Name")) for m in sorted(mechanisms, key=lambda m: int(m.get("Priority") or 0))
        )

    @property
    def schema(self) -> list[dict[str, Any]]:
        """The pool's schema, with the standard attributes."""
        return list(self.document.get("SchemaAttributes") or ())

    @property
    def immutable_attributes(self) -> frozenset[str]:
        """The attributes that can't be changed after sign-up."""
        return frozenset(attribute["Name"] for attribute in self.schema if attribute.get("Mutable") is False)

    def trigger_arn(self, trigger: str) -> str:
        """Return the ARN of a trigger's function, or an empty string."""
        config = self.document.get("LambdaConfig") or {}
        if trigger == PRE_TOKEN_GENERATION and (config.get(PRE_TOKEN_GENERATION_CONFIG) or {}).get(
            "LambdaArn"
        ):
            return str(config[PRE_TOKEN_GENERATION_CONFIG]["LambdaArn"])
        value = config.get(trigger)
        return str((value.get("LambdaArn") if isinstance(value, dict) else value) or "")

    @property
    def sender_key_arn(self) -> str:
        """The KMS key that encrypts codes for the custom senders, or an empty string."""
        return str((self.document.get("LambdaConfig") or {}).get("KMSKeyID") or "")

    @property
    def token_event_version(self) -> str:
        """The version of PreTokenGeneration's event: ``1``, ``2`` or ``3``."""
        return parse_token_event_version(self.document.get("LambdaConfig") or {})

    def generate_temporary_password(self) -> str:
        """Generate a random password that the pool's policy allows, for a user who has none yet."""
        policy = (self.document.get("Policies") or {}).get("PasswordPolicy") or {}
        length = max(_MIN_PASSWORD_LENGTH, int(policy.get("MinimumLength") or 0))
        characters = [secrets.choice(c) for c in _CHARACTER_CLASSES]
        characters += [secrets.choice("".join(_CHARACTER_CLASSES)) for _ in range(length - len(characters))]
        secrets.SystemRandom().shuffle(characters)
        return "".join(characters)

    def _names(self, key: str) -> frozenset[str]:
        return frozenset(self.document.get(key) or ())


@dataclass(frozen=True)
class AppClient:
    """An app client of a pool.

    Attributes:
        id: The client's ID.
        pool: The client's pool.
        document: ``UserPoolClient`` of DescribeUserPoolClient.
    """

    id: str
    pool: UserPool
    document: dict[str, Any]

    @property
    def secret(self) -> str:
        """The client's secret, or an empty string."""
        return str(self.document.get("ClientSecret") or "")

    @property
    def hides_user_existence(self) -> bool:
        """Whether the client's errors do not show if a user exists."""
        return self.document.get("PreventUserExistenceErrors") == "ENABLED"

    @property
    def allows_custom_auth(self) -> bool:
        """Whether the client may start a custom challenge; a client without a list of flows may."""
        flows = self.document.get("ExplicitAuthFlows") or ["ALLOW_CUSTOM_AUTH"]
        return not {"ALLOW_CUSTOM_AUTH", "CUSTOM_AUTH_FLOW_ONLY"}.isdisjoint(flows)

    @property
    def challenge_session_seconds(self) -> int:
        """How long a session of a challenge is valid; by default 3 minutes."""
        return int(self.document.get("AuthSessionValidity") or 3) * 60

    @property
    def write_attributes(self) -> frozenset[str]:
        """The client's write attributes; empty means AWS's default."""
        return frozenset(self.document.get("WriteAttributes") or ())

    @property
    def read_attributes(self) -> frozenset[str]:
        """The client's read attributes; empty means AWS's default."""
        return frozenset(self.document.get("ReadAttributes") or ())


@dataclass(frozen=True)
class PoolUser:
    """A user of a pool.

    Attributes:
        name: The stored user name: the sub, if an address is used as user name.
        status: ``UNCONFIRMED``, ``CONFIRMED``, ``FORCE_CHANGE_PASSWORD``, …
        attributes: All attributes, including the sub.
        is_enabled: Whether the user may sign in.
    """

    name: str
    status: str
    attributes: dict[str, str] = field(default_factory=dict)
    is_enabled: bool = True


def parse_token_event_version(lambda_config: dict[str, Any]) -> str:
    """Return the version of PreTokenGeneration's event in a LambdaConfig: ``1``, ``2`` or ``3``."""
    config = lambda_config.get(PRE_TOKEN_GENERATION_CONFIG) or {}
    return str(config.get("LambdaVersion") or "V1_0").removeprefix("V").partition("_")[0]


def parse_attributes(attributes: Any) -> dict[str, str]:
    """Return Cognito's list of names and values as a dict; items without a name are ignored."""
    if not isinstance(attributes, list):
        return {}
    return {
        str(a["Name"]): "" if a.get("Value") is None else str(a["Value"])
        for a in attributes
        if isinstance(a, dict) and "Name" in a
    }
