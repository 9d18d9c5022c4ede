"""Figures, tables and sentences of one fill-in, the prediction of a title's hidden shots."""
