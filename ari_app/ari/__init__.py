"""The one room that knows Asterisk: events become facts, effects become requests of ARI.

`asterisk.Asterisk` puts it together; `fake.FakeAsterisk` is its twin in memory.
"""
