//! Faults of a reader of ProtoJSON: enum values.

use std::sync::Arc;

use prost_reflect::DynamicMessage;
use serde_json::Value;

use super::around::{ADD, factor};
use super::meaning::added;
use super::{ALL, Fault, JSON, Layer, Meter, Seam, tree};
use crate::reference::backend::{Admitted, Backend, Outcome};
use crate::reference::context::{Caller, Context};
use crate::reference::failure::Failure;
use crate::reference::protos::zitadel::policy::v1::SecondFactorType;

/// A name that no enum has.
const NO_NAME: &str = "no such name";

pub(super) static ENUM_NUMBER_REFUSED: Fault = Fault {
    name: "enum-number-refused",
    requirement: "JSON-ENUM-INPUT-NUMBER",
    kind: "refused",
    wires: JSON,
    layer: Layer::Wire,
    summary: "enums are read by name only",
    seam: Seam::Request(|_, _, parcel| tree::request(parcel, |root| tree::values(root, &mut |value| replace(value, Value::is_i64)))),
};

pub(super) static ENUM_FLOAT_REFUSED: Fault = Fault {
    name: "enum-float-refused",
    requirement: "JSON-ENUM-INPUT-INTEGRAL-FLOAT",
    kind: "refused",
    wires: JSON,
    layer: Layer::Wire,
    summary: "a number with a point or an exponent is no integer",
    seam: Seam::Request(|_, _, parcel| tree::request(parcel, |root| tree::values(root, &mut |value| replace(value, Value::is_f64)))),
};

pub(super) static ENUM_FRACTION_CUT: Fault = Fault {
    name: "enum-fraction-cut",
    requirement: "JSON-ENUM-INPUT-FRACTION",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "the fraction of a number is rounded away where an enum is read",
    seam: Seam::Request(|_, _, parcel| number(parcel, |number| (number.fract() != 0.0).then(|| number.round()))),
};

pub(super) static ENUM_NUMBER_WRAPPED: Fault = Fault {
    name: "enum-number-wrapped",
    requirement: "JSON-ENUM-INPUT-OVERFLOW",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "of a number that is too large for an enum the lower 32 bits are read",
    seam: Seam::Request(|_, _, parcel| {
        number(parcel, |number| {
            let modulus = 4_294_967_296.0;
            (number.abs() > modulus).then_some(number % modulus)
        })
    }),
};

pub(super) static ENUM_UNDECLARED_STORED: Fault = Fault {
    name: "enum-undeclared-stored",
    requirement: "JSON-ENUM-INPUT-UNKNOWN-NUMBER",
    kind: "accepted",
    wires: ALL,
    layer: Layer::Meaning,
    summary: "the add of an undeclared factor is answered with success",
    seam: Seam::Backend(|inner, _, meter| Arc::new(StoresUndeclared { inner, meter })),
};

pub(super) static ENUM_UNKNOWN_NAME_FIRST: Fault = Fault {
    name: "enum-unknown-name-first",
    requirement: "JSON-ENUM-INPUT-UNKNOWN-NAME",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "an undeclared name of a factor stands for the first one",
    seam: Seam::Request(|_, _, parcel| {
        name(parcel, |name| SecondFactorType::from_str_name(name).is_none().then(|| "SECOND_FACTOR_TYPE_OTP".to_owned()))
    }),
};

pub(super) static ENUM_NAME_BY_ITS_TAIL: Fault = Fault {
    name: "enum-name-by-its-tail",
    requirement: "JSON-ENUM-INPUT-UNKNOWN-NAME",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "the prefix of an enum name may be left out",
    seam: Seam::Request(|_, _, parcel| {
        name(parcel, |name| {
            let whole = format!("SECOND_FACTOR_TYPE_{name}");
            SecondFactorType::from_str_name(&whole).map(|_| whole)
        })
    }),
};

