//! Everything that an answer says, wherever it stands and in whatever form: for whoever looks for a text that must not be there.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::Reading;
use crate::contract::status::percent_decode_lenient;
use crate::wire::{Exchange, Field};

const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
);

/// The octets of an answer with the names of their places: values of fields, the content as it came and as it was decoded, the text and the details
/// of its status.
#[must_use]
pub fn places<'a>(exchange: &'a Exchange, reading: &'a Reading) -> Vec<(&'static str, Cow<'a, [u8]>)> {
    let received = &exchange.received;
    let mut all: Vec<(&'static str, Cow<'a, [u8]>)> = Vec::new();
    let mut fields = |place: &'static str, fields: &'a [Field]| {
        all.extend(
            fields
                .iter()
                .flat_map(|field| [(place, Cow::Borrowed(field.name.0.as_slice())), (place, Cow::Borrowed(field.value.0.as_slice()))]),
        );
    };
    received.heads.iter().for_each(|head| fields("head", &head.fields));
    fields("trailers", received.trailers.as_deref().unwrap_or_default());
    all.push(("content", Cow::Borrowed(received.content.kept.0.as_slice())));
    all.extend(decoded(reading));
    all
}

/// The same without fields and raw content: what was made of them.
pub fn decoded(reading: &Reading) -> impl Iterator<Item = (&'static str, Cow<'_, [u8]>)> {
    let frames = reading.framed.iter().flat_map(|framed| &framed.frames);
    let payloads =
        frames.map(|frame| (if frame.is_trailer() { "trailer frame" } else { "message" }, Cow::Borrowed(frame.payload.as_slice())));
    let value = match (&reading.message, &reading.document) {
        (Some(Ok(message)), _) => Some(message.value.to_string()),
        (_, Some(Ok(document))) => Some(document.root.to_value().to_string()),
        _ => None,
    };
    let value = value.map(|text| ("content", Cow::Owned(text.into_bytes())));
    let status = reading.status_fields.iter().filter_map(|field| match field.name {
        "grpc-message" => Some(("message of the status", Cow::Owned(percent_decode_lenient(&field.value).into_bytes()))),
        "grpc-status-details-bin" => ANY_PADDING.decode(&field.value).ok().map(|octets| ("details of the status", Cow::Owned(octets))),
        _ => None,
    });
    payloads.chain(value).chain(status)
}
