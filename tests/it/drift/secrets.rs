//! Values of Secrets are compared, and shown nowhere.

use crate::support::Tree;

const WANT: &str = "\
apiVersion: v1
kind: Secret
metadata: {name: db, namespace: shop}
stringData: {password: PLANTED-git, user: same, gone: PLANTED-gone}
";

/// `PLANTED-live`, `same` and `PLANTED-new` are base64; the rest are places where values leak.
const LIVE: &str = r#"
apiVersion: v1
kind: Secret
metadata:
  name: db
  namespace: shop
  annotations:
    note: PLANTED-note
    kubectl.kubernetes.io/last-applied-configuration: '{"stringData":{"password":"PLANTED-applied"}}'
  managedFields:
  - manager: argocd-controller
    operation: Apply
    time: "2026-01-01T00:00:00Z"
    fieldsV1: {"f:stringData": {"f:user": {}}}
  - manager: kubectl-edit
    operation: Update
    time: "2026-01-02T00:00:00Z"
    fieldsV1:
      f:metadata: {f:annotations: {.: {}, "f:note": {}, "f:kubectl.kubernetes.io/last-applied-configuration": {}}}
      f:data: {"f:password": {}, "f:new": {}, 'v:"PLANTED-set"': {}}
      f:stringDta: {"f:typo": {"f:PLANTED-way": {}}}
stringDta: {typo: {PLANTED-way: PLANTED-typo}}
data: {password: UExBTlRFRC1saXZl, user: c2FtZQ==, new: UExBTlRFRC1uZXc=}
"#;

#[test]
fn no_format_holds_a_value_of_a_secret() {
    let tree = Tree::new();
    tree.write("git.yaml", WANT);
    tree.write("live.yaml", LIVE);
    let mut told = super::short(WANT, LIVE);
    told.sort();
    assert_eq!(
        told,
        [
            "manual-addition Secret/db data.new",
            "manual-addition Secret/db metadata.annotations",
            "manual-addition Secret/db stringDta.typo",
            "manual-change Secret/db data.password",
            "manual-removal Secret/db stringData.gone",
        ]
    );
    for format in [
        "text", "concise", "json", "krm", "sarif", "junit", "github", "gitlab", "markdown", "html",
    ] {
        let arguments = [
            "--rendered",
            "git.yaml",
            "--live",
            "live.yaml",
            "--format",
            format,
        ];
        let run = super::drift(&tree.path(""), &arguments);
        assert_eq!(run.code, Some(1), "{format}: {run:#?}");
        assert!(run.stdout.contains("db"), "{format}: {run:#?}");
        for leak in ["PLANTED", "UExBTlRFRC"] {
            let all = format!("{}{}", run.stdout, run.stderr);
            assert!(!all.contains(leak), "{format}: {all}");
        }
    }
}

/// A copy of a Secret in an annotation of another object, and a Secret within one.
#[test]
fn copies_and_inner_secrets_are_hidden() {
    let git = "apiVersion: a.example/v1\nkind: Bundle\nmetadata: {name: b}\nspec: {size: 1}\n";
    let live = r#"
apiVersion: a.example/v1
kind: Bundle
metadata:
  name: b
  managedFields:
  - manager: kubectl-edit
    operation: Update
    time: "2026-01-02T00:00:00Z"
    fieldsV1: {"f:spec": {"f:objects": {}}}
spec:
  size: 1
  objects: [{apiVersion: v1, kind: Secret, metadata: {name: x}, stringData: {a: PLANTED}}]
"#;
    let tree = Tree::new();
    tree.write("git.yaml", git);
    tree.write("live.yaml", live);
    let all = super::found(&tree.path(""), "git.yaml", "live.yaml");
    assert_eq!(
        super::line(&all[0]),
        "manual-addition Bundle/b spec.objects"
    );
    assert!(!all[0].to_string().contains("PLANTED"), "{:#?}", all[0]);
}

/// A key that a person added beside Git's is reported by name, and the command removes only that
/// key.
#[test]
fn an_added_key_is_named_and_removed_alone() {
    let want =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: x}\ndata: {pw: aHVudGVy}\n";
    let live = r#"
apiVersion: v1
kind: Secret
metadata:
  name: s
  namespace: x
  managedFields:
  - {manager: argocd-controller, operation: Apply, fieldsV1: {"f:data": {"f:pw": {}}}}
  - {manager: kubectl-edit, operation: Update, fieldsV1: {"f:data": {"f:extra": {}}}}
