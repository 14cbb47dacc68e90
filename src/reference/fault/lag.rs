//! Legal variants of the backend.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use prost_reflect::{DynamicMessage, Value};

use super::{ALL, Meter, Seam, Variant, tree};
use crate::reference::backend::{Admitted, Backend, Outcome};
use crate::reference::context::{Caller, Context};
use crate::reference::failure::Failure;
use crate::reference::methods::Method;
use crate::reference::store::Date;

pub(super) static LAGGING_READS: Variant = Variant {
    name: "lagging-reads",
    spared_by: &["STATE-ADD-IN-LIST", "STATE-READ-CATCHES-UP", "STATE-RESET-TO-DEFAULT"],
    wires: ALL,
    summary: "reads show what was stored 300 ms ago",
    seam: Seam::Backend(|inner, _, meter| Arc::new(Lagging { inner, meter })),
};

pub(super) static ALTERNATING_READS: Variant = Variant {
    name: "alternating-reads",
    spared_by: &[
        "STATE-ADD-IN-LIST",
        "STATE-READD",
        "STATE-ADD-TWICE-NO-EFFECT",
        "STATE-RESET-TO-DEFAULT",
        "STATE-LIST-PROCESSED-SEQUENCE",
    ],
    wires: ALL,
    summary: "every other read shows what was stored 300 ms ago, and lists don't tell how far they have come",
    seam: Seam::Backend(|inner, _, meter| Arc::new(Alternating { inner, meter, turn: AtomicBool::new(false) })),
};

pub(super) static SPARSE_SEQUENCE: Variant = Variant {
    name: "sparse-sequence",
    spared_by: &["STATE-SEQUENCE-INCREASES", "SEED-DETAILS-SEQUENCE-RANGE"],
    wires: ALL,
    summary: "sequences have large gaps and are larger than 2^53",
    seam: Seam::Outcome(|_, outcome| {
        let Ok(message) = outcome else {
            return false;
        };
        let mut acted = false;
        tree::messages(message, &mut |message| {
            for name in ["sequence", "processed_sequence"] {
                let value = message.get_field_by_name(name).and_then(|value| value.as_u64());
                if let Some(number) = value.filter(|number| *number > 0) {
                    let sparse = (1 << 60) + number * 1_009;
                    message.set_field_by_name(name, Value::U64(sparse));
                    acted = true;
                }
            }
        });
        acted
    }),
};

const LAG_MICROSECONDS: i64 = 300_000;

struct Lagging {
    inner: Arc<dyn Backend>,
    meter: Meter,
}

impl Backend for Lagging {
    fn admit(&self, context: &Context, caller: &Caller) -> Result<Admitted, Failure> {
        self.inner.admit(context, caller)
    }

    fn execute(&self, context: &Context, admitted: &Admitted, message: DynamicMessage) -> Outcome {
        let mut admitted = admitted.clone();
        if self.meter.covers(context.wire) {
            admitted.as_of = Some(Date(Date::now().0 - LAG_MICROSECONDS));
            self.meter.acted();
        }
        self.inner.execute(context, &admitted, message)
    }
}

struct Alternating {
    inner: Arc<dyn Backend>,
    meter: Meter,
    turn: AtomicBool,
}

impl Backend for Alternating {
    fn offers(&self, method: &Method) -> Result<(), Failure> {
        self.inner.offers(method)
    }

    fn admit(&self, context: &Context, caller: &Caller) -> Result<Admitted, Failure> {
        self.inner.admit(context, caller)
    }

    fn execute(&self, context: &Context, admitted: &Admitted, message: DynamicMessage) -> Outcome {
        let mut admitted = admitted.clone();
        if self.meter.covers(context.wire) && self.turn.fetch_xor(true, Ordering::Relaxed) {
            admitted.as_of = Some(Date(Date::now().0 - LAG_MICROSECONDS));
            self.meter.acted();
        }
        let mut outcome = self.inner.execute(context, &admitted, message);
        if let Ok(answer) = &mut outcome
            && answer.has_field_by_name("details")
            && let Some(details) = answer.get_field_by_name_mut("details").and_then(Value::as_message_mut)
        {
            details.clear_field_by_name("processed_sequence");
            details.clear_field_by_name("view_timestamp");
        }
        outcome
    }
}
