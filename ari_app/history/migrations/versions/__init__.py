"""One file a version, in the order of their names. What was released once is never changed again."""
