"""The gateway in front of the emulator: it fires Cognito's triggers and enforces rules of Cognito and IAM."""
