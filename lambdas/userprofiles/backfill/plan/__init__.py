"""Plans of runs: what a run would do, and whether a plan still fits."""
