"""The job that imports an old application: stages, run, plan, verification, rollback and delta."""
