"""The shapes, bones and skin weights from which make_default_model.py builds the default character."""
