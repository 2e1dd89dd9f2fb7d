//! Plans and events to text.
