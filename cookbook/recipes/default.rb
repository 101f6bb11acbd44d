# Nothing to do here: standing in the run list is what loads the libraries before the definition's own cookbook.
