//! Manifest text to resource graph.
