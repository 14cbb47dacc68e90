//! Legal variants and faults of what a server says of itself: health, reflection, an OpenAPI document. The reference offers reflection and a document
//! as variants only: one answer to one request is enough to be judged, but no service for interactive clients.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;
use prost::Message as _;
use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};
use prost_types::{DescriptorProto, FileDescriptorProto};

use super::macros::wire_fault;
use super::{GRPC, JSON, Meter, Seam, Variant};
use crate::reference::backend::{Admitted, Backend, Outcome};
use crate::reference::context::{Caller, Context};
use crate::reference::failure::{Code, Failure};
use crate::reference::frames::Reply;
use crate::reference::methods::{Method, contract};

wire_fault!(
    EVERYTHING_SERVES,
    "everything-serves",
    "DISC-HEALTH-SERVICE",
    "accepted",
    GRPC,
    "a service that nobody knows is said to be serving",
    Seam::Request(|context, _, parcel| {
        let asks = context.method.is_some_and(|method| method.service == "grpc.health.v1.Health") && parcel.body.ends_with(b"nope");
        if asks {
            parcel.body = Bytes::new();
        }
        asks
    })
);

pub(super) static HEALTH_STORABLE: Variant = Variant {
    name: "health-storable",
    spared_by: &["HTTP-NO-STORE", "DISC-HEALTH-SERVICE"],
    wires: GRPC,
    summary: "answers of the health service, which a library gives, say nothing of caches",
    seam: Seam::Reply(|context, reply| {
        let health = context.method.is_some_and(|method| method.service == "grpc.health.v1.Health");
        health && reply.head.remove(http::header::CACHE_CONTROL).is_some()
    }),
};

pub(super) static REFLECTION: Variant = Variant {
    name: "reflection",
    spared_by: &["DISC-REFLECTION"],
    wires: GRPC,
    summary: "server reflection is offered, one answer for one request",
    seam: Seam::Backend(|inner, _, meter| Arc::new(Reflecting { inner, meter, bend: |_| {} })),
};

wire_fault!(
    REFLECTION_OTHER_NUMBER,
    "reflection-other-number",
    "DISC-REFLECTION",
    "field-differs",
    GRPC,
    "server reflection tells another number of a field",
    Seam::Backend(|inner, _, meter| {
        Arc::new(Reflecting {
            inner,
            meter,
            bend: |file| {
                let request = file.message_type.iter_mut().find(|message| message.name() == "AddSecondFactorToLoginPolicyRequest");
                if let Some(field) = request.and_then(|request| request.field.first_mut()) {
                    field.number = Some(7);
                }
            },
        })
    })
);

struct Reflecting {
    inner: Arc<dyn Backend>,
    meter: Meter,
    bend: fn(&mut FileDescriptorProto),
}

fn reflects(method: &Method) -> bool {
    method.service.starts_with("grpc.reflection.")
}

impl Reflecting {
    fn answer(&self, method: &Method, request: &DynamicMessage) -> Option<DynamicMessage> {
        let mut answer = DynamicMessage::new(method.output.clone());
        let inner = |field: &str| {
            let field = method.output.get_field_by_name(field)?;
            Some((field.clone(), DynamicMessage::new(field.kind().as_message()?.clone())))
        };
        if request.has_field_by_name("list_services") {
            let (field, mut list) = inner("list_services_response")?;
            let service = list.descriptor().get_field_by_name("service")?.kind().as_message()?.clone();
            let mut names: Vec<&str> = contract().methods.iter().map(|method| method.service.as_str()).collect();
            names.dedup();
            let named = |name: &str| {
                let mut one = DynamicMessage::new(service.clone());
                one.set_field_by_name("name", Value::String(name.to_owned()));
                Value::Message(one)
            };
            list.set_field_by_name("service", Value::List(names.into_iter().map(named).collect()));
            answer.set_field(&field, Value::Message(list));
            return Some(answer);
        }
        let symbol = request.get_field_by_name("file_containing_symbol")?.as_str()?.to_owned();
        let pool = method.output.parent_pool();
        let file = pool
            .get_service_by_name(&symbol)
            .map(|service| service.parent_file())
            .or_else(|| pool.get_message_by_name(&symbol).map(|message| message.parent_file()))
            .or_else(|| pool.get_enum_by_name(&symbol).map(|one| one.parent_file()))?;
        let mut told = file.file_descriptor_proto().clone();
        (self.bend)(&mut told);
        let (field, mut response) = inner("file_descriptor_response")?;
        // What it imports may come with it, and protobuf's own file is that of the release that the server was built with.
        let other = FileDescriptorProto {
            name: Some("google/protobuf/descriptor.proto".to_owned()),
            package: Some("google.protobuf".to_owned()),
            message_type: vec![DescriptorProto { name: Some("FileOptions".to_owned()), ..DescriptorProto::default() }],
            ..FileDescriptorProto::default()
        };
        let files = [told, other].map(|file| Value::Bytes(file.encode_to_vec().into()));
        response.set_field_by_name("file_descriptor_proto", Value::List(files.into()));
        answer.set_field(&field, Value::Message(response));
        Some(answer)
    }
}

