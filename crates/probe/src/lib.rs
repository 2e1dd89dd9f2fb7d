//! Reading nodes.
