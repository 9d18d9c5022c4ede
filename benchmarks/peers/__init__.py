"""Other people's systems, trained and measured on the same shots. Their code is fetched by whoever runs this, never kept here."""
