//! The Python that runs the suite's library and its programs: which one it is, and what it lacks
//! for them.
//!
//! Without a look at that, each of some nine hundred tests would end in a traceback.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::files::FoundTest;
use crate::files::{ModuleConfig, TestConfig};
use crate::plan::runner::{How, Unmet, executable};

/// The part of the suite's library that runs tests of YAML.
pub(crate) const RUNNER: &str = "lib/python/asterisk/test_runner.py";

/// Prints, for each Python file that is named on a line of input, the modules that it imports when
/// it is loaded, also by way of other files of the suite, and that are not there. An import that
/// may fail (in a `try`, in a function) does not count, nor does that of a module which is
/// somewhere in the suite: a test can add to the places where Python looks.
const LOOK: &str = r"
import ast, importlib.util, os, sys
sys.path.insert(0, 'lib/python')
files, there, own = {}, {}, set()

def is_own(name):
    if not own:
        own.add('')
        for folder, folders, names in (it for top in ('lib', 'tests') for it in os.walk(top)):
            own.update(it[:-3] for it in names if it.endswith('.py'))
            if '__init__.py' in names:
                own.add(os.path.basename(folder))
    return name in own

def is_there(name):
    if name not in there:
        try:
            there[name] = importlib.util.find_spec(name) is not None
        except Exception:
            there[name] = False
        there[name] = there[name] or is_own(name)
    return there[name]

def imported(path):
    try:
        with open(path, 'rb') as file:
            body = ast.parse(file.read()).body
    except Exception:
        return
    for node in body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield 0, alias.name
        elif isinstance(node, ast.ImportFrom):
            if node.module:
                yield node.level, node.module
            for alias in node.names:
                yield node.level, '.'.join(filter(None, [node.module, alias.name]))

def file_of(path, level, name):
    parts = name.split('.')
    folder = os.path.dirname(path)
    for _ in range(level - 1):
        folder = os.path.dirname(folder)
    for base in [folder] if level else [folder, 'lib/python']:
        stem = os.path.join(base, *parts)
        for found in (stem + '.py', os.path.join(stem, '__init__.py')):
            if os.path.isfile(found):
                return found

def look(path):
    if path in files:
        return
    files[path] = (set(), set())
    inside, missing = files[path]
    for level, name in imported(path):
        found = file_of(path, level, name)
        top = name.split('.')[0]
        if found:
            inside.add(found)
            look(found)
        elif not level and not file_of(path, 0, top) and not is_there(top):
            missing.add(top)

def reached(path):
    seen, queue = set(), [path]
    while queue:
        path = queue.pop()
        if path not in seen:
            seen.add(path)
            queue.extend(files[path][0])
    return seen

for line in sys.stdin:
    path = line.rstrip('\n')
    look(path)
    for name in sorted(set().union(*(files[it][1] for it in reached(path)))):
        print(path + '\t' + name)
";

/// Modules of others that tests of the suite are known to import, beside those of its
/// `requirements.txt`. Whether any other is there is for the test to find out: a program can add to
/// the places where Python looks.
const MODULES: [&str; 12] = [
    "OpenSSL",
    "autobahn",
    "construct",
    "cryptography",
    "lxml",
    "requests",
    "scapy",
    "starpy",
    "twisted",
    "websocket",
    "yaml",
    "zope",
];

/// Packages that are not called as their module.
const PACKAGES: [(&str, &str); 3] = [
    ("yaml", "PyYAML"),
    ("OpenSSL", "pyOpenSSL"),
    ("starpy", "git+https://github.com/asterisk/starpy"),
];

/// A Python, or none.
#[derive(Clone, Debug)]
pub(crate) struct Python(Option<PathBuf>);

impl Python {
    /// The Python that is named; else that of the virtual environment which is active, of the
    /// suite's own (`.venv`), or `python3` in `PATH`.
    pub(crate) fn find(named: Option<&Path>, suite: &Path) -> Result<Self, String> {
        if let Some(named) = named {
            let found = executable(named).ok_or_else(|| {
                format!("--python {}: expected a program, and there is none", named.display())
            })?;
            return Ok(Self(Some(found)));
        }
        let active = std::env::var_os("VIRTUAL_ENV").filter(|it| !it.is_empty());
        let active = active.map(|folder| Path::new(&folder).join("bin/python"));
        let places = active.into_iter().chain([suite.join(".venv/bin/python"), "python3".into()]);
        Ok(Self(places.filter_map(|place| executable(&place)).next()))
    }

