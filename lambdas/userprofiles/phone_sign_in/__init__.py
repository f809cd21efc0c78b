"""Sign-in with a phone number and a one-time code, through Cognito's custom challenge."""
