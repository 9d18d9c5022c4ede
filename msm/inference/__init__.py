"""Inference with a trained run: reconstructions of hidden shots, contextual embeddings, and the shots nearest to a prediction.

`run` holds `Run`, `reconstruction` holds `FillIn`, `predict` runs a model over a title, `candidates` finds nearest shots, and
`embed` writes a catalog of contextual embeddings.
"""