    /// Returns the path of the Python.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.0.as_deref()
    }

    /// The Python by the name that a user would call it.
    pub(crate) fn name(&self) -> String {
        self.path().map_or_else(|| "python3".to_owned(), |path| path.display().to_string())
    }

    /// The command that has the suite's library run a test.
    pub(crate) fn runs(&self, test: &str) -> Vec<String> {
        let arguments = ["-m", "asterisk.test_runner", test].map(str::to_owned);
        std::iter::once(self.name()).chain(arguments).collect()
    }

    /// Runs a program in the suite's folder, and gives what it printed.
    fn ask(
        &self,
        suite: &Path,
        program: &str,
        names: &[&str],
        input: &str,
    ) -> Result<String, String> {
        let path = self.path().ok_or("python3 is not in PATH; name one with --python")?;
        let told =
            |what: &dyn std::fmt::Display| format!("{} does not run: {what}", path.display());
        let mut command = Command::new(path);
        command.args(["-c", program]).args(names).current_dir(suite);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| told(&error))?;
        let pipe = child.stdin.take();
        let output = std::thread::scope(|scope| {
            // What it prints may fill its pipe before it has read all. One that reads nothing is no
            // error here.
            scope.spawn(move || pipe.map(|mut pipe| pipe.write_all(input.as_bytes())));
            child.wait_with_output()
        });
        let output = output.map_err(|error| told(&error))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().last().unwrap_or_default();
            return Err(told(&format!("{} {last}", output.status)));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Finds those of these modules that can be imported, with the suite's library beside its own.
    pub(crate) fn importable(&self, suite: &Path, names: &BTreeSet<&str>) -> BTreeSet<String> {
        const PROGRAM: &str = "
import importlib.util, sys
sys.path.append('lib/python')
for name in sys.argv[1:]:
    try:
        found = importlib.util.find_spec(name) is not None
    except Exception:
        found = False
    if found:
        print(name)
";
        if names.is_empty() {
            return BTreeSet::new();
        }
        let names: Vec<_> = names.iter().copied().collect();
        let said = self.ask(suite, PROGRAM, &names, "").unwrap_or_default();
        said.lines().map(str::to_owned).collect()
    }
}

/// The modules that Python lacks for the tests that it runs.
#[derive(Debug)]
pub(crate) struct Lacking {
    python: String,
    requirements: String,
    /// By file, the modules that are missing; or why Python cannot be asked.
    missing: Result<BTreeMap<String, BTreeSet<String>>, String>,
}

impl Lacking {
    /// Has a look at the files that these tests load.
    pub(crate) fn of<'a>(
        python: &Python,
        suite: &Path,
        tests: impl Iterator<Item = (&'a FoundTest, &'a TestConfig, &'a How)>,
    ) -> Self {
        let files: BTreeSet<_> =
            tests.flat_map(|(test, config, how)| files(suite, test, config, how)).collect();
        let input: String = files.iter().map(|file| format!("{file}\n")).collect();
        let said = match files.is_empty() {
            true => Ok(String::new()),
            false => python.ask(suite, LOOK, &[], &input),
        };
        let said = said.or_else(|why| {
            // A file that cannot be looked through is no reason not to run tests.
            python.ask(suite, "", &[], "").inspect(|_| tracing::warn!("{why}"))
        });
        let requirements = std::fs::read_to_string(suite.join("requirements.txt"));
        let requirements = requirements.unwrap_or_default();
        let is_required = |name: &str| requirements.lines().any(|line| requires(line, name));
        let missing = said.map(|said| {
            let mut missing: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for (file, name) in said.lines().filter_map(|line| line.split_once('\t')) {
                if MODULES.contains(&name) || is_required(name) {
                    missing.entry(file.to_owned()).or_default().insert(name.to_owned());
                }
            }
            missing
        });
        Self { python: python.name(), requirements, missing }
    }

    /// Says what a test lacks.
    pub(crate) fn unmet(
        &self,
        suite: &Path,
        test: &FoundTest,
        config: &TestConfig,
        how: &How,
    ) -> Option<Unmet> {
        let files = files(suite, test, config, how);
        if files.is_empty() {
            return None;
        }
        let missing = match &self.missing {
            Ok(missing) => missing,
            Err(why) => return Some(Unmet { name: "python".to_owned(), reason: why.clone() }),
        };
        let names: BTreeSet<_> = files.iter().filter_map(|it| missing.get(it)).flatten().collect();
        (!names.is_empty()).then(|| Unmet {
            name: format!("python: {}", list(&names)),
            reason: format!("{} finds no such module; {}", self.python, self.remedy(&names)),
        })
    }

