//! Resource lists of any size, as kustomize passes them to the function.
//!
//! A fixed seed gives the same bytes on every machine. Each service has six resources: a
//! Deployment, its Service, Ingress, `ConfigMap`, autoscaler and one custom resource. The overlay
//! scales most of them, which is allowed, and occasionally changes a probe, which is not.

use std::fmt::Write as _;

use krm_parity::resource::Resource;
use krm_parity::{snapshot, yaml};

/// One in this many services breaks a rule in its overlay.
const BREAKS: usize = 200;

/// The number of resources until one of them breaks a rule.
#[allow(dead_code, reason = "one of the two benchmarks asks")]
pub const FIRST_BROKEN: usize = (BREAKS - 1) * KINDS.len() + 1;

/// The base's resources as a stream of documents.
#[must_use]
pub fn base(resources: usize) -> String {
    let mut stream = String::new();
    for at in 0..resources {
        let service = Service::new(at / KINDS.len());
        let body = service.body(KINDS[at % KINDS.len()], Side::Base);
        stream.push_str(&body.replace([NOTES, NAMESPACE], ""));
        stream.push_str("---\n");
    }
    stream
}

/// The input of the function: the overlay's items, the base's snapshot and a policy.
#[must_use]
pub fn list(resources: usize) -> String {
    let mut items = String::new();
    for at in 0..resources {
        let service = Service::new(at / KINDS.len());
        let kind = KINDS[at % KINDS.len()];
        let body = service.body(kind, Side::Overlay);
        let noted = body.replace(NOTES, &host_notes(kind, &service.name, at));
        push_item(
            &mut items,
            &noted.replace(NAMESPACE, "  namespace: production\n"),
        );
    }
    let base = base(resources);
    let tree = yaml::parse(&base).expect("the generated base is YAML");
    let base: Vec<Resource<'_>> = tree.roots().filter_map(Resource::read).collect();
    assert_eq!(
        base.len(),
        resources,
        "every generated document is a resource"
    );
    let snapshot = snapshot::seal("shop", "base", &base);
    format!(
        "apiVersion: config.kubernetes.io/v1
kind: ResourceList
items:
{items}- {}functionConfig:
  apiVersion: krm-parity.io/v1alpha1
  kind: ParityPolicy
  metadata:
    annotations:
      config.kubernetes.io/function: |
        exec:
          path: krm-parity
    name: parity
  spec:
    environment: production
    environments:
    - dev
    - staging
    - production
",
        snapshot.to_yaml(2, "\n")
    )
}

/// splitmix64: small, well known, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Base,
    Overlay,
}

#[derive(Clone, Copy)]
struct Kind {
    group: &'static str,
    version: &'static str,
    name: &'static str,
}

const fn kind(group: &'static str, version: &'static str, name: &'static str) -> Kind {
    Kind {
        group,
        version,
        name,
    }
}

const KINDS: [Kind; 6] = [
    kind("apps", "v1", "Deployment"),
    kind("", "v1", "Service"),
    kind("networking.k8s.io", "v1", "Ingress"),
    kind("", "v1", "ConfigMap"),
    kind("autoscaling", "v2", "HorizontalPodAutoscaler"),
    kind("monitoring.coreos.com", "v1", "ServiceMonitor"),
];

/// The placeholder in a body for the annotations that only list items have.
const NOTES: char = '\u{0}';

/// The placeholder in a body for the namespace that only the overlay has.
const NAMESPACE: char = '\u{1}';

fn push_item(items: &mut String, body: &str) {
    for (index, line) in body.lines().enumerate() {
        items.push_str(if index == 0 { "- " } else { "  " });
        items.push_str(line);
        items.push('\n');
    }
}

/// kustomize's annotations on an item on its way to a function.
fn host_notes(kind: Kind, name: &str, index: usize) -> String {
    let Kind {
        group,
        version,
        name: kind,
    } = kind;
    let group = if group.is_empty() {
        String::new()
    } else {
        format!("      group: {group}\n")
    };
    let file = format!("{}_{name}.yaml", kind.to_lowercase());
    let id = index + 1;
    format!(
        "  annotations:
    config.kubernetes.io/path: {file}
    internal.config.kubernetes.io/path: {file}
    internal.config.kubernetes.io/previousKinds: {kind}
    internal.config.kubernetes.io/previousNames: {name}
    internal.config.kubernetes.io/previousNamespaces: default
    kustomize.config.k8s.io/id: |
{group}      kind: {kind}
      name: {name}
      namespace: production
      version: {version}
    config.kubernetes.io/index: '{index}'
    internal.config.kubernetes.io/index: '{index}'
    internal.config.kubernetes.io/annotations-migration-resource-id: '{index}'
    internal.config.kubernetes.io/id: '{id}'
    config.k8s.io/id: '{id}'
"
    )
}

