//! Objects with the writes to them: the effect of each, and whether it lasted.

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
    /// The id that the log gives to the request; may be empty.
    pub audit_id: String,
    /// The effect.
    pub verb: Verb,
    /// The author.
    pub by: Requester,
    /// The field manager, or the name that the client gave itself.
    pub manager: String,
    /// `Apply` or `Update`, as in managed fields.
    pub operation: &'static str,
    /// The subresource; empty for the object itself.
    pub subresource: String,
    /// When it was received.
    pub received: String,
    /// When it was answered.
    pub answered: String,
    /// The cluster; empty if the log does not name it.
    pub cluster: String,
    /// The group of the author.
    pub group: Group,
    /// The fields that it changed, if the log shows them.
    pub touched: Vec<Touch>,
    /// The object after it, if it will be needed.
    pub state: Option<Arc<str>>,
    /// Whether it wrote the object as a whole, as deployers do.
    pub is_applying: bool,
}

/// A field that a write has set or removed.
#[derive(Clone, Debug)]
pub struct Touch {
    /// Its path; empty for the whole object.
    pub path: Path<'static>,
    /// Whether the write removed the object or the field.
    pub is_gone: bool,
    /// Whether the log shows that this request did it.
    pub is_sure: bool,
    /// Whether it differed from Git then.
    pub differs: bool,
    /// Whether it lasted.
    pub outcome: Outcome,
}

/// The later fate of a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// It is still there at the end of the log.
    #[default]
    Stands,
    /// It was reverted.
    Reverted {
        /// When.
        time: String,
        /// By whom; `None` if the log does not contain that request.
        by: Option<String>,
    },
    /// Another request set a different value that is not Git's either.
    Replaced {
        /// When.
        time: String,
        /// By whom.
        by: String,
    },
}

/// An object that was asked about, with its history in the log.
#[derive(Debug)]
pub struct Object<'s, 'a> {
    /// The resource in Git; `None` if Git does not have it.
    pub want: Option<&'s Resource<'a>>,
    /// The identity of the object.
    pub resource: &'s Resource<'a>,
    /// The namespaces in which the log has it, if Git names none.
    pub namespaces: BTreeSet<String>,
    /// The writes, in order.
    pub writes: Vec<Write>,
    /// The number of earlier writes that were dropped.
    pub forgotten: usize,
    /// Whether a known deployer writes it.
    pub has_deployer: bool,
    /// The last state that the log shows.
    pub state: Option<Arc<str>>,
    /// The version of that state.
    pub version: Option<String>,
    /// Whether the log ends with its deletion.
    pub is_deleted: bool,
}
