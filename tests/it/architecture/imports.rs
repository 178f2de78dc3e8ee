//! The imports between files, and their circles: a file in a circle cannot be read, moved or tested
//! alone.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::Visit;
use syn::{
    Attribute, ExprMethodCall, ImplItem, Item, ItemImpl, ItemMod, ItemUse, Macro, Type, UseTree,
    Visibility,
};

/// Texts of a crate by their paths below `src/`.
pub type Files = BTreeMap<String, String>;

/// The imports of each file from each other file, as written.
pub type Imports = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// One module: its own names, the names that it imports, and the names in its code.
#[derive(Default)]
struct Module {
    file: String,
    parent: usize,
    children: BTreeMap<String, usize>,
    types: BTreeSet<String>,
    /// Its functions and constants.
    values: BTreeSet<String>,
    borrowed: BTreeMap<String, Vec<String>>,
    /// Modules from which it imports everything.
    globs: Vec<Vec<String>>,
    mentioned: BTreeSet<Vec<String>>,
    /// Types that get methods here, and the names of these methods.
    extended: Vec<(Vec<String>, BTreeSet<String>)>,
    /// Methods that it calls.
    called: BTreeSet<String>,
}

/// The target of a path.
enum Target {
    Module(usize),
    /// An item of the module.
    Item(usize),
}

/// The modules of a crate; the first is its root.
struct Crate<'a> {
    files: &'a Files,
    modules: Vec<Module>,
}

/// The imports between files, without test modules.
///
/// A path counts at its end: an import of `parent::Name` that `parent` re-exports from its child is
/// one of the child. Declaring `mod child;` imports nothing, and neither does naming a module
/// without an item in it. A file that calls methods which another file adds to its own type imports
/// them, although this is not written.
pub fn imports(files: &Files) -> Imports {
    let mut all = Crate {
        files,
        modules: Vec::new(),
    };
    all.read_file("lib.rs", "", 0);
    let mut imports = Imports::new();
    for (index, module) in all.modules.iter().enumerate() {
        let borrowed = module.borrowed.values().chain(&module.globs);
        let mentioned = module.mentioned.iter();
        for path in borrowed.chain(mentioned.filter(|path| !all.is_borrowed(index, path))) {
            let is_glob = module.globs.contains(path);
            let end = match all.resolve(index, path, 0) {
                Some(Target::Item(end)) => end,
                Some(Target::Module(end)) if is_glob => end,
                Some(Target::Module(_)) | None => continue,
            };
            add(
                &mut imports,
                &module.file,
                &all.modules[end].file,
                path.join("::"),
            );
        }
        for (path, methods) in &module.extended {
            if let Some(Target::Item(end)) = all.resolve(index, path, 0) {
                let of_type = &all.modules[end];
                for method in methods.intersection(&of_type.called) {
                    add(
                        &mut imports,
                        &of_type.file,
                        &module.file,
                        format!(".{method}()"),
                    );
                }
            }
        }
    }
    imports
}

fn add(imports: &mut Imports, from: &str, to: &str, name: String) {
    if from != to {
        let of_file = imports.entry(from.to_owned()).or_default();
        of_file.entry(to.to_owned()).or_default().insert(name);
    }
}

/// Files that import from each other, directly or through others: the first of them, and the
/// imports that form the circle.
pub fn circles(imports: &Imports) -> BTreeMap<&str, String> {
    let reached: BTreeMap<&String, BTreeSet<&String>> = imports
        .keys()
        .map(|from| (from, reachable(imports, from)))
        .collect();
    let mut seen = BTreeSet::new();
    let mut circles = BTreeMap::new();
    for (&from, beyond) in &reached {
        if !beyond.contains(from) || seen.contains(from) {
            continue;
        }
        let circle: BTreeSet<&String> = beyond
            .iter()
            .filter(|to| reached.get(*to).is_some_and(|back| back.contains(from)))
            .copied()
            .collect();
        let mut lines = vec![format!("{} files import in a circle:", circle.len())];
        for file in &circle {
            for (to, names) in imports.get(*file).into_iter().flatten() {
                if circle.contains(to) {
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    lines.push(format!("  {file} -> {to}: {}", names.join(", ")));
                }
            }
        }
        seen.extend(circle);
        circles.insert(from.as_str(), lines.join("\n"));
    }
    circles
}

/// The files that a file reaches through its imports.
fn reachable<'a>(imports: &'a Imports, from: &String) -> BTreeSet<&'a String> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&String> = imports
        .get(from)
        .into_iter()
        .flat_map(|to| to.keys())
        .collect();
    while let Some(file) = open.pop() {
        if found.insert(file) {
            open.extend(imports.get(file).into_iter().flat_map(|to| to.keys()));
        }
    }
    found
}

