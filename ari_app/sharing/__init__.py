"""What controllers of one call centre tell each other: calls that another leads, commands, requests to pass on."""
