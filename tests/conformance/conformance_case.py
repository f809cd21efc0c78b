"""One pool of a running local AWS, as a case needs it."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from conformance_aws import PASSWORD, Aws, Recorder, attributes


class Case:
    """A pool with a client and, if wished, triggers."""

    def __init__(self, aws: Aws, recorder: Recorder | None = None, *triggers: str, **settings: Any) -> None:
        self.aws = aws
        config = dict.fromkeys(triggers, recorder.arn if recorder else "")
        self.pool = aws.pool(**{"LambdaConfig": config, **settings})
        self.id = self.pool["Id"]
        self.client = aws.client(self.id)
        if recorder is not None:
            aws.permit(recorder.arn, self.pool)

    def sign_up(self, name: str, **data: Any) -> dict[str, Any]:
        given = attributes(**data.pop("attributes", {}))
        return dict(
            self.aws.cognito.sign_up(
                ClientId=self.client, Username=name, Password=PASSWORD, UserAttributes=given, **data
            )
        )

    def confirm(self, name: str, **data: Any) -> None:
        self.aws.cognito.confirm_sign_up(
            ClientId=self.client, Username=name, ConfirmationCode="123456", **data
        )

    def sign_in(self, name: str, password: str = PASSWORD, **data: Any) -> dict[str, Any]:
        parameters = {"USERNAME": name, "PASSWORD": password}
        answer = self.aws.cognito.initiate_auth(
            ClientId=self.client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters, **data
        )
        return dict(answer["AuthenticationResult"])

    def user(self, name: str) -> dict[str, Any]:
        answer = self.aws.cognito.admin_get_user(UserPoolId=self.id, Username=name)
        stored = {a["Name"]: a["Value"] for a in answer["UserAttributes"]}
        return {"status": answer["UserStatus"], "name": answer["Username"], **stored}


def error(caught: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    response = caught.value.response["Error"]
    return response["Code"], response["Message"]
