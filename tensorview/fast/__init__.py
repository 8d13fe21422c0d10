"""The graph of a model read from its configuration alone: nothing is built or run, TensorFlow is not imported."""
