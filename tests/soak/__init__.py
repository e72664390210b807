"""`docker/test soak`: thousands of calls of every kind through one call centre, and what they leave in it."""
