//! What an audit log says of the objects that Git has: which request set which field, by whom, and what became of it.
//!
//! `lines` reads a log line by line, `cloud` takes off what clouds put around an event, `event` reads one, `request`
//! knows what a body sets, `history` keeps the writes of each object, `judge` says what each has done and undone, and
//! `join` finds the request behind a difference. What is kept is bounded by what was asked about, not by how long the log is.

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
