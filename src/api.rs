//! The names of this program's API, and of the annotations of its hosts.
//!
//! They are interfaces: kustomize finds a plugin by group, version and kind, and
//! people write them into files. So each stands in the code once.

/// The API group of this program's kinds.
pub const GROUP: &str = "krm-parity.io";

/// The one version of that group.
pub const VERSION: &str = "v1alpha1";

/// Group and version as `apiVersion` has them.
pub const API_VERSION: &str = "krm-parity.io/v1alpha1";

/// The kind that seals an environment.
pub const RECORDER: &str = "SnapshotRecorder";

/// The kind that judges one.
pub const POLICY: &str = "ParityPolicy";

/// The kind that travels with a build.
pub const SNAPSHOT: &str = "EnvironmentSnapshot";

/// What this program's annotations and labels begin with.
pub const PREFIX: &str = "krm-parity.io/";

/// The annotation by which a base allows fields of a resource.
pub const ALLOW: &str = "krm-parity.io/allow";

/// The annotation by which a base denies them.
pub const DENY: &str = "krm-parity.io/deny";

/// The annotation that makes a resource a function's configuration, for kustomize and kpt.
pub const FUNCTION: &str = "config.kubernetes.io/function";

/// What it was called before; kustomize reads it still.
pub const OLD_FUNCTION: &str = "config.k8s.io/function";

/// The oldest annotation of a function: an image, and nothing else; kustomize runs it still.
pub const CONTAINER: &str = "config.kubernetes.io/container";

/// The annotation that keeps a resource out of what hosts emit.
pub const LOCAL_CONFIG: &str = "config.kubernetes.io/local-config";

/// The annotation by which kustomize notes where a resource comes from.
pub const ORIGIN: &str = "config.kubernetes.io/origin";

/// The annotations by which kustomize notes who a resource was, the oldest first.
pub const PREVIOUS_NAMES: &str = "internal.config.kubernetes.io/previousNames";
/// The namespaces that go with them.
pub const PREVIOUS_NAMESPACES: &str = "internal.config.kubernetes.io/previousNamespaces";
/// The kinds that go with them.
pub const PREVIOUS_KINDS: &str = "internal.config.kubernetes.io/previousKinds";

/// The annotation by which kustomize notes what was done to a resource.
pub const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";

/// The annotation in which a client-side apply keeps what it has applied.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What a generator wants, whose name is to end with a hash of its content.
pub const NEEDS_HASH: &str = "internal.config.kubernetes.io/needsHashSuffix";

/// The API group of the kinds `Kustomization` and `Component`.
pub const KUSTOMIZE_GROUP: &str = "kustomize.config.k8s.io";

/// The annotation by which kpt says which file of its package an item is of; kustomize makes one up.
pub const PATH: &str = "internal.config.kubernetes.io/path";

/// The annotation by which kustomize numbers what it hands to a function, and nobody else.
pub const ID: &str = "kustomize.config.k8s.io/id";
