"""PURE. Who may be reached, by whom and how, showing what."""
