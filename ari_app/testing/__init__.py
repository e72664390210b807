"""In-memory implementations of Asterisk, availability and store, held to the contract tests of the real ones."""
