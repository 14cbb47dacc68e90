//! Faults of shape and mapping: a right outcome, written wrongly.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::StatusCode;
use http::header::WWW_AUTHENTICATE;
use prost::Message as _;
use prost_reflect::{ReflectMessage as _, Value as Field};
use serde_json::{Map, Value, json};

use super::{ALL, BINARY, Fault, GRPC, JSON, Layer, Seam, tree};
use crate::reference::codec::rpc_status;
use crate::reference::failure::Code;
use crate::reference::protos::zitadel::policy::v1::SecondFactorType;

pub(super) static SEQUENCE_AS_NUMBER: Fault = Fault {
    name: "sequence-as-number",
    requirement: "SEED-DETAILS-SEQUENCE-STRING",
    kind: "type",
    wires: JSON,
    layer: Layer::Shape,
    summary: "details.sequence is a JSON number",
    seam: Seam::Encoded(|_, _, encoded| {
        tree::json(encoded, |tree| {
            tree::members(tree, &mut |name, value| {
                let number = value.as_str().and_then(|text| text.parse::<u64>().ok());
                match number {
                    Some(number) if name == "sequence" => {
                        *value = number.into();
                        true
                    }
                    _ => false,
                }
            })
        })
    }),
};

pub(super) static DETAILS_MISSING: Fault = Fault {
    name: "details-missing",
    requirement: "SEED-RESP-DETAILS-OBJECT",
    kind: "required",
    wires: ALL,
    layer: Layer::Shape,
    summary: "writes are answered with an empty message",
    seam: Seam::Outcome(|_, outcome| {
        let Ok(message) = outcome else {
            return false;
        };
        let has = tree::details(message).is_some();
        if has {
            message.clear_field_by_name("details");
        }
        has
    }),
};

pub(super) static BARE_DATE: Fault = Fault {
    name: "bare-date",
    requirement: "SEED-DETAILS-DATE-TIME-FORMAT",
    kind: "format",
    wires: JSON,
    layer: Layer::Shape,
    summary: "dates are calendar dates without a time, as in the example of the documentation",
    seam: Seam::Encoded(|_, _, encoded| {
        tree::json(encoded, |tree| {
            tree::members(tree, &mut |name, value| match value {
                Value::String(text) if name.ends_with("Date") && text.len() > 10 => {
                    text.truncate(10);
                    true
                }
                _ => false,
            })
        })
    }),
};

pub(super) static HTTP_STATUS_IN_CODE: Fault = Fault {
    name: "http-status-in-code",
    requirement: "SEED-ERROR-CODE-GRPC-NUMBER",
    kind: "not-a-code",
    wires: JSON,
    layer: Layer::Shape,
    summary: "the code of an error object is the HTTP status",
    seam: Seam::Encoded(|_, outcome, encoded| {
        let status = encoded.status.as_u16();
        outcome.is_err() && tree::json(encoded, |tree| set(tree, "code", status.into()))
    }),
};

pub(super) static CONFLICT_AS_400: Fault = Fault {
    name: "conflict-as-400",
    requirement: "MAP-ALREADY-EXISTS-409",
    kind: "http-status-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "ALREADY_EXISTS is answered with HTTP status 400",
    seam: Seam::Encoded(|_, _, encoded| {
        let conflict = encoded.code == Code::AlreadyExists;
        if conflict {
            encoded.status = StatusCode::BAD_REQUEST;
        }
        conflict
    }),
};

pub(super) static UNAUTHENTICATED_AS_403: Fault = Fault {
    name: "unauthenticated-as-403",
    requirement: "MAP-UNAUTHENTICATED-401",
    kind: "http-status-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "UNAUTHENTICATED is answered with HTTP status 403",
    seam: Seam::Encoded(|_, _, encoded| {
        let refused = encoded.code == Code::Unauthenticated;
        if refused {
            encoded.status = StatusCode::FORBIDDEN;
        }
        refused
    }),
};

pub(super) static DUPLICATE_MEMBER: Fault = Fault {
    name: "duplicate-member",
    requirement: "JSON-OUTPUT-ONE-TEXT",
    kind: "duplicate-name",
    wires: JSON,
    layer: Layer::Wire,
    summary: "the first member of an answer stands there twice",
    seam: Seam::Encoded(|_, _, encoded| {
        let tree = encoded.body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
        let Some(Value::Object(members)) = tree else {
            return false;
        };
        let Some((name, value)) = members.iter().next() else {
            return false;
        };
        let first = Map::from_iter([(name.clone(), value.clone())]);
        let first = Value::Object(first).to_string();
        let all = Value::Object(members).to_string();
        encoded.body = Some(format!("{},{}", &first[..first.len() - 1], &all[1..]).into());
        true
    }),
};

