"""Curves and sentences of trainings."""
