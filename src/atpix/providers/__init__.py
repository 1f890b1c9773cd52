"""Image generators behind one Protocol (`values.Provider`). The default one is offline and deterministic."""
