//! Recording the workload's system calls with `strace`, and reading them back.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::workload::{self, Op};

/// A call that this kind of machine does not have (`?`) is none of the store's.
const CALLS: &str = "openat,close,write,pwrite64,pwritev,pwritev2,writev,ftruncate,fallocate,\
    fdatasync,fsync,?sync_file_range,?rename,renameat,renameat2,?unlink,unlinkat,?mkdir,mkdirat";

/// A file's identity: it keeps it over a rename.
pub(crate) type Inode = usize;

/// What a call did to the disk. Names are relative to the store's directory (itself the empty name).
pub(crate) enum Call {
    Create {
        name: PathBuf,
        inode: Inode,
    },
    Directory {
        name: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Unlink {
        name: PathBuf,
    },
    Write {
        inode: Inode,
        offset: usize,
        data: Vec<u8>,
    },
    Truncate {
        inode: Inode,
        len: usize,
    },
    /// `data`: by `fdatasync`, else by `fsync`.
    Sync {
        inode: Inode,
        data: bool,
    },
    SyncDirectory {
        name: PathBuf,
    },
}

/// A call with the lines of the trace on which it began and ended.
pub(crate) struct Timed {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) what: Call,
}

/// A line that the workload wrote on its output.
pub(crate) struct Said {
    pub(crate) at: usize,
    pub(crate) op: Op,
    word: &'static str,
}

#[derive(Default)]
pub(crate) struct Trace {
    /// In the order of their ends.
    pub(crate) calls: Vec<Timed>,
    said: Vec<Said>,
    names: HashMap<PathBuf, Inode>,
    inodes: usize,
}

impl Trace {
    pub(crate) fn says(&self, word: &'static str) -> impl Iterator<Item = &Said> {
        self.said.iter().filter(move |said| said.word == word)
    }

    /// The lines at which the engine begins a file beside its log: it does so when it is opened.
    pub(crate) fn openings(&self) -> impl Iterator<Item = usize> {
        self.calls.iter().filter_map(|call| match &call.what {
            Call::Create { name, .. } if name.to_string_lossy().starts_with("snap.") => {
                Some(call.start)
            }
            _ => None,
        })
    }

    /// The file that has the name at the end.
    pub(crate) fn inode(&self, name: &str) -> Inode {
        self.names[Path::new(name)]
    }
}

