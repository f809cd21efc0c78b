"""Runs with a record, a lease and progress in a ledger."""
