"""Checks of the audit trail."""
