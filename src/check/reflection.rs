//! What server reflection tells must be what the contract says (gRPC server reflection protocol).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use prost::Message as _;
use prost_reflect::{Cardinality, FieldDescriptor, Kind};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, ServiceDescriptorProto};
use serde_json::Value;

use super::registry::{Check, Judges, Need, Outcome, View};
use crate::contract::descriptors::{Descriptors, came_later};

pub(super) const CHECKS: &[Check] = &[Check {
    requirement: "DISC-REFLECTION",
    kinds: &["not-a-descriptor", "field-differs", "field-missing", "enum-value-differs", "method-differs"],
    judges: Judges::WellFormed,
    need: Need { count: 1, codes: &[] },
    run: reflection,
}];

fn reflection(view: &View<'_>) -> Outcome {
    let is_reflection = view.method.is_some_and(|method| method.service.starts_with("grpc.reflection."));
    let Some(message) = view.reading.answered().and_then(|answered| answered.message.as_ref()).filter(|_| is_reflection) else {
        return Outcome::NotApplicable;
    };
    let files = message.pointer("/fileDescriptorResponse/fileDescriptorProto").and_then(Value::as_array);
    let Some(files) = files.filter(|files| !files.is_empty()) else { return Outcome::NotApplicable };
    for file in files {
        let octets = file.as_str().and_then(|text| BASE64_STANDARD.decode(text).ok());
        let Some(file) = octets.and_then(|octets| FileDescriptorProto::decode(octets.as_slice()).ok()) else {
            return Outcome::violated("not-a-descriptor", "an encoded google.protobuf.FileDescriptorProto", "other octets", "message");
        };
        if let Err((kind, expected, actual)) = compare(&file, &view.contract.descriptors) {
            return Outcome::violated(kind, expected, actual, format!("file {}", file.name()));
        }
    }
    Outcome::Held
}

/// Kind, expected, actual.
type Difference = (&'static str, String, String);

fn compare(file: &FileDescriptorProto, known: &Descriptors) -> Result<(), Difference> {
    let package = file.package();
    // No operation has messages of it: it describes the language, and each release of protobuf has another one.
    if file.name() == "google/protobuf/descriptor.proto" {
        return Ok(());
    }
    file.message_type.iter().try_for_each(|message| compare_message(package, message, known, 0))?;
    file.enum_type.iter().try_for_each(|one| compare_enum(package, one, known))?;
    file.service.iter().try_for_each(|service| compare_service(package, service, known))
}

fn full(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}

/// Messages in messages end somewhere: a target decides how deep they are.
const DEEP: u32 = 32;

fn compare_message(scope: &str, message: &DescriptorProto, known: &Descriptors, depth: u32) -> Result<(), Difference> {
    let name = full(scope, message.name());
    if depth > DEEP {
        return Ok(());
    }
    message.nested_type.iter().try_for_each(|inner| compare_message(&name, inner, known, depth + 1))?;
    message.enum_type.iter().try_for_each(|one| compare_enum(&name, one, known))?;
    // What only the target has tells of its release.
    let Some(ours) = known.message(&name) else { return Ok(()) };
    for field in ours.fields() {
        let theirs = message.field.iter().find(|theirs| theirs.name() == field.name());
        let expected = describe(&field);
        match theirs {
            Some(theirs) if agrees(&field, theirs) => {}
            Some(theirs) => return Err(("field-differs", format!("{name}: {expected}"), describe_theirs(theirs))),
            None if came_later(&field) => {}
            None => return Err(("field-missing", format!("{name}: {expected}"), "no field of this name".to_owned())),
        }
    }
    Ok(())
}

fn agrees(ours: &FieldDescriptor, theirs: &FieldDescriptorProto) -> bool {
    let repeated = ours.cardinality() == Cardinality::Repeated;
    let type_name = match ours.kind() {
        Kind::Message(message) => Some(message.full_name().to_owned()),
        Kind::Enum(one) => Some(one.full_name().to_owned()),
        _ => None,
    };
    i64::from(theirs.number()) == i64::from(ours.number())
        && theirs.r#type() == type_of(&ours.kind())
        && (theirs.label() == Label::Repeated) == repeated
        && type_name.is_none_or(|name| theirs.type_name().trim_start_matches('.') == name)
}

fn type_of(kind: &Kind) -> Type {
    match kind {
        Kind::Double => Type::Double,
        Kind::Float => Type::Float,
        Kind::Int32 => Type::Int32,
        Kind::Int64 => Type::Int64,
        Kind::Uint32 => Type::Uint32,
        Kind::Uint64 => Type::Uint64,
        Kind::Sint32 => Type::Sint32,
        Kind::Sint64 => Type::Sint64,
        Kind::Fixed32 => Type::Fixed32,
        Kind::Fixed64 => Type::Fixed64,
        Kind::Sfixed32 => Type::Sfixed32,
        Kind::Sfixed64 => Type::Sfixed64,
        Kind::Bool => Type::Bool,
        Kind::String => Type::String,
        Kind::Bytes => Type::Bytes,
        Kind::Message(_) => Type::Message,
        Kind::Enum(_) => Type::Enum,
    }
}

fn describe(field: &FieldDescriptor) -> String {
    let repeated = if field.cardinality() == Cardinality::Repeated { "repeated " } else { "" };
    format!("{repeated}{:?} {} = {}", field.kind(), field.name(), field.number())
}

fn describe_theirs(field: &FieldDescriptorProto) -> String {
    let repeated = if field.label() == Label::Repeated { "repeated " } else { "" };
    let kind = if field.type_name().is_empty() { format!("{:?}", field.r#type()) } else { field.type_name().to_owned() };
    format!("{repeated}{kind} {} = {}", field.name(), field.number())
}

fn compare_enum(scope: &str, theirs: &EnumDescriptorProto, known: &Descriptors) -> Result<(), Difference> {
    let name = full(scope, theirs.name());
    let Some(ours) = known.pool().get_enum_by_name(&name) else { return Ok(()) };
    // A value that is missing tells of the release, like one that is more.
    for value in ours.values() {
        let found = theirs.value.iter().find(|theirs| theirs.name() == value.name() || theirs.number() == value.number());
        let same = found.is_none_or(|theirs| theirs.name() == value.name() && theirs.number() == value.number());
        if let Some(found) = found.filter(|_| !same) {
            let expected = format!("{name}: {} = {}", value.name(), value.number());
            return Err(("enum-value-differs", expected, format!("{} = {}", found.name(), found.number())));
        }
    }
    Ok(())
}

fn compare_service(scope: &str, theirs: &ServiceDescriptorProto, known: &Descriptors) -> Result<(), Difference> {
    let name = full(scope, theirs.name());
    for method in &theirs.method {
        let Some(ours) = known.method(&format!("{name}/{}", method.name())).filter(|ours| ours.service == name) else { continue };
        let types = (method.input_type().trim_start_matches('.'), method.output_type().trim_start_matches('.'));
        if types != (ours.input.full_name(), ours.output.full_name()) {
            let expected = format!("{}({}) returns ({})", ours.full_name(), ours.input.full_name(), ours.output.full_name());
            return Err(("method-differs", expected, format!("({}) returns ({})", types.0, types.1)));
        }
    }
    Ok(())
}
