"""The only room that knows how Redis keeps agents, counts and reservations.

`port` is what the rest of the app sees; `redis` and `memory` are two implementations that pass the same tests;
`mirror` is a live copy in this process for look-ups that must not wait.
"""
