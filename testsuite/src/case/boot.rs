//! From builders to servers that the test is logged in to.

use std::error::Error;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use ami::{Buffer, Client, Filter, Recording};
use anyhow::Context;
use instance::{Builder, Instance, Sandbox};

use super::{Ast, TestCase, layers, lock};
use crate::case::capture::Capture;
use crate::case::logs;
use crate::job::{Message, Phase, link};

impl TestCase {
    /// Boots servers at the same time, and logs in to each. From then on the time-out counts.
    ///
    /// # Errors
    ///
    /// If one cannot be made or does not boot, or if the test has servers already.
    pub async fn boot(
        &self,
        builders: Vec<Builder>,
    ) -> Result<Vec<Ast>, Box<dyn Error + Send + Sync>> {
        let booted = Box::pin(self.boot_all(builders)).await;
        if booted.is_err() {
            // A test that has to fail has not failed by that.
            self.set_faulty();
        }
        booted
    }

    async fn boot_all(
        &self,
        builders: Vec<Builder>,
    ) -> Result<Vec<Ast>, Box<dyn Error + Send + Sync>> {
        if !self.asts().is_empty() {
            return Err("the test has its servers already".into());
        }
        let builders = self.shared.actors.prepare(self, builders).await?;
        let sandboxes = Builder::build_all(builders)?;
        if let Some(sandbox) = sandboxes.first() {
            let folder = sandbox.folder();
            *lock(&self.shared.folder_of_run) = Some(folder.to_owned());
            link::tell(&Message::Folder(folder.to_owned()));
            logs::go_to(folder).with_context(|| format!("the logs in {}", folder.display()))?;
            if self.shared.job.settings.chosen.pcap {
                let capture = Capture::start(&folder.join("packet.pcap"));
                let capture = capture.context("packets cannot be captured")?;
                *lock(&self.shared.capture) = Some(capture);
            }
        }
        for sandbox in &sandboxes {
            let suite = &self.shared.job.settings.suite;
            link_suite(suite, sandbox).with_context(|| suite.display().to_string())?;
        }
        self.begin(Phase::Boot);
        let mut asts = Vec::new();
        for instance in Sandbox::boot_all(sandboxes).await? {
            let number = instance.sandbox().number();
            let client = self.connect(&instance).await;
            let client =
                client.with_context(|| format!("the test's login to Asterisk {number}"))?;
            asts.push(Ast::new(instance, client, self));
        }
        lock(&self.shared.asts).clone_from(&asts);
        self.shared.booted.notify_one();
        self.begin(Phase::Run);
        // Before anybody is told of a login, and can make something happen.
        let subscribe = |ast: &Ast| ast.ami().subscribe_with(Filter::all(), Buffer::unbounded());
        let logins = asts.iter().map(|ast| (ast.clone(), subscribe(ast))).collect();
        let told = lock(&self.shared.pumps).begin(self, logins);
        told.await;
        Ok(asts)
    }

    /// The test's own connection, with a record of what the server says.
    async fn connect(&self, instance: &Instance) -> anyhow::Result<Client> {
        let sandbox = instance.sandbox();
        let transcript = sandbox.folder().join(format!("ast{}.ami", sandbox.number()));
        let recording =
            Recording::create(&transcript).with_context(|| transcript.display().to_string())?;
        let mut address = instance.ami_address();
        if let (Some(port), Some((host, _))) = (self.shared.object.port, address.rsplit_once(':')) {
            address = format!("{host}:{port}");
        }
        let config = layers::login(self).record(&recording);
        lock(&self.shared.transcripts).push(recording);
        config.connect(&address).await.context(address)
    }
}

/// Makes paths that begin at the suite's folder work in the folder that a server runs in: what it
/// writes there is its own.
fn link_suite(suite: &Path, sandbox: &Sandbox) -> io::Result<()> {
    let folder = sandbox.folder().join(format!("ast{}", sandbox.number()));
    for entry in fs::read_dir(suite)? {
        let entry = entry?;
        let link = folder.join(entry.file_name());
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !is_hidden && fs::symlink_metadata(&link).is_err() {
            symlink(entry.path(), link)?;
        }
    }
    Ok(())
}
