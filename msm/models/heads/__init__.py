"""Heads: from the encoder's output to predictions of the hidden shots. Every module or package here is one head.

To add one, write a module that defines `HEAD`, a subclass of `msm.models.head.Head`; its file name is its name in recipes.
"""
