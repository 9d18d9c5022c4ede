"""`msm ablate`: a grid of recipes with seeds, trained one by one or many at once, summed up with intervals."""
