"""Sign-in, its triggers, and tokens."""

import base64
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from pulumi_localaws.conformance.fact import FactError, fact
from pulumi_localaws.conformance.kit import Kit, create_address, expect, expect_error
from pulumi_localaws.conformance.pool import PASSWORD
from pulumi_localaws.testing.srp import sign_in_by_srp

_BEFORE_TOKENS = 'Developer Guide, "Pre token generation Lambda trigger"'
_BOTH = ["PreAuthentication_Authentication", "PostAuthentication_Authentication"]


@fact(
    13,
    "PreAuthentication and PostAuthentication fire, each with the stored user name",
    'Developer Guide, "Customizing user pool workflows with Lambda triggers"',
)
def sign_in_triggers(kit: Kit) -> str:
    """Sign in, then with a wrong password, for which only the first trigger fires."""
    pool, name = kit.create_pool("PreAuthentication", "PostAuthentication"), create_address()
    stored_name = pool.add_user(name)
    pool.sign_in(name)
    events = kit.take_events(pool, 2)
    expect("user names", [event["userName"] for event in events], [stored_name] * 2)
    return expect("events", [event["triggerSource"] for event in events], _BOTH)


@fact(13, "PreTokenGeneration V1 changes the ID token, V2 both tokens", _BEFORE_TOKENS)
def token_generation(kit: Kit) -> str:
    """Sign in to a pool with each version, and compare the claims."""
    observation = {}
    for version in ("V1_0", "V2_0"):
        trigger = {"LambdaArn": kit.triggers.arn, "LambdaVersion": version}
        # On AWS, the plan of a new pool is Essentials, which has version 2.
        pool = kit.create_pool(LambdaConfig={"PreTokenGenerationConfig": trigger})
        kit.triggers.allow(pool.document["Arn"])
        name = create_address()
        pool.add_user(name)
        tokens = pool.sign_in(name)
        observation[version] = [
            token for token in ("IdToken", "AccessToken") if decode_part(tokens[token], 1).get("role")
        ]
        expect("events", kit.take_sources(pool, 1), ["TokenGeneration_Authentication"])
    return expect("changed tokens", observation, {"V1_0": ["IdToken"], "V2_0": ["IdToken", "AccessToken"]})


@fact(
    27,
    "UserMigration, then PreAuthentication and PostAuthentication, fire at a sign-in",
    'Developer Guide, "Migrate user Lambda trigger"',
)
def migrated_sign_in(kit: Kit) -> str:
    """Sign an unknown user in, whom the trigger migrates."""
    pool = kit.create_pool("PreAuthentication", "PostAuthentication", "UserMigration")
    pool.sign_in(create_address(), ClientMetadata={"UserMigration": "migrate"})
    return expect("events", kit.take_sources(pool, 3), ["UserMigration_Authentication", *_BOTH])


@fact(
    29,
    "SRP returns tokens with RS256 signatures by a key of the pool, and its issuer; others are rejected",
    'Developer Guide, "Verifying JSON web tokens"',
)
def signed_tokens(kit: Kit) -> str:
    """Sign in by SRP, verify both tokens with the published keys, and use a forged one."""
    pool, name = kit.create_pool(), create_address()
    pool.add_user(name)
    response = sign_in_by_srp(
        pool.device, pool_id=pool.id, client_id=pool.client_id, username=name, password=PASSWORD
    )
    tokens = response["AuthenticationResult"]
    status, body = kit.backend.get(f"/{pool.id}/.well-known/jwks.json")
    expect("status of /<pool>/.well-known/jwks.json", status, 200)
    keys = {key["kid"]: key for key in json.loads(body)["keys"]}
    issuer = f"https://cognito-idp.{kit.backend.region}.amazonaws.com/{pool.id}"
    for token in (tokens["IdToken"], tokens["AccessToken"]):
        header = decode_part(token, 0)
        expect("algorithm", header["alg"], "RS256")
        _verify(token, keys.get(header["kid"], {}))
        expect("issuer", decode_part(token, 1)["iss"], issuer)
    forged_token = tokens["AccessToken"].rpartition(".")[0] + ".AAAA"
    expect_error("NotAuthorizedException", pool.device.get_user, AccessToken=forged_token)
    return f"RS256, issuer {issuer.replace(pool.id, '<pool>')}"


@fact(
    34,
    "UserMigration does not fire for USER_SRP_AUTH; the pool sets the sub",
    'Developer Guide, "Migrate user Lambda trigger"',
)
def migrated_user(kit: Kit) -> str:
    """Start an SRP sign-in of an unknown user, then migrate another one."""
    pool, name = kit.create_pool("UserMigration"), create_address()
    pool.device.initiate_auth(
        ClientId=pool.client_id,
        AuthFlow="USER_SRP_AUTH",
        AuthParameters={"USERNAME": create_address(), "SRP_A": "a" * 768},
    )
    expect("events of USER_SRP_AUTH", kit.take_sources(pool), [])
    pool.sign_in(name, ClientMetadata={"UserMigration": "migrate"})
    expect("events", kit.take_sources(pool, 1), ["UserMigration_Authentication"])
    user = pool.read_user(name)
    return expect("status, sub is the name", (user["status"], user["sub"]), ("CONFIRMED", user["name"]))


@fact(
    44,
    "AdminUserGlobalSignOut revokes refresh tokens, and access tokens for Cognito's own operations",
    'API reference, "AdminUserGlobalSignOut"',
)
def global_sign_out(kit: Kit) -> str:
    """Use both tokens after the sign-out, then sign in again."""
    pool, name = kit.create_pool(), create_address()
    pool.add_user(name)
    tokens = pool.sign_in(name)
    pool.admin.admin_user_global_sign_out(UserPoolId=pool.id, Username=name)
    code = "NotAuthorizedException"
    expect_error(
        code,
        pool.device.initiate_auth,
        ClientId=pool.client_id,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
    )
    error = expect_error(code, pool.device.get_user, AccessToken=tokens["AccessToken"])
    pool.device.get_user(AccessToken=pool.sign_in(name)["AccessToken"])
    return error


def decode_part(token: str, index: int) -> dict[str, Any]:
    """Return the header (0) or the claims (1) of a token, without a check."""
    return dict(json.loads(_decode(token.split(".")[index])))


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _verify(token: str, key: dict[str, str]) -> None:
    if not key:
        raise FactError("the key of a token is not in the JWKS")
    signed_part, _, signature = token.rpartition(".")
    exponent, modulus = (int.from_bytes(_decode(key[name])) for name in ("e", "n"))
    public_key = RSAPublicNumbers(exponent, modulus).public_key()
    try:
        public_key.verify(_decode(signature), signed_part.encode(), PKCS1v15(), SHA256())
    except InvalidSignature as error:
        raise FactError("the signature of a token is not valid") from error
