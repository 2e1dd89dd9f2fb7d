//! A plan as one HTML file that needs nothing else: no network, no other file.
//!
//! [`page`] gathers what is shown and fills the template; [`card`] is one change or several that read the same;
//! [`drawing`] says what is drawn of the resource graph, and [`layout`] where.

mod card;
mod drawing;
mod layout;
mod page;
mod safe;

pub use page::{HtmlOptions, render_html};
