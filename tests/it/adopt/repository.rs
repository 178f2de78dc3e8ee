//! A repository that a test may change, read by the program and by the library.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use krm_parity::catalog::{RuleId, Severity};
use krm_parity::finding::Finding;
use krm_parity::gate::{self, Builds, Gate, Scope};
use krm_parity::layout::{self, Layout, Overlay, Service, Site};
use krm_parity::policy::{self, Config, Policy};
use krm_parity::repo::{NAMES, Sources};
use krm_parity::rules::RULES;
use krm_parity::{environment, krm, snapshot, yaml};

use crate::support::{Run, Tree, binary, copy, run};

/// The day on which everything here happens.
pub const TODAY: &str = "1781481600";

/// Seals everything that it is given.
const RECORDER: &str = "apiVersion: krm-parity.io/v1alpha1\nkind: SnapshotRecorder\nmetadata:\n  name: gathered\n  annotations:\n    \
                        config.kubernetes.io/function: |\n      exec:\n        path: krm-parity\nspec: {mode: replace}\n";

/// [`TODAY`] as the library represents it.
pub fn today() -> jiff::civil::Date {
    jiff::civil::date(2026, 6, 15)
}

/// A copy of a repository.
pub struct Repository {
    tree: Tree,
    name: String,
    kustomize: PathBuf,
}

impl Repository {
    pub fn copied(from: &Path, name: &str, kustomize: &Path) -> Self {
        let this = Self::new(name, kustomize);
        copy(from, &this.root());
        // Files that a collection keeps read-only are writable in a working tree.
        for file in this.files().keys() {
            let file = this.root().join(file);
            let text = fs::read(&file).unwrap();
            fs::remove_file(&file).unwrap();
            fs::write(&file, text).unwrap();
        }
        this
    }

    pub fn new(name: &str, kustomize: &Path) -> Self {
        let tree = Tree::new();
        fs::create_dir_all(tree.path(name)).unwrap();
        // No directory above this one is read.
        fs::create_dir_all(tree.path(name).join(".git")).unwrap();
        Self {
            tree,
            name: name.to_owned(),
            kustomize: kustomize.to_owned(),
        }
    }

    pub fn root(&self) -> PathBuf {
        self.tree.path(&self.name)
    }

    pub fn write(&self, path: &str, text: &str) {
        self.tree.write(&format!("{}/{path}", self.name), text);
    }

    pub fn read(&self, path: &str) -> String {
        self.tree.read(&format!("{}/{path}", self.name))
    }

