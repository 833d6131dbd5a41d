"""Side-by-side timing of bridle and its peers; README.md says what each row does."""
