"""A fake of the emulator's Cognito: one pool in dicts, with as few checks as the real emulator."""

import asyncio
import json
import re
from typing import Any
from urllib.parse import unquote, urlsplit

from conformance_fake_messages import describe_delivery, write_email, write_verification_email
from conformance_fake_tokens import apply_overrides, decode_claims, encode_token
from pulumi_localaws.gateway.cognito import pre_sign_up_relay, token_generation
from pulumi_localaws.gateway.cognito.pool_schema import STANDARD_DATA_TYPES
from pulumi_localaws.gateway.router import RequestKind, RequestRouter
from pulumi_localaws.gateway.wire.http_messages import Request, Response

POOL, CLIENT = "eu-west-1_Pool12345", "client1"
ACCOUNT = "000000000000"
POOL_ARN = f"arn:aws:cognito-idp:eu-west-1:{ACCOUNT}:userpool/{POOL}"
SIGN_UP_RELAY, TOKEN_RELAY = pre_sign_up_relay.RELAY_NAME, token_generation.RELAY_NAME
FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:trigger:live"


class FakeCognito:
    """One pool with one app client; calls are recorded."""

    def __init__(self) -> None:
        self.router: RequestRouter
        self.parameters: list[tuple[str, dict[str, Any]]] = []
        """Action and parameters of each call."""
        self.error_codes: dict[str, str] = {}
        """The error code of each Cognito action that fails."""
        self.emails: list[dict[str, Any]] = []
        self.sends_invitations = False
        """Whether AdminCreateUser sends e-mails."""
        self.relay_urls: dict[str, str] = {}
        """The gateway's URL of each relay function."""
        self.sign_up_delays: dict[str, float] = {}
        self.users: dict[str, dict[str, Any]] = {}
        self.pool: dict[str, Any] = {
            "Id": POOL,
            "Arn": POOL_ARN,
            "UsernameAttributes": ["email", "phone_number"],
            "UsernameConfiguration": {"CaseSensitive": False},
            "AutoVerifiedAttributes": ["email", "phone_number"],
            "DeletionProtection": "INACTIVE",
            "LambdaConfig": {},
            "SchemaAttributes": [
                *({"Name": name, "AttributeDataType": kind} for name, kind in STANDARD_DATA_TYPES.items()),
                {"Name": "custom:role", "AttributeDataType": "String", "Mutable": False},
                {"Name": "custom:other", "AttributeDataType": "String", "Mutable": True},
            ],
        }
        self.client: dict[str, Any] = {
            "ClientId": CLIENT,
            "UserPoolId": POOL,
            "WriteAttributes": ["email", "phone_number", "name", "custom:role"],
            "PreventUserExistenceErrors": "ENABLED",
        }

    def configure_triggers(self, *names: str) -> None:
        """Set the function of these triggers."""
        self.pool["LambdaConfig"] = dict.fromkeys(names, FUNCTION)

    def add_user(self, email: str = "", *, status: str = "CONFIRMED", **attributes: str) -> dict[str, Any]:
        """Add a user to the pool."""
        sub = f"sub-{len(self.users)}"
        stored_attributes = {"sub": sub, **({"email": email} if email else {}), **attributes}
        self.users[sub] = {"Username": sub, "UserStatus": status, "attributes": stored_attributes}
        return self.users[sub]

    def find_user(self, name: str) -> dict[str, Any] | None:
        """Find a user by exactly this name, as the emulator does."""
        for user in self.users.values():
            a = user["attributes"]
            if name in {user["Username"], a["sub"], a.get("email"), a.get("phone_number")}:
                return user
        return None

    def parameters_of(self, action: str) -> list[dict[str, Any]]:
        """Return the parameters of each call of an action."""
        return [parameters for called_action, parameters in self.parameters if called_action == action]

    async def call(self, action: str, parameters: dict[str, Any]) -> tuple[int, Any]:
        """Return status and document of a call."""
        self.parameters.append((action, parameters))
        is_custom_challenge = parameters.get("ChallengeName") == "CUSTOM_CHALLENGE"
        # The emulator does not know the gateway's sessions.
        error_code = self.error_codes.get(action) or (is_custom_challenge and "InvalidParameterException")
        if error_code:
            return _error(error_code, "rejected")
        name = parameters.get("Username") or _name_in_authentication(parameters)
        user = self.find_user(name)
        refresh_token = parameters.get("RefreshToken") or (parameters.get("AuthParameters") or {}).get(
            "REFRESH_TOKEN"
        )
        if refresh_token:
            user = self.find_user(decode_claims(refresh_token)["sub"])
            assert user is not None
            return await self._issue_tokens(user, "TokenGeneration_RefreshTokens")
        attributes = {a["Name"]: a["Value"] for a in parameters.get("UserAttributes") or ()}
        if action == "SignUp":
            return await self._sign_up(parameters, attributes, user)
        document = self._call_without_user(action, parameters, attributes)
        if document is not None:
            return 200, document
        if user is None:
            return _error("UserNotFoundException", "User does not exist.")
        return await self._call_with_user(action, parameters, user, attributes)

    def _call_without_user(  # noqa: C901, PLR0911 - a switch by action
        self, action: str, parameters: dict[str, Any], attributes: dict[str, str]
    ) -> dict[str, Any] | None:
        match action:
            case "DescribeUserPool":
                return {"UserPool": self.pool}
            case "UpdateUserPool" | "CreateUserPool":
                self.pool.update({k: v for k, v in parameters.items() if k in self.pool})
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
                users = self._filter_users(parameters.get("Filter") or "")
                return {"Users": [_describe(user, "Attributes") for user in users]}
            case "UpdateUserAttributes":
                _merge(self._user_of_token(parameters), attributes)
                return {}
            case "GetUser":
                return _describe(self._user_of_token(parameters), "UserAttributes")
            case "AdminCreateUser":
                return self._create_user(parameters, attributes)
        return None

    def _create_user(self, parameters: dict[str, Any], attributes: dict[str, str]) -> dict[str, Any]:
        name = parameters.get("Username") or ""
        user = self.find_user(name) if parameters.get("MessageAction") == "RESEND" else None
        if user is None:
            attributes = {"phone_number" if name.startswith("+") else "email": name, **attributes}
            user = self.add_user(**attributes, status="FORCE_CHANGE_PASSWORD")
        mediums = parameters.get("DesiredDeliveryMediums") or ["EMAIL"]
        if self.sends_invitations and "EMAIL" in mediums and user["attributes"].get("email"):
            self.emails.append(write_email(user, "CognitoInvitationMessage"))
        return {"User": _describe(user, "Attributes")}

    async def _call_with_user(
        self, action: str, parameters: dict[str, Any], user: dict[str, Any], attributes: dict[str, str]
    ) -> tuple[int, Any]:
        match action:
            case "AdminGetUser":
                return 200, _describe(user, "UserAttributes")
            case "AdminUpdateUserAttributes":
                _merge(user, attributes)
            case "AdminDeleteUser":
                del self.users[user["Username"]]
            case "AdminSetUserPassword":
                user["UserStatus"] = "CONFIRMED" if parameters.get("Permanent") else "FORCE_CHANGE_PASSWORD"
            case "ConfirmSignUp" | "ConfirmForgotPassword" | "AdminConfirmSignUp":
                if parameters.get("ConfirmationCode", "123456") not in {"123456", "654321"}:
                    return _error("CodeMismatchException", "Invalid verification code")
                user["UserStatus"] = "CONFIRMED"
            case "ForgotPassword" | "ResendConfirmationCode":
                if user["attributes"].get("email"):
                    self.emails.append(write_verification_email(user))
                masked = "{:.1}****@{:.1}****".format(*user["attributes"].get("email", "@").split("@"))
                return 200, describe_delivery(masked)
            case (
                "InitiateAuth"
                | "AdminInitiateAuth"
                | "RespondToAuthChallenge"
                | "AdminRespondToAuthChallenge"
            ):
                return await self._sign_in(user, parameters)
        return 200, {}

    async def _sign_in(self, user: dict[str, Any], parameters: dict[str, Any]) -> tuple[int, Any]:
        if parameters.get("AuthFlow") == "CUSTOM_AUTH" and self.pool["LambdaConfig"]:
            return self._fire_define_auth_challenge()
        return await self._issue_tokens(user, "TokenGeneration_Authentication")

    async def _issue_tokens(self, user: dict[str, Any], source: str) -> tuple[int, Any]:
        """Issue tokens as the emulator does: the trigger fires once for each token."""
        sub = user["attributes"]["sub"]
        claims = {"username": user["Username"], "sub": sub, "client_id": CLIENT, "iss": f"x/{POOL}"}
        if user.get("groups"):
            claims["cognito:groups"] = user["groups"]
        tokens = {"RefreshToken": encode_token(claims)}
        for token, section in (("AccessToken", "accessTokenGeneration"), ("IdToken", "idTokenGeneration")):
            overrides: dict[str, Any] = {}
            if self.pool["LambdaConfig"].get("PreTokenGenerationConfig"):
                event = self._build_token_event(user, source)
                response = await self._relay(TOKEN_RELAY, RequestKind.TOKEN_RELAY, event)
                if response.status != 200:
                    return 500, {"__type": "InternalFailure", "message": response.body.decode()}
                overrides = response.json()["response"]["claimsAndScopeOverrideDetails"][section]
            tokens[token] = encode_token(apply_overrides(claims, overrides))
        return 200, {"AuthenticationResult": tokens}

    def _fire_define_auth_challenge(self) -> tuple[int, Any]:
        """Fire the trigger as the emulator does; the gateway must have replaced it by then."""
        function = self.pool["LambdaConfig"].get("DefineAuthChallenge", "")
        assert function != FUNCTION, "the emulator would invoke the pool's own function"
        return _error("InvalidLambdaResponseException", f"DefineAuthChallenge Lambda not found: {function}")

    def _build_token_event(self, user: dict[str, Any], source: str) -> dict[str, Any]:
        groups = {
            "groupsToOverride": user.get("groups", []),
            "iamRolesToOverride": [],
            "preferredRole": None,
        }
        return {
            "version": "2",
            "triggerSource": source,
            "userPoolId": POOL,
            "userName": user["Username"],
            "callerContext": {"clientId": CLIENT},
            "request": {
                "userAttributes": user["attributes"],
                "groupConfiguration": groups,
                "scopes": ["aws.cognito.signin.user.admin"],
                "clientMetadata": {"sent": "by the emulator"},
            },
        }

    async def _relay(self, name: str, kind: RequestKind, event: dict[str, Any]) -> Response:
        """Invoke a relay function: post its event to the gateway."""
        path = unquote(urlsplit(self.relay_urls[name]).path)
        return await self.router.handle(Request("POST", path, (), json.dumps(event).encode()), kind)

    def _user_of_token(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return self.find_user(decode_claims(parameters["AccessToken"])["username"]) or {}

    def _filter_users(self, filter_expression: str) -> list[dict[str, Any]]:
        match = re.fullmatch(r'(\w+) = "([^"]*)"', filter_expression)
        if not match:
            return list(self.users.values())
        attribute, value = match[1], match[2].casefold()
        return [u for u in self.users.values() if u["attributes"].get(attribute, "").casefold() == value]

    async def _sign_up(
        self, parameters: dict[str, Any], attributes: dict[str, str], existing_user: Any
    ) -> tuple[int, Any]:
        if existing_user:
            return _error("UsernameExistsException", "User already exists.")
        name = parameters["Username"]
        attributes = {**attributes, "sub": f"sub-{len(self.users)}"}
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
            response = await self._relay(SIGN_UP_RELAY, RequestKind.PRE_SIGN_UP_RELAY, event)
            if response.status != 200:
                text = str({"errorMessage": response.body.decode()})
                return _error("UserLambdaValidationException", text)
            flags = response.json()["response"]
        user = self.add_user(status="CONFIRMED" if flags.get("autoConfirmUser") else "UNCONFIRMED")
        user["attributes"] = attributes
        if flags.get("autoVerifyEmail"):
            attributes["email_verified"] = "true"
        if attributes.get("email"):
            self.emails.append(write_verification_email(user))
        document = {"UserConfirmed": user["UserStatus"] == "CONFIRMED", "UserSub": attributes["sub"]}
        return 200, {
            **document,
            **(describe_delivery(attributes["email"]) if attributes.get("email") else {}),
        }


def _name_in_authentication(parameters: dict[str, Any]) -> str:
    values = parameters.get("AuthParameters") or parameters.get("ChallengeResponses") or {}
    return values.get("USERNAME") or ""


def _error(code: str, message: str) -> tuple[int, Any]:
    return 400, {"__type": code, "message": message}


def _merge(user: dict[str, Any], attributes: dict[str, str]) -> None:
    """Set attributes; a blank value deletes an attribute."""
    user["attributes"].update(attributes)
    for name in [name for name, value in user["attributes"].items() if value == ""]:
        del user["attributes"][name]


def _describe(user: dict[str, Any], key: str) -> dict[str, Any]:
    attributes = [{"Name": k, "Value": v} for k, v in user["attributes"].items()]
    return {
        "Username": user["Username"],
        "UserStatus": user["UserStatus"],
        "Enabled": user.get("Enabled", True),
        key: attributes,
    }
