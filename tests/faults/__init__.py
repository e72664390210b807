"""`docker/test --faults`: parts of a cluster are killed, frozen and cut off while people talk, again and again.

How long it takes until commands are carried out, what was heard meanwhile, and what was left behind.

It measures and reports (docs/faults.md). What it holds to is that nothing is left behind and everybody hears whom they
should.
"""
