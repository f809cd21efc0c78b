"""A stand-in for the emulator, without sockets: as lenient as the real one, and its functions are Python."""

import asyncio
import base64
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from pulumi_localaws.gateway.router import RequestKind, RequestRouter
from pulumi_localaws.gateway.wire.http_messages import Request, Response

POOL, CLIENT = "eu-west-1_Pool12345", "client1"
ACCOUNT = "000000000000"
POOL_ARN = f"arn:aws:cognito-idp:eu-west-1:{ACCOUNT}:userpool/{POOL}"
FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:trigger:live"
ENDPOINT = "http://127.0.0.1:1"
PASSWORD = "Correct-horse-1"

Handler = Callable[[dict[str, Any]], Any]


def permission(principal: str = "cognito-idp.amazonaws.com", **conditions: Any) -> dict[str, Any]:
    """Return a statement as AddPermission makes it."""
    source = {"ArnLike": {"AWS:SourceArn": POOL_ARN}, "StringEquals": {"AWS:SourceAccount": ACCOUNT}}
    return {
        "Effect": "Allow",
        "Principal": {"Service": principal},
        "Action": "lambda:InvokeFunction",
        "Resource": FUNCTION,
        "Condition": conditions or source,
    }


class Fake:
    """Pools, users, functions and inboxes in dicts; every call is recorded."""

    def __init__(self) -> None:
        self.router: RequestRouter
        self.calls: list[str] = []
        self.events: list[dict[str, Any]] = []
        self.handler: Handler = lambda event: event
        self.delays: list[float] = []
        self.sign_up_delays: dict[str, float] = {}
        self.policy: list[dict[str, Any]] = [permission()]
        self.relay: str = ""
        self.sms: list[tuple[str, str]] = []
        self.emails: list[dict[str, Any]] = []
        self.users: dict[str, dict[str, Any]] = {}
        self.health: dict[str, Any] = {"version": "1.5.33", "iot_mtls": {}}
        self.denied = ""
        self.refusals: dict[str, str] = {}
        """The error code of each Cognito action that is refused."""
        self.decisions: dict[str, str] = {}
        self.routes: list[dict[str, Any]] = []
        self.pool: dict[str, Any] = {
            "Id": POOL,
            "Arn": POOL_ARN,
            "UsernameAttributes": ["email", "phone_number"],
            "UsernameConfiguration": {"CaseSensitive": False},
            "AutoVerifiedAttributes": ["email", "phone_number"],
            "DeletionProtection": "INACTIVE",
            "LambdaConfig": {},
            "SchemaAttributes": [
                {"Name": "email", "Mutable": True},
                {"Name": "custom:role", "Mutable": False},
            ],
        }
        self.client: dict[str, Any] = {
            "ClientId": CLIENT,
            "UserPoolId": POOL,
            "WriteAttributes": ["email", "phone_number", "name", "custom:role"],
            "PreventUserExistenceErrors": "ENABLED",
        }

    def trigger(self, *names: str) -> None:
        """Give the pool a function for these triggers."""
        self.pool["LambdaConfig"] = dict.fromkeys(names, FUNCTION)

    def user(self, email: str = "", *, status: str = "CONFIRMED", **attributes: str) -> dict[str, Any]:
        """Put a user into the pool."""
        sub = f"sub-{len(self.users)}"
        stored = {"sub": sub, **({"email": email} if email else {}), **attributes}
        self.users[sub] = {"Username": sub, "UserStatus": status, "attributes": stored}
        return self.users[sub]

    async def __call__(self, request: Request) -> Response:  # noqa: PLR0911 - a switch by address
        """Answer as the emulator would."""
        await asyncio.sleep(0)
        target = request.header("x-amz-target")
        path = request.target.partition("?")[0]
        if target:
            action = target.rpartition(".")[2]
            self.calls.append(action)
            if not target.startswith("AWSCognito"):
                return self._dynamodb(request, action)
            if action in self.refusals:
                return _json({"__type": self.refusals[action], "message": "refused"}, 400)
            answer = await self._cognito(action, json.loads(request.body))
            return _json(answer[1], answer[0]) if isinstance(answer, tuple) else _json(answer)
        if path == "/_localstack/health":
            return _json(self.health)
        if path == "/_ministack/ses/messages":
            return _json({"messages": {ACCOUNT: self.emails}})
        if path == "/_ministack/reset" or request.method == "DELETE":
            return _json({})
        if path.startswith("/2015-03-31/functions"):
            return await self._lambda(request, path)
        if path.startswith("/v2/apis/"):
            return self._api(path)
        if path.startswith("/_aws/execute-api/"):
            self.calls.append("execute-api")
            return _json({"reached": True})
        return self._query({k: v[0] for k, v in parse_qs(request.body.decode()).items()})

    def _query(self, form: dict[str, str]) -> Response:
        self.calls.append(form["Action"])
        if form["Action"] == "Publish":
            self.sms.append((form["PhoneNumber"], form["Message"]))
            return Response(200, (), b"<PublishResponse/>")
        key = f"{form['PolicySourceArn']} {form['ActionNames.member.1']} {form['ResourceArns.member.1']}"
        decision = self.decisions.get(key, "implicitDeny")
        return Response(200, (), f"<R xmlns='x'><EvalDecision>{decision}</EvalDecision></R>".encode())

    def _dynamodb(self, request: Request, action: str) -> Response:
        if self.denied and "Credential=test/" not in request.header("authorization"):
            text = f"User: {self.denied} is not authorized to perform: dynamodb:{action} because no policy"
            return _json({"__type": "AccessDeniedException", "message": text}, 403)
        return _json({"Responses": []})

    def _api(self, path: str) -> Response:
        items = {
            "routes": self.routes,
            "stages": [{"stageName": "$default"}],
            "integrations": [
                {"integrationId": "i1", "integrationType": "AWS_PROXY", "integrationUri": FUNCTION}
            ],
        }
        return _json({"items": items[path.rsplit("/", 1)[-1]]})

    async def _lambda(self, request: Request, path: str) -> Response:
        if path == "/2015-03-31/functions":
            self.relay = json.loads(request.body)["Environment"]["Variables"]["MINISTACK_LAMBDA_PROXY_URL"]
            return _json({}, 201)
        if path.endswith("/policy"):
            return (
                _json({"Policy": json.dumps({"Statement": self.policy})}) if self.policy else _json({}, 404)
            )
        event = json.loads(request.body)
        self.events.append(event)
        await asyncio.sleep(self.delays.pop(0) if self.delays else 0)
        try:
            return _json(self.handler(json.loads(request.body)))
        except Exception as error:  # noqa: BLE001 - a function may raise anything
            failure = {"errorMessage": str(error), "errorType": "Runtime.HandlerError"}
            return Response(200, (("X-Amz-Function-Error", "Unhandled"),), json.dumps(failure).encode())

    def find(self, name: str) -> dict[str, Any] | None:
        """Find a user by exactly this name, as the emulator does."""
        for user in self.users.values():
            a = user["attributes"]
            if name in {user["Username"], a["sub"], a.get("email"), a.get("phone_number")}:
                return user
        return None

    async def _cognito(self, action: str, data: dict[str, Any]) -> Any:  # noqa: C901, PLR0911 - a switch by action
        name = data.get("Username") or (data.get("AuthParameters") or {}).get("USERNAME") or ""
        found = self.find(name)
        given = {a["Name"]: a["Value"] for a in data.get("UserAttributes") or ()}
        match action:
            case "DescribeUserPool":
                return {"UserPool": self.pool}
            case "UpdateUserPool" | "CreateUserPool":
                self.pool.update({k: v for k, v in data.items() if k in self.pool})
                return {"UserPool": self.pool}
            case "DeleteUserPool":
                return {}
            case "ListUserPools":
                return {"UserPools": [{"Id": POOL}]}
            case "ListUserPoolClients":
                return {"UserPoolClients": [{"ClientId": CLIENT}]}
            case "DescribeUserPoolClient":
                return {"UserPoolClient": self.client}
            case "ListUsers":
                return {"Users": [_out(u, "Attributes") for u in self._filtered(data.get("Filter") or "")]}
            case "SignUp":
                return await self._sign_up(data, given, found)
            case "UpdateUserAttributes":
                found = self.find(_claims(data["AccessToken"])["username"])
                found["attributes"].update(given)  # type: ignore[index]
                return {}
            case "GetUser":
                owner = self.find(_claims(data["AccessToken"])["username"])
                return _out(owner or {}, "UserAttributes")
            case "AdminCreateUser":
                user = self.user(**{"email": name, **given}, status="FORCE_CHANGE_PASSWORD")
                return {"User": _out(user, "Attributes")}
        if found is None:
            return 400, {"__type": "UserNotFoundException", "message": "User does not exist."}
        return self._with_user(action, data, found, given)

    def _with_user(
        self, action: str, data: dict[str, Any], user: dict[str, Any], given: dict[str, str]
    ) -> Any:
        match action:
            case "AdminGetUser":
                return _out(user, "UserAttributes")
            case "AdminUpdateUserAttributes":
                user["attributes"].update(given)
            case "AdminDeleteUser":
                del self.users[user["Username"]]
            case "AdminSetUserPassword":
                user["UserStatus"] = "CONFIRMED"
            case "ConfirmSignUp" | "ConfirmForgotPassword" | "AdminConfirmSignUp":
                if data.get("ConfirmationCode", "123456") not in {"123456", "654321"}:
                    return 400, {"__type": "CodeMismatchException", "message": "Invalid verification code"}
                user["UserStatus"] = "CONFIRMED"
            case "ForgotPassword":
                self.emails.append(_email(user))
                return {"CodeDeliveryDetails": {"DeliveryMedium": "EMAIL"}}
            case "InitiateAuth" | "RespondToAuthChallenge" | "AdminInitiateAuth":
                claims = json.dumps({"username": user["Username"], "client_id": CLIENT, "iss": f"x/{POOL}"})
                token = f"h.{base64.urlsafe_b64encode(claims.encode()).decode().rstrip('=')}.s"
                return {"AuthenticationResult": {"AccessToken": token}}
        return {}

    def _filtered(self, text: str) -> list[dict[str, Any]]:
        found = re.fullmatch(r'(\w+) = "([^"]*)"', text)
        if not found:
            return list(self.users.values())
        wanted = found[2].casefold()
        return [u for u in self.users.values() if u["attributes"].get(found[1], "").casefold() == wanted]

    async def _sign_up(self, data: dict[str, Any], given: dict[str, str], found: Any) -> Any:
        if found:
            return 400, {"__type": "UsernameExistsException", "message": "User already exists."}
        name = data["Username"]
        attributes = {**given, "sub": f"sub-{len(self.users)}"}
        attributes.setdefault("phone_number" if name.startswith("+") else "email", name)
        flags: dict[str, Any] = {}
        await asyncio.sleep(self.sign_up_delays.get(name, 0))
        if self.pool["LambdaConfig"].get("PreSignUp"):
            event = {
                "triggerSource": "PreSignUp_SignUp",
                "userPoolId": POOL,
                "userName": attributes["sub"],
                "callerContext": {"clientId": CLIENT},
                "request": {"userAttributes": attributes, "validationData": {}},
            }
            path = unquote(urlsplit(self.relay).path)
            relayed = Request("POST", path, (), json.dumps(event).encode())
            answer = await self.router.handle(relayed, RequestKind.RELAY)
            if answer.status != 200:
                text = str({"errorMessage": answer.body.decode()})
                return 400, {"__type": "UserLambdaValidationException", "message": text}
            flags = answer.json()["response"]
        user = self.user(status="CONFIRMED" if flags.get("autoConfirmUser") else "UNCONFIRMED")
        user["attributes"] = attributes
        if flags.get("autoVerifyEmail"):
            attributes["email_verified"] = "true"
        if attributes.get("email"):
            self.emails.append(_email(user))
        return {"UserConfirmed": user["UserStatus"] == "CONFIRMED", "UserSub": attributes["sub"]}


