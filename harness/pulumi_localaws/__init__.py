"""A local AWS for any Pulumi Python program: emulator, Cognito gateway and deployment engine."""
