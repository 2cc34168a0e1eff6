//! A whole trial, from the first enrolment to the comparison of accounts.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use vigie_node::Failed;

use crate::account::{self, Comparison};
use crate::cli::Cli;
use crate::hub::{Api, OwnHub, OwnRelay};
use crate::machine::Measured;
use crate::process;
use crate::relay::Order;
use crate::report::{self, Phase, Report};
use crate::running::Running;
use crate::swarm::Swarm;

/// How often a person is told how it goes.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// How often it is looked whether a phase is over.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A program that used less than this share of one core has nothing left to do.
const QUIET: f64 = 0.06;

/// How long it may take to become quiet after the introductions; then the trial goes on all the same.
const QUIET_WITHIN: Duration = Duration::from_secs(60);

/// What was started for the trial.
struct Own {
    hub: OwnHub,
    /// With it, what is measured.
    relay: Option<OwnRelay>,
}

impl Own {
    fn measured(&self) -> &Running {
        self.relay.as_ref().map_or(&self.hub.process, |relay| &relay.process)
    }
}

/// How long the API may show less than the hub has signed for.
const SHOWN_WITHIN: Duration = Duration::from_secs(60);

/// A swarm on trial.
struct Trial {
    cli: Cli,
    own: Option<Own>,
    swarm: Swarm,
    phases: Vec<Phase>,
}

