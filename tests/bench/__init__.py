"""Benches: ratios against a baseline in the same run. No test: nothing here fails for being slow."""
