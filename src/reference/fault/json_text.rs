//! Faults of a reader of JSON: the text itself and the names in it.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::{Fault, JSON, Layer, Parcel, Seam, tree};

pub(super) static BROKEN_TEXT_AS_EMPTY: Fault = Fault {
    name: "broken-text-as-empty",
    requirement: "JSON-SYNTAX-ERROR",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "a body that can't be parsed stands for the empty message",
    seam: Seam::Request(|_, _, parcel| {
        let broken = !parcel.body.is_empty() && serde_json::from_slice::<Value>(&parcel.body).is_err();
        if broken {
            parcel.body = Bytes::from_static(b"{}");
        }
        broken
    }),
};

pub(super) static CUT_TEXT_EXECUTED: Fault = Fault {
    name: "cut-text-executed",
    requirement: "JSON-SYNTAX-ERROR",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "what stands before the end of a cut body is executed",
    seam: Seam::Request(|_, _, parcel| {
        let closed = [&parcel.body[..], b"}"].concat();
        let cut = serde_json::from_slice::<Value>(&parcel.body).is_err() && serde_json::from_slice::<Value>(&closed).is_ok();
        if cut {
            parcel.body = closed.into();
        }
        cut
    }),
};

pub(super) static REST_IGNORED: Fault = Fault {
    name: "rest-ignored",
    requirement: "JSON-TRAILING-DATA",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "what follows the first JSON value is ignored",
    seam: Seam::Request(|_, _, parcel| {
        let mut values = serde_json::Deserializer::from_slice(&parcel.body).into_iter::<Value>();
        let first = values.next().is_some_and(|value| value.is_ok());
        let end = values.byte_offset();
        let rest = first && parcel.body[end..].iter().any(|octet| !octet.is_ascii_whitespace());
        if rest {
            parcel.body.truncate(end);
        }
        rest
    }),
};

pub(super) static ESCAPES_LEFT: Fault = Fault {
    name: "escapes-left",
    requirement: "JSON-ESCAPES",
    kind: "refused",
    wires: JSON,
    layer: Layer::Wire,
    summary: "names are matched without undoing their escapes",
    seam: Seam::Request(|_, _, parcel| tree::request_text(parcel, |text| text.replace("{\"\\u", "{\"\\\\u"))),
};

pub(super) static SURROGATES_REPLACED: Fault = Fault {
    name: "surrogates-replaced",
    requirement: "JSON-STRING-UNICODE",
    kind: "body-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "a surrogate pair becomes two replacement characters",
    seam: Seam::Request(|_, _, parcel| {
        tree::request_text(parcel, |text| {
            let mut parts = text.split("\\u");
            let mut bent = parts.next().unwrap_or_default().to_owned();
            for part in parts {
                let surrogate = part.get(..2).is_some_and(|lead| ("D8".."E0").contains(&lead.to_ascii_uppercase().as_str()));
                bent.push_str("\\u");
                match part.get(4..).filter(|_| surrogate) {
                    Some(rest) => {
                        bent.push_str("fffd");
                        bent.push_str(rest);
                    }
                    None => bent.push_str(part),
                }
            }
            bent
        })
    }),
};

pub(super) static LOSSY_UTF8: Fault = Fault {
    name: "lossy-utf8",
    requirement: "JSON-INVALID-UTF8",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "octets that are no UTF-8 become replacement characters",
    seam: Seam::Request(|_, _, parcel| {
        // In a name such a character makes an unknown key, which this server refuses anyway.
        tree::request_text(parcel, str::to_owned)
    }),
};

pub(super) static WHITE_SPACE_REFUSED: Fault = Fault {
    name: "white-space-refused",
    requirement: "JSON-WHITESPACE",
    kind: "refused",
    wires: JSON,
    layer: Layer::Wire,
    summary: "a body must begin with a brace",
    seam: Seam::Request(|_, _, parcel| {
        let blank = parcel.body.first().is_some_and(u8::is_ascii_whitespace);
        if blank {
            parcel.body = Bytes::from_static(b"refused");
        }
        blank
    }),
};

pub(super) static COMMA_AT_THE_END: Fault = Fault {
    name: "comma-at-the-end",
    requirement: "JSON-SYNTAX-EXTENSIONS",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "a comma behind the last member is accepted",
    seam: Seam::Request(|_, _, parcel| tree::request_text(parcel, |text| text.replace(",}", "}"))),
};

