"""Sign in to a user pool by SRP: the password never leaves this process.

The steps: Cognito Developer Guide, "Signing in with persistent passwords and secure payload"; the group with
3,072 bits and the key derivation are those of AWS's own clients (amazon-cognito-identity-js,
``AuthenticationHelper.js``).
"""

import base64
import hashlib
import hmac
import secrets
from datetime import UTC, datetime
from typing import Any

from pulumi_localaws.local.fast_power import compute_power

# RFC 3526, "3072-bit MODP Group".
GROUP_PRIME = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3"
    "CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5"
    "AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356"
    "208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28F"
    "B5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521AB"
    "DF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6B"
    "F12FFA06D98A0864D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFC"
    "E0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
"""The prime number of the group that Cognito uses."""

_GENERATOR = 2
_SECRET_BITS = 256  # the least that RFC 5054 allows
_KEY_BYTES = 16
_KEY_LABEL = b"Caldera Derived Key\x01"


class SrpClient:
    """The client's side of one sign-in.

    Args:
        pool_id: The ID of the user pool.
        password: The user's password.
    """

    def __init__(self, pool_id: str, password: str) -> None:
        self._pool_name = pool_id.partition("_")[2]
        self._password = password
        self._secret = secrets.randbits(_SECRET_BITS) | 1
        self._public = compute_power(_GENERATOR, self._secret, GROUP_PRIME)

    @property
    def public_value(self) -> str:
        """The parameter ``SRP_A`` of InitiateAuth."""
        return f"{self._public:x}"

    def answer(self, parameters: dict[str, str], now: datetime | None = None) -> dict[str, str]:
        """Return the responses to the challenge PASSWORD_VERIFIER.

        Args:
            parameters: The challenge's parameters.
            now: The time of the answer. Default: the current time.
        """
        user_id, secret_block = parameters["USER_ID_FOR_SRP"], parameters["SECRET_BLOCK"]
        timestamp = _format_time(now or datetime.now(UTC))
        key = self._derive_key(user_id, int(parameters["SALT"], 16), int(parameters["SRP_B"], 16))
        message = b"".join(
            [
                f"{self._pool_name}{user_id}".encode(),
                base64.b64decode(secret_block),
                timestamp.encode(),
            ]
        )
        signature = hmac.digest(key, message, "sha256")
        return {
            "USERNAME": user_id,
            "PASSWORD_CLAIM_SECRET_BLOCK": secret_block,
            "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(signature).decode(),
            "TIMESTAMP": timestamp,
        }

    def _derive_key(self, user_id: str, salt: int, server_public: int) -> bytes:
        scramble = _hash_integers(self._public, server_public)
        identity = hashlib.sha256(f"{self._pool_name}{user_id}:{self._password}".encode()).digest()
        private_key = int.from_bytes(hashlib.sha256(_pad(salt) + identity).digest())
        base = server_public - _hash_integers(GROUP_PRIME, _GENERATOR) * compute_power(
            _GENERATOR, private_key, GROUP_PRIME
        )
        shared = compute_power(base, self._secret + scramble * private_key, GROUP_PRIME)
        pseudo_random_key = hmac.digest(_pad(scramble), _pad(shared), "sha256")
        return hmac.digest(pseudo_random_key, _KEY_LABEL, "sha256")[:_KEY_BYTES]


def sign_in_by_srp(
    cognito: Any,
    *,
    pool_id: str,
    client_id: str,
    username: str,
    password: str,
    client_secret: str | None = None,
) -> dict[str, Any]:
    """Sign in, and return the response of the last call: tokens, or a further challenge.

    Args:
        cognito: The boto3 client.
        pool_id: The ID of the user pool.
        client_id: The ID of the app client, which must allow ALLOW_USER_SRP_AUTH.
        username: The user name, or an address that the user can sign in with.
        password: The password.
        client_secret: The secret of the app client, if it has one.
    """
    srp = SrpClient(pool_id, password)
    challenge = cognito.initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_SRP_AUTH",
        AuthParameters={
            "USERNAME": username,
            "SRP_A": srp.public_value,
            **_secret_hash(username, client_id, client_secret),
        },
    )
    responses = srp.answer(challenge["ChallengeParameters"])
    session = {"Session": challenge["Session"]} if "Session" in challenge else {}
    response: dict[str, Any] = cognito.respond_to_auth_challenge(
        ClientId=client_id,
        ChallengeName=challenge["ChallengeName"],
        ChallengeResponses={
            **responses,
            **_secret_hash(responses["USERNAME"], client_id, client_secret),
        },
        **session,
    )
    return response


def compute_secret_hash(username: str, client_id: str, client_secret: str) -> str:
    """Return the parameter ``SECRET_HASH`` (Developer Guide, "Computing secret hash values")."""
    digest = hmac.digest(client_secret.encode(), f"{username}{client_id}".encode(), "sha256")
    return base64.b64encode(digest).decode()


def _secret_hash(username: str, client_id: str, client_secret: str | None) -> dict[str, str]:
    return {"SECRET_HASH": compute_secret_hash(username, client_id, client_secret)} if client_secret else {}


def _pad(number: int) -> bytes:
    """Return the bytes of a positive number, with a leading zero byte if the first bit is set."""
    return number.to_bytes(number.bit_length() // 8 + 1)


def _hash_integers(first: int, second: int) -> int:
    return int.from_bytes(hashlib.sha256(_pad(first) + _pad(second)).digest())


def _format_time(time: datetime) -> str:
    """Return a time such as ``Sun Nov 2 09:05:00 UTC 2026``, in English in every locale."""
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[time.weekday()]
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{day} {months[time.month - 1]} {time.day} {time:%H:%M:%S} UTC {time.year}"
