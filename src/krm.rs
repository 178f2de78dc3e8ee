//! The `ResourceList` wire: reading it, and splicing into it without touching the rest.
//!
//! What comes in goes out byte for byte. Results and a recorded snapshot are put
//! between the bytes of the input, so that comments, order, quotes and line ends
//! survive, and so that a host sees exactly what it sent.

mod read;
mod splice;

pub use read::{
    KrmError, ResourceList, is_resource_list, read, read_documents, read_resources, same_content,
};
pub use splice::{Form, Results, append_item, fresh, with_results};
