//! From hand-made events to conclusions and reports.

mod conclusion;
mod events;
mod formats;
mod known;
