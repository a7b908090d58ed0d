"""Model configs in mmpose 1.x format, one file a model and dataset; data, read without being run."""
