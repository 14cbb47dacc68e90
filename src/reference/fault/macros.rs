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
            seam: super::Seam::Backend(|inner, seed, meter| super::around::around(inner, seed, meter, $execute)),
        };
    };
}

/// A fault of admission: name, requirement, kind, wires, summary, how it decides who may call, and, where need be, what it does in the place of a call.
macro_rules! guard {
    ($static:ident, $name:literal, $requirement:literal, $kind:literal, $wires:expr, $summary:literal, $admit:expr) => {
        super::macros::guard!($static, $name, $requirement, $kind, $wires, $summary, $admit, |it, context, admitted, message| {
            it.inner(context, admitted, message)
        });
    };
    ($static:ident, $name:literal, $requirement:literal, $kind:literal, $wires:expr, $summary:literal, $admit:expr, $execute:expr) => {
        pub(super) static $static: super::Fault = super::Fault {
            name: $name,
            requirement: $requirement,
            kind: $kind,
            wires: $wires,
            layer: super::Layer::Meaning,
            summary: $summary,
            seam: super::Seam::Backend(|inner, seed, meter| super::around::guarded(inner, seed, meter, $admit, $execute)),
        };
    };
}

/// A fault of the wire: name, requirement, kind, wires, summary, seam.
macro_rules! wire_fault {
    ($static:ident, $name:literal, $requirement:literal, $kind:literal, $wires:expr, $summary:literal, $seam:expr) => {
        pub(super) static $static: super::Fault = super::Fault {
            name: $name,
            requirement: $requirement,
            kind: $kind,
            wires: $wires,
            layer: super::Layer::Wire,
            summary: $summary,
            seam: $seam,
        };
    };
}

pub(super) use {fault, guard, wire_fault};
