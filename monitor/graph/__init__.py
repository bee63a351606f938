"""Which posts belong together: groups, campaigns, identities and what joins them. Pure: no store, no clock."""
