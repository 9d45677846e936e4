"""What is known of models: `models.yaml` and how it is read (`catalogue.facts`). Data first, no network."""
