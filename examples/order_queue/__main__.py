"""Orders from a queue become receipts in a bucket; an order that is not valid goes to a dead-letter queue."""

import json

import pulumi
import pulumi_aws as aws

MAX_SECONDS = 2

receipts = aws.s3.Bucket("receipts")
rejected = aws.sqs.Queue("rejected")
orders = aws.sqs.Queue(
    "orders",
    visibility_timeout_seconds=MAX_SECONDS,
    redrive_policy=rejected.arn.apply(
        lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    ),
)

trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
role = aws.iam.Role(
    "order-role", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
)
policy = aws.iam.RolePolicy(
    "order-policy",
    role=role.name,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
                    "Resource": orders.arn,
                },
                {"Effect": "Allow", "Action": "s3:PutObject", "Resource": receipts.arn.apply("{}/*".format)},
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": "*",
                },
            ],
        }
    ),
)
function = aws.lambda_.Function(
    "order-function",
    code=pulumi.FileArchive("function"),
    handler="orders.handler",
    runtime="python3.13",
    role=role.arn,
    timeout=MAX_SECONDS,
    environment={"variables": {"RECEIPTS": receipts.bucket}},
    opts=pulumi.ResourceOptions(depends_on=[policy]),
)
aws.lambda_.EventSourceMapping(
    "order-mapping", event_source_arn=orders.arn, function_name=function.arn, batch_size=1
)

pulumi.export("ordersUrl", orders.url)
pulumi.export("rejectedUrl", rejected.url)
pulumi.export("receiptsBucket", receipts.bucket)
