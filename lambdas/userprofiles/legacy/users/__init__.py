"""The users of the old application: addresses, conflicts, accounts in Cognito, claims and table items."""
