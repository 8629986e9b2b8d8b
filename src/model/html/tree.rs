//! The tree that html5ever's parser builds, and the brake on it: the parser walks along all open
//! elements for many a tag, and opens each unclosed `<b>` again in each paragraph, so a small page
//! can cost hours. What the parser did is counted, and past a limit the page is given up.

use std::{
    cell::{Cell, Ref, RefCell},
    collections::{HashMap, HashSet},
};

use html5ever::{
    Attribute, ParseOpts, QualName, expanded_name,
    interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink},
    local_name, ns, parse_document,
    tendril::{StrTendril, TendrilSink},
    tree_builder::TreeBuilderOpts,
};

/// A node of a page.
pub(crate) type Id = usize;
/// The page itself.
pub(crate) const ROOT: Id = 0;

/// Steps along open elements.
const STEPS_MAX: usize = 5_000_000;
/// Nodes that a page may have before they are weighed against its length.
const NODES_FREE: usize = 2_000;

#[derive(Debug)]
enum Kind {
    Element(Vec<Attribute>),
    Text(String),
    Other,
}

#[derive(Debug)]
struct Node {
    /// Empty for anything but an element.
    name: QualName,
    kind: Kind,
    parent: Option<Id>,
    children: Vec<Id>,
}

/// A parsed page.
#[derive(Debug)]
pub(crate) struct Page(Vec<Node>);

impl Page {
    /// Parses any text at all; `None` if that would take too long.
    pub(crate) fn parse(html: &str) -> Option<Self> {
        let tree_builder = TreeBuilderOpts { scripting_enabled: false, ..Default::default() };
        let options = ParseOpts { tree_builder, ..Default::default() };
        let mut parser = parse_document(Builder::new(), options);
        let mut fed = 0;
        while fed < html.len() {
            // The more there is, the more a few bytes can do.
            let nodes = parser.tokenizer.sink.sink.nodes.borrow().len();
            let chunk = (1_000_000 / nodes).clamp(16, 4_096);
            let end = html.ceil_char_boundary((fed + chunk).min(html.len()));
            parser.process(html[fed..end].into());
            fed = end;
            if !parser.tokenizer.sink.sink.is_cheap(fed) {
                return None;
            }
        }
        Some(parser.finish())
    }

    /// The name of an element, in lower case; empty for anything else.
    pub(crate) fn name(&self, node: Id) -> &str {
        &self.0[node].name.local
    }

    /// The text of a text node.
    pub(crate) fn text(&self, node: Id) -> Option<&str> {
        match &self.0[node].kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// An attribute of an element.
    pub(crate) fn attribute(&self, node: Id, wanted: &str) -> Option<&str> {
        let Kind::Element(attributes) = &self.0[node].kind else { return None };
        attributes.iter().find(|each| &*each.name.local == wanted).map(|each| &*each.value)
    }

    /// Whether an element has this class.
    pub(crate) fn has_class(&self, node: Id, class: &str) -> bool {
        let classes = self.attribute(node, "class").unwrap_or_default();
        classes.split_ascii_whitespace().any(|each| each == class)
    }

    /// What stands in a node.
    pub(crate) fn children(&self, node: Id) -> &[Id] {
        &self.0[node].children
    }

    /// What a node stands in.
    pub(crate) fn parent(&self, node: Id) -> Option<Id> {
        self.0[node].parent
    }

    /// The page again, without these nodes.
    pub(crate) fn write(&self, dropped: &HashSet<Id>) -> String {
        let mut html = String::new();
        let mut left = vec![(ROOT, false)];
        while let Some((node, leaving)) = left.pop() {
            let name = self.name(node);
            if leaving {
                html.extend(["</", name, ">"]);
                continue;
            }
            if dropped.contains(&node) || matches!(name, "script" | "style" | "plaintext") {
                continue;
            }
            if let Kind::Text(text) = &self.0[node].kind {
                html.push_str(&escaped(text));
            }
            if let Kind::Element(attributes) = &self.0[node].kind {
                html.extend(["<", name]);
                for each in attributes {
                    html.extend([" ", &each.name.local, "=\"", &escaped(&each.value), "\""]);
                }
                html.push('>');
                if !EMPTY.contains(&name) {
                    left.push((node, true));
                }
            }
            left.extend(self.children(node).iter().rev().map(|child| (*child, false)));
        }
        html
    }

    /// A node and all in it, in the order of reading.
    pub(crate) fn walk(&self, node: Id) -> impl Iterator<Item = Id> + '_ {
        let mut left = vec![node];
        std::iter::from_fn(move || {
            let node = left.pop()?;
            left.extend(self.children(node).iter().rev());
            Some(node)
        })
    }
}

/// Elements that have no end tag.
const EMPTY: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
];

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;")
}

/// The parser's end of the tree.
struct Builder {
    nodes: RefCell<Vec<Node>>,
    templates: RefCell<HashMap<Id, Id>>,
    steps: Cell<usize>,
}

