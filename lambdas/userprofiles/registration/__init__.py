"""Registration: a sign-up becomes an account, a profile and an audit row."""
