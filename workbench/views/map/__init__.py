"""Maps of embeddings: figures, the component's data, labels and sentences."""
