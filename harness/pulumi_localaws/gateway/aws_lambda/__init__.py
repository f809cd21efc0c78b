"""Lambda as other AWS services call it: resource policies and invocations."""
