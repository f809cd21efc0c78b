"""Pulumi components that turn Cognito sign-ups into DynamoDB profiles."""
