"""What stands on record of who did what: see `chain` for a line of it, `trail` for how it is kept."""
