//! Faults of a reader of ProtoJSON: values of the other kinds, nulls and durations.

use serde_json::{Value, json};

use super::{Fault, JSON, Layer, Parcel, Seam, tree};

pub(super) static TEXT_AS_BOOLEAN: Fault = Fault {
    name: "text-as-boolean",
    requirement: "JSON-BOOL-WRONG-KIND",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "each text that isn't empty is true, also \"false\"",
    seam: Seam::Request(|_, _, parcel| member(parcel, "forceMfa", |value| Some(Value::Bool(!value.as_str()?.is_empty())))),
};

pub(super) static SINGLE_VALUE_AS_LIST: Fault = Fault {
    name: "single-value-as-list",
    requirement: "JSON-LIST-WRONG-KIND",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "a single value stands for a list of one",
    seam: Seam::Request(|_, _, parcel| {
        member(parcel, "secondFactors", |value| (value.is_string() || value.is_number()).then(|| json!([value])))
    }),
};

pub(super) static WRONG_ELEMENT_SKIPPED: Fault = Fault {
    name: "wrong-element-skipped",
    requirement: "JSON-LIST-WRONG-KIND",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "elements of another kind are left out of a list",
    seam: Seam::Request(|_, _, parcel| elements(parcel, |element| !element.is_boolean())),
};

pub(super) static NULL_ELEMENT_SKIPPED: Fault = Fault {
    name: "null-element-skipped",
    requirement: "JSON-NULL-IN-LIST",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "null elements are left out of a list",
    seam: Seam::Request(|_, _, parcel| elements(parcel, |element| !element.is_null())),
};

pub(super) static WRONG_TEXT_IGNORED: Fault = Fault {
    name: "wrong-text-ignored",
    requirement: "JSON-STRING-WRONG-KIND",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "a value of another kind leaves a text unset",
    seam: Seam::Request(|_, _, parcel| member(parcel, "defaultRedirectUri", |value| (!value.is_string()).then_some(Value::Null))),
};

pub(super) static EMPTY_FOR_NO_OBJECT: Fault = Fault {
    name: "empty-for-no-object",
    requirement: "JSON-TOP-LEVEL-KIND",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "null and an empty array stand for the empty message",
    seam: Seam::Request(|_, _, parcel| {
        tree::request(parcel, |root| {
            let empty = root.is_null() || root.as_array().is_some_and(Vec::is_empty);
            if empty {
                *root = json!({});
            }
            empty
        })
    }),
};

pub(super) static BARE_VALUE_FOR_MESSAGE: Fault = Fault {
    name: "bare-value-for-message",
    requirement: "JSON-TOP-LEVEL-KIND",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "a bare text stands for the first field of the message",
    seam: Seam::Request(|_, method, parcel| {
        let name = method.input.fields().next().map(|field| field.json_name().to_owned()).unwrap_or_default();
        tree::request(parcel, |root| {
            let bare = root.is_string();
            if bare {
                *root = json!({ name: root });
            }
            bare
        })
    }),
};

pub(super) static NULL_LIST_REFUSED: Fault = Fault {
    name: "null-list-refused",
    requirement: "JSON-NULL-IS-UNSET",
    kind: "refused",
    wires: JSON,
    layer: Layer::Wire,
    summary: "null is no value of a list",
    seam: Seam::Request(|_, _, parcel| member(parcel, "secondFactors", |value| value.is_null().then(|| json!("no list")))),
};

pub(super) static NULL_SETS: Fault = Fault {
    name: "null-sets",
    requirement: "JSON-NULL-IS-UNSET",
    kind: "body-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "null sets a duration to zero seconds",
    seam: Seam::Request(|_, _, parcel| member(parcel, "mfaInitSkipLifetime", |value| value.is_null().then(|| json!("0s")))),
};

pub(super) static DURATION_FROM_NUMBER: Fault = Fault {
    name: "duration-from-number",
    requirement: "JSON-DURATION-INPUT-INVALID",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "a number is read as the seconds of a duration",
    seam: Seam::Request(|_, _, parcel| lifetimes(parcel, |value| value.is_number().then(|| json!(format!("{value}s"))))),
};

pub(super) static DURATION_IN_HOURS: Fault = Fault {
    name: "duration-in-hours",
    requirement: "JSON-DURATION-INPUT-INVALID",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "a duration may be written in hours",
    seam: Seam::Request(|_, _, parcel| {
        lifetimes(parcel, |value| {
            let hours: u64 = value.as_str()?.strip_suffix('h')?.parse().ok()?;
            Some(json!(format!("{}s", hours * 3600)))
        })
    }),
};

pub(super) static DURATION_FRACTION_DROPPED: Fault = Fault {
    name: "duration-fraction-dropped",
    requirement: "JSON-DURATION-INPUT",
    kind: "body-differs",
    wires: JSON,
    layer: Layer::Agreement,
    summary: "the fraction of a duration is dropped where it is read from JSON",
    seam: Seam::Request(|_, _, parcel| {
        lifetimes(parcel, |value| {
            let (seconds, _) = value.as_str()?.split_once('.')?;
            Some(json!(format!("{seconds}s")))
        })
    }),
};

/// Bends a member of the request, if it is there.
fn member(parcel: &mut Parcel, name: &str, bend: impl FnOnce(&Value) -> Option<Value>) -> bool {
    tree::request(parcel, |root| {
        let Some(value) = root.get_mut(name) else { return false };
        match bend(value) {
            Some(bent) => {
                *value = bent;
                true
            }
            None => false,
        }
    })
}

/// Keeps some elements of a list of factors.
fn elements(parcel: &mut Parcel, is_kept: fn(&Value) -> bool) -> bool {
    member(parcel, "secondFactors", |value| {
        let all = value.as_array()?;
        let kept: Vec<Value> = all.iter().filter(|element| is_kept(element)).cloned().collect();
        (kept.len() < all.len()).then(|| kept.into())
    })
}

fn lifetimes(parcel: &mut Parcel, bend: impl Fn(&Value) -> Option<Value>) -> bool {
    tree::request(parcel, |root| {
        tree::members(root, &mut |name, value| match bend(value).filter(|_| name.ends_with("Lifetime")) {
            Some(bent) => {
                *value = bent;
                true
            }
            None => false,
        })
    })
}
