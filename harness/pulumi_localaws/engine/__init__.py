"""The engine: runs a Pulumi program and creates its resources, without the Pulumi CLI."""
