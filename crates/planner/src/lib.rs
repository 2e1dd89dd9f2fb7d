//! Graph and observations to plan.
