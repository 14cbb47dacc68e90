//! Which identities have to be made before steps can be sent.

use super::model::{Act, Identity, Step, Suite};

impl Suite {
    /// Identities with a setup that these acts need, each after those that its own setup needs.
    #[must_use]
    pub fn made_for<'s>(&'s self, acts: &[Act]) -> Vec<&'s Identity> {
        let mut made = Vec::new();
        for act in acts {
            self.made_for_act(act, &mut made);
        }
        made
    }

    fn made_for_act<'s>(&'s self, act: &Act, made: &mut Vec<&'s Identity>) {
        self.make(&act.identity, made, &mut Vec::new());
        self.made_for_captures(&act.step, made, &mut Vec::new());
        let follow_ups = act.step.expect.iter().flat_map(|piece| &piece.any).flat_map(|alternative| &alternative.then);
        follow_ups.for_each(|act| self.made_for_act(act, made));
    }

    fn made_for_captures<'s>(&'s self, step: &Step, made: &mut Vec<&'s Identity>, above: &mut Vec<&'s str>) {
        for capture in &step.uses {
            if let Some(giver) = self.giver(capture) {
                self.make(&giver.name, made, above);
            }
        }
    }

    fn giver(&self, capture: &str) -> Option<&Identity> {
        self.identities.values().find(|identity| identity.setup.iter().any(|step| step.capture.iter().any(|(name, _)| name == capture)))
    }

    fn make<'s>(&'s self, name: &str, made: &mut Vec<&'s Identity>, above: &mut Vec<&'s str>) {
        let Some(identity) = self.identities.get(name) else { return };
        if above.contains(&identity.name.as_str()) || made.iter().any(|other| other.name == identity.name) {
            return;
        }
        above.push(&identity.name);
        for capture in &identity.needs {
            if let Some(giver) = self.giver(capture) {
                self.make(&giver.name, made, above);
            }
        }
        for step in identity.setup.iter().chain(&identity.remove) {
            if let Some(caller) = &step.identity {
                self.make(caller, made, above);
            }
            self.made_for_captures(step, made, above);
        }
        above.pop();
        if !identity.setup.is_empty() {
            made.push(identity);
        }
    }
}
