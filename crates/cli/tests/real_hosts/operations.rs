//! The page of operations, played.

use crate::walkthrough::play;

#[test]
fn the_page_of_operations_is_what_happens() {
    play("docs/operations.md", 4);
}
