"""Facts about Cognito's behaviour, run against any endpoint that claims to be Cognito."""
