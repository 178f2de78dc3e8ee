//! Reads an audit log about the objects that Git has: which request set which field, who made it,
//! and whether it lasted.
//!
//! `lines` reads a log line by line, `cloud` removes the envelopes of clouds, `event` reads one
//! event, `request` knows the fields that a body sets, `history` keeps the writes of each object,
//! `judge` works out the effects of each write, and `join` finds the request behind a difference.
//! Memory is bounded by the number of objects asked about, not by the length of the log.

mod cloud;
mod event;
mod history;
mod join;
mod judge;
mod lines;
mod order;
mod request;
mod state;
mod told;
mod who;
mod write;

pub use event::{Event, Other, Requester, Verb};
pub use history::Trail;
pub use join::{Joined, join};
pub use lines::{Asked, Log, MAX_LINE, Seen, Unread};
pub use told::{Record, records, states};
pub use write::{Object, Outcome, Touch, Write};
