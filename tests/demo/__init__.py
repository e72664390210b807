"""The demonstration: one call through a call centre, told as it happens, who hears whom measured in RTP.

    python -m tests.demo

`scenes` is what is told, `story` its shapes, `render` what it looks like (pure), `stage` who measures and prints.
"""
