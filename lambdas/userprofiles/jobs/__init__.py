"""What every long job shares: the ledger of its runs, leases, pacing, prices and reports.

The backfill uses it, and so can any other import. Nothing here knows users or profiles: a job stores the
progress of each of its units (a table segment, a file) as a JSON document of its own.
"""
