# What scripts/record-live records: source it, do not run it.
# shellcheck shell=bash disable=SC2034,SC2016 # the script's variables and functions
#
# A line is a scenario: its name, which is also its namespace; who deploys it and how; which of the overlay's objects
# it has; and, after a +, a kind that people make there. Its function has the name with underscores. `alice`, `bob` and
# `carol` (who may only read) are kubectl of that user in that namespace; `fails` is before a command that must fail.
#
#   argocd    apply --server-side as argocd-controller           flux      the same as kustomize-controller
#   pipeline  apply by a user of continuous integration          helm      create as helm
#   migrated  apply, and then apply --server-side, both as argocd-controller

SCENARIOS='
untouched-argocd    argocd    all
untouched-pipeline  pipeline  all
untouched-migrated  migrated  Deployment/checkout StatefulSet/ledger ConfigMap/checkout-config Secret/checkout-db
set-resources       argocd    Deployment/checkout
set-serviceaccount  argocd    Deployment/checkout
set-env-from        argocd    Deployment/checkout ConfigMap/checkout-config
set-selector        argocd    Service/checkout
set-subject         argocd    RoleBinding/checkout
set-image-cronjob   flux      CronJob/report
suspend-cronjob     helm      CronJob/report
two-people          pipeline  Deployment/checkout
probe               argocd    Deployment/checkout
json-patch          argocd    Deployment/checkout
rollout-undo        argocd    Deployment/checkout
restart-statefulset flux      StatefulSet/ledger
scale-statefulset   helm      StatefulSet/ledger
healed-statefulset  argocd    StatefulSet/ledger
relabel             argocd    ConfigMap/checkout-config
locked              argocd    ConfigMap/checkout-config
replace-force       argocd    ConfigMap/checkout-config
edit-service        argocd    Service/checkout
service-port        pipeline  Service/checkout
pdb                 argocd    PodDisruptionBudget/checkout
hpa                 argocd    HorizontalPodAutoscaler/worker Deployment/worker
autoscale           argocd    Deployment/checkout +HorizontalPodAutoscaler
by-hand             argocd    ServiceAccount/checkout Pod/shell Service/checkout
secret              argocd    Secret/checkout-db
other-tool          argocd    Deployment/checkout
debug               argocd    ServiceAccount/checkout Pod/shell
resize              argocd    ServiceAccount/checkout Pod/shell
evicted             argocd    ServiceAccount/checkout Pod/shell
deleted             argocd    PodDisruptionBudget/checkout Ingress/checkout
impersonated        argocd    NetworkPolicy/checkout Role/checkout
collection          argocd    ConfigMap/checkout-config
status              argocd    Deployment/checkout
no-change           argocd    ServiceAccount/checkout Deployment/checkout
'

set_resources() { alice set resources deployment/checkout -c checkout --limits=cpu=2,memory=2Gi; }

set_serviceaccount() { alice set serviceaccount deployment checkout admin; }

set_env_from() { bob set env deployment/checkout --from=configmap/checkout-config --prefix=CFG_; }

set_selector() { bob set selector service checkout app=shell; }

set_subject() { alice set subject rolebinding checkout --user=bob@acme.example; }

set_image_cronjob() { alice set image cronjob/report report=registry.acme.example/report:0.9.0; }

# The job has the cron job as its owner, as those that its controller makes.
suspend_cronjob() {
  bob patch cronjob report -p '{"spec":{"suspend":true}}'
  bob create job once --from=cronjob/report
}

# One tool, and so one entry of managed fields.
two_people() {
  alice set env deployment/checkout -c checkout LOG_LEVEL=debug
  bob set env deployment/checkout -c checkout TRACE=1
}

probe() {
  bob patch deployment checkout -p '{"spec":{"template":{"spec":{"containers":[{"name":"checkout",
    "readinessProbe":{"periodSeconds":30,"failureThreshold":10}}]}}}}'
}

json_patch() {
  alice patch deployment checkout --type=json -p '[
    {"op":"test","path":"/spec/template/spec/containers/0/env/0/name","value":"LOG_LEVEL"},
    {"op":"remove","path":"/spec/template/spec/containers/0/env/0"},
    {"op":"remove","path":"/spec/template/spec/containers/0/resources/limits/memory"},
    {"op":"add","path":"/spec/template/spec/containers/0/env/-","value":{"name":"DEBUG","value":"1"}}]'
}