pub(super) static PROTO_NAMES_IGNORED: Fault = Fault {
    name: "proto-names-ignored",
    requirement: "JSON-INPUT-BOTH-NAMES",
    kind: "body-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "members with the names of the proto file are ignored",
    seam: Seam::Request(|_, _, parcel| names(parcel, |name| (!name.contains('_')).then(|| name.to_owned()))),
};

pub(super) static FIRST_KEY_WINS: Fault = Fault {
    name: "first-key-wins",
    requirement: "JSON-DUPLICATE-KEY",
    kind: "body-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "of two equal names, or of both spellings of a field, the first one counts",
    seam: Seam::Request(|_, method, parcel| {
        let Some(members) = members_in_order(&parcel.body) else { return false };
        let mut kept: Vec<(String, Value)> = Vec::new();
        let json_name = |name: &str| {
            let field = method.input.get_field_by_name(name);
            field.map_or_else(|| name.to_owned(), |field| field.json_name().to_owned())
        };
        let before = members.len();
        for (name, value) in members {
            if kept.iter().all(|(seen, _)| json_name(seen) != json_name(&name)) {
                kept.push((name, value));
            }
        }
        let acted = kept.len() < before;
        if acted {
            parcel.body = Value::Object(Map::from_iter(kept)).to_string().into();
        }
        acted
    }),
};

pub(super) static INNER_KEY_COUNTS: Fault = Fault {
    name: "inner-key-counts",
    requirement: "JSON-UNKNOWN-FIELD",
    kind: "body-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "members of an unknown object count as members of the message",
    seam: Seam::Request(|_, method, parcel| {
        tree::request(parcel, |root| {
            let Some(members) = root.as_object_mut() else { return false };
            let known = |name: &str| known_to(method, name);
            let unknown: Vec<String> = members.keys().filter(|name| !known(name)).cloned().collect();
            for name in &unknown {
                if let Some(Value::Object(inner)) = members.remove(name) {
                    members.extend(inner.into_iter().filter(|(name, _)| known(name)));
                }
            }
            !unknown.is_empty()
        })
    }),
};

pub(super) static KEYS_IN_ANY_CASE: Fault = Fault {
    name: "keys-in-any-case",
    requirement: "JSON-KEY-EXACT",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "names of members are matched without regard to case",
    seam: Seam::Request(|_, method, parcel| {
        names(parcel, |name| {
            let mut fields = method.input.fields();
            let field = fields.find(|field| field.json_name().eq_ignore_ascii_case(name));
            Some(field.map_or_else(|| name.to_owned(), |field| field.json_name().to_owned()))
        })
    }),
};

/// Whether a name is one of the message's.
pub(super) fn known_to(method: &super::Method, name: &str) -> bool {
    method.input.get_field_by_json_name(name).or_else(|| method.input.get_field_by_name(name)).is_some()
}

/// Gives the members of the request other names, or leaves them out.
pub(super) fn names(parcel: &mut Parcel, bend: impl Fn(&str) -> Option<String>) -> bool {
    tree::request(parcel, |root| {
        let Some(members) = root.as_object_mut() else { return false };
        let mut acted = false;
        let mut all = Map::new();
        for (name, value) in std::mem::take(members) {
            let bent = bend(&name);
            acted |= bent.as_ref() != Some(&name);
            if let Some(bent) = bent {
                all.insert(bent, value);
            }
        }
        *members = all;
        acted
    })
}

/// The members of an object as they stand there, equal names included.
pub(super) fn members_in_order(body: &[u8]) -> Option<Vec<(String, Value)>> {
    struct All(Vec<(String, Value)>);

    impl<'de> serde::Deserialize<'de> for All {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Members;

            impl<'de> serde::de::Visitor<'de> for Members {
                type Value = All;

                fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    out.write_str("an object")
                }

                fn visit_map<A: serde::de::MapAccess<'de>>(self, mut members: A) -> Result<All, A::Error> {
                    let mut all = Vec::new();
                    while let Some(member) = members.next_entry()? {
                        all.push(member);
                    }
                    Ok(All(all))
                }
            }

            deserializer.deserialize_map(Members)
        }
    }

    serde_json::from_slice::<All>(body).ok().map(|all| all.0)
}