def _email(user: dict[str, Any]) -> dict[str, Any]:
    address = user["attributes"].get("email", "")
    return {"MessageId": f"m-{id(user)}", "To": [address], "Type": "CognitoVerificationMessage"}


def _claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def _out(user: dict[str, Any], key: str) -> dict[str, Any]:
    attributes = [{"Name": k, "Value": v} for k, v in user["attributes"].items()]
    return {"Username": user["Username"], "UserStatus": user["UserStatus"], key: attributes}


def _json(document: Any, status: int = 200) -> Response:
    body = json.dumps(document).encode()
    return Response(status, (("Content-Type", "application/x-amz-json-1.1"),), body)


class Clock:
    """Seconds that stand still until they are moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Gateway:
    """The core with the fake behind it, called as a client would."""

    def __init__(self, fake: Fake, router: RequestRouter, loop: asyncio.AbstractEventLoop) -> None:
        self.fake = fake
        self.router = router
        self._loop = loop

    def request(self, request: Request) -> Response:
        """Send a request through the core."""
        return self._loop.run_until_complete(self._send(request))

    async def _send(self, request: Request) -> Response:
        kind = self.router.kind_of(request)
        # The server streams what the core does not want to see.
        return await (self.fake(request) if kind is None else self.router.handle(request, kind))

    def gather(self, *requests: Request) -> list[Response]:
        """Send several requests at once."""

        async def all_of_them() -> list[Response]:
            return await asyncio.gather(*(self._send(r) for r in requests))

        return self._loop.run_until_complete(all_of_them())

    def call(self, action: str, *, key: str = "", service: str = "cognito", **data: Any) -> Response:
        """Make a call; with an access key it is a signed one."""
        return self.request(self.make(action, key=key, service=service, **data))

    def make(self, action: str, *, key: str = "", service: str = "cognito", **data: Any) -> Request:
        """Return a call's request."""
        prefix = {"cognito": "AWSCognitoIdentityProviderService", "dynamodb": "DynamoDB_20120810"}[service]
        headers = [("X-Amz-Target", f"{prefix}.{action}"), ("Content-Type", "application/x-amz-json-1.1")]
        if key:
            scope = f"{key}/20261120/eu-west-1/cognito-idp/aws4_request"
            headers.append(("Authorization", f"AWS4-HMAC-SHA256 Credential={scope}, Signature=x"))
        elif action.startswith("Admin") or "UserPool" in action:
            return self.make(action, key="AKIDEXAMPLE", service=service, **data)
        if "Admin" in action or "UserPool" in action:
            data.setdefault("UserPoolId", POOL)
        if action in _CLIENT_CALLS:
            data.setdefault("ClientId", CLIENT)
        return Request("POST", "/", tuple(headers), json.dumps(data).encode())

    def sign_up(self, name: str = "ann@example.com", **data: Any) -> Response:
        """Sign a user up."""
        attributes = [{"Name": k, "Value": v} for k, v in data.pop("attributes", {}).items()]
        return self.call("SignUp", Username=name, Password=PASSWORD, UserAttributes=attributes, **data)

    def token(self, name: str) -> str:
        """Sign a user in and return the access token."""
        answer = self.call(
            "InitiateAuth", AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": name, "PASSWORD": "x"}
        )
        return str(answer.json()["AuthenticationResult"]["AccessToken"])


_CLIENT_CALLS = frozenset({
    "SignUp", "ConfirmSignUp", "ResendConfirmationCode", "ForgotPassword", "ConfirmForgotPassword",
    "InitiateAuth", "AdminInitiateAuth", "RespondToAuthChallenge",
})  # fmt: skip


def error_of(response: Response) -> tuple[str, str]:
    """Return code and message of a refusal; fails on a good answer."""
    document = response.json()
    assert response.status >= 400, document
    return document["__type"], document["message"]