impl Backend for Reflecting {
    fn offers(&self, method: &Method) -> Result<(), Failure> {
        if reflects(method) { Ok(()) } else { self.inner.offers(method) }
    }

    fn admit(&self, context: &Context, caller: &Caller) -> Result<Admitted, Failure> {
        self.inner.admit(context, caller)
    }

    fn execute(&self, context: &Context, admitted: &Admitted, message: DynamicMessage) -> Outcome {
        match context.method.filter(|method| reflects(method)) {
            Some(method) => {
                self.meter.acted();
                self.answer(method, &message).ok_or_else(|| Failure::new(Code::NotFound, "symbol not found"))
            }
            None => self.inner.execute(context, admitted, message),
        }
    }
}

pub(super) static OPENAPI: Variant = Variant {
    name: "openapi",
    spared_by: &["DISC-OPENAPI"],
    wires: JSON,
    summary: "an OpenAPI 2.0 document of a few operations is served",
    seam: Seam::Leaving(|head, reply| document(head, reply, DOCUMENT.to_owned())),
};

wire_fault!(
    OPENAPI_INTEGER,
    "openapi-integer",
    "DISC-OPENAPI",
    "type-differs",
    JSON,
    "the OpenAPI document says integer of what is sent as string",
    Seam::Leaving(|head, reply| document(head, reply, DOCUMENT.replace(r#""string","format":"uint64""#, r#""integer","format":"int64""#)))
);

wire_fault!(
    OPENAPI_WITHOUT_BODY,
    "openapi-without-body",
    "DISC-OPENAPI",
    "no-body-parameter",
    JSON,
    "the OpenAPI document knows nothing of the content of a request",
    Seam::Leaving(|head, reply| document(head, reply, DOCUMENT.replace(r#""in":"body""#, r#""in":"query""#)))
);

fn document(head: &Parts, reply: &mut Reply, text: String) -> bool {
    let asked = head.method == http::Method::GET && head.uri.path() == "/openapi/v2/swagger/management.swagger.json";
    if asked {
        reply.status = StatusCode::OK;
        reply.body = vec![Bytes::from(text)];
        super::wire::label(reply, "application/json");
    }
    asked
}

const DOCUMENT: &str = r##"{"swagger":"2.0","info":{"title":"Management","version":"1"},"basePath":"/management/v1","paths":{
"/policies/login/second_factors":{"post":{"parameters":[{"name":"body","in":"body","required":true,"schema":{"$ref":"#/definitions/AddRequest"}}],
"responses":{"200":{"description":"","schema":{"$ref":"#/definitions/AddResponse"}},"default":{"description":"","schema":{"$ref":"#/definitions/Status"}}}}},
"/policies/login/second_factors/{type}":{"delete":{"parameters":[{"name":"type","in":"path","required":true,"type":"string"}],
"responses":{"200":{"description":"","schema":{"$ref":"#/definitions/AddResponse"}},"default":{"description":"","schema":{"$ref":"#/definitions/Status"}}}}}},
"definitions":{"AddRequest":{"type":"object","properties":{"type":{"$ref":"#/definitions/Factor"}}},
"Factor":{"type":"string","enum":["SECOND_FACTOR_TYPE_UNSPECIFIED","SECOND_FACTOR_TYPE_OTP","SECOND_FACTOR_TYPE_U2F"]},
"AddResponse":{"type":"object","properties":{"details":{"$ref":"#/definitions/Details"}}},
"Details":{"type":"object","properties":{"sequence":{"type":"string","format":"uint64"},"creationDate":{"type":"string","format":"date-time"},"resourceOwner":{"type":"string"}}},
"Status":{"type":"object","properties":{"code":{"type":"integer","format":"int32"},"message":{"type":"string"}}}}}"##;