# What was deployed before: a release that can be gone back to.
earlier_rollout_undo() { sed 's/checkout:1.14.2/checkout:1.14.1/'; }
rollout_undo() { alice rollout undo deployment/checkout; }

restart_statefulset() { bob rollout restart statefulset/ledger; }

scale_statefulset() { bob scale statefulset/ledger --replicas=5; }

healed_statefulset() {
  alice scale statefulset/ledger --replicas=5
  heal
}

relabel() {
  alice label configmap/checkout-config --overwrite app.kubernetes.io/part-of=till
  bob annotate configmap/checkout-config acme.example/owner- acme.example/oncall=bob
}

locked() {
  alice patch configmap checkout-config --type=merge \
    -p '{"immutable":true,"metadata":{"finalizers":["acme.example/keep"]}}'
}

# Deletes it, and creates it anew: nothing of the deployer is left.
replace_force() { sed 's/timeout: "30"/timeout: "60"/' "$WANT" | alice replace --force -f -; }

edit_service() {
  KUBE_EDITOR="sed -i -e s/type:.ClusterIP/type:\ NodePort/ -e s/targetPort:.http/targetPort:\ 9090/" \
    alice edit service checkout
}

# A port is the key of its list element.
service_port() { sed 's/port: 80$/port: 8080/' "$WANT" | bob replace -f -; }

pdb() { bob patch pdb checkout --type=merge -p '{"spec":{"minAvailable":null,"maxUnavailable":1}}'; }

hpa() { alice patch hpa worker --type=merge -p '{"spec":{"minReplicas":4,"maxReplicas":20}}'; }

autoscale() { bob autoscale deployment/checkout --min=4 --max=6 --cpu=70%; }

by_hand() {
  alice run probe --image=busybox:1.36 -- sleep 1
  bob expose pod shell --name=shell-debug --port=8080
}

# The log has no bodies, and managed fields have whole seconds.
secret() {
  alice patch secret checkout-db -p '{"stringData":{"password":"planted-by-alice"}}'
  sleep 1.1
  bob patch secret checkout-db --type=json -p '[{"op":"remove","path":"/data/user"}]'
  bob create secret generic by-hand --from-literal=token=planted-by-bob
}

other_tool() {
  bob apply --server-side --field-manager=hotfix --force-conflicts -f - <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: {name: checkout}
spec:
  template:
    spec:
      containers:
      - name: checkout
        env:
        - {name: LOG_LEVEL, value: trace}
        - {name: TRACE, value: "1"}
YAML
}

# The role `admin` does not allow it.
debug() {
  fails bob debug shell --image=busybox:1.36 -c debugger --profile=general -- sleep 1
  alice debug shell --image=busybox:1.36 -c debugger --profile=general -- sleep 1
}

resize() {
  alice patch pod shell --subresource=resize \
    -p '{"spec":{"containers":[{"name":"shell","resources":{"limits":{"cpu":"200m"}}}]}}'
}

evicted() {
  bob create --raw "/api/v1/namespaces/$NAMESPACE/pods/shell/eviction" -f - <<YAML
{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"shell","namespace":"$NAMESPACE"}}
YAML
}

deleted() {
  bob delete pdb checkout
  bob delete ingress checkout
}

impersonated() {
  alice --as=bob@acme.example --as-group=dev delete networkpolicy checkout
  alice --as=bob@acme.example --as-group=dev patch role checkout --type=json \
    -p '[{"op":"add","path":"/rules/0/verbs/-","value":"list"},{"op":"replace","path":"/rules/0/verbs/1","value":"watch"}]'
}

collection() {
  alice delete --raw "/api/v1/namespaces/$NAMESPACE/configmaps?labelSelector=app.kubernetes.io/part-of%3Dshop"
}

status() {
  alice patch deployment checkout --subresource=status --type=merge \
    -p '{"status":{"conditions":[{"type":"Acme","status":"True","reason":"ByHand"}]}}'
}

# Requests that change nothing: refused, rehearsed, or with the values that are there.
no_change() {
  fails carol scale deployment/checkout --replicas=9
  fails carol delete serviceaccount checkout
  alice scale deployment/checkout --replicas=9 --dry-run=server
  alice delete serviceaccount checkout --dry-run=server
  alice patch deployment checkout --dry-run=server -p '{"spec":{"paused":true}}'
  alice set env deployment/checkout -c checkout LOG_LEVEL=info
  alice patch deployment checkout -p '{"spec":{"replicas":3}}'
  alice create token checkout
}
