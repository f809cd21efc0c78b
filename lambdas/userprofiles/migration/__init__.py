"""The backfill: every user who was there before gets the profile that a sign-up makes today.

One engine stands behind two fronts, the command line and the Step Functions job:

    source  pages of a table's segments (`source`)
    plan    a row becomes a profile, a reason to skip it, or a reason why it failed (`plan`, `rule`, `shape`)
    run     what is missing is inserted, under condition, and counted (`target`, `segment`, `run`)

`report` and `checkpoint` are what stays of a run. Nothing of them is ever written into the table.
"""
