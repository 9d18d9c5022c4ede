"""The Streamlit app. Imports point one way: app_pages → cache, state → views → msm."""
