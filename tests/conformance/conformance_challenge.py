"""A custom challenge with a fixed code: the pool's three functions, and a client that signs in."""

from typing import Any

from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient
from pulumi_localaws.gateway.wire.http_messages import Response

CODE = "246810"
TRIGGERS = ("DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse")
MAX_TRIES = 3


class CodeChallenge:
    """The three functions, behind one handler, which is also the handler of every other trigger.

    `changes` replaces values in the response of a trigger, and `errors` lets a trigger fail.
    """

    def __init__(self, emulator: FakeEmulator) -> None:
        self.changes: dict[str, dict[str, Any]] = {}
        self.errors: dict[str, str] = {}
        emulator.configure_triggers(*TRIGGERS)
        emulator.handler = self

    def __call__(self, event: dict[str, Any]) -> dict[str, Any]:
        trigger = event["triggerSource"].partition("_")[0]
        if trigger in self.errors:
            raise ValueError(self.errors[trigger])
        if trigger in TRIGGERS:
            event["response"] = {**self._respond(trigger, event["request"]), **self.changes.get(trigger, {})}
        return event

    def _respond(self, trigger: str, request: dict[str, Any]) -> dict[str, Any]:
        if trigger == "CreateAuthChallenge":
            number = len(request["session"])
            return {
                "publicChallengeParameters": {"hint": "six digits"},
                "privateChallengeParameters": {"code": CODE},
                "challengeMetadata": f"TRY-{number}",
            }
        if trigger == "VerifyAuthChallengeResponse":
            is_correct = request["challengeAnswer"] == request["privateChallengeParameters"]["code"]
            return {"answerCorrect": is_correct}
        results = [answer["challengeResult"] for answer in request["session"]]
        return {
            "challengeName": "CUSTOM_CHALLENGE",
            "issueTokens": bool(results) and results[-1],
            "failAuthentication": len(results) >= MAX_TRIES and not results[-1],
        }


class ChallengeClient:
    """Signs in with the custom challenge, as a user's device or as an administrator.

    Args:
        gateway: The gateway's client.
        prefix: ``Admin`` for the calls of an administrator.
    """

    def __init__(self, gateway: GatewayClient, prefix: str = "") -> None:
        self._gateway = gateway
        self._prefix = prefix

    def start(self, name: str = "ann@example.com", **parameters: Any) -> Response:
        """Start a sign-in."""
        parameters.setdefault("AuthParameters", {"USERNAME": name})
        return self._gateway.call(f"{self._prefix}InitiateAuth", AuthFlow="CUSTOM_AUTH", **parameters)

    def answer(
        self, response: Response, code: str = CODE, name: str = "ann@example.com", **parameters: Any
    ) -> Response:
        """Answer the challenge in a response."""
        parameters.setdefault("Session", response.json().get("Session"))
        return self._gateway.call(
            f"{self._prefix}RespondToAuthChallenge",
            ChallengeName="CUSTOM_CHALLENGE",
            ChallengeResponses={"USERNAME": name, "ANSWER": code},
            **parameters,
        )
