"""What all tests have in common."""

from hypothesis import settings

# A machine that is busy with something else makes no example wrong.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