pub(super) static SUCCESS_CARRIES_CODE: Fault = Fault {
    name: "success-carries-code",
    requirement: "SEED-ERROR-NOT-ON-SUCCESS",
    kind: "error-on-success",
    wires: JSON,
    layer: Layer::Shape,
    summary: "successful answers have a member code as well",
    seam: Seam::Encoded(|_, outcome, encoded| outcome.is_ok() && tree::json(encoded, |tree| set(tree, "code", 0.into()))),
};

pub(super) static DETAILS_BIN_OTHER_CODE: Fault = Fault {
    name: "details-bin-other-code",
    requirement: "GRPC-DETAILS-BIN-AGREES",
    kind: "other-code",
    wires: GRPC,
    layer: Layer::Wire,
    summary: "the status in grpc-status-details-bin has code 2, whatever grpc-status says",
    seam: Seam::Encoded(|_, outcome, encoded| match (outcome, &encoded.details) {
        (Err(failure), Some(_)) => {
            let mut status = rpc_status(failure);
            status.set_field_by_name("code", Field::I32(2));
            encoded.details = Some(status.encode_to_vec().into());
            true
        }
        _ => false,
    }),
};

pub(super) static WRONG_WIRE_TYPE: Fault = Fault {
    name: "wrong-wire-type",
    requirement: "GRPC-RESPONSE-DESCRIPTOR",
    kind: "wrong-wire-type",
    wires: BINARY,
    layer: Layer::Shape,
    summary: "details.sequence of a write's answer is sent as fixed64",
    seam: Seam::Encoded(|_, outcome, encoded| {
        let Ok(message) = outcome else {
            return false;
        };
        let mut message = message.clone();
        let Some(details) = tree::details(&mut message) else {
            return false;
        };
        let sequence = details.take_field_by_name("sequence").and_then(|field| field.as_u64());
        let mut bent = vec![0x09];
        bent.extend_from_slice(&sequence.unwrap_or_default().to_le_bytes());
        bent.extend_from_slice(&details.encode_to_vec());
        let number = message.descriptor().get_field_by_name("details").map(|field| field.number());
        message.clear_field_by_name("details");
        let mut body = message.encode_to_vec();
        // All numbers and lengths here are below 128, one octet each.
        let (Some(Ok(number)), Ok(length)) = (number.map(u8::try_from), u8::try_from(bent.len())) else {
            return false;
        };
        body.extend_from_slice(&[number << 3 | 2, length]);
        body.extend_from_slice(&bent);
        encoded.body = Some(body.into());
        true
    }),
};

pub(super) static WRONG_RESOURCE_OWNER: Fault = Fault {
    name: "wrong-resource-owner",
    requirement: "SEED-DETAILS-RESOURCEOWNER-ORG",
    kind: "body-differs",
    wires: ALL,
    layer: Layer::Meaning,
    summary: "removes are answered with an owner that is no organization",
    seam: Seam::Outcome(|context, outcome| {
        let Ok(message) = outcome else {
            return false;
        };
        match tree::details(message) {
            Some(details) if context.calls("RemoveSecondFactorFromLoginPolicy") => {
                details.set_field_by_name("resource_owner", Field::String("1".into()));
                true
            }
            _ => false,
        }
    }),
};

pub(super) static DETAIL_AS_BASE64: Fault = Fault {
    name: "detail-as-base64",
    requirement: "JSON-ANY-INLINE",
    kind: "value-beside",
    wires: JSON,
    layer: Layer::Shape,
    summary: "the detail of an error is the base64 of its octets beside @type",
    seam: Seam::Encoded(|_, _, encoded| {
        tree::json(encoded, |tree| {
            let elements = tree.get_mut("details").and_then(Value::as_array_mut);
            let Some(element) = elements.and_then(|elements| elements.first_mut()) else {
                return false;
            };
            let octets = BASE64_STANDARD.encode(element.to_string());
            *element = json!({ "@type": element["@type"], "value": octets });
            true
        })
    }),
};

pub(super) static SNAKE_CASE: Fault = Fault {
    name: "snake-case",
    requirement: "JSON-OUTPUT-CAMELCASE",
    kind: "underscore",
    wires: JSON,
    layer: Layer::Shape,
    summary: "members of successful answers have the names of the proto file",
    seam: Seam::Encoded(|_, outcome, encoded| outcome.is_ok() && tree::json(encoded, snake_case)),
};

