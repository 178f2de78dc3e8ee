//! The names of this program's API, and of the annotations of its hosts.
//!
//! They are interfaces: kustomize finds a plugin by group, version and kind, and people write them
//! into files. So each is in the code only once.

/// The API group of this program's kinds.
pub const GROUP: &str = "krm-parity.io";

/// The one version of that group.
pub const VERSION: &str = "v1alpha1";

/// Group and version, in the form of `apiVersion`.
pub const API_VERSION: &str = "krm-parity.io/v1alpha1";

/// The kind that records an environment.
pub const RECORDER: &str = "SnapshotRecorder";

/// The kind of a policy, which judges an environment.
pub const POLICY: &str = "ParityPolicy";

/// The kind of a snapshot, which travels with a build.
pub const SNAPSHOT: &str = "EnvironmentSnapshot";

/// The prefix of this program's annotations and labels.
pub const PREFIX: &str = "krm-parity.io/";

/// The annotation by which a base allows fields of a resource.
pub const ALLOW: &str = "krm-parity.io/allow";

/// The annotation by which a base denies them.
pub const DENY: &str = "krm-parity.io/deny";

/// The annotation that makes a resource a function's configuration, for kustomize and kpt.
pub const FUNCTION: &str = "config.kubernetes.io/function";

/// Its earlier name, which kustomize still reads.
pub const OLD_FUNCTION: &str = "config.k8s.io/function";

/// The oldest annotation of a function, which only has an image; kustomize still runs it.
pub const CONTAINER: &str = "config.kubernetes.io/container";

/// Its spelling in the older domain. No release reads it, but its author means a container.
pub const OLD_CONTAINER: &str = "config.k8s.io/container";

/// The annotation that keeps a resource out of a host's output.
pub const LOCAL_CONFIG: &str = "config.kubernetes.io/local-config";

/// The annotation in which kustomize records the origin of a resource.
pub const ORIGIN: &str = "config.kubernetes.io/origin";

/// The annotations in which kustomize records the earlier identities of a resource, the oldest
/// first.
pub const PREVIOUS_NAMES: &str = "internal.config.kubernetes.io/previousNames";
/// The namespaces that go with them.
pub const PREVIOUS_NAMESPACES: &str = "internal.config.kubernetes.io/previousNamespaces";
/// The kinds that go with them.
pub const PREVIOUS_KINDS: &str = "internal.config.kubernetes.io/previousKinds";

/// The annotation in which kustomize records the changes of a resource.
pub const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";

/// The annotation in which a client-side apply keeps the applied configuration.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The annotation of a generated resource whose name will end with a hash of its content.
pub const NEEDS_HASH: &str = "internal.config.kubernetes.io/needsHashSuffix";

/// The API group of the kinds `Kustomization` and `Component`.
pub const KUSTOMIZE_GROUP: &str = "kustomize.config.k8s.io";

/// The annotation in which kpt records the file of an item in its package; kustomize invents one.
pub const PATH: &str = "internal.config.kubernetes.io/path";

/// The annotation in which only kustomize numbers the items that it passes to a function.
pub const ID: &str = "kustomize.config.k8s.io/id";
