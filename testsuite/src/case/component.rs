//! Components, which take part in a test: objects that drive it, modules that watch it and act.

use std::collections::BTreeSet;
use std::pin::Pin;

use instance::Builder;

use super::{Failure, Happening, Stage, TestCase};
use crate::files::Id;
use crate::job::Weight;

/// The life of a component. An error fails the test and ends it.
pub type Life = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// A step of a component that may take time. An error fails the test.
pub type Step<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;

/// Something that takes part in a test.
///
/// A component is an actor: its life is one task, and what happens in the test comes to the inbox
/// of its [`Stage`]. So what is written in sequence happens in sequence, and what takes time is
/// awaited. While a component awaits something else, what happens waits in its inbox.
///
/// A happening is handed to all components in the order in which they were added, and every
/// component that waits for it has taken it before the next event is handed out. The test's object
/// is the exception: it hears last, so that modules are ready for what it does then. One that
/// [`hears_first`](Self::hears_first) comes before all others.
///
/// A component that only watches is a [`Watcher`].
///
/// ```
/// use testsuite::{Component, Happening, Life, Needs, Stage};
///
/// /// Hangs up every channel that is named `Local/…`, one after another.
/// struct HangsUp;
///
/// impl Component for HangsUp {
///     fn needs(&self, needs: &mut Needs) {
///         needs.servers(1);
///     }
///
///     fn run(self: Box<Self>, mut stage: Stage) -> Life {
///         Box::pin(async move {
///             while let Some(happening) = stage.next().await {
///                 let Happening::Event(ast, event) = happening else { continue };
///                 let channel = event.text("Channel").unwrap_or_default();
///                 if event.is("BridgeEnter") && channel.starts_with("Local/") {
///                     let hangup = ami::Action::new("Hangup").field("Channel", &*channel);
///                     ast.ami().call(hangup).await?;
///                 }
///             }
///             Ok(())
///         })
///     }
/// }
/// ```
pub trait Component: Send + 'static {
    /// The name of the component in failures. The registry gives the name of its type in YAML; this
    /// is for those that a test adds itself.
    fn name(&self) -> &str {
        std::any::type_name::<Self>()
    }

    /// Says what the component needs of the machine. Pure: the plan, the schedule and lint ask too,
    /// and no test may ever run.
    fn needs(&self, needs: &mut Needs) {
        let _ = needs;
    }

    /// Prepares the test, in its network and before its servers are made: binds sockets, changes
    /// builders, writes configuration.
    fn prepare<'a>(&'a mut self, setting: &'a mut Setting) -> Step<'a> {
        let _ = setting;
        Box::pin(std::future::ready(Ok(())))
    }

    /// Returns whether the component hears of everything before those that were added before it. A
    /// test object that does so hears first, where others hear last.
    fn hears_first(&self) -> bool {
        false
    }

    /// Looks at the servers when they are up, before anything of the test begins: nobody has heard
    /// of a login, and the time-out does not count yet. Components do so one after another, each
    /// within 30 s. An error fails the test and ends it.
    fn booted<'a>(&'a mut self, test: &'a TestCase) -> Step<'a> {
        let _ = test;
        Box::pin(std::future::ready(Ok(())))
    }

    /// Takes part, from when the servers are up until the test has ended. A component that returns
    /// has nothing more to say.
    ///
    /// A test in Rust that boots no servers has its components judge as well: they are not
    /// [prepared](Self::prepare) then, and the first thing that they hear is that the test ends.
    fn run(self: Box<Self>, stage: Stage) -> Life;
}

/// A component that only watches, and does nothing that takes time. Each is a [`Component`].
pub trait Watcher: Send + 'static {
    /// The name of the watcher in failures; see [`Component::name`].
    fn name(&self) -> &str {
        std::any::type_name::<Self>()
    }

    /// Says what the watcher needs of the machine; see [`Component::needs`].
    fn needs(&self, needs: &mut Needs) {
        let _ = needs;
    }

    /// Sees what happens, in its order.
    fn see(&mut self, what: &Happening, test: &TestCase);
}

impl<W: Watcher> Component for W {
    fn name(&self) -> &str {
        Watcher::name(self)
    }

    fn needs(&self, needs: &mut Needs) {
        Watcher::needs(self, needs);
    }

    fn run(mut self: Box<Self>, mut stage: Stage) -> Life {
        Box::pin(async move {
            while let Some(what) = stage.next().await {
                self.see(&what, stage.test());
            }
            Ok(())
        })
    }
}

/// The needs of the components of a test, all together.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Needs {
    servers: u32,
    processes: u32,
    unloads: bool,
    logins: Option<u32>,
    configs: Option<&'static str>,
    sipp: Option<SippNeeds>,
    ipv6: bool,
    files: BTreeSet<String>,
}

