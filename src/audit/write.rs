//! Objects with the writes to them: what each did, and what became of that.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::event::{Requester, Verb};
use crate::live::Group;
use crate::path::Path;
use crate::resource::Resource;

/// One write to an object.
#[derive(Clone, Debug)]
pub struct Write {
    /// The line of the log.
    pub line: usize,
    /// The id that the log gives the request; may be empty.
    pub audit_id: String,
    /// What it did.
    pub verb: Verb,
    /// Whoever made it.
    pub by: Requester,
    /// The field manager, or what the client calls itself.
    pub manager: String,
    /// `Apply` or `Update`, as managed fields have it.
    pub operation: &'static str,
    /// The subresource; empty for the object itself.
    pub subresource: String,
    /// When it came in.
    pub received: String,
    /// When it was answered.
    pub answered: String,
    /// The cluster; empty where the log does not name it.
    pub cluster: String,
    /// What the one who made it is.
    pub group: Group,
    /// What it did, as far as the log says it.
    pub touched: Vec<Touch>,
    /// The object after it, where somebody will ask for it.
    pub state: Option<Arc<str>>,
    /// Whether it gave the object as a whole, as those do who deploy.
    pub is_applying: bool,
}

/// A field that a write has set or taken away.
#[derive(Clone, Debug)]
pub struct Touch {
    /// The way to it; empty for the whole object.
    pub path: Path<'static>,
    /// Whether the object, or the field, is gone with it.
    pub is_gone: bool,
    /// Whether the log shows that this request did it.
    pub is_sure: bool,
    /// Whether it is not what Git says then.
    pub differs: bool,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of what a write has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// It is still there at the end of the log.
    #[default]
    Stands,
    /// It was taken back.
    Reverted {
        /// When.
        time: String,
        /// By whom; `None` where the log does not hold that request.
        by: Option<String>,
    },
    /// Somebody gave the field another value that is not Git's either.
    Replaced {
        /// When.
        time: String,
        /// By whom.
        by: String,
    },
}

/// An object that somebody asks about, with what the log says of it.
#[derive(Debug)]
pub struct Object<'s, 'a> {
    /// As Git has it; `None` where Git does not.
    pub want: Option<&'s Resource<'a>>,
    /// Which one it is.
    pub resource: &'s Resource<'a>,
    /// The namespaces in which the log has it, where Git names none.
    pub namespaces: BTreeSet<String>,
    /// The writes, in their order.
    pub writes: Vec<Write>,
    /// How many earlier ones were forgotten.
    pub forgotten: usize,
    /// Whether a deployer is known that writes it.
    pub has_deployer: bool,
    /// The last state that the log shows.
    pub state: Option<Arc<str>>,
    /// The version of that state.
    pub version: Option<String>,
    /// Whether the log ends with its deletion.
    pub is_deleted: bool,
}
