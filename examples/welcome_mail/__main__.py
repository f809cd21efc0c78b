"""Each user who signs up gets a welcome mail; a second step gets every new user, however it was created."""

import json
from pathlib import Path

import pulumi
import pulumi_aws as aws
from pulumi_userprofiles import LambdaPlatform, SignupToProfile

config = pulumi.Config()
domain = config.get("domain") or "example.com"

profiles = SignupToProfile(
    "trial",
    template="basic",
    user_pool={"username_attributes": ["email"]},
    after_sign_up=[
        {"name": "welcome-mail"},
        {"name": "crm", "created_by": ["sign_up", "first_access", "reconciler", "admin", "import"]},
    ],
    platform=LambdaPlatform.HOST,  # for a local AWS; omit it for AWS Lambda
    protect=False,
)
queue_arn = profiles.after_sign_up_queue_arns["welcome-mail"]

identity = aws.sesv2.EmailIdentity("trial-sender", email_identity=domain)
sender = f"welcome@{domain}"
sent_mails = aws.dynamodb.Table(
    "trial-sent-mails",
    attributes=[{"name": "eventId", "type": "S"}],
    hash_key="eventId",
    billing_mode="PAY_PER_REQUEST",
    ttl={"attribute_name": "expiresAt", "enabled": True},
)
logs = aws.cloudwatch.LogGroup("trial-welcome-mail-log", retention_in_days=30)


def allow(actions: list[str], resource: pulumi.Input[str]) -> dict[str, object]:
    """Return a statement of the function's policy."""
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
role = aws.iam.Role(
    "trial-welcome-mail-role",
    assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
)
policy = aws.iam.RolePolicy(
    "trial-welcome-mail-policy",
    role=role.name,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], queue_arn),
                allow(["cognito-idp:AdminGetUser"], profiles.identity.user_pool_arn),
                allow(["dynamodb:PutItem", "dynamodb:UpdateItem"], sent_mails.arn),
                allow(["ses:SendEmail"], identity.arn),
                allow(["logs:CreateLogStream", "logs:PutLogEvents"], pulumi.Output.concat(logs.arn, ":*")),
            ],
        }
    ),
)
function = aws.lambda_.Function(
    "trial-welcome-mail",
    code=pulumi.FileArchive(str(Path(__file__).parent / "function")),
    handler="welcome_mail.handler",
    runtime="python3.13",
    architectures=["arm64"],
    role=role.arn,
    timeout=30,
    environment={
        "variables": {
            "SENDER": sender,
            "SENT_MAILS_TABLE": sent_mails.name,
            "USER_POOL_ID": profiles.user_pool_id,
        }
    },
    logging_config={"log_format": "Text", "log_group": logs.name},
    opts=pulumi.ResourceOptions(depends_on=[policy]),
)
aws.lambda_.EventSourceMapping(
    "trial-welcome-mail-mapping",
    event_source_arn=queue_arn,
    function_name=function.arn,
    batch_size=1,
    scaling_config={"maximum_concurrency": 2},
)

pulumi.export("userPoolId", profiles.user_pool_id)
pulumi.export("userPoolClientId", profiles.user_pool_client_id)
pulumi.export("profileApiUrl", profiles.profile_api_url)
pulumi.export("usersTableName", profiles.users_table_name)
pulumi.export("auditTableName", profiles.audit_table_name)
pulumi.export("sentMailsTableName", sent_mails.name)
pulumi.export("afterSignUpQueueUrls", profiles.after_sign_up_queue_urls)
