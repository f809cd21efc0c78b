"""Requests for the fuzz tests: valid ones for AWS's protocols, and damaged ones."""

import json
from dataclasses import dataclass

from hypothesis import strategies as st

TARGETS = (
    "AWSCognitoIdentityProviderService.SignUp",
    "AWSCognitoIdentityProviderService.InitiateAuth",
    "AWSCognitoIdentityProviderService.RespondToAuthChallenge",
    "AWSCognitoIdentityProviderService.AdminCreateUser",
    "AWSCognitoIdentityProviderService.CreateUserPool",
    "AWSCognitoIdentityProviderService.GetUser",
    "AWSCognitoIdentityProviderService.Nothing",
    "DynamoDB_20120810.PutItem",
    "DynamoDB_20120810.BatchExecuteStatement",
    "AmazonSQS.SendMessage",
    "TrentService.Encrypt",
    "Nothing.Nothing",
    ".",
    "",
)
PATHS = (
    "/",
    "/bucket/key",
    "/_localaws/health",
    "/_localaws/journal",
    "/_localaws/trigger-runs",
    "/_localaws/pre-sign-up/x",
    "/_localstack/info",
    "/_aws/ses",
    "/_aws/sqs/messages?QueueUrl=http://localhost:4566/000000000000/q",
    "/_aws/execute-api/0a1b2c3d/me",
    "/2015-03-31/functions/f/invocations",
    "/2015-03-31/functions",
    "/v2/apis",
    "/oauth2/token",
    "/b/k?AWSAccessKeyId=test&Signature=x&Expires=1",
)
KEYS = (
    "ClientId",
    "UserPoolId",
    "Username",
    "Password",
    "AuthFlow",
    "AuthParameters",
    "UserAttributes",
    "Name",
)
SCOPE = "Credential=test/20260204/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"

_json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=20)
    | st.sampled_from(["us-east-1_abc", "x@example.com"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=8,
)
_bodies = (
    st.dictionaries(st.sampled_from(KEYS), _json_values, max_size=5).map(json.dumps).map(str.encode)
    | _json_values.map(json.dumps).map(str.encode)
    | st.binary(max_size=200)
    | st.just(b"Action=ListUsers&Version=2010-05-08")
)
_header_values = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=30)
_extra_headers = st.lists(
    st.tuples(
        st.sampled_from(
            (
                "Content-Type",
                "Expect",
                "Content-Encoding",
                "Origin",
                "Range",
                "Accept",
                "X-Amz-Date",
                "Cookie",
            )
        ),
        _header_values | st.sampled_from(("application/x-www-form-urlencoded", "gzip", "100-continue")),
    ),
    max_size=3,
)


@dataclass(frozen=True)
class FuzzRequest:
    """The bytes to send, and whether the client waits for a response to them."""

    raw: bytes
    is_whole: bool


@st.composite
def fuzz_requests(draw: st.DrawFn) -> FuzzRequest:
    """Return a request, of which every second one is damaged."""
    body = draw(_bodies)
    headers = [
        (
            "Host",
            draw(
                st.sampled_from(("localhost", "127.0.0.1", "0a1b2c3d.execute-api.localhost", "evil.example"))
            ),
        ),
        ("Connection", "close"),
        ("Content-Length", str(len(body))),
        ("X-Amz-Target", draw(st.sampled_from(TARGETS))),
        *draw(_extra_headers),
    ]
    if draw(st.booleans()):
        headers.append(
            (
                "Authorization",
                "AWS4-HMAC-SHA256 " + SCOPE.format(draw(st.sampled_from(("dynamodb", "s3", "")))),
            )
        )
    path = draw(st.sampled_from(PATHS)) + draw(
        st.sampled_from(("", "", "?", "/%zz", "/..", "?a=%", "/" + "a" * 300))
    )
    method = draw(
        st.sampled_from(("GET", "POST", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "BREW"))
    )
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    raw = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
    match draw(st.sampled_from(("none", "none", "cut", "replaced", "noise"))):
        case "cut":
            return FuzzRequest(raw[: draw(st.integers(0, len(raw) - 1))], is_whole=False)
        case "replaced":
            position = draw(st.integers(0, len(raw) - 1))
            return FuzzRequest(
                raw[:position] + draw(st.binary(min_size=1, max_size=4)) + raw[position + 1 :], is_whole=False
            )
        case "noise":
            return FuzzRequest(draw(st.binary(max_size=300)), is_whole=False)
        case _:
            return FuzzRequest(raw, is_whole=True)
