//! Legal variants of a reader and a writer of ProtoJSON.

use std::fmt::Write as _;
use std::sync::Arc;

use prost_reflect::{DynamicMessage, Kind, ReflectMessage as _, Value as Field};
use serde_json::Value;

use super::json_text::{known_to, members_in_order, names};
use super::{ALL, JSON, Meter, Method, Seam, Variant, tree};
use crate::reference::backend::{Admitted, Backend, Outcome};
use crate::reference::context::{Caller, Context};
use crate::reference::failure::Failure;

pub(super) static UNKNOWN_IGNORED: Variant = Variant {
    name: "unknown-ignored",
    spared_by: &["JSON-UNKNOWN-FIELD", "JSON-KEY-EXACT", "JSON-ENUM-UNKNOWN-NAME-IN-LIST", "JSON-ENUM-INPUT-UNKNOWN-NAME"],
    wires: JSON,
    summary: "unknown names of members and of enum values are ignored",
    seam: Seam::Request(|_, method, parcel| {
        // What isn't read strictly stays as it is: this isn't a lenient parser.
        if members_in_order(&parcel.body).is_none() {
            return false;
        }
        let keys = tree::request(parcel, |root| {
            let Some(members) = root.as_object_mut() else { return false };
            let before = members.len();
            members.retain(|name, _| known_to(method, name));
            members.len() < before
        });
        tree::request(parcel, |root| unknown_names(method, root)) || keys
    }),
};

pub(super) static LAST_KEY_WINS: Variant = Variant {
    name: "last-key-wins",
    spared_by: &["JSON-DUPLICATE-KEY"],
    wires: JSON,
    summary: "of two equal names, or of both spellings of a field, the last one counts",
    seam: Seam::Request(|_, method, parcel| {
        let Some(members) = members_in_order(&parcel.body) else { return false };
        let before = members.len();
        let json_name = |name: &str| {
            let field = method.input.get_field_by_name(name);
            field.map_or_else(|| name.to_owned(), |field| field.json_name().to_owned())
        };
        let mut different: Vec<String> = members.iter().map(|(name, _)| json_name(name)).collect();
        different.sort();
        different.dedup();
        different.len() < before && {
            names(parcel, |name| Some(json_name(name)));
            tree::request(parcel, |_| true)
        }
    }),
};

pub(super) static WHOLE_SECONDS_KEPT: Variant = Variant {
    name: "whole-seconds-kept",
    spared_by: &["JSON-DURATION-FORMAT", "JSON-DURATION-INPUT"],
    wires: ALL,
    summary: "of durations only the seconds are stored",
    seam: Seam::Backend(|inner, _, meter| Arc::new(WholeSeconds { inner, meter })),
};

pub(super) static WHOLE_SECOND_DATES: Variant = Variant {
    name: "whole-second-dates",
    spared_by: &["JSON-TIMESTAMP-FRACTION", "SEED-DETAILS-DATE-TIME-FORMAT"],
    wires: ALL,
    summary: "dates have no fraction of a second",
    seam: Seam::Outcome(|_, outcome| {
        let Ok(message) = outcome else { return false };
        let mut acted = false;
        tree::messages(message, &mut |message| {
            if message.descriptor().full_name() == "google.protobuf.Timestamp" {
                message.clear_field_by_name("nanos");
                acted = true;
            }
        });
        acted
    }),
};

pub(super) static NINE_DIGITS: Variant = Variant {
    name: "nine-digits",
    spared_by: &["JSON-TIMESTAMP-FRACTION", "JSON-DURATION-FORMAT"],
    wires: JSON,
    summary: "dates and durations have nine digits behind the point",
    seam: Seam::Encoded(|_, _, encoded| {
        tree::json(encoded, |root| {
            tree::members(root, &mut |name, value| {
                let dated = name.ends_with("Date") || name == "viewTimestamp" || name.ends_with("Lifetime");
                let Some(text) = value.as_str().filter(|_| dated) else { return false };
                let Some((number, suffix)) = text.split_at_checked(text.len().saturating_sub(1)) else { return false };
                let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
                *value = format!("{whole}.{fraction:0<9}{suffix}").into();
                true
            })
        })
    }),
};

pub(super) static ESCAPED_TEXT: Variant = Variant {
    name: "escaped-text",
    spared_by: &["JSON-STRING-UNICODE", "JSON-OUTPUT-ONE-TEXT"],
    wires: JSON,
    summary: "slashes and all characters outside ASCII are escaped in JSON",
    seam: Seam::Encoded(|_, _, encoded| {
        let Some(text) = encoded.body.as_deref().and_then(|body| std::str::from_utf8(body).ok()) else { return false };
        let mut escaped = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                '/' => escaped.push_str("\\/"),
                character if character.is_ascii() => escaped.push(character),
                character => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        let _ = write!(escaped, "\\u{unit:04x}");
                    }
                }
            }
        }
        let acted = escaped != text;
        encoded.body = Some(escaped.into());
        acted
    }),
};

pub(super) static LISTS_REVERSED: Variant = Variant {
    name: "lists-reversed",
    spared_by: &["JSON-STRUCTURAL-STABILITY", "JSON-ENUM-OUTPUT-NAME"],
    wires: ALL,
    summary: "the newest factor is the first one of a list",
    seam: Seam::Outcome(|_, outcome| {
        let Ok(message) = outcome else { return false };
        let mut acted = false;
        tree::messages(message, &mut |message| {
            for (field, value) in message.fields_mut() {
                if let (Kind::Enum(_), Some(list)) = (field.kind(), value.as_list_mut())
                    && list.len() > 1
                {
                    list.reverse();
                    acted = true;
                }
            }
        });
        acted
    }),
};

/// Takes undeclared names of enum values away: a field is then unset, a list has an element less.
fn unknown_names(method: &Method, root: &mut Value) -> bool {
    let Some(members) = root.as_object_mut() else { return false };
    let mut acted = false;
    for (name, value) in members.iter_mut() {
        let field = method.input.get_field_by_json_name(name).or_else(|| method.input.get_field_by_name(name));
        let Some(Kind::Enum(values)) = field.map(|field| field.kind()) else { continue };
        let unknown = |value: &Value| value.as_str().is_some_and(|name| values.get_value_by_name(name).is_none());
        if unknown(value) {
            *value = Value::Null;
            acted = true;
        } else if let Some(list) = value.as_array_mut() {
            let before = list.len();
            list.retain(|element| !unknown(element));
            acted |= list.len() < before;
        }
    }
    acted
}

struct WholeSeconds {
    inner: Arc<dyn Backend>,
    meter: Meter,
}

impl Backend for WholeSeconds {
    fn admit(&self, context: &Context, caller: &Caller) -> Result<Admitted, Failure> {
        self.inner.admit(context, caller)
    }

    fn execute(&self, context: &Context, admitted: &Admitted, mut message: DynamicMessage) -> Outcome {
        for (_, value) in message.fields_mut() {
            if let Field::Message(inner) = value
                && inner.descriptor().full_name() == "google.protobuf.Duration"
                && inner.has_field_by_name("nanos")
            {
                inner.clear_field_by_name("nanos");
                self.meter.acted();
            }
        }
        self.inner.execute(context, admitted, message)
    }
}
