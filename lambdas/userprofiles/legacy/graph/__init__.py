"""Links between the users of the old application, their counters, and paid plans."""
