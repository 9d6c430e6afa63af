"""People and their accounts, and the record of who did what."""