pub(super) static ENUMS_AS_NUMBERS: Fault = Fault {
    name: "enums-as-numbers",
    requirement: "JSON-ENUM-OUTPUT-NAME",
    kind: "not-a-name",
    wires: JSON,
    layer: Layer::Shape,
    summary: "second factors in answers are numbers",
    seam: Seam::Encoded(|_, _, encoded| {
        tree::json(encoded, |tree| {
            tree::members(tree, &mut |_, value| {
                let mut acted = false;
                for element in value.as_array_mut().into_iter().flatten() {
                    let name = element.as_str().and_then(SecondFactorType::from_str_name);
                    if let Some(factor) = name {
                        *element = i32::from(factor).into();
                        acted = true;
                    }
                }
                acted
            })
        })
    }),
};

pub(super) static TRIMMED_FRACTION: Fault = Fault {
    name: "trimmed-fraction",
    requirement: "JSON-TIMESTAMP-FRACTION",
    kind: "other-digits",
    wires: JSON,
    layer: Layer::Shape,
    summary: "zeros at the end of a date's fraction are left out",
    seam: Seam::Encoded(|_, _, encoded| {
        tree::json(encoded, |tree| {
            tree::members(tree, &mut |name, value| {
                let dated = name.ends_with("Date") || name == "viewTimestamp";
                let text = value.as_str().filter(|text| dated && text.contains('.'));
                let Some(rest) = text.and_then(|text| text.strip_suffix("0Z")) else {
                    return false;
                };
                *value = format!("{}Z", rest.trim_end_matches('0')).into();
                true
            })
        })
    }),
};

pub(super) static TOTAL_OFF_BY_ONE: Fault = Fault {
    name: "total-off-by-one",
    requirement: "STATE-LIST-TOTAL",
    kind: "body-differs",
    wires: ALL,
    layer: Layer::Meaning,
    summary: "the total of a list is one more than its elements",
    seam: Seam::Outcome(|context, outcome| {
        let Ok(message) = outcome else {
            return false;
        };
        if !context.calls("ListLoginPolicySecondFactors") {
            return false;
        }
        let details = message.get_field_by_name_mut("details").and_then(Field::as_message_mut);
        let total = details.and_then(|details| details.get_field_by_name_mut("total_result"));
        match total.and_then(Field::as_u64_mut) {
            Some(total) => {
                *total += 1;
                true
            }
            None => false,
        }
    }),
};

pub(super) static NO_CHALLENGE: Fault = Fault {
    name: "no-challenge",
    requirement: "AUTH-WWW-AUTHENTICATE",
    kind: "no-challenge",
    wires: JSON,
    layer: Layer::Wire,
    summary: "a 401 has no WWW-Authenticate field",
    seam: Seam::Encoded(|_, _, encoded| {
        let before = encoded.fields.len();
        encoded.fields.retain(|(name, _)| *name != WWW_AUTHENTICATE);
        encoded.fields.len() < before
    }),
};

pub(super) static NULLS_FOR_ABSENT: Fault = Fault {
    name: "nulls-for-absent",
    requirement: "JSON-NO-NULL-OUTPUT",
    kind: "null",
    wires: JSON,
    layer: Layer::Shape,
    summary: "a date that the answer of a write doesn't have is written as null",
    seam: Seam::Encoded(|_, _, encoded| {
        tree::json(encoded, |tree| {
            let details = tree.get_mut("details").and_then(Value::as_object_mut);
            let Some(details) = details.filter(|details| details.contains_key("sequence")) else {
                return false;
            };
            let before = details.len();
            for date in ["creationDate", "changeDate"] {
                details.entry(date).or_insert(Value::Null);
            }
            details.len() > before
        })
    }),
};

fn set(tree: &mut Value, name: &str, value: Value) -> bool {
    match tree.as_object_mut() {
        Some(members) => {
            members.insert(name.to_owned(), value);
            true
        }
        None => false,
    }
}

fn snake_case(tree: &mut Value) -> bool {
    let mut acted = false;
    match tree {
        Value::Object(members) => {
            let mut renamed = Map::new();
            for (name, mut value) in std::mem::take(members) {
                acted |= snake_case(&mut value);
                let mut snake = String::new();
                for letter in name.chars() {
                    if letter.is_ascii_uppercase() {
                        snake.push('_');
                        acted = true;
                    }
                    snake.push(letter.to_ascii_lowercase());
                }
                renamed.insert(snake, value);
            }
            *members = renamed;
        }
        Value::Array(elements) => {
            for element in elements {
                acted |= snake_case(element);
            }
        }
        _ => {}
    }
    acted
}