/// One service, with the numbers that make it unique.
struct Service {
    name: String,
    team: u64,
    port: u64,
    cpu: u64,
    memory: u64,
    variables: u64,
    keys: u64,
    /// Whether the overlay slows the liveness probe.
    slowed: bool,
}

impl Service {
    /// The numbers are the same for all its resources.
    fn new(index: usize) -> Self {
        let mut own = Random(0x5eed ^ (index as u64).wrapping_mul(0x2545_f491_4f6c_dd1d));
        Self {
            name: format!("{}-{index:05}", NAMES[index % NAMES.len()]),
            team: own.below(12),
            port: 8000 + own.below(100),
            cpu: 50 * (1 + own.below(8)),
            memory: 128 * (1 + own.below(8)),
            variables: 3 + own.below(6),
            keys: 3 + own.below(5),
            slowed: index % BREAKS == BREAKS - 1,
        }
    }

    fn body(&self, kind: Kind, side: Side) -> String {
        match kind.name {
            "Deployment" => self.deployment(side),
            "Service" => self.service(),
            "Ingress" => self.ingress(side),
            "ConfigMap" => self.config_map(side),
            "HorizontalPodAutoscaler" => self.autoscaler(side),
            _ => self.monitor(),
        }
    }

    fn labels(&self, indent: &str) -> String {
        let Self { name, team, .. } = self;
        format!(
            "{indent}labels:
{indent}  app.kubernetes.io/name: {name}
{indent}  app.kubernetes.io/part-of: shop
{indent}  example.com/team: team-{team}
"
        )
    }

    fn deployment(&self, side: Side) -> String {
        let name = &self.name;
        format!(
            "apiVersion: apps/v1
kind: Deployment
metadata:
{NOTES}{labels}  name: {name}
{NAMESPACE}spec:
  replicas: {replicas}
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
  strategy:
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
    type: RollingUpdate
  template:
    metadata:
      annotations:
        prometheus.io/port: \"{port}\"
        prometheus.io/scrape: \"true\"
{template_labels}    spec:
      containers:
{container}      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        seccompProfile:
          type: RuntimeDefault
      serviceAccountName: {name}
      terminationGracePeriodSeconds: 45
      volumes:
      - emptyDir: {{}}
        name: tmp
      - configMap:
          name: {name}
        name: config
",
            port = self.port,
            labels = self.labels("  "),
            template_labels = self.labels("      "),
            container = self.container(side),
            replicas = if side == Side::Overlay { 4 } else { 2 },
        )
    }

    fn container(&self, side: Side) -> String {
        let Self { name, port, .. } = self;
        let is_overlay = side == Side::Overlay;
        let scale = if is_overlay { 2 } else { 1 };
        let period = if is_overlay && self.slowed { 120 } else { 20 };
        let (cpu, memory) = (self.cpu * scale, self.memory * scale);
        let (cpu_limit, memory_limit) = (cpu * 4, memory * 2);
        let env: String = (0..self.variables)
            .map(|at| {
                let value = if is_overlay && at % 4 == 0 {
                    "production"
                } else {
                    "default"
                };
                format!(
                    "        - name: {}_{at}\n          value: {value}-{at}\n",
                    setting(at)
                )
            })
            .collect();
        format!(
            "      - env:
{env}        - name: POD_NAME
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        - name: DATABASE_PASSWORD
          valueFrom:
            secretKeyRef:
              key: password
              name: {name}-database
        envFrom:
        - configMapRef:
            name: {name}
        image: registry.example.com/shop/{name}:1.14.2
        livenessProbe:
          failureThreshold: 3
          httpGet:
            path: /health/live
            port: {port}
          initialDelaySeconds: 15
          periodSeconds: {period}
        name: {name}
        ports:
        - containerPort: {port}
          name: http
        - containerPort: 9090
          name: metrics
        readinessProbe:
          httpGet:
            path: /health/ready
            port: {port}
          initialDelaySeconds: 5
          periodSeconds: 10
        resources:
          limits:
            cpu: {cpu_limit}m
            memory: {memory_limit}Mi
          requests:
            cpu: {cpu}m
            memory: {memory}Mi
        securityContext:
          allowPrivilegeEscalation: false
          capabilities:
            drop:
            - ALL
          readOnlyRootFilesystem: true
        volumeMounts:
        - mountPath: /tmp
          name: tmp
        - mountPath: /etc/{name}
          name: config
          readOnly: true
"
        )
    }

