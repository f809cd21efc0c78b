"""The backfill: creates the profile of a new sign-up for every existing user who has none.

The command line and the Step Functions job share these steps:

    read    pages of a table's segments (`source`)
    plan    a row becomes a profile, a reason to skip the user, or a reason for a failure (`plan`,
            `skip_rule`, `table_shape`)
    write   missing profiles are inserted, under a condition, and counted (`profile_reader`, `profile_writer`,
            `segment`, `run`)

`limits` has the sizes and times of a run. `command` has the command line with its checkpoint, `state_machine`
has the worker function. Report and checkpoint are never written into the table.
"""