impl Crate<'_> {
    /// Reads a file and those that it declares, and returns its module.
    fn read_file(&mut self, file: &str, directory: &str, parent: usize) -> usize {
        let text = self
            .files
            .get(file)
            .unwrap_or_else(|| panic!("no file {file}"));
        let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{file}: {error}"));
        self.read_module(&parsed.items, file, directory, parent)
    }

    fn read_module(&mut self, items: &[Item], file: &str, directory: &str, parent: usize) -> usize {
        let index = self.modules.len();
        self.modules.push(Module {
            file: file.to_owned(),
            parent,
            ..Module::default()
        });
        let mut module = Module::default();
        for item in items {
            module.define(item);
            module.visit_item(item);
        }
        self.modules[index].types = module.types;
        self.modules[index].values = module.values;
        self.modules[index].borrowed = module.borrowed;
        self.modules[index].globs = module.globs;
        self.modules[index].mentioned = module.mentioned;
        self.modules[index].extended = module.extended;
        self.modules[index].called = module.called;
        for item in items {
            let Item::Mod(child) = item else { continue };
            if is_test(&child.attrs) {
                continue;
            }
            let name = child.ident.to_string();
            let below = format!("{directory}{name}/");
            let child = if let Some((_, items)) = &child.content {
                self.read_module(items, file, &below, index)
            } else {
                let beside = format!("{directory}{name}.rs");
                let inside = format!("{below}mod.rs");
                let is_beside = self.files.contains_key(&beside);
                let file = if is_beside { beside } else { inside };
                self.read_file(&file, &below, index)
            };
            self.modules[index].children.insert(name, child);
        }
        index
    }

    /// Whether a mention only repeats a `use` of the module.
    fn is_borrowed(&self, index: usize, path: &[String]) -> bool {
        let borrowed = path
            .first()
            .and_then(|name| self.modules[index].borrowed.get(name));
        borrowed.is_some_and(|whole| matches!(self.resolve(index, whole, 0), Some(Target::Item(_))))
    }

    /// The meaning of a path in a module; `None` for names of other crates, of the language and of
    /// variables.
    fn resolve(&self, module: usize, path: &[String], depth: usize) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => self.descend(0, rest, depth),
            "self" => self.descend(module, rest, depth),
            "super" => self.descend(self.modules[module].parent, rest, depth),
            _ => self.look_up(module, first, rest, depth),
        }
    }

    /// The meaning of the rest of a path, from a module on.
    fn descend(&self, module: usize, path: &[String], depth: usize) -> Option<Target> {
        let Some((first, rest)) = path.split_first() else {
            return Some(Target::Module(module));
        };
        match first.as_str() {
            "self" => self.descend(module, rest, depth),
            "super" => self.descend(self.modules[module].parent, rest, depth),
            // A name from a macro belongs to the module that was asked.
            _ => Some(
                self.look_up(module, first, rest, depth)
                    .unwrap_or(Target::Item(module)),
            ),
        }
    }

    /// The meaning of a name in a module. A module and a function may share one; a function has
    /// nothing below it.
    fn look_up(&self, index: usize, name: &str, rest: &[String], depth: usize) -> Option<Target> {
        // An import that imports itself leads nowhere.
        if depth > 20 {
            return None;
        }
        let module = &self.modules[index];
        let child = module.children.get(name);
        if let Some(&child) = child.filter(|_| !rest.is_empty()) {
            return self.descend(child, rest, depth);
        }
        if module.types.contains(name) || rest.is_empty() && module.values.contains(name) {
            return Some(Target::Item(index));
        }
        if let Some(path) = module.borrowed.get(name) {
            let path: Vec<String> = path.iter().chain(rest).cloned().collect();
            // The name of another crate has no meaning here.
            return self.resolve(index, &path, depth + 1);
        }
        if let Some(&child) = child {
            return Some(Target::Module(child));
        }
        module.globs.iter().find_map(|glob| {
            let Some(Target::Module(target)) = self.resolve(index, glob, depth + 1) else {
                return None;
            };
            self.look_up(target, name, rest, depth + 1)
        })
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute
                    .parse_args::<syn::Path>()
                    .is_ok_and(|path| path.is_ident("test"))
    })
}

fn names(path: &syn::Path) -> Vec<String> {
    let names = path.segments.iter();
    names.map(|segment| segment.ident.to_string()).collect()
}

