"""What follows from the state of calls after each step; only the difference is requested of Asterisk."""
