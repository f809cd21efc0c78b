"""Configuration: what the Pulumi CLI would read from the project, the stack and the provider."""
