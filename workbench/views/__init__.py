"""Tables and Plotly figures from arrays and tables: pure, and without streamlit, so that notebooks draw the same."""
