"""Create pools, functions and permissions on a running local AWS."""

import io
import json
import urllib.error
import urllib.request
import uuid
import zipfile
from dataclasses import dataclass
from typing import Any, Self

from pulumi_localaws.local_aws import LocalAws

PASSWORD = "Correct-horse-1!"

RECORDER = """
import json, time
import botocore.session

SQS = botocore.session.get_session().create_client("sqs")

def handler(event, context):
    body = json.dumps({"event": event, "arn": context.invoked_function_arn})
    SQS.send_message(QueueUrl="@queue@", MessageBody=body)
    metadata = event["request"].get("clientMetadata") or event["request"].get("validationData") or {}
    behaviour = metadata.get(event["triggerSource"].partition("_")[0])
    if behaviour == "boom":
        raise ValueError("boom, said the function")
    if behaviour == "slow once":
        queue = SQS.get_queue_attributes(QueueUrl="@queue@", AttributeNames=["ApproximateNumberOfMessages"])
        if queue["Attributes"]["ApproximateNumberOfMessages"] == "1":
            time.sleep(6)
    if behaviour == "nothing":
        return None
    if behaviour == "confirm":
        event["response"].update(autoConfirmUser=True, autoVerifyEmail=True)
    if behaviour == "migrate":
        attributes = {"email": event["userName"], "email_verified": "true"}
        event["response"].update(userAttributes=attributes, messageAction="SUPPRESS")
    return event
"""
"""A trigger's function: it sends its event to a queue, then does what the call's metadata requests."""