    /// Returns one sentence for all tests that lack something of Python.
    pub(crate) fn warning(&self, tests: usize) -> Option<String> {
        let tests = match tests {
            0 => return None,
            1 => "1 test needs".to_owned(),
            many => format!("{many} tests need"),
        };
        match &self.missing {
            Err(why) => Some(format!("{tests} Python: {why}")),
            Ok(missing) => {
                let names: BTreeSet<_> = missing.values().flatten().collect();
                Some(format!(
                    "{tests} Python modules that {} does not have ({}); {}",
                    self.python,
                    list(&names),
                    self.remedy(&names)
                ))
            }
        }
    }

    /// The command that installs modules: as the suite requires them, or by name.
    fn remedy(&self, names: &BTreeSet<&String>) -> String {
        let packages = names.iter().map(|name| {
            let known = PACKAGES.iter().find(|(module, _)| module == name);
            let package = known.map_or(name.as_str(), |(_, package)| *package);
            let lines =
                self.requirements.lines().map(|line| line.split(" #").next().unwrap_or(line));
            let mut lines = lines.map(str::trim).filter(|line| !line.starts_with('#'));
            let required = lines.find(|line| requires(line, name) || requires(line, package));
            let package = required.unwrap_or(package);
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+:/@=".contains(c);
            if package.chars().all(plain) { package.to_owned() } else { format!("'{package}'") }
        });
        let packages = packages.collect::<Vec<_>>().join(" ");
        format!("`{} -m pip install {packages}` installs what is missing", self.python)
    }
}

/// Returns whether a line of `requirements.txt` is for a package: `Twisted[tls]>=22`, `starpy @
/// git+https://…`, `git+https://…/starpy.git@1`.
fn requires(line: &str, package: &str) -> bool {
    let name = line.split(|c: char| "[]<>=!~;@ ".contains(c)).next().unwrap_or_default();
    let name = name.rsplit('/').next().unwrap_or(name);
    name.strip_suffix(".git").unwrap_or(name).eq_ignore_ascii_case(package)
}

fn list(names: &BTreeSet<&String>) -> String {
    names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
}

/// Returns whether a test is a program in Python.
pub(crate) fn is_python(suite: &Path, test: &FoundTest) -> bool {
    interpreter(suite, test).is_some_and(|it| it.contains("python"))
}

/// Returns whether a test is a program for the Python that `PATH` has, which is ours.
fn is_for_ours(suite: &Path, test: &FoundTest) -> bool {
    let interpreter = interpreter(suite, test).unwrap_or_default();
    let words: Vec<_> = interpreter.split_whitespace().collect();
    matches!(words[..], [env, "python" | "python3"] if env.ends_with("/env"))
}

/// The interpreter in the first line of a test's program.
fn interpreter(suite: &Path, test: &FoundTest) -> Option<String> {
    let text = std::fs::read(suite.join(&test.name).join("run-test")).ok()?;
    let first = text.split(|byte| *byte == b'\n').next()?.strip_prefix(b"#!")?;
    Some(String::from_utf8_lossy(first).into_owned())
}

/// The Python files that a test loads: its program, or the suite's runner and its object and
/// modules.
fn files(suite: &Path, test: &FoundTest, config: &TestConfig, how: &How) -> Vec<String> {
    if *how == How::Native {
        return Vec::new();
    }
    let name = &test.name;
    if test.script {
        let program = format!("{name}/run-test");
        return Some(program).filter(|_| is_for_ours(suite, test)).into_iter().collect();
    }
    let modules = config.object.iter().chain(&config.modules);
    let files = modules.flat_map(|module| {
        let file = file_of(module);
        [format!("lib/python/asterisk/{file}"), format!("{name}/{file}")]
    });
    std::iter::once(RUNNER.to_owned()).chain(files).collect()
}

/// `ami.AMIEventModule` is in `ami.py`.
fn file_of(module: &ModuleConfig) -> String {
    let path = module.typename.rsplit_once('.').map_or("", |(path, _)| path);
    format!("{}.py", path.replace('.', "/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_named_as_the_suite_requires_them() {
        let lacking = |requirements: &str| Lacking {
            python: "py".to_owned(),
            requirements: requirements.to_owned(),
            missing: Ok(BTreeMap::new()),
        };
        let names = ["yaml", "twisted", "starpy"].map(str::to_owned);
        let names: BTreeSet<_> = names.iter().collect();
        let remedy = lacking("").remedy(&names);
        let plain = "pip install git+https://github.com/asterisk/starpy twisted PyYAML`";
        assert!(remedy.contains(plain), "{remedy}");
        let text = "# twisted\nTwisted[tls]>=22.1 # or so\ngit+https://h/o/starpy.git@1.2\nlxml\npyyaml==6.0\n";
        let remedy = lacking(text).remedy(&names);
        let pinned = "pip install git+https://h/o/starpy.git@1.2 'Twisted[tls]>=22.1' pyyaml==6.0`";
        assert!(remedy.contains(pinned), "{remedy}");
    }
}