impl Builder {
    fn new() -> Self {
        let page =
            Self { nodes: RefCell::default(), templates: RefCell::default(), steps: Cell::new(0) };
        page.add(Kind::Other);
        page
    }

    /// No page has more nodes than bytes unless its elements are opened again and again.
    fn is_cheap(&self, fed: usize) -> bool {
        self.steps.get() <= STEPS_MAX && self.nodes.borrow().len() <= fed + NODES_FREE
    }

    fn add(&self, kind: Kind) -> Id {
        self.add_named(QualName::new(None, ns!(), "".into()), kind)
    }

    fn add_named(&self, name: QualName, kind: Kind) -> Id {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node { name, kind, parent: None, children: Vec::new() });
        nodes.len() - 1
    }

    fn place(&self, node: Id) -> Option<(Id, usize)> {
        let nodes = self.nodes.borrow();
        let parent = nodes[node].parent?;
        // What the parser moves stands near the end.
        Some((parent, nodes[parent].children.iter().rposition(|child| *child == node)?))
    }

    fn insert(&self, parent: Id, at: usize, child: NodeOrText<Id>) {
        let at = at.min(self.nodes.borrow()[parent].children.len());
        let child = match child {
            NodeOrText::AppendNode(node) => {
                self.remove_from_parent(&node);
                node
            }
            NodeOrText::AppendText(text) => {
                let mut nodes = self.nodes.borrow_mut();
                let before = at.checked_sub(1).and_then(|at| nodes[parent].children.get(at));
                if let Some(before) = before.copied()
                    && let Kind::Text(already) = &mut nodes[before].kind
                {
                    already.push_str(&text);
                    return;
                }
                drop(nodes);
                self.add(Kind::Text(text.to_string()))
            }
        };
        let mut nodes = self.nodes.borrow_mut();
        nodes[child].parent = Some(parent);
        let siblings = &mut nodes[parent].children;
        siblings.insert(at.min(siblings.len()), child);
    }
}

impl TreeSink for Builder {
    type Handle = Id;
    type Output = Page;
    type ElemName<'a> = Ref<'a, QualName>;

    fn finish(self) -> Page {
        Page(self.nodes.into_inner())
    }

    fn parse_error(&self, _: std::borrow::Cow<'static, str>) {}

    fn get_document(&self) -> Id {
        ROOT
    }

    fn elem_name<'a>(&'a self, target: &'a Id) -> Self::ElemName<'a> {
        self.steps.set(self.steps.get() + 1);
        Ref::map(self.nodes.borrow(), |nodes| &nodes[*target].name)
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _: ElementFlags) -> Id {
        let template = name.expanded() == expanded_name!(html "template");
        let element = self.add_named(name, Kind::Element(attributes));
        if template {
            let content = self.add(Kind::Other);
            self.templates.borrow_mut().insert(element, content);
        }
        element
    }

    fn create_comment(&self, _: StrTendril) -> Id {
        self.add(Kind::Other)
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Id {
        self.add(Kind::Other)
    }

    fn append(&self, parent: &Id, child: NodeOrText<Id>) {
        self.insert(*parent, usize::MAX, child);
    }

    fn append_based_on_parent_node(&self, element: &Id, previous: &Id, child: NodeOrText<Id>) {
        if self.nodes.borrow()[*element].parent.is_some() {
            self.append_before_sibling(element, child);
        } else {
            self.append(previous, child);
        }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn get_template_contents(&self, target: &Id) -> Id {
        self.templates.borrow().get(target).copied().unwrap_or(*target)
    }

    fn same_node(&self, one: &Id, other: &Id) -> bool {
        self.steps.set(self.steps.get() + 1);
        one == other
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &Id, node: NodeOrText<Id>) {
        if let NodeOrText::AppendNode(node) = &node {
            self.remove_from_parent(node);
        }
        if let Some((parent, at)) = self.place(*sibling) {
            self.insert(parent, at, node);
        }
    }

    fn add_attrs_if_missing(&self, target: &Id, more: Vec<Attribute>) {
        if let Kind::Element(attributes) = &mut self.nodes.borrow_mut()[*target].kind {
            for attribute in more {
                if !attributes.iter().any(|each| each.name == attribute.name) {
                    attributes.push(attribute);
                }
            }
        }
    }

    fn remove_from_parent(&self, target: &Id) {
        if let Some((parent, at)) = self.place(*target) {
            let mut nodes = self.nodes.borrow_mut();
            nodes[parent].children.remove(at);
            nodes[*target].parent = None;
        }
    }

    fn reparent_children(&self, node: &Id, parent: &Id) {
        let mut nodes = self.nodes.borrow_mut();
        let children = std::mem::take(&mut nodes[*node].children);
        for child in &children {
            nodes[*child].parent = Some(*parent);
        }
        nodes[*parent].children.extend(children);
    }
}
