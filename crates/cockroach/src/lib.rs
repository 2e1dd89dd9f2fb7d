//! What is known of CockroachDB.
