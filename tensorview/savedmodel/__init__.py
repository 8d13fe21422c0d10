"""TensorFlow SavedModels: checked, then read as the Keras model that they were, else as the graph of a signature."""
