"""The wire in front of the emulator: Cognito's triggers and rules, and a few of IAM's, enforced on it."""
