//! The `ResourceList` format: reads it, and splices into it without changing the rest.
//!
//! The input is written back byte for byte. Results and a recorded snapshot are inserted between
//! its bytes, so that comments, order, quotes and line ends survive, and so that a host gets
//! exactly what it sent.

mod read;
mod splice;

pub use read::{
    KrmError, ResourceList, is_resource_list, read, read_documents, read_resources, same_content,
};
pub use splice::{Form, Results, append_item, fresh, with_results};
