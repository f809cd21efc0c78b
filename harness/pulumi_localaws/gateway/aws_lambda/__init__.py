"""How AWS services call Lambda: resource policies and invocations."""