pub(super) static ENUM_NAME_ANY_CASE: Fault = Fault {
    name: "enum-name-any-case",
    requirement: "JSON-ENUM-INPUT-NAME-CASE",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "enum names are read without regard to case and blanks",
    seam: Seam::Request(|_, _, parcel| {
        name(parcel, |name| {
            let plain = name.trim().to_ascii_uppercase();
            (plain != name && SecondFactorType::from_str_name(&plain).is_some()).then_some(plain)
        })
    }),
};

pub(super) static ENUM_ARRAY_UNWRAPPED: Fault = Fault {
    name: "enum-array-unwrapped",
    requirement: "JSON-ENUM-INPUT-WRONG-KIND",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "an array of one element stands for the element",
    seam: Seam::Request(|_, _, parcel| {
        single(parcel, |value| match value.as_array().map(Vec::as_slice) {
            Some([one]) => Some(one.clone()),
            _ => None,
        })
    }),
};

pub(super) static ENUM_WRONG_KIND_IGNORED: Fault = Fault {
    name: "enum-wrong-kind-ignored",
    requirement: "JSON-ENUM-INPUT-WRONG-KIND",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "a value of another kind leaves an enum unset",
    seam: Seam::Request(|_, _, parcel| single(parcel, |value| (!value.is_string() && !value.is_number()).then_some(Value::Null))),
};

pub(super) static ENUM_UNKNOWN_IN_LIST_FIRST: Fault = Fault {
    name: "enum-unknown-in-list-first",
    requirement: "JSON-ENUM-UNKNOWN-NAME-IN-LIST",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "an undeclared name in a list of factors stands for another one",
    seam: Seam::Request(|_, _, parcel| {
        tree::request(parcel, |root| {
            let list = root.get_mut("secondFactors").and_then(Value::as_array_mut);
            let unknown = |value: &&mut Value| value.as_str().is_some_and(|name| SecondFactorType::from_str_name(name).is_none());
            let mut acted = false;
            for value in list.into_iter().flatten().filter(unknown) {
                *value = "SECOND_FACTOR_TYPE_U2F".into();
                acted = true;
            }
            acted
        })
    }),
};

/// Puts a name that isn't declared in the place of what is meant.
fn replace(value: &mut Value, is_meant: fn(&Value) -> bool) -> bool {
    let acted = is_meant(value);
    if acted {
        *value = NO_NAME.into();
    }
    acted
}

/// Bends the values of enums that stand alone.
fn single(parcel: &mut super::Parcel, bend: impl Fn(&Value) -> Option<Value>) -> bool {
    tree::request(parcel, |root| {
        let mut acted = false;
        for name in ["type", "passwordlessType"] {
            if let Some(value) = root.get_mut(name)
                && let Some(bent) = bend(value)
            {
                *value = bent;
                acted = true;
            }
        }
        acted
    })
}

#[expect(clippy::cast_possible_truncation, reason = "a fault may read what it likes")]
fn number(parcel: &mut super::Parcel, bend: impl Fn(f64) -> Option<f64>) -> bool {
    single(parcel, |value| bend(value.as_f64()?).map(|number| (number as i64).into()))
}

fn name(parcel: &mut super::Parcel, bend: impl Fn(&str) -> Option<String>) -> bool {
    single(parcel, |value| bend(value.as_str()?).map(Value::String))
}

struct StoresUndeclared {
    inner: Arc<dyn Backend>,
    meter: Meter,
}

impl Backend for StoresUndeclared {
    fn admit(&self, context: &Context, caller: &Caller) -> Result<Admitted, Failure> {
        self.inner.admit(context, caller)
    }

    fn execute(&self, context: &Context, admitted: &Admitted, message: DynamicMessage) -> Outcome {
        let undeclared = context.calls(ADD) && SecondFactorType::try_from(factor(&message)).is_err();
        if undeclared
            && self.meter.covers(context.wire)
            && let Some(answer) = added(self.inner.as_ref(), context, admitted)
        {
            self.meter.acted();
            return Ok(answer);
        }
        self.inner.execute(context, admitted, message)
    }
}
