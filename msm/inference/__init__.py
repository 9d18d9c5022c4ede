"""A trained run at work: hidden shots restored, contextual embeddings, and the real shots nearest to a prediction.

`predict` runs a model over a title, `reconstruction` holds `Run` and `FillIn`, `candidates` finds nearest shots.
"""
