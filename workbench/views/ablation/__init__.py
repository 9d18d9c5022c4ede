"""Figures, tables and sentences of an ablation."""
