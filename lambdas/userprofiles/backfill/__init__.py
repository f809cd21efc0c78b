"""The backfill: every user who was there before gets the profile that a sign-up makes today.

One engine stands behind two fronts, the command line and the Step Functions job:

    source  pages of a table's segments (`source`)
    plan    a row becomes a profile, a reason to skip it, or a reason why it failed (`plan`, `rule`, `shape`)
    run     missing profiles are inserted, under a condition, and counted (`profile_reader`,
            `profile_writer`, `segment`, `run`)

`limits` has the sizes and times of a run, `exit_code` how a command ends. `report` and `checkpoint` are what
remains of a run; they are never written into the table.
"""
