"""The Lua scripts, as a package so that they are installed with the app."""
