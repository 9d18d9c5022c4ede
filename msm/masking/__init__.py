"""Which shots are hidden: policies, their schedule over the steps, and the modalities hidden of each shot.

`policies` draws hidden shots, `config` holds the choices of a recipe, `parts` writes single modalities as text.
"""
