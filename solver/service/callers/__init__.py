"""Who calls, and what they may do: identities, roles, permits, encryption."""
