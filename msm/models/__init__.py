"""The shot encoder: a transformer over the shots of a window, attention over packed windows, and its heads.

`encoder` holds `ShotEncoder`, `transformer` its blocks, `packing` attention without padding, `heads/` the read-outs.
"""
