//! The vocabulary of crdbctl.
