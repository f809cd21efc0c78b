"""The stores that an erasure empties: items, files, answers, the Cognito user, and the team's own stores."""
