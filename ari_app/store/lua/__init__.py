"""Scripts of Redis; `fence.lua` begins each."""