data: {pw: aHVudGVy, extra: UExBTlRFRA==}
"#;
    assert_eq!(
        super::short(want, live),
        ["manual-addition Secret/s data.extra"]
    );
    let tree = Tree::new();
    tree.write("git.yaml", want);
    tree.write("live.yaml", live);
    let run = super::drift(
        &tree.path(""),
        &["--rendered", "git.yaml", "--live", "live.yaml"],
    );
    let command = r#"-p '[{"op":"remove","path":"/data/extra"}]'"#;
    assert!(run.stdout.contains(command), "{run:#?}");
    assert!(!run.stdout.contains(r#""path":"/data"}"#), "{run:#?}");
}

/// The password of a URL, a field of JSON and a line of a key, each alone in another object.
#[test]
fn parts_of_a_value_are_hidden_elsewhere_too() {
    let config = |data: &str| {
        format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c, namespace: shop}}\ndata: {{{data}}}\n"
        )
    };
    let secret = r"
apiVersion: v1
kind: Secret
metadata: {name: db, namespace: shop}
data:
  url: cG9zdGdyZXM6Ly9zaG9wOlBMQU5URUQtYUBkYi5leGFtcGxlLmNvbS9zaG9w
  docker: eyJwYXNzd29yZCI6ICJQTEFOVEVELWIxIn0=
  key: LS0tLS1CRUdJTi0tLS0tCk1JSVBMQU5URURjMTIzNDU2Nzg5MAotLS0tLUVORC0tLS0tCg==
stringData:
  plain: amqp://shop:PLANTED-e@mq
";
    let git = format!("{secret}{}", config("a: x, b: x, c: x, d: x, e: x"));
    let planted = "a: PLANTED-a, b: is PLANTED-b1, c: MIIPLANTEDc1234567890, d: db.example.com, e: to PLANTED-e";
    let live = format!("{secret}{}", config(planted));
    let tree = Tree::new();
    tree.write("git.yaml", &git);
    tree.write("live.yaml", &live);
    let arguments = ["--rendered", "git.yaml", "--live", "live.yaml"];
    let run = super::drift(&tree.path(""), &arguments);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(!run.stdout.contains("PLANTED"), "{}", run.stdout);
    assert!(run.stdout.contains("db.example.com"), "{}", run.stdout);
}

/// The deployer owns the plain text that it applied, and a person the encoded value: the one who
/// wrote last has made the value.
#[test]
fn a_key_that_was_applied_as_plain_text_belongs_to_its_last_writer() {
    let want = "{apiVersion: v1, kind: Secret, metadata: {name: db, namespace: n}, stringData: {a: one, b: two}}\n";
    let live = |deployed: &str, person: &str, data: &str| {
        format!(
            r#"{{apiVersion: v1, kind: Secret, metadata: {{name: db, namespace: n, managedFields: [
              {{manager: argocd-controller, operation: Apply, time: "{deployed}", fieldsV1: {{"f:stringData": {{"f:a": {{}}, "f:b": {{}}}}}}}},
              {{manager: kubectl-patch, operation: Update, time: "{person}", fieldsV1: {{"f:data": {{"f:a": {{}}}}}}}}
            ]}}, data: {data}}}"#
        )
    };
    let (first, second) = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
    for (deployed, person, data, told) in [
        (first, second, "{a: b25l, b: dHdv}", &[][..]),
        (
            first,
            second,
            "{a: eHg=, b: dHdv}",
            &["manual-change Secret/db data.a"],
        ),
        (
            first,
            first,
            "{a: eHg=, b: dHdv}",
            &["manual-change Secret/db data.a"],
        ),
        (
            second,
            first,
            "{a: eHg=, b: dHdv}",
            &["out-of-sync Secret/db data.a"],
        ),
        (
            first,
            second,
            "{a: b25l, b: eHg=}",
            &["out-of-sync Secret/db data.b"],
        ),
        (
            first,
            second,
            "{a: b25l}",
            &["manual-removal Secret/db stringData.b"],
        ),
    ] {
        let found = super::short(want, &live(deployed, person, data));
        assert_eq!(found, told, "{deployed} {person} {data}");
    }
}
