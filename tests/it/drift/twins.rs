//! Differences that are not drift, each beside the most similar one that is.

use super::short;

/// The findings of a Deployment with these fields in Git and in the cluster; `kubectl-edit` and the
/// deployer own the given fields.
fn deployment(git: &str, live: &str, deployer: &str, person: &str) -> Vec<String> {
    kind(("apps/v1", "Deployment"), git, live, deployer, person)
}

fn kind(
    (version, kind): (&str, &str),
    git: &str,
    live: &str,
    deployer: &str,
    person: &str,
) -> Vec<String> {
    let entry = |manager: &str, operation: &str, fields: &str| {
        format!(
            "{{manager: {manager}, operation: {operation}, time: \"2026-01-02T00:00:00Z\", fieldsV1: {{{fields}}}}}"
        )
    };
    let entries = [
        entry("argocd-controller", "Apply", deployer),
        entry("kubectl-edit", "Update", person),
    ];
    let head = format!("apiVersion: {version}, kind: {kind}");
    let git = format!("{{{head}, metadata: {{name: web, namespace: n}}, {git}}}\n");
    let live = format!(
        "{{{head}, metadata: {{name: web, namespace: n, managedFields: [{}]}}, {live}}}\n",
        entries.join(", ")
    );
    let found = short(&git, &live);
    let name = format!("{kind}/web ");
    found.iter().map(|line| line.replace(&name, "")).collect()
}

fn pod(fields: &str) -> String {
    format!("spec: {{template: {{spec: {{{fields}}}}}}}")
}

fn owned(fields: &str) -> String {
    format!("'f:spec': {{'f:template': {{'f:spec': {{{fields}}}}}}}")
}

#[test]
fn a_zero_value_is_an_absent_one_unless_absent_means_true() {
    for (git, wanted) in [
        ("hostNetwork: false", ""),
        (
            "hostNetwork: true",
            "manual-removal spec.template.spec.hostNetwork",
        ),
        ("tolerations: []", ""),
        ("nodeSelector: {}", ""),
        (
            "nodeSelector: {a: \"\"}",
            "manual-removal spec.template.spec.nodeSelector",
        ),
        ("securityContext: {runAsNonRoot: false}", ""),
        (
            "securityContext: {runAsNonRoot: true}",
            "manual-removal spec.template.spec.securityContext",
        ),
        (
            "automountServiceAccountToken: false",
            "manual-removal spec.template.spec.automountServiceAccountToken",
        ),
        (
            "hostUsers: false",
            "manual-removal spec.template.spec.hostUsers",
        ),
        ("dnsPolicy: ClusterFirst", ""),
    ] {
        let found = deployment(&pod(git), &pod(""), "", "");
        assert_eq!(found.join(" "), wanted, "{git}");
    }
}

#[test]
fn an_addition_belongs_to_its_owner_and_is_reported_at_the_top() {
    let containers = |inner: &str| format!("containers: [{{name: web{inner}}}]");
    let own = |inner: &str| {
        owned(&format!(
            "'f:containers': {{'k:{{\"name\":\"web\"}}': {{{inner}}}}}"
        ))
    };
    let context = ", securityContext: {privileged: true, runAsUser: 7}";
    for (live, deployer, person, wanted) in [
        (
            context,
            "",
            own("'f:securityContext': {'.': {}, 'f:privileged': {}, 'f:runAsUser': {}}"),
            "manual-addition spec.template.spec.containers[name=web].securityContext",
        ),
        // Another manager put a part of it there.
        (
            context,
            "'f:securityContext': {'f:runAsUser': {}}",
            own("'f:securityContext': {'.': {}, 'f:privileged': {}}"),
            "out-of-sync spec.template.spec.containers[name=web].securityContext.runAsUser\nmanual-addition spec.template.spec.containers[name=web].securityContext.privileged",
        ),
        // It has no owner: a default, or an admission webhook.
        (context, "", String::new(), ""),
        // The deployer has both: it was dropped from Git.
        (
            ", tty: true",
            "'f:tty': {}",
            own("'f:tty': {}"),
            "out-of-sync spec.template.spec.containers[name=web].tty",
        ),
        // A default of the API server.
        (
            ", imagePullPolicy: IfNotPresent",
            "",
            own("'f:imagePullPolicy': {}"),
            "",
        ),
        (
            ", imagePullPolicy: Never",
            "",
            own("'f:imagePullPolicy': {}"),
            "manual-addition spec.template.spec.containers[name=web].imagePullPolicy",
        ),
        // Every existing value has a meaning, however small, unless it is empty.
        (", resources: {}", "", own("'f:resources': {}"), ""),
        (
            ", securityContext: {runAsUser: 0}",
            "",
            own("'f:securityContext': {'f:runAsUser': {}}"),
            "manual-addition spec.template.spec.containers[name=web].securityContext.runAsUser",
        ),
    ] {
        let found = deployment(
            &pod(&containers("")),
            &pod(&containers(live)),
            &own(deployer),
            &person,
        );
        let mut found: Vec<_> = found;
        let mut wanted: Vec<&str> = wanted.lines().collect();
        found.sort();
        wanted.sort_unstable();
        assert_eq!(found, wanted, "{live} {deployer} {person}");
    }
}

