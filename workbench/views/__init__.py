"""Figures, tables and sentences: pure functions without Streamlit, which the app and the notebooks share.

fill_in    one prediction of hidden shots: filmstrip, timeline, verdict
interpret  surprise, influence, attention, what-if
map        maps of embeddings
report     evaluation reports and frozen probes
tasks      reports of `msm probe`
training   curves and sentences of trainings
ablation   ablations and the scaling curve
slides     presentations
"""
