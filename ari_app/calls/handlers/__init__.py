"""What happens when a stimulus comes: one file for each source of stimuli. What follows is left to `features`."""
