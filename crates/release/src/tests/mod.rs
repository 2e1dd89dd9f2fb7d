//! Tests of the whole way from a manifest's words to an indexed archive.

mod archive_builder;
mod cache;
mod hostile;
mod https;
mod local;
mod measure;
mod proxy;
mod remote;
mod scene;
mod server;
