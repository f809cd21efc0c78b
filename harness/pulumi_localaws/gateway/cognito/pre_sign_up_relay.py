"""PreSignUp, once and as Cognito fires it, through a relay in the emulator.

The emulator fires this trigger itself: at the right moment (all checks passed, the sub chosen, nothing
stored), but with a poorer event, without asking for permission, and with an error text of its own. So the
pool's function is replaced, in the emulator alone, by a relay whose invocations the emulator forwards to the
gateway by HTTP; the gateway knows the SignUp in flight, fires the true function and gives the verdict back.
"""

import base64
import io
import json
import secrets
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from pulumi_localaws.gateway.cognito.triggers import NO_CLIENT, Triggers, event
from pulumi_localaws.gateway.cognito.user_directory import (
    EMAIL,
    PHONE,
    AppClient,
    PoolUser,
    UserDirectory,
    UserPool,
)
from pulumi_localaws.gateway.wire.errors import AwsError, json_response
from pulumi_localaws.gateway.wire.http_messages import Request, Response
from pulumi_localaws.gateway.wire.root_client import RootClient

TRIGGER = "PreSignUp"
RELAY_NAME = "localaws-pre-sign-up-relay"
RELAY_PATH = "/_localaws/pre-sign-up/"
_RELAY_TIMEOUT = 60  # three calls of five seconds each, and room
FLAGS = ("autoConfirmUser", "autoVerifyEmail", "autoVerifyPhone")


@dataclass(eq=False)
class SignUpInProgress:
    """A SignUp that was passed on and may come back as a relayed trigger.

    Attributes:
        client: The app client of the call.
        user_name: The name as the client gave it.
        attributes: The attributes as they will be stored, without the sub.
        metadata: The call's ClientMetadata.
        validation: The call's ValidationData.
        notes: Where to say what was done.
        error: The refusal, once there is one.
    """

    client: AppClient
    user_name: str
    attributes: dict[str, str]
    metadata: dict[str, str]
    validation: dict[str, str]
    notes: list[str]
    error: AwsError | None = field(default=None)

    def matches(self, relayed: dict[str, Any]) -> bool:
        """Tell whether a relayed event is about this call."""
        attributes = dict((relayed.get("request") or {}).get("userAttributes") or {})
        attributes.pop("sub", None)
        same_name = bool(self.client.pool.username_attributes) or relayed.get("userName") == self.user_name
        return same_name and attributes == self.attributes


class PreSignUpRelay:
    """Puts the relay in place and answers for it.

    Args:
        root: The signer.
        directory: Looks pools up, and remembers their true triggers.
        triggers: Fires the true function.
        endpoint: The gateway's own URL.
    """

    def __init__(self, root: RootClient, directory: UserDirectory, triggers: Triggers, endpoint: str) -> None:
        self._root = root
        self._directory = directory
        self._triggers = triggers
        self._endpoint = endpoint
        self._token = secrets.token_urlsafe(18)
        self._made: set[str] = set()
        self._in_flight: list[SignUpInProgress] = []

    def forget(self) -> None:
        """Forget the relay functions, after the emulator was reset."""
        self._made.clear()

    async def adopt(self, pool: UserPool) -> None:
        """Put the relay in place of the pool's function; without a function, or done before, do nothing.

        Raises:
            AwsError: The emulator refused the relay.
        """
        raw = await self._directory.raw_pool(pool.id)
        config = dict((raw or {}).get("LambdaConfig") or {})
        relay = f"arn:aws:lambda:{pool.region}:{pool.account}:function:{RELAY_NAME}"
        if not config.get(TRIGGER) or config[TRIGGER] == relay:
            return
        await self._make_relay(pool.region)
        self._directory.set_true_triggers(pool.id, {"relay": relay, TRIGGER: config[TRIGGER]})
        await self._root.cognito(
            "UpdateUserPool", {"UserPoolId": pool.id, "LambdaConfig": {**config, TRIGGER: relay}}
        )

    async def _make_relay(self, region: str) -> None:
        if region in self._made:
            return
        answer = await self._root.rest(
            "lambda",
            "POST",
            "/2015-03-31/functions",
            payload={
                "FunctionName": RELAY_NAME,
                "Description": "The local gateway answers its invocations; its code never runs",
                "Runtime": "python3.13",
                "Handler": "relay.handler",
                "Role": "",  # its code never runs, so that it needs no rights
                "Timeout": _RELAY_TIMEOUT,
                "Code": {"ZipFile": base64.b64encode(_relay_zip()).decode()},
                "Environment": {"Variables": {"MINISTACK_LAMBDA_PROXY_URL": self._relay_url()}},
            },
            region=region,
        )
        if answer.status not in {HTTPStatus.CREATED, HTTPStatus.CONFLICT}:
            text = answer.body.decode("utf-8", "replace")
            raise AwsError("InternalErrorException", f"the PreSignUp relay could not be made: {text}", 500)
        self._made.add(region)

    def _relay_url(self) -> str:
        # The token keeps other local processes from passing themselves off as the emulator.
        return f"{self._endpoint}{RELAY_PATH}{self._token}"

    @contextmanager
    def expecting(self, call: SignUpInProgress) -> Iterator[SignUpInProgress]:
        """Keep a SignUp at hand for the relay while the emulator works on it."""
        self._in_flight.append(call)
        try:
            yield call
        finally:
            if call in self._in_flight:
                self._in_flight.remove(call)

    async def relayed(self, request: Request) -> Response:
        """Answer the emulator's relay: the true function's response, or an error that refuses the sign-up."""
        if request.target != RELAY_PATH + self._token:
            return json_response({"message": "not the relay"}, status=403, content_type="application/json")
        document = request_json(request)
        pool = await self._directory.pool(str(document.get("userPoolId") or ""))
        if pool is None:
            return json_response({"message": "unknown pool"}, status=404, content_type="application/json")
        call = next((c for c in self._in_flight if c.client.pool.id == pool.id and c.matches(document)), None)
        if call is not None:
            # Two equal sign-ups at once: each takes one relayed event.
            self._in_flight.remove(call)
        notes: list[str] = call.notes if call else []
        relayed_event = _full_event(pool, document, call)
        try:
            response = await self._triggers.fire(pool, TRIGGER, relayed_event, notes)
            answer = {"response": checked_flags(response)}
        except AwsError as error:
            if call is not None:
                call.error = error
            # The emulator takes anything but a 2xx as a refusal; the caller gets the text from `call.error`.
            return json_response({"errorMessage": error.message}, status=422, content_type="application/json")
        return json_response(answer, content_type="application/json")

    async def for_admin_create(
        self, pool: UserPool, user: PoolUser, data: dict[str, Any], notes: list[str]
    ) -> None:
        """Fire PreSignUp_AdminCreateUser for a user just made and do what it says; refused, undo the user.

        The call is signed, so that only the emulator can tell whether the caller may make it: the trigger
        comes after it, not before. What AWS keeps back until then (the invitation) has gone out.

        Raises:
            AwsError: The trigger refused, or could not be fired.
        """
        document = event(
            pool,
            "PreSignUp_AdminCreateUser",
            user_name=user.name,
            client_id=NO_CLIENT,
            request=_request(
                {k: v for k, v in user.attributes.items() if k != "sub"},
                _pairs(data.get("ValidationData")),
                data.get("ClientMetadata"),
            ),
            response=dict.fromkeys(FLAGS, False),
        )
        try:
            flags = checked_flags(await self._triggers.fire(pool, TRIGGER, document, notes))
        except AwsError:
            await self._root.cognito("AdminDeleteUser", {"UserPoolId": pool.id, "Username": user.name})
            raise
        new_values = {
            f"{attribute}_verified": "true"
            for attribute, flag in ((EMAIL, "autoVerifyEmail"), (PHONE, "autoVerifyPhone"))
            if flags[flag] and user.attributes.get(attribute)
        }
        if new_values:
            await self._directory.update_user(pool, user, new_values)


