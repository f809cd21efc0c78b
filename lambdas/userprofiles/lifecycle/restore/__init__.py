"""Compares a restored users table with pool, audit trail and receipts."""
