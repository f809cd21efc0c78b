"""A user pool of a running local AWS whose users sign in with a custom challenge."""

from typing import Any

from conformance_aws import PASSWORD, RECORDER, AwsResources, Recorder, name_value_pairs
from conformance_challenge import CODE, TRIGGERS
from conformance_pool import PoolUnderTest

FUNCTION = (
    RECORDER.replace("    return event\n", "")
    + f"""
    request, response = event["request"], event["response"]
    source = event["triggerSource"]
    if source.startswith("Create"):
        response["privateChallengeParameters"] = {{"code": "{CODE}"}}
    elif source.startswith("Verify"):
        code = request["privateChallengeParameters"]["code"]
        response["answerCorrect"] = request["challengeAnswer"] == code
    elif source.startswith("Define"):
        response["challengeName"] = "CUSTOM_CHALLENGE"
        response["issueTokens"] = bool(request["session"]) and request["session"][-1]["challengeResult"]
        response["failAuthentication"] = len(request["session"]) == 3 and not response["issueTokens"]
    return event
"""
)
"""The three functions in one; it records its events."""


class ChallengePool(PoolUnderTest):
    """A pool with the three triggers and further ones, and an app client for the custom challenge."""

    def __init__(
        self, aws: AwsResources, function: Recorder, *further_triggers: str, **settings: Any
    ) -> None:
        super().__init__(aws, function, *TRIGGERS, *further_triggers, **settings)
        flows = ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
        self.client_id = aws.create_client(self.id, ExplicitAuthFlows=flows)

    def add_user(self, name: str, **attributes: str) -> str:
        """Create a confirmed user and return the stored user name."""
        user = self.aws.cognito.admin_create_user(
            UserPoolId=self.id,
            Username=name,
            UserAttributes=name_value_pairs(**attributes),
            MessageAction="SUPPRESS",
        )["User"]
        self.aws.cognito.admin_set_user_password(
            UserPoolId=self.id, Username=name, Password=PASSWORD, Permanent=True
        )
        return str(user["Username"])

    def start(self, name: str, **parameters: Any) -> dict[str, Any]:
        return dict(
            self.aws.cognito.initiate_auth(
                ClientId=self.client_id,
                AuthFlow="CUSTOM_AUTH",
                AuthParameters={"USERNAME": name},
                **parameters,
            )
        )

    def answer(self, started: dict[str, Any], name: str, code: str = CODE) -> dict[str, Any]:
        return dict(
            self.aws.cognito.respond_to_auth_challenge(
                ClientId=self.client_id,
                ChallengeName="CUSTOM_CHALLENGE",
                Session=started["Session"],
                ChallengeResponses={"USERNAME": name, "ANSWER": code},
            )
        )
