"""Elements that several pages share: choosers, figures with their code, catalog panels, jobs with their progress."""
