"""The life of users after sign-up: checks of the audit trail, and reconciliation of pool and table."""
