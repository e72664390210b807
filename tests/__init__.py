"""Tests of call control: unit, against Asterisk, and end to end by call bots."""
