"""What happens when something is told: one file for each source of stimuli. What follows is left to `features`."""
