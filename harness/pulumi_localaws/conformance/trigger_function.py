"""The function behind every trigger of the facts' pools: its zip contains only this file.

It sends each event to a queue. Then it does what the call's metadata requests for the trigger,
for example ``{"PreSignUp": "confirm"}``.
"""

import json
import os
import time
from typing import Any

import boto3

CODE = "246810"
MAX_ANSWERS = 3
ERROR_TEXT = "boom, said the function"


def handler(event: dict[str, Any], _context: object) -> dict[str, Any] | None:
    """Record the event and respond to it."""
    is_first_event = _record(event)
    trigger = event["triggerSource"].partition("_")[0]
    request = event["request"]
    metadata = request.get("clientMetadata") or request.get("validationData") or {}
    behaviour = metadata.get(trigger)
    if behaviour == "fail":
        raise ValueError(ERROR_TEXT)
    if behaviour == "be slow once" and is_first_event:
        time.sleep(6)
    if behaviour == "return nothing":
        return None
    event["response"] = _respond(trigger, behaviour, event)
    return event


def _record(event: dict[str, Any]) -> bool:
    """Send the event to the queue; return whether the queue was empty before."""
    sqs, url = boto3.client("sqs"), os.environ["QUEUE_URL"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event))
    return bool(attributes["Attributes"]["ApproximateNumberOfMessages"] == "0")


def _respond(trigger: str, behaviour: str | None, event: dict[str, Any]) -> dict[str, Any]:
    request, response = event["request"], dict(event.get("response") or {})
    match trigger:
        case "PreSignUp" if behaviour == "confirm":
            response = {"autoConfirmUser": True, "autoVerifyEmail": True, "autoVerifyPhone": False}
        case "UserMigration" if behaviour == "migrate":
            attributes = {"email": event["userName"], "email_verified": "true"}
            response = {"userAttributes": attributes, "messageAction": "SUPPRESS"}
        case "TokenGeneration":
            response = _add_claims(event["version"])
        case "CustomMessage":
            text = f"{event['triggerSource']} {request['codeParameter']}"
            response = {"smsMessage": text, "emailMessage": text, "emailSubject": event["triggerSource"]}
        case "CreateAuthChallenge":
            response = {
                "publicChallengeParameters": {"hint": "six digits"},
                "privateChallengeParameters": {"code": CODE},
            }
        case "VerifyAuthChallengeResponse":
            code = request["privateChallengeParameters"]["code"]
            response = {"answerCorrect": request["challengeAnswer"] == code}
        case "DefineAuthChallenge":
            response = _define_challenge([answer["challengeResult"] for answer in request["session"]])
    return response


def _define_challenge(results: list[bool]) -> dict[str, Any]:
    is_correct = bool(results) and results[-1]
    return {
        "challengeName": "CUSTOM_CHALLENGE",
        "issueTokens": is_correct,
        "failAuthentication": len(results) >= MAX_ANSWERS and not is_correct,
    }


def _add_claims(version: str) -> dict[str, Any]:
    claims = {"claimsToAddOrOverride": {"role": f"vendor {version}"}}
    if version == "1":
        return {"claimsOverrideDetails": claims}
    both = {"idTokenGeneration": claims, "accessTokenGeneration": claims}
    return {"claimsAndScopeOverrideDetails": both}
