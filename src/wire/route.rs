//! Where calls go: wires may live at different addresses, and provisioning may go beside the thing under test.

use super::connect::Connector;
use super::{Role, Wire};
use crate::target::Endpoint;

/// The addresses of a target.
#[derive(Debug, Clone)]
pub struct Routes {
    /// Each address once, so that wires at the same one share connections.
    connectors: Vec<Connector>,
    /// The address of each wire, in the order of [`Wire::ALL`].
    wires: [usize; Wire::ALL.len()],
    beside: Option<usize>,
}

impl From<Connector> for Routes {
    /// Everything at one address.
    fn from(connector: Connector) -> Self {
        Self { connectors: vec![connector], wires: [0; Wire::ALL.len()], beside: None }
    }
}

impl Routes {
    /// With another address for these wires.
    #[must_use]
    pub fn with(mut self, wires: &[Wire], connector: Connector) -> Self {
        let place = self.place(connector);
        for (wire, at) in Wire::ALL.iter().zip(&mut self.wires) {
            if wires.contains(wire) {
                *at = place;
            }
        }
        self
    }

    /// With an address for provisioning, beside the thing under test.
    #[must_use]
    pub fn with_beside(mut self, connector: Connector) -> Self {
        self.beside = Some(self.place(connector));
        self
    }

    fn place(&mut self, connector: Connector) -> usize {
        let known = self.connectors.iter().position(|known| known.endpoint() == connector.endpoint());
        known.unwrap_or_else(|| {
            self.connectors.push(connector);
            self.connectors.len() - 1
        })
    }

    /// Whether provisioning goes beside the thing under test.
    #[must_use]
    pub const fn has_beside(&self) -> bool {
        self.beside.is_some()
    }

    /// Whether all wires are at one address.
    #[must_use]
    pub fn is_one_place(&self) -> bool {
        self.wires.iter().all(|at| *at == self.wires[0])
    }

    /// How many addresses there are.
    pub(super) const fn count(&self) -> usize {
        self.connectors.len()
    }

    /// The number of the address that a call goes to.
    pub(super) fn number(&self, wire: Wire, role: Role) -> usize {
        let of_wire = Wire::ALL.iter().position(|other| *other == wire).map_or(0, |at| self.wires[at]);
        self.beside.filter(|_| role == Role::Beside).unwrap_or(of_wire)
    }

    /// How the address with this number is reached.
    pub(super) fn connector(&self, number: usize) -> &Connector {
        &self.connectors[number]
    }

    /// How a call is connected.
    #[must_use]
    pub fn of(&self, wire: Wire, role: Role) -> &Connector {
        self.connector(self.number(wire, role))
    }

    /// The address that a call goes to.
    #[must_use]
    pub fn endpoint(&self, wire: Wire, role: Role) -> &Endpoint {
        self.of(wire, role).endpoint()
    }
}
