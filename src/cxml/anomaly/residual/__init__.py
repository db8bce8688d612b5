"""The usual course of a metric, how far a value strays from it, and how rare that is."""
