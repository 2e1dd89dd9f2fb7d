//! A graph for people and other programs: the files of a node, and pictures.

mod dot;
mod edges;
mod files;
mod json;
mod mermaid;

pub use dot::to_dot;
pub use files::render;
pub use json::to_json;
pub use mermaid::to_mermaid;