/// The features of SIPp that scenarios need.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct SippNeeds {
    /// SIP over TLS.
    pub(crate) tls: bool,
    /// SIP over SCTP.
    pub(crate) sctp: bool,
    /// Packets of a capture as media. They go out by a raw socket.
    pub(crate) pcap: bool,
    /// A file as a stream of RTP.
    pub(crate) rtp_stream: bool,
}

impl Needs {
    /// The test has at least so many servers. Of what several components say the most counts.
    pub fn servers(&mut self, count: u32) {
        self.servers = self.servers.max(count);
    }

    /// The component starts so many processes that run at the same time, beside the servers. In the
    /// schedule four of them count as a server. What several components say is added up.
    pub fn processes(&mut self, count: u32) {
        self.processes = self.processes.saturating_add(count);
    }

    /// The servers unload their modules at the end, for the component waits for what they say
    /// then. That can take ten seconds; without it servers stop at once.
    pub fn unloading(&mut self) {
        self.unloads = true;
    }

    /// Components hear of the logins to the first so many servers, and of the events of those
    /// alone; with 0 of none. All servers unless a component says otherwise. Of what several
    /// components say the most counts.
    pub fn logins(&mut self, count: u32) {
        self.logins = Some(self.logins.unwrap_or_default().max(count));
    }

    /// The component runs scenarios of SIPp, which need these features of it.
    pub(crate) fn sipp(&mut self, features: SippNeeds) {
        let all = self.sipp.get_or_insert_default();
        all.tls |= features.tls;
        all.sctp |= features.sctp;
        all.pcap |= features.pcap;
        all.rtp_stream |= features.rtp_stream;
    }

    /// The features of SIPp that are needed, if SIPp is.
    pub(crate) fn sipp_features(&self) -> Option<SippNeeds> {
        self.sipp
    }

    /// The loopback interface has to have IPv6.
    pub(crate) fn ipv6(&mut self) {
        self.ipv6 = true;
    }

    /// Returns whether the loopback interface has to have IPv6.
    pub(crate) fn has_ipv6(&self) -> bool {
        self.ipv6
    }

    /// A file has to be there: a path from the suite's folder. A test whose file is missing lacks
    /// it, and has not failed.
    pub(crate) fn file(&mut self, path: impl Into<String>) {
        self.files.insert(path.into());
    }

    /// The files that have to be there, by their paths from the suite's folder.
    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str)
    }

    /// Returns whether components hear of a server, by its number from 1.
    pub(crate) fn hears_of(&self, number: u32) -> bool {
        self.logins.is_none_or(|logins| number <= logins)
    }

    /// The configuration of the servers is below this folder of the suite, in `astN`, unless the
    /// object's `config-path` names another.
    pub fn configs(&mut self, folder: &'static str) {
        self.configs = Some(folder);
    }

    /// The folder of the configuration of the servers, if a component names one.
    pub(crate) fn configs_folder(&self) -> Option<&'static str> {
        self.configs
    }

    /// The number of servers, at least one.
    pub(crate) fn server_count(&self) -> u32 {
        self.servers.max(1)
    }

    /// Returns whether servers have to unload their modules at the end.
    pub(crate) fn unloads(&self) -> bool {
        self.unloads
    }

    /// The weight of the test for the schedule: servers and other processes.
    pub(crate) fn weight(&self) -> Weight {
        let count = |it| usize::try_from(it).unwrap_or(usize::MAX);
        Weight::of_servers(count(self.server_count())) + Weight::of_processes(count(self.processes))
    }
}

/// A test that is being prepared.
#[derive(Debug)]
pub struct Setting {
    test: TestCase,
    /// The builders by the number of the server, from 1.
    builders: Vec<Option<Builder>>,
}

impl Setting {
    pub(super) fn new(test: TestCase, builders: Vec<Builder>) -> Self {
        Self { test, builders: builders.into_iter().map(Some).collect() }
    }

    /// The test.
    pub fn test(&self) -> &TestCase {
        &self.test
    }

    /// The number of servers that the test is about to have.
    pub fn servers(&self) -> usize {
        self.builders.len()
    }

    /// Changes what a server is made of.
    ///
    /// # Errors
    ///
    /// Returns an error if the test has no such server.
    pub fn change(
        &mut self,
        id: Id,
        change: impl FnOnce(Builder) -> Builder,
    ) -> Result<(), Failure> {
        let at = usize::try_from(id.number() - 1).unwrap_or(usize::MAX);
        let servers = self.builders.len();
        let builder = self.builders.get_mut(at).and_then(|slot| Some((slot.take()?, slot)));
        let Some((builder, slot)) = builder else {
            return Err(format!("there is no server {id}, the test has {servers}").into());
        };
        *slot = Some(change(builder));
        Ok(())
    }

    pub(super) fn into_builders(self) -> Vec<Builder> {
        self.builders.into_iter().flatten().collect()
    }
}
