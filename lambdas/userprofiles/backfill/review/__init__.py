"""Verification and rollback: comparison of stored items with what a run creates."""
