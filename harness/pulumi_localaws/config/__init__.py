"""Reads the config of a project, a stack and its providers as the Pulumi CLI does."""
