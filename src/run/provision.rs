//! What trials need before they can run: once of each kind at the start, so that it is said early what the token may not make.

use std::collections::BTreeMap;

use super::engine::Engine;
use super::fixture::{self, Set, Unready};
use crate::case::{Act, Fixture};
use crate::plan::{Group, Plan, PlannedTrial};
use crate::record::event::{Event, Restricted};
use crate::wire::Wire;

/// The steps of a planned trial.
pub(super) fn script(engine: &Engine<'_>, group: &Group<'_>, planned: &PlannedTrial) -> Vec<Act> {
    let wires: Vec<Wire> = planned.scheduled.transports.iter().map(|transport| transport.wire).collect();
    group.case.offered(group.case.script(engine.suite, &wires), &engine.options.offers)
}

/// Makes sure that a set, and in it the identities that these acts need, is there: the set of a worker if it has one, else a new one. `None`: the
/// case has no fixture.
pub(super) async fn lease(
    engine: &Engine<'_>,
    root: Option<&Fixture>,
    sets: &mut BTreeMap<String, Set>,
    acts: &[Act],
) -> Result<Option<Set>, Unready> {
    let Some(root) = root else { return Ok(None) };
    let needed = engine.suite.made_for(acts);
    fixture::can_be_made(engine, &needed)?;
    let mut set = match sets.remove(&root.name) {
        Some(set) => set,
        None => fixture::make(engine, root).await?,
    };
    for identity in needed {
        match fixture::ready(engine, &mut set, identity).await {
            Ok(()) => {}
            Err(unready @ Unready::Denied { .. }) => {
                sets.insert(root.name.clone(), set);
                return Err(unready);
            }
            Err(unready) => {
                fixture::remove(engine, &set).await;
                return Err(unready);
            }
        }
    }
    Ok(Some(set))
}

/// Makes one set of each fixture that the plan leases, with each identity that it needs, and tells what the token may not make. The sets are used.
pub(super) async fn first(engine: &Engine<'_>, plan: &Plan<'_>) -> BTreeMap<String, Set> {
    let mut sets: BTreeMap<String, Set> = BTreeMap::new();
    let mut denied: BTreeMap<String, (Unready, u64)> = BTreeMap::new();
    // Exclusive groups come later: what their sets keep is to be what is there then.
    for group in plan.groups.iter().filter(|group| !group.case.exclusive) {
        let root = group.case.given.as_deref().and_then(|given| engine.suite.leased(given));
        let planned: Vec<&PlannedTrial> = group.trials.iter().filter(|trial| trial.obstacle.is_none()).collect();
        let Some(one) = planned.first().filter(|_| !engine.is_over()) else { continue };
        match lease(engine, root, &mut sets, &script(engine, group, one)).await {
            Ok(None) => {}
            Ok(Some(set)) => {
                sets.insert(set.fixture.clone(), set);
            }
            Err(unready @ Unready::Denied { .. }) => {
                let trials = u64::try_from(planned.len()).unwrap_or(u64::MAX);
                denied.entry(unready.text()).or_insert((unready, 0)).1 += trials;
            }
            // The trials that need it find out themselves.
            Err(Unready::Unreached(_) | Unready::Fault(_)) => break,
        }
    }
    for group in plan.groups.iter().filter(|group| group.case.exclusive) {
        let Some(root) = group.case.given.as_deref().and_then(|given| engine.suite.leased(given)) else { continue };
        let fixture = format!("fixture {}", root.name);
        let skipped = denied.values_mut().find(|(unready, _)| matches!(unready, Unready::Denied { what, .. } if *what == fixture));
        if let Some((_, trials)) = skipped {
            *trials += group.trials.iter().filter(|trial| trial.obstacle.is_none()).count() as u64;
        }
    }
    for (unready, trials) in denied.into_values() {
        if let Unready::Denied { what, reason, role } = unready {
            engine.emit(Event::Restricted(Restricted { what, reason, role, trials })).await;
        }
    }
    sets
}