def in_flight(
    client: AppClient, data: dict[str, Any], attributes: dict[str, str], notes: list[str]
) -> SignUpInProgress:
    """Return a SignUp as the relay will have to recognise it."""
    pool, name = client.pool, str(data.get("Username") or "")
    stored = {k: v for k, v in attributes.items() if k != "sub"}
    if pool.username_attributes:
        both = {EMAIL, PHONE} <= pool.username_attributes
        by_phone = (both and name.startswith("+") and "@" not in name) or pool.username_attributes == {PHONE}
        stored.setdefault(PHONE if by_phone else EMAIL, name)
    metadata = data.get("ClientMetadata")
    return SignUpInProgress(
        client=client,
        user_name=name,
        attributes=stored,
        metadata=metadata if isinstance(metadata, dict) else {},
        validation=_pairs(data.get("ValidationData")),
        notes=notes,
    )


def checked_flags(response: dict[str, Any]) -> dict[str, bool]:
    """Return the three answers that PreSignUp may give; what else is in its response is ignored, as on AWS.

    Raises:
        AwsError: InvalidLambdaResponseException for an answer that is no boolean.
    """
    flags = {flag: response.get(flag) or False for flag in FLAGS}
    if not all(isinstance(value, bool) for value in flags.values()):
        raise AwsError("InvalidLambdaResponseException", "Unrecognizable lambda output")
    return flags


def request_json(request: Request) -> dict[str, Any]:
    """Return a request's JSON object, or an empty one."""
    try:
        document = json.loads(request.body or b"{}")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _full_event(pool: UserPool, relayed: dict[str, Any], call: SignUpInProgress | None) -> dict[str, Any]:
    request = relayed.get("request") or {}
    attributes = {k: v for k, v in (request.get("userAttributes") or {}).items() if k != "sub"}
    return event(
        pool,
        str(relayed.get("triggerSource") or "PreSignUp_SignUp"),
        user_name=str(relayed.get("userName") or ""),
        client_id=str((relayed.get("callerContext") or {}).get("clientId") or ""),
        request=_request(attributes, call.validation if call else {}, call.metadata if call else None),
        response=dict.fromkeys(FLAGS, False),
    )


def _request(attributes: dict[str, str], validation: dict[str, str], metadata: Any) -> dict[str, Any]:
    request: dict[str, Any] = {"userAttributes": attributes, "validationData": validation or None}
    if metadata:
        request["clientMetadata"] = metadata
    return request


def _pairs(value: Any) -> dict[str, str]:
    return {str(p["Name"]): str(p.get("Value")) for p in value or () if isinstance(p, dict) and "Name" in p}


def _relay_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("relay.py", "def handler(event, context):\n    raise RuntimeError('not reached')\n")
    return buffer.getvalue()
