"""Call snapshots, login tokens, idempotency keys, last choices, recents and favourites in Redis.

`port` is what the rest of the app sees; `redis` and `memory` pass the same tests; `client` is the connection to Redis
that `availability` uses too.
"""
