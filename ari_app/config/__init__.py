"""Settings of the process, and the administrator's file."""
