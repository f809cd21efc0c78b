"""A user pool of a running local AWS, with an app client and triggers."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from conformance_aws import PASSWORD, AwsResources, Recorder, name_value_pairs


class PoolUnderTest:
    """A user pool with an app client and, optionally, triggers that record their events."""

    def __init__(
        self, aws: AwsResources, recorder: Recorder | None = None, *triggers: str, **settings: Any
    ) -> None:
        self.aws = aws
        config = dict.fromkeys(triggers, recorder.arn if recorder else "")
        self.document = aws.create_pool(**{"LambdaConfig": config, **settings})
        self.id = self.document["Id"]
        self.client_id = aws.create_client(self.id)
        if recorder is not None:
            aws.allow_invocation(recorder.arn, self.document)

    def sign_up(self, name: str, **parameters: Any) -> dict[str, Any]:
        attributes = name_value_pairs(**parameters.pop("attributes", {}))
        return dict(
            self.aws.cognito.sign_up(
                ClientId=self.client_id,
                Username=name,
                Password=PASSWORD,
                UserAttributes=attributes,
                **parameters,
            )
        )

    def confirm(self, name: str, **parameters: Any) -> None:
        self.aws.cognito.confirm_sign_up(
            ClientId=self.client_id, Username=name, ConfirmationCode="123456", **parameters
        )

    def sign_up_and_confirm(self, name: str) -> None:
        self.sign_up(name)
        self.confirm(name)

    def sign_in(self, name: str, password: str = PASSWORD, **parameters: Any) -> dict[str, Any]:
        response = self.aws.cognito.initiate_auth(
            ClientId=self.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": password},
            **parameters,
        )
        return dict(response["AuthenticationResult"])

    def describe_user(self, name: str) -> dict[str, Any]:
        response = self.aws.cognito.admin_get_user(UserPoolId=self.id, Username=name)
        attributes = {a["Name"]: a["Value"] for a in response["UserAttributes"]}
        return {"status": response["UserStatus"], "name": response["Username"], **attributes}


def error_of(exc_info: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    error = exc_info.value.response["Error"]
    return error["Code"], error["Message"]