    /// Every file with its text.
    pub fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        collect(&self.root(), "", &mut files);
        files
    }

    /// The directories whose kustomizations name files that `init --wire` has made.
    pub fn wired(&self) -> Vec<String> {
        let files = self.files().into_iter();
        let wired = files.filter(|(name, text)| {
            let file = name.rsplit('/').next().unwrap_or(name);
            NAMES.contains(&file) && !name.starts_with("parity/") && text.contains("/parity/")
        });
        wired
            .filter_map(|(name, _)| Some(name.rsplit_once('/')?.0.to_owned()))
            .collect()
    }

    /// Runs the program in the repository.
    pub fn krm_parity(&self, arguments: &[&str]) -> Run {
        self.krm_parity_in("", arguments)
    }

    /// Runs the program in a directory of the repository.
    pub fn krm_parity_in(&self, directory: &str, arguments: &[&str]) -> Run {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let tools = [self.kustomize.parent().unwrap(), binary().parent().unwrap()];
        let tools = tools.map(Path::to_path_buf);
        let path = std::env::join_paths(tools.into_iter().chain(std::env::split_paths(&path)));
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .current_dir(self.root().join(directory))
            .env("PATH", path.unwrap())
            .env("SOURCE_DATE_EPOCH", TODAY);
        run(&mut command)
    }

    /// Builds a directory with kustomize, with or without the flags that functions need.
    pub fn build(&self, directory: &str, functions: bool) -> Run {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let own = binary().parent().unwrap().to_path_buf();
        let path = std::env::join_paths([own].into_iter().chain(std::env::split_paths(&path)));
        let mut command = Command::new(&self.kustomize);
        command
            .arg("build")
            .arg(self.root().join(directory))
            .env("PATH", path.unwrap())
            .env("SOURCE_DATE_EPOCH", TODAY);
        if functions {
            command.args(["--enable-alpha-plugins", "--enable-exec"]);
        }
        run(&mut command)
    }

    /// The build of a directory, sealed before generated names get their hashes, as `check` has it.
    pub fn sealed(&self, directory: &str) -> Result<String, String> {
        let gather = format!(
            "resources: ['../{}/{directory}']\ntransformers: [recorder.yaml]\npatches:\n- target: {{kind: EnvironmentSnapshot}}\n  \
             patch: |\n    - op: remove\n      path: /metadata/annotations/config.kubernetes.io~1local-config\n",
            self.name
        );
        self.tree.write("gather/r/recorder.yaml", RECORDER);
        let (inner, outer) = gather.split_once("patches:").unwrap();
        let inner = inner.replace("'../", "'../../");
        self.tree.write("gather/r/kustomization.yaml", &inner);
        let outer = format!("resources: [r]\npatches:{outer}");
        self.tree.write("gather/kustomization.yaml", &outer);
        let built = self.build("../gather", true);
        if !built.succeeded() {
            return self.built(directory);
        }
        let tree = yaml::parse(&built.stdout).unwrap();
        let all = krm::read_documents(&tree).unwrap();
        let sealed = all.iter().filter_map(|one| snapshot::open(one).ok());
        let mut contents = sealed.filter(|sealed| sealed.service == "gathered");
        let content = contents.next().map(|sealed| sealed.content.to_owned());
        Ok(content.unwrap_or_else(|| panic!("{}", built.stdout)))
    }

    /// The build of a directory that cannot be wrapped in another one, such as one with `vars:`.
    fn built(&self, directory: &str) -> Result<String, String> {
        let built = self.build(directory, false);
        if !built.succeeded() {
            return Err(built.stderr);
        }
        let tree = yaml::parse(&built.stdout).unwrap();
        let all = krm::read_documents(&tree).unwrap();
        let items = environment::sort(&all).unwrap();
        Ok(snapshot::seal("", "", &items.live).content)
    }

    pub fn policy(&self) -> Policy {
        let text = self.read("parity.yaml");
        let tree = yaml::parse(&text).unwrap();
        let value = tree.roots().next().map(yaml::Node::to_yaml_value);
        match policy::read(RULES, value.as_ref()) {
            Ok(Config::Policy(policy)) => policy,
            other => panic!("{text}\n{other:?}"),
        }
    }

    fn sources(&self) -> Sources {
        let mut sources = Sources::default();
        for (path, text) in self.files() {
            sources.insert(path, text);
        }
        sources
    }

    /// The directories of a layout that depend on a directory.
    pub fn made_of(&self, layout: &Layout, directory: &str) -> BTreeSet<String> {
        let sources = self.sources();
        let parsed = sources.parse();
        let changed = NAMES.map(|name| format!("{directory}/{name}"));
        let changed = BTreeSet::from(changed);
        let depends = |directory: &&str| {
            let overlays = vec![Overlay {
                name: String::new(),
                directory: (*directory).to_owned(),
                bases: Vec::new(),
                baseline: krm_parity::layout::Baseline::default(),
                rank: None,
                is_asked: true,
            }];
            let service = Service {
                overlays,
                ..Service::default()
            };
            layout::depends_on(&parsed, &service, &changed)
        };
        let all = layout.directories().into_iter();
        all.filter(depends).map(str::to_owned).collect()
    }

    pub fn layout(&self, policy: &Policy) -> Layout {
        let sources = self.sources();
        let whole = Site {
            asked: &[String::new()],
            here: "",
            whole: "",
            root: "",
            name: &self.name,
        };
        layout::discover(&sources.parse(), &whole, policy)
    }

    /// The builds of all directories that the layout names.
    pub fn builds(&self, layout: &Layout) -> Builds {
        layout
            .directories()
            .into_iter()
            .map(|directory| (directory.to_owned(), self.sealed(directory)))
            .collect()
    }
}

fn collect(directory: &Path, name: &str, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let inner = entry.file_name().into_string().unwrap();
        let inner = if name.is_empty() {
            inner
        } else {
            format!("{name}/{inner}")
        };
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &inner, files);
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            files.insert(inner, text);
        }
    }
}

/// The findings of the library, warnings and errors only.
pub fn findings(layout: &Layout, builds: &Builds, policy: &Policy) -> Vec<Finding> {
    let (lacking, hidden) = (gate::Lacking::new(), gate::Hidden::new());
    let gate = Gate {
        lacking: &lacking,
        hidden: &hidden,
        layout,
        builds,
        policy,
        today: today(),
        parsed: None,
        site: None,
        scope: Scope::Unknown,
        history: None,
        tells_deployers: false,
        others: Vec::new(),
    };
    let mut findings = gate::judge(&gate).unwrap().report.findings;
    // A finding about a file alone is not adopted, so it is left out.
    findings.retain(|finding| {
        finding.severity >= Severity::Warning && finding.rule != RuleId::UnjudgedOverlay
    });
    findings
}