/// Runs the workload under `strace`; `None`, with a line that says why, where that is impossible.
pub(crate) fn record() -> Option<Trace> {
    let able = Command::new("strace")
        .args(["-f", "-o", "/dev/null", "true"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !able {
        println!("not run: strace is missing or may not trace here");
        return None;
    }
    let dir = tempfile::tempdir().unwrap();
    let (store, trace) = (dir.path().join("store"), dir.path().join("trace"));
    let ran = Command::new("strace")
        .args(["-f", "-xx", "-s", "10000000", "-e", &format!("trace={CALLS}"), "-o"])
        .arg(&trace)
        .arg(std::env::current_exe().unwrap())
        .args(["workload", "--exact", "--nocapture"])
        .env(workload::ENV, &store)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(ran.success(), "the workload failed");
    Some(Reader::new(&store).read(&std::fs::read_to_string(trace).unwrap()))
}

struct Open {
    /// `None` for a directory.
    inode: Option<Inode>,
    name: PathBuf,
    at: usize,
}

struct Reader<'a> {
    store: &'a Path,
    trace: Trace,
    open: HashMap<u32, Open>,
}

impl<'a> Reader<'a> {
    fn new(store: &'a Path) -> Self {
        Self { store, trace: Trace::default(), open: HashMap::new() }
    }

    fn read(mut self, text: &str) -> Trace {
        let mut unfinished = HashMap::new();
        for (line, entry) in text.lines().enumerate() {
            let (pid, entry) = entry.split_once(' ').unwrap();
            let entry = entry.trim_start();
            if let Some(begun) = entry.strip_suffix(" <unfinished ...>") {
                unfinished.insert(pid, (line, begun.to_owned()));
            } else if let Some(resumed) = entry.strip_prefix("<... ") {
                let (start, begun) = unfinished.remove(pid).unwrap();
                let (_, rest) = resumed.split_once(" resumed>").unwrap();
                self.call(start, line, &format!("{begun}{rest}"));
            } else if !entry.starts_with("+++") && !entry.starts_with("---") {
                self.call(line, line, entry);
            }
        }
        self.trace
    }

    fn call(&mut self, start: usize, end: usize, text: &str) {
        let (name, rest) = text.split_once('(').unwrap();
        let (arguments, result) = rest.rsplit_once(" = ").unwrap();
        let Ok(result) = result.split(' ').next().unwrap().parse::<usize>() else { return };
        let arguments = arguments.trim_end().strip_suffix(')').unwrap();
        let arguments: Vec<&str> = arguments.split(", ").collect();
        let paths: Vec<&str> =
            arguments.iter().filter(|argument| argument.starts_with('"')).copied().collect();
        let push = |trace: &mut Trace, what| trace.calls.push(Timed { start, end, what });
        match name {
            "openat" => self.opened(start, end, &arguments, result),
            "close" => drop(self.open.remove(&number(arguments[0]))),
            "write" | "pwrite64" => {
                let data = bytes(arguments[1]);
                assert_eq!(data.len(), result, "the trace has the whole of each write");
                if let Some(said) = said(start, &data) {
                    self.trace.said.push(said);
                } else if let Some(open) = self.open.get_mut(&number(arguments[0])) {
                    let inode = open.inode.unwrap();
                    let offset = match arguments.get(3) {
                        Some(offset) => offset.parse().unwrap(),
                        None => open.at,
                    };
                    open.at = offset + result;
                    push(&mut self.trace, Call::Write { inode, offset, data });
                }
            }
            "ftruncate" => {
                if let Some(open) = self.open.get(&number(arguments[0])) {
                    let len = arguments[1].parse().unwrap();
                    push(&mut self.trace, Call::Truncate { inode: open.inode.unwrap(), len });
                }
            }
            "fsync" | "fdatasync" => {
                if let Some(open) = self.open.get(&number(arguments[0])) {
                    let data = name == "fdatasync";
                    push(
                        &mut self.trace,
                        match open.inode {
                            Some(inode) => Call::Sync { inode, data },
                            None => Call::SyncDirectory { name: open.name.clone() },
                        },
                    );
                }
            }
            // Not a promise: it says nothing about the disk's own cache.
            "sync_file_range" => {}
            "rename" | "renameat" | "renameat2" => {
                let mut names = paths.iter().filter_map(|path| self.ours(path));
                let (Some(from), Some(to)) = (names.next(), names.next()) else { return };
                let inode = self.trace.names.remove(&from).unwrap();
                self.trace.names.insert(to.clone(), inode);
                push(&mut self.trace, Call::Rename { from, to });
            }
            "unlink" | "unlinkat" => {
                let Some(name) = self.ours(paths[0]) else { return };
                self.trace.names.remove(&name);
                push(&mut self.trace, Call::Unlink { name });
            }
            "mkdir" | "mkdirat" => {
                let Some(name) = self.ours(paths[0]) else { return };
                push(&mut self.trace, Call::Directory { name });
            }
            other => {
                let ours = arguments[0].parse().is_ok_and(|fd: u32| self.open.contains_key(&fd));
                assert!(!ours, "{other} is not modelled");
            }
        }
    }

    fn opened(&mut self, start: usize, end: usize, arguments: &[&str], fd: usize) {
        let fd = u32::try_from(fd).unwrap();
        self.open.remove(&fd);
        let Some(name) = self.ours(arguments[1]) else { return };
        let flags = arguments[2];
        if let Some(inode) = self.trace.names.get(&name).copied() {
            if flags.contains("O_TRUNC") {
                let what = Call::Truncate { inode, len: 0 };
                self.trace.calls.push(Timed { start, end, what });
            }
            self.open.insert(fd, Open { inode: Some(inode), name, at: 0 });
        } else if flags.contains("O_CREAT") {
            let inode = self.trace.inodes;
            self.trace.inodes += 1;
            self.trace.names.insert(name.clone(), inode);
            let what = Call::Create { name: name.clone(), inode };
            self.trace.calls.push(Timed { start, end, what });
            self.open.insert(fd, Open { inode: Some(inode), name, at: 0 });
        } else {
            self.open.insert(fd, Open { inode: None, name, at: 0 });
        }
    }

    /// The name of a path in the store's directory.
    fn ours(&self, argument: &str) -> Option<PathBuf> {
        let path = PathBuf::from(String::from_utf8(bytes(argument)).unwrap());
        path.strip_prefix(self.store).ok().map(Path::to_path_buf)
    }
}

fn said(at: usize, data: &[u8]) -> Option<Said> {
    let text = std::str::from_utf8(data).ok()?;
    ["begin ", "acked "]
        .into_iter()
        .find_map(|word| text.strip_prefix(word).map(|op| Said { at, op: Op::parse(op), word }))
}

fn number(argument: &str) -> u32 {
    argument.parse().unwrap()
}

/// The bytes of a string as `strace -xx` writes it.
fn bytes(argument: &str) -> Vec<u8> {
    let inner = argument.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let hex: String = inner.expect("a whole string").split("\\x").collect();
    base16ct::lower::decode_vec(hex).unwrap()
}
