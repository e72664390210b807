"""The built page on a stage: a browser, and in the server's place what a scene says."""
