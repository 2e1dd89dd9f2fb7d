//! Plans made by hand, as the planner makes them.

pub(crate) mod build;
mod dropped;
mod fresh;
mod hostile;
mod hosts;
mod leaving;
mod left_out;
mod many;

use std::collections::BTreeMap;

use crdbctl_model::Plan;

pub(crate) use hosts::empty;
pub(crate) use many::scattered;

/// Returns every plan of the corpus by name.
pub(crate) fn corpus() -> BTreeMap<&'static str, Plan> {
    BTreeMap::from([
        ("certificates", hosts::certificates()),
        ("contract", hosts::contract()),
        ("empty", hosts::empty()),
        ("empty-incomplete", hosts::empty_incomplete()),
        ("fresh", fresh::fresh()),
        ("fleet", many::fleet()),
        ("hostile", hostile::hostile()),
        ("drift", hosts::drift()),
        ("dropped", dropped::dropped()),
        ("leaving", leaving::leaving()),
        ("left-out", left_out::some_left_out()),
        ("left-out-all", left_out::all_left_out()),
        ("three-way", hosts::three_way()),
        ("unknown", hosts::unknown()),
    ])
}