#[test]
fn a_list_of_one_owner_is_one_value() {
    let rules = |verbs: &str| {
        format!("rules: [{{apiGroups: [\"\"], resources: [pods], verbs: [{verbs}]}}]")
    };
    let role = ("rbac.authorization.k8s.io/v1", "Role");
    let of = |live: &str, deployer: &str, person: &str| {
        kind(role, &rules("get, list"), &rules(live), deployer, person)
    };
    // Another order has the same meaning.
    assert!(of("list, get", "'f:rules': {}", "").is_empty());
    // Self-heal reverts it: Git sets the list.
    assert_eq!(
        of("get, list, delete", "", "'f:rules': {}"),
        ["manual-change rules"]
    );
    assert_eq!(
        of("get, list, delete", "'f:rules': {}", ""),
        ["out-of-sync rules"]
    );
    // In a list with keys, each element has an owner.
    let found = deployment(
        &pod("containers: [{name: web}]"),
        &pod("containers: [{name: debug, tty: true}, {name: web}]"),
        &owned("'f:containers': {'k:{\"name\":\"web\"}': {'.': {}}}"),
        &owned("'f:containers': {'k:{\"name\":\"debug\"}': {'.': {}, 'f:tty': {}}}"),
    );
    assert_eq!(
        found,
        ["manual-addition spec.template.spec.containers[name=debug]"]
    );
}

#[test]
fn fields_of_deployers_and_servers_are_not_drift() {
    let labels =
        |more: &str| format!("metadata: {{name: web, namespace: n, labels: {{a: b{more}}}}}");
    for (label, wanted) in [
        ("app.kubernetes.io/instance: shop", 0),
        ("kustomize.toolkit.fluxcd.io/name: shop", 0),
        ("team: payments", 1),
    ] {
        let git = format!("{{apiVersion: v1, kind: ConfigMap, {}}}\n", labels(""));
        let key = label.split(':').next().unwrap_or_default();
        let live = labels(&format!(", {label}")).replace(
            "labels:",
            &format!(
                "generation: 3, managedFields: [{{manager: kustomize-controller, operation: Apply, fieldsV1: {{'f:metadata': {{'f:labels': {{'f:a': {{}}, 'f:{key}': {{}}}}}}}}}}], labels:"
            ),
        );
        let live = format!("{{apiVersion: v1, kind: ConfigMap, {live}, status: {{x: y}}}}\n");
        assert_eq!(short(&git, &live).len(), wanted, "{label}");
    }
}

#[test]
fn an_autoscaler_may_scale_and_a_person_may_not() {
    let hpa = "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web, namespace: n}, spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 9}}\n---\n";
    let side = |replicas: usize, manager: &str| {
        format!(
            "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: web, namespace: n, managedFields: [{{manager: {manager}, operation: Update, subresource: scale, fieldsV1: {{'f:spec': {{'f:replicas': {{}}}}}}}}]}}, spec: {{replicas: {replicas}}}}}\n"
        )
    };
    let git = |hpa: &str| {
        format!(
            "{hpa}{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: web, namespace: n}}, spec: {{replicas: 2}}}}\n"
        )
    };
    let manager = "kube-controller-manager";
    let change = "manual-change Deployment/web spec.replicas";
    let both = "replicas-and-autoscaler Deployment/web spec.replicas";
    assert_eq!(
        short(&git(hpa), &(hpa.to_owned() + &side(5, manager))),
        [both]
    );
    assert_eq!(
        short(&git(hpa), &(hpa.to_owned() + &side(5, "kubectl"))),
        [change, both]
    );
    assert_eq!(short(&git(""), &side(5, "kubectl")), [change]);
    assert_eq!(
        short(&git(""), &side(5, manager)),
        ["controller-change Deployment/web spec.replicas"]
    );
    assert_eq!(
        short(&git(""), &side(5, "argocd-controller")),
        ["out-of-sync Deployment/web spec.replicas"]
    );
    assert!(short(&git(""), &side(2, "kubectl")).is_empty());
}
