"""Heads: from what the encoder makes of a window to predictions of the hidden shots.

`decoder` holds the transform and the light decoder, `neighbour` the head that starts from the visible shots.
"""