class AwsResources:
    """Creates resources with unique names, and deletes pools and functions at the end."""

    def __init__(self, local_aws: LocalAws) -> None:
        self.local_aws = local_aws
        self.cognito = local_aws.client("cognito-idp")
        self.lambda_ = local_aws.client("lambda")
        self.iam = local_aws.client("iam")
        self.sqs = local_aws.client("sqs")
        self.region = "us-east-1"
        self._pools: list[str] = []
        self._functions: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pool_id in self._pools:
            self.cognito.update_user_pool(UserPoolId=pool_id, DeletionProtection="INACTIVE")
            self.cognito.delete_user_pool(UserPoolId=pool_id)
        for name in self._functions:
            self.lambda_.delete_function(FunctionName=name)

    def create_pool(self, **settings: Any) -> dict[str, Any]:
        """Create a pool like ours: an address in any case as user name, and an immutable role."""
        settings = {
            "UsernameAttributes": ["email", "phone_number"],
            "UsernameConfiguration": {"CaseSensitive": False},
            "AutoVerifiedAttributes": ["email", "phone_number"],
            "Schema": [{"Name": "role", "AttributeDataType": "String", "Mutable": False}],
            **settings,
        }
        pool = self.cognito.create_user_pool(PoolName=f"pool-{uuid.uuid4().hex[:8]}", **settings)["UserPool"]
        self._pools.append(pool["Id"])
        return dict(pool)

    def create_client(self, pool_id: str, **settings: Any) -> str:
        """Create an app client and return its ID."""
        settings = {
            "WriteAttributes": ["email", "phone_number", "name", "custom:role"],
            "ExplicitAuthFlows": [
                "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH",
                "ALLOW_ADMIN_USER_PASSWORD_AUTH",
            ],
            "PreventUserExistenceErrors": "ENABLED",
            **settings,
        }  # fmt: skip
        response = self.cognito.create_user_pool_client(UserPoolId=pool_id, ClientName="c", **settings)
        return str(response["UserPoolClient"]["ClientId"])

    def create_role(self, name: str, policy: dict[str, Any] | None = None) -> str:
        """Create a role for functions and return its ARN."""
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        if policy is not None:
            self.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
        return str(arn)

    def create_function(self, code: str, policy: dict[str, Any] | None = None, timeout: int = 20) -> str:
        """Create a function with an alias and return the alias's ARN."""
        name = f"fn-{uuid.uuid4().hex[:8]}"
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("index.py", code)
        self.lambda_.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="index.handler",
            Role=self.create_role(f"role-{name}", policy),
            Code={"ZipFile": buffer.getvalue()},
            Timeout=timeout,
            Publish=True,
        )
        self._functions.append(name)
        alias = self.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
        return str(alias["AliasArn"])

    def create_recorder(self, code: str = RECORDER, *statements: dict[str, Any]) -> "Recorder":
        """Create a trigger's function that records its events in the queue ``@queue@``."""
        queue = self.sqs.create_queue(QueueName=f"q-{uuid.uuid4().hex[:8]}")["QueueUrl"]
        allow = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
        policy = {"Version": "2012-10-17", "Statement": [allow, *statements]}
        return Recorder(self.create_function(code.replace("@queue@", queue), policy), queue, self.sqs)

    def create_http_api(
        self, code: str, *, issuer: str = "", audience: str = "", timeout_ms: int = 30_000, **stage: Any
    ) -> str:
        """Create an HTTP API whose only route invokes a new function, and return its ID.

        Args:
            code: The function's code.
            issuer: The issuer of the tokens that the route requires. Default: the route is public.
            audience: The app client of the tokens.
            timeout_ms: The time limit of the integration.
            stage: Settings of the stage.
        """
        apis = self.local_aws.client("apigatewayv2")
        api_id = str(apis.create_api(Name=f"api-{uuid.uuid4().hex[:8]}", ProtocolType="HTTP")["ApiId"])
        arn = self.create_function(code)
        name, qualifier = arn.split(":")[-2:]
        self.lambda_.add_permission(
            FunctionName=name,
            Qualifier=qualifier,
            StatementId="api",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
        )
        integration = apis.create_integration(
            ApiId=api_id,
            IntegrationType="AWS_PROXY",
            IntegrationUri=arn,
            PayloadFormatVersion="2.0",
            TimeoutInMillis=timeout_ms,
        )
        security: dict[str, str] = {}
        if issuer:
            authorizer = apis.create_authorizer(
                ApiId=api_id,
                AuthorizerType="JWT",
                Name="jwt",
                IdentitySource=["$request.header.Authorization"],
                JwtConfiguration={"Issuer": issuer, "Audience": [audience]},
            )
            security = {"AuthorizationType": "JWT", "AuthorizerId": authorizer["AuthorizerId"]}
        target = f"integrations/{integration['IntegrationId']}"
        apis.create_route(ApiId=api_id, RouteKey="$default", Target=target, **security)
        apis.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True, **stage)
        return api_id

    def allow_invocation(self, alias_arn: str, pool: dict[str, Any], **changes: Any) -> None:
        """Allow a pool to invoke a function."""
        name, qualifier = alias_arn.split(":")[-2:]
        statement = {
            "FunctionName": name,
            "Qualifier": qualifier,
            "StatementId": uuid.uuid4().hex,
            "Action": "lambda:InvokeFunction",
            "Principal": "cognito-idp.amazonaws.com",
            "SourceArn": pool["Arn"],
            "SourceAccount": self.local_aws.account_id,
            **changes,
        }
        self.lambda_.add_permission(**{k: v for k, v in statement.items() if v is not None})

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """Get a path of the public endpoint; return status and JSON."""
        request = urllib.request.Request(self.local_aws.endpoint + path, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def read_inbox(self) -> list[dict[str, Any]]:
        """Return the e-mails in the inbox."""
        inboxes = self.get("/_ministack/ses/messages")[1]["messages"]
        return [email for emails in inboxes.values() for email in emails]

    def create_user_client(self, service: str, policy: dict[str, Any]) -> Any:
        """Return a client with the credentials of a new IAM user with this policy."""
        name = f"user-{uuid.uuid4().hex[:8]}"
        self.iam.create_user(UserName=name)
        self.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        return self.local_aws.client(
            service, aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"]
        )


@dataclass
class Recorder:
    """A function that records its events.

    Attributes:
        arn: The ARN of its alias.
        queue: The URL of the queue that it writes to.
        sqs: A client of SQS.
    """

    arn: str
    queue: str
    sqs: Any

    def take_events(self) -> list[dict[str, Any]]:
        """Return and remove the recorded events; the function sends them before it returns."""
        events: list[dict[str, Any]] = []
        while True:
            messages = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get(
                "Messages", []
            )
            if not messages:
                return events
            for message in messages:
                events.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])

    def take_sources(self) -> list[str]:
        """Return and remove the trigger sources of the recorded events."""
        return [entry["event"]["triggerSource"] for entry in self.take_events()]


def unique_email() -> str:
    """Return a unique address with capital letters."""
    return f"Ann.{uuid.uuid4().hex[:10]}@Example.com"


def name_value_pairs(**values: str) -> list[dict[str, str]]:
    """Return attributes in the form of Cognito's API."""
    return [{"Name": name, "Value": value} for name, value in values.items()]
