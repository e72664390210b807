"""Call control for contact centres on Asterisk 22, driven through ARI."""

__version__ = "0.1.0"