/// Runs the trial that was asked for.
pub(crate) fn run(cli: &Cli) -> Result<ExitCode, Failed> {
    let own = if cli.own_hub { Some(OwnHub::start(cli.data.as_deref())?) } else { None };
    let own = own.map(|hub| Own { hub, relay: None });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let report = runtime.block_on(trial(cli, own))?;
    runtime.shutdown_timeout(Duration::from_secs(1));
    report::show(&report, cli.json);
    Ok(if report.comparison.meets() { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

async fn trial(cli: &Cli, mut own: Option<Own>) -> Result<Report, Failed> {
    let began = Instant::now();
    let tokens = match &own {
        Some(own) => Swarm::make_tokens(cli, &own.hub)?,
        None => cli.token.clone(),
    };
    if let Some(own) = own.as_mut().filter(|_| cli.site) {
        own.relay = Some(OwnRelay::start(&own.hub, &tokens[0])?);
    }
    let relay = own.as_ref().and_then(|own| own.relay.as_ref()).map(|relay| relay.listen.to_string());
    let process = || own.as_ref().map(Own::measured);
    let watched = Watched::begin("enrol", process(), None);
    let enrolled = Swarm::enrol(cli, &tokens).await?;
    let enrolment = watched.end(process(), None);
    let watched = Watched::begin("introduce", process(), None);
    let swarm = Swarm::begin(cli, enrolled, relay).await?;
    let mut trial = Trial { cli: cli.clone(), own, swarm, phases: vec![enrolment] };
    trial.until_quiet().await?;
    trial.phases.push(watched.end(trial.process(), Some(&trial.swarm)));
    if trial.cli.backlog_ticks() > 0 {
        trial.prepare().await?;
    }
    match (trial.cli.backlog_ticks() > 0, trial.cli.live_for().is_zero()) {
        (true, true) => trial.deliver().await,
        (with_backlog, _) => trial.live(with_backlog).await?,
    }
    trial.close().await;
    trial.report(began).await
}

impl Trial {
    /// What is measured.
    fn process(&self) -> Option<&Running> {
        self.own.as_ref().map(Own::measured)
    }

    /// Waits until all machines and their series are known, and what is measured has come to rest.
    async fn until_quiet(&mut self) -> Result<(), Failed> {
        let deadline = Instant::now() + self.cli.patience;
        while !self.swarm.is_greeted() {
            if Instant::now() > deadline {
                return Err(Failed::new(1, "not all of the swarm are answered; see the log"));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let Some(process) = self.process() else {
            tokio::time::sleep(Duration::from_secs(3)).await;
            return Ok(());
        };
        let deadline = Instant::now() + QUIET_WITHIN;
        loop {
            let before = process::cpu_seconds(process.pid());
            tokio::time::sleep(Duration::from_secs(1)).await;
            if process::cpu_seconds(process.pid()) - before < QUIET || Instant::now() > deadline {
                return Ok(());
            }
        }
    }

    /// Makes history, before any clock runs.
    async fn prepare(&mut self) -> Result<(), Failed> {
        let began = Instant::now();
        let mut waiting = Vec::new();
        for relay in &self.swarm.relays {
            let (done, prepared) = oneshot::channel();
            relay.order(Order::Prepare { ticks: self.cli.backlog_ticks(), done });
            waiting.push(prepared);
        }
        for prepared in waiting {
            prepared.await?;
        }
        report::progress(&format!("made history in {:.1} s", began.elapsed().as_secs_f64()));
        Ok(())
    }

    /// History alone, as fast as the hub takes it.
    async fn deliver(&mut self) {
        let watched = Watched::begin("backlog", self.process(), Some(&self.swarm));
        self.swarm.order(|| Order::Deliver);
        self.until_acknowledged(&watched, self.cli.backlog_ticks() * u64::from(self.cli.machines)).await;
        self.phases.push(watched.end(self.process(), Some(&self.swarm)));
    }

    async fn until_acknowledged(&self, watched: &Watched, ticks: u64) {
        let (mut told, began) = (Instant::now(), Instant::now());
        while self.swarm.figures.now().acknowledged - watched.before.acknowledged < ticks {
            if began.elapsed() > self.cli.patience {
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
            self.tell(&mut told, watched);
        }
    }

    /// Live ticks, beside history if there is any.
    async fn live(&mut self, with_backlog: bool) -> Result<(), Failed> {
        self.swarm.order(|| Order::Measure);
        // Each machine is introduced on the live lane with its first tick; that is no steady state.
        tokio::time::sleep(self.cli.interval + Duration::from_secs(2)).await;
        self.swarm.figures.forget_delays();
        let name = if with_backlog { "live + backlog" } else { "live" };
        let watched = Watched::begin(name, self.process(), Some(&self.swarm));
        let (mut told, began) = (Instant::now(), Instant::now());
        if with_backlog {
            self.swarm.order(|| Order::Deliver);
            self.until_acknowledged(&watched, self.cli.backlog_ticks() * u64::from(self.cli.machines)).await;
            self.phases.push(watched.so_far(self.process(), Some(&self.swarm)));
        }
        while began.elapsed() < self.cli.live_for() {
            tokio::time::sleep(LOOK_EVERY).await;
            self.tell(&mut told, &watched);
        }
        let name = if with_backlog { "live + backlog, all" } else { "live" };
        let mut phase = Phase { name, ..watched.end(self.process(), Some(&self.swarm)) };
        if let Some(api) = self.api() {
            let stale_ms = self.cli.interval.as_millis() as i64 * 3 / 2 + 1_000;
            let asked = Instant::now();
            (phase.shown_ms, phase.stale) = account::shown_after(&api, stale_ms)?;
            phase.listed_ms = Some(asked.elapsed().as_millis() as u64);
        }
        self.phases.push(phase);
        Ok(())
    }

    /// Everything is sealed and must be signed for.
    async fn close(&mut self) {
        let watched = Watched::begin("close", self.process(), Some(&self.swarm));
        self.swarm.order(|| Order::Close);
        let (mut told, began) = (Instant::now(), Instant::now());
        // The relays count once a second.
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        while self.swarm.unsettled() > 0 && began.elapsed() < self.cli.patience {
            tokio::time::sleep(LOOK_EVERY).await;
            self.tell(&mut told, &watched);
        }
        self.phases.push(watched.end(self.process(), Some(&self.swarm)));
    }

    async fn report(mut self, began: Instant) -> Result<Report, Failed> {
        let sent = self.swarm.tallies().await?;
        let comparison = match self.api() {
            Some(api) => {
                let span_s = self.cli.backlog.unwrap_or_default() + began.elapsed() + Duration::from_secs(60);
                let mut comparison = self.compared(&api, &sent).await?;
                comparison.wrong.extend(account::read_back(&api, &sent, span_s.as_secs())?);
                comparison
            }
            None => Comparison::of_words(&sent, self.swarm.unsettled()),
        };
        let status = self.own.as_ref().map(|own| own.hub.status()).transpose()?;
        // Before the hub ends, and with it every connection.
        let now = self.swarm.figures.now();
        let stopped = self.own.as_mut().map(|own| {
            let relay = own.relay.as_mut().map_or(Some(Duration::ZERO), |relay| relay.process.stop());
            relay.and_then(|relay| Some(own.hub.process.stop()?.max(relay)))
        });
        Ok(Report {
            cli: self.cli,
            phases: self.phases,
            comparison,
            refused: now.refused,
            lost_links: now.lost_links,
            late_rounds: now.late_rounds,
            status,
            stopped,
            took: began.elapsed(),
        })
    }

    /// The accounts, as soon as they meet: what is durable is shown a little later where the hub is busy.
    async fn compared(&self, api: &Api, sent: &BTreeMap<String, Measured>) -> Result<Comparison, Failed> {
        let deadline = Instant::now() + SHOWN_WITHIN.min(self.cli.patience);
        loop {
            let comparison = account::compare(api, sent)?;
            if comparison.meets() || Instant::now() > deadline {
                return Ok(comparison);
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    fn api(&self) -> Option<Api> {
        let said = || Some(Api { address: self.cli.api?, token: self.cli.api_token.clone()? });
        self.own.as_ref().map(|own| own.hub.api.clone()).or_else(said)
    }

    fn tell(&self, told: &mut Instant, watched: &Watched) {
        if told.elapsed() >= TELL_EVERY {
            *told = Instant::now();
            report::progress(&watched.so_far(self.process(), Some(&self.swarm)).line());
        }
    }
}

/// What stood on the counters when a phase began.
struct Watched {
    name: &'static str,
    began: Instant,
    cpu_s: Option<f64>,
    own_cpu_s: f64,
    disk: Option<u64>,
    before: crate::figures::Now,
}

impl Watched {
    fn begin(name: &'static str, process: Option<&Running>, swarm: Option<&Swarm>) -> Self {
        Self {
            name,
            began: Instant::now(),
            cpu_s: process.map(|process| process::cpu_seconds(process.pid())),
            own_cpu_s: process::cpu_seconds(std::process::id()),
            disk: process.map(|process| process::folder_bytes(process.data())),
            before: swarm.map(|swarm| swarm.figures.now()).unwrap_or_default(),
        }
    }

    fn end(&self, process: Option<&Running>, swarm: Option<&Swarm>) -> Phase {
        let phase = self.so_far(process, swarm);
        report::progress(&phase.line());
        phase
    }

    fn so_far(&self, process: Option<&Running>, swarm: Option<&Swarm>) -> Phase {
        let now = swarm.map(|swarm| swarm.figures.now()).unwrap_or_default();
        Phase {
            name: self.name,
            seconds: self.began.elapsed().as_secs_f64(),
            cpu_s: process.zip(self.cpu_s).map(|(process, before)| process::cpu_seconds(process.pid()) - before),
            own_cpu_s: process::cpu_seconds(std::process::id()) - self.own_cpu_s,
            memory: process.map(|process| process::memory_mb(process.pid())),
            own_memory: process::memory_mb(std::process::id()),
            disk_bytes: process.zip(self.disk).map(|(process, before)| {
                process::folder_bytes(process.data()).cast_signed().saturating_sub(before.cast_signed())
            }),
            measured: now.measured - self.before.measured,
            acknowledged: now.acknowledged - self.before.acknowledged,
            samples: now.acknowledged_samples - self.before.acknowledged_samples,
            signed: now.signed - self.before.signed,
            wire_up: now.wire_up - self.before.wire_up,
            wire_down: now.wire_down - self.before.wire_down,
            acknowledged_ms: swarm.and_then(|swarm| swarm.figures.acknowledged_delays()),
            signed_ms: swarm.and_then(|swarm| swarm.figures.signed_delays()),
            shown_ms: None,
            stale: 0,
            listed_ms: None,
        }
    }
}