impl Module {
    /// Records the name that an item adds to the module, except modules and imports.
    fn define(&mut self, item: &Item) {
        let (names, name) = match item {
            Item::Const(item) => (&mut self.values, &item.ident),
            Item::Fn(item) => (&mut self.values, &item.sig.ident),
            Item::Static(item) => (&mut self.values, &item.ident),
            Item::Enum(item) => (&mut self.types, &item.ident),
            Item::Struct(item) => (&mut self.types, &item.ident),
            Item::Trait(item) => (&mut self.types, &item.ident),
            Item::Type(item) => (&mut self.types, &item.ident),
            _ => return,
        };
        names.insert(name.to_string());
    }

    fn borrow(&mut self, tree: &UseTree, before: &[String]) {
        let with = |name: &syn::Ident| {
            let mut path = before.to_vec();
            path.push(name.to_string());
            path
        };
        match tree {
            UseTree::Path(tree) => self.borrow(&tree.tree, &with(&tree.ident)),
            UseTree::Group(group) => group
                .items
                .iter()
                .for_each(|tree| self.borrow(tree, before)),
            UseTree::Glob(_) => self.globs.push(before.to_vec()),
            UseTree::Name(tree) => self.borrow_as(&tree.ident, with(&tree.ident)),
            UseTree::Rename(tree) => self.borrow_as(&tree.rename, with(&tree.ident)),
        }
    }

    fn borrow_as(&mut self, name: &syn::Ident, mut path: Vec<String>) {
        let mut name = name.to_string();
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
            if name == "self" {
                name = path.last().cloned().unwrap_or_default();
            }
        }
        self.borrowed.insert(name, path);
    }

    /// The paths in the tokens of a macro or an attribute, including quoted ones.
    fn mention_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0_usize;
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.mention(std::mem::take(&mut path));
                    }
                    path.push(name.to_string());
                    colons = 0;
                    continue;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => {
                    colons += 1;
                    continue;
                }
                TokenTree::Group(group) => self.mention_tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    let text = literal.to_string();
                    let text = text.trim_matches('"');
                    if text.starts_with("crate::") || text.starts_with("super::") {
                        self.mention(text.split("::").map(str::to_owned).collect());
                    }
                }
                TokenTree::Punct(_) => {}
            }
            self.mention(std::mem::take(&mut path));
            colons = 0;
        }
        self.mention(path);
    }

    fn mention(&mut self, path: Vec<String>) {
        if !path.is_empty() {
            self.mentioned.insert(path);
        }
    }
}

impl Visit<'_> for Module {
    fn visit_item(&mut self, item: &Item) {
        let attributes = match item {
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            Item::Const(item) => &item.attrs,
            _ => return syn::visit::visit_item(self, item),
        };
        if !is_test(attributes) {
            syn::visit::visit_item(self, item);
        }
    }

    /// It is a separate module.
    fn visit_item_mod(&mut self, _: &ItemMod) {}

    fn visit_item_use(&mut self, item: &ItemUse) {
        self.borrow(&item.tree, &[]);
    }

    fn visit_item_impl(&mut self, item: &ItemImpl) {
        if let (None, Type::Path(of)) = (&item.trait_, &*item.self_ty) {
            let methods = item.items.iter().filter_map(|item| match item {
                ImplItem::Fn(function) if !is_test(&function.attrs) => {
                    Some(function.sig.ident.to_string())
                }
                _ => None,
            });
            self.extended.push((names(&of.path), methods.collect()));
        }
        syn::visit::visit_item_impl(self, item);
    }

    fn visit_expr_method_call(&mut self, call: &ExprMethodCall) {
        self.called.insert(call.method.to_string());
        syn::visit::visit_expr_method_call(self, call);
    }

    fn visit_impl_item_fn(&mut self, function: &syn::ImplItemFn) {
        if !is_test(&function.attrs) {
            syn::visit::visit_impl_item_fn(self, function);
        }
    }

    /// `pub(super)` grants access, and imports nothing.
    fn visit_visibility(&mut self, _: &Visibility) {}

    fn visit_path(&mut self, path: &syn::Path) {
        self.mention(names(path));
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, found: &Macro) {
        self.visit_path(&found.path);
        self.mention_tokens(found.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.mention_tokens(list.tokens.clone());
        }
    }
}

/// The files of a small crate, for the tests below.
fn planted(files: &[(&str, &str)]) -> Files {
    files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect()
}

fn circles_of(files: &[(&str, &str)]) -> String {
    let imports = imports(&planted(files));
    let circles: Vec<String> = circles(&imports).into_values().collect();
    circles.join("\n")
}