    fn service(&self) -> String {
        let Self { name, .. } = self;
        format!(
            "apiVersion: v1
kind: Service
metadata:
{NOTES}{labels}  name: {name}
{NAMESPACE}spec:
  ports:
  - name: http
    port: 80
    targetPort: http
  - name: metrics
    port: 9090
    targetPort: metrics
  selector:
    app.kubernetes.io/name: {name}
",
            labels = self.labels("  ")
        )
    }

    fn ingress(&self, side: Side) -> String {
        let Self { name, .. } = self;
        let domain = if side == Side::Overlay {
            "shop.example.com"
        } else {
            "example.com"
        };
        let mut paths = String::new();
        for path in ["/", "/api"] {
            let _ = write!(
                paths,
                "      - backend:
          service:
            name: {name}
            port:
              name: http
        path: {path}
        pathType: Prefix
"
            );
        }
        format!(
            "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
{NOTES}{labels}  name: {name}
{NAMESPACE}spec:
  ingressClassName: nginx
  rules:
  - host: {name}.{domain}
    http:
      paths:
{paths}  tls:
  - hosts:
    - {name}.{domain}
    secretName: {name}-tls
",
            labels = self.labels("  ")
        )
    }

    fn config_map(&self, side: Side) -> String {
        let Self { name, .. } = self;
        let mut data = Vec::new();
        for at in 0..self.keys {
            let host = if side == Side::Overlay && at % 5 == 0 {
                "prod"
            } else {
                "svc"
            };
            let key = setting(at);
            data.push(format!(
                "  {key}_URL_{at}: http://{name}.{host}.cluster.local:80{at:02}/v1\n"
            ));
        }
        data.sort_unstable();
        format!(
            "apiVersion: v1
data:
{data}  config.yaml: |
    server:
      listen: 0.0.0.0
      timeout: 30s
kind: ConfigMap
metadata:
{NOTES}{labels}  name: {name}
{NAMESPACE}",
            data = data.concat(),
            labels = self.labels("  ")
        )
    }

    fn autoscaler(&self, side: Side) -> String {
        let Self { name, .. } = self;
        let scale = if side == Side::Overlay { 3 } else { 1 };
        format!(
            "apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
{NOTES}{labels}  name: {name}
{NAMESPACE}spec:
  maxReplicas: {max}
  metrics:
  - resource:
      name: cpu
      target:
        averageUtilization: 70
        type: Utilization
    type: Resource
  minReplicas: {min}
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {name}-scaled
",
            labels = self.labels("  "),
            max = 6 * scale,
            min = 2 * scale,
        )
    }

    fn monitor(&self) -> String {
        let Self { name, .. } = self;
        format!(
            "apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
{NOTES}{labels}  name: {name}
{NAMESPACE}spec:
  endpoints:
  - honorLabels: true
    interval: 30s
    path: /metrics
    port: metrics
    scrapeTimeout: 10s
  namespaceSelector:
    matchNames:
    - shop
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
",
            labels = self.labels("  ")
        )
    }
}

const NAMES: [&str; 8] = [
    "checkout",
    "catalog",
    "inventory",
    "payments",
    "search",
    "orders",
    "shipping",
    "accounts",
];

fn setting(at: u64) -> &'static str {
    SETTINGS[usize::try_from(at).unwrap_or(0) % SETTINGS.len()]
}

const SETTINGS: [&str; 8] = [
    "LOG_LEVEL",
    "CACHE_TTL",
    "CATALOG",
    "FEATURE_SEARCH",
    "INVENTORY",
    "PAYMENTS",
    "POOL_SIZE",
    "TIMEOUT",
];
