"""Films made by this project: their screenplays, and the catalog and the runs made from them."""