#[test]
fn children_may_share_what_one_of_them_defines() {
    let found = circles_of(&[
        ("lib.rs", "mod a; mod other; pub use a::run;"),
        (
            "a.rs",
            "mod kind; mod read; mod write; pub use kind::Kind; \
             pub fn run() -> Kind { write::write(read::read()) }",
        ),
        ("a/kind.rs", "pub struct Kind;"),
        (
            "a/read.rs",
            "use super::Kind; pub fn read() -> Kind { Kind }",
        ),
        (
            "a/write.rs",
            "pub(in super::super) fn write(kind: super::kind::Kind) -> super::Kind { kind }",
        ),
        (
            "other.rs",
            "use crate::a::{self, Kind}; pub fn f() -> Kind { a::run() } \
             #[cfg(test)] mod tests { use super::*; use crate::other_tests; }",
        ),
    ]);
    assert_eq!(found, "");
}

#[test]
fn a_circle_through_super_is_found() {
    let found = circles_of(&[
        ("lib.rs", "mod a;"),
        (
            "a.rs",
            "mod child; pub struct Shared; pub fn run() { child::go(&Shared) }",
        ),
        ("a/child.rs", "pub fn go(_: &super::Shared) {}"),
    ]);
    assert_eq!(
        found,
        "2 files import in a circle:\n  \
         a.rs -> a/child.rs: child::go\n  \
         a/child.rs -> a.rs: super::Shared"
    );
}

#[test]
fn a_circle_through_a_re_export_is_found() {
    let found = circles_of(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "mod child; pub use child::Name;"),
        (
            "a/child.rs",
            "use crate::b::f; pub struct Name; fn g() { f(Name) }",
        ),
        ("b/mod.rs", "use crate::a; pub fn f(_: a::Name) {}"),
    ]);
    assert_eq!(
        found,
        "2 files import in a circle:\n  \
         a/child.rs -> b/mod.rs: crate::b::f\n  \
         b/mod.rs -> a/child.rs: a::Name"
    );
}

#[test]
fn a_circle_of_three_through_paths_in_code_macros_and_attributes_is_found() {
    let found = circles_of(&[
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "pub fn f() -> usize { crate::b::g() }"),
        (
            "b.rs",
            "pub fn g() -> usize { println!(\"{}\", [crate::c::f::<u8>(1)]); 1 }",
        ),
        (
            "c.rs",
            "#[derive(Serialize)] struct S { #[serde(default = \"crate::a::f\")] size: usize } \
             pub fn f<T>(t: T) -> T { t }",
        ),
        ("d.rs", "use crate::a::f as g; fn h() { g(); }"),
    ]);
    assert_eq!(
        found,
        "3 files import in a circle:\n  \
         a.rs -> b.rs: crate::b::g\n  \
         b.rs -> c.rs: crate::c::f\n  \
         c.rs -> a.rs: crate::a::f"
    );
}

#[test]
fn a_circle_through_a_list_and_one_through_everything_are_found() {
    let found = circles_of(&[
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        (
            "a.rs",
            "use crate::{b::{self, One}, c}; pub struct A; fn f() { c::x() }",
        ),
        (
            "b.rs",
            "pub struct One; pub fn f() -> crate::a::A { todo!() }",
        ),
        ("c.rs", "use super::d::*; pub fn x() { make() }"),
        (
            "d.rs",
            "mod inline { pub fn f() { crate::c::x() } } pub fn make() {}",
        ),
    ]);
    assert_eq!(
        found,
        "2 files import in a circle:\n  \
         a.rs -> b.rs: crate::b::One\n  \
         b.rs -> a.rs: crate::a::A\n\
         2 files import in a circle:\n  \
         c.rs -> d.rs: make, super::d\n  \
         d.rs -> c.rs: crate::c::x"
    );
}

#[test]
fn a_circle_through_methods_that_another_file_gives_a_type_is_found() {
    let found = circles_of(&[
        ("lib.rs", "mod a;"),
        (
            "a.rs",
            "mod child; pub struct Walk; impl Walk { pub fn go(&self) { self.on(); } }",
        ),
        (
            "a/child.rs",
            "use super::Walk; impl Walk { pub fn on(&self) {} fn off(&self) {} }",
        ),
    ]);
    assert_eq!(
        found,
        "2 files import in a circle:\n  \
         a.rs -> a/child.rs: .on()\n  \
         a/child.rs -> a.rs: super::Walk"
    );
}

#[test]
fn a_module_is_distinguished_from_a_function_of_its_name() {
    let found = circles_of(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b; pub fn b() { b::f() }"),
        ("b.rs", "pub fn f() { crate::a::b() }"),
    ]);
    assert_eq!(
        found,
        "2 files import in a circle:\n  \
         a.rs -> b.rs: b::f\n  \
         b.rs -> a.rs: crate::a::b"
    );
}
