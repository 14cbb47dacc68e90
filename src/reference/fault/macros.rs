//! Short forms of entries that are alike.

/// A fault of meaning on every wire: name, requirement, kind, summary, and what it does in the place of a call.
macro_rules! fault {
    ($static:ident, $name:literal, $requirement:literal, $kind:literal, $summary:literal, $execute:expr) => {
        pub(super) static $static: super::Fault = super::Fault {
            name: $name,
            requirement: $requirement,
            kind: $kind,
            wires: super::ALL,
            layer: super::Layer::Meaning,
            summary: $summary,
            seam: super::Seam::Backend(|inner, _, meter| super::around::around(inner, meter, $execute)),
        };
    };
}

pub(super) use fault;
