"""What `docker/test` runs once Docker and the images are there: steps, call centres for them, the summary.

It runs in a container of the bots' image, with the host's network, Docker's socket, and the host's temporary directory
at the same path: what it mounts into other containers are paths of the host.
"""
