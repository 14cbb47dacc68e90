//! The command line from outside: the binary, its exit status and what it says. Reads as the table "Bad input" and what a new user tries.
//!
//! Everything happens on loopback and in folders of its own; every wait has a bound, and only processes that a test started are ended.

mod clean;
mod consent;
mod explain;
mod fault;
mod input;
mod interrupt;
mod known;
mod live;
mod place;
mod prove;
mod report;
mod stream;
mod support;
mod target;
