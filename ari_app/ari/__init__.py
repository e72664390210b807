"""The one room that knows Asterisk: events become facts, effects become requests of ARI.

`asterisk.Asterisk` puts it together; `ari_app.testing.asterisk` has one in memory, for tests.
"""
