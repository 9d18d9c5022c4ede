"""Figures and sentences of what a prediction rests on: surprise, influence, attention and what-if."""
