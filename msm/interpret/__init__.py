"""Interpretation of a run's predictions: surprise, influence of visible shots, attention, and predictions with less context.

Each module holds one analysis of a `msm.inference.run.Run`; `guess` is a game, guess the hidden shot against the model.
"""
