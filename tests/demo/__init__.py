"""The demonstration: one call through a call centre, shown as it happens, who hears whom measured in RTP.

    python -m tests.demo

`scenes` is what is shown, `story` its shapes, `render` what it looks like (pure), `stage` who measures and prints.
"""
