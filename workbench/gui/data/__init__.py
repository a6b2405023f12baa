"""The parts of the Data page: the chooser, the rows, the columns, the classes and the lengths."""
