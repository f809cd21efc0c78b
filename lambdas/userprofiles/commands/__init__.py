"""Commands of `userprofiles`, one module for each: its options, its output and its exit codes."""
