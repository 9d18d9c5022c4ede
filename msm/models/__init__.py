"""The shot encoder: a transformer over the shots of a window, and the heads that predict hidden shots from its output.

`encoder` holds `ShotEncoder`, `transformer` its blocks, `packing` attention without padding, `head` the base class of the
heads in `heads/`.
"""
