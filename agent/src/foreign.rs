//! What do the programs of this machine say about themselves?
//!
//! Pages that are scraped ([`scrape`]), datagrams that are heard ([`statsd`]), OpenTelemetry that is posted ([`otlp`]):
//! all of it is off unless configured, and lives on one thread of its own, so that a page that takes long to read delays
//! no session. What was said goes to the measuring thread, whose [`desk`] finds the places of its series, and from there
//! into the agent's own stream, as ticks of their own beside the machine's: a target that is slow or silent never holds
//! up what the machine itself tells. Knows nothing of numbers, stores and peers.

mod board;
#[cfg(test)]
mod cost;
mod desk;
mod fetch;
mod hand;
mod label;
mod otlp;
mod pace;
mod queue;
mod scrape;
mod settings;
mod statsd;
#[cfg(test)]
mod stories;
mod url;

use std::sync::Arc;

use vigie_formats::Limits;
use vigie_model::{MAX_LABELS, MAX_TEXT_BYTES};

pub(crate) use board::Board;
pub(crate) use desk::{Desk, Reading, Said};
pub(crate) use hand::{Hand, Waiting};
pub(crate) use pace::Pace;
pub(crate) use queue::Queue;
pub(crate) use settings::{Named, SaidForeign, SaidOtlp, SaidScrape, SaidStatsd, Settings};

/// What every source has in hand.
#[derive(Debug, Clone)]
pub(crate) struct Ways {
    pub(crate) hand: Hand,
    pub(crate) board: Arc<Board>,
    pub(crate) pace: Pace,
    /// Which boot of the machine.
    pub(crate) boot_no: u32,
}

/// Starts to listen and to ask; without anything configured there is no thread.
pub(crate) fn start(settings: &Settings, ways: Ways) -> std::io::Result<()> {
    if settings.is_empty() {
        return Ok(());
    }
    let settings = settings.clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(2)
        .thread_stack_size(256 * 1024)
        .build()?;
    let life = move || runtime.block_on(live(settings, ways));
    std::thread::Builder::new().name("vigie-foreign".to_owned()).stack_size(512 * 1024).spawn(life)?;
    Ok(())
}

async fn live(settings: Settings, ways: Ways) {
    for (at, target) in settings.targets.into_iter().enumerate() {
        tokio::spawn(scrape::scrape(at, target, ways.clone()));
    }
    if let Some(statsd) = settings.statsd {
        tokio::spawn(statsd::listen(statsd, ways.clone()));
    }
    if let Some(otlp) = settings.otlp {
        tokio::spawn(otlp::listen(otlp, ways));
    }
    std::future::pending::<()>().await;
}

/// What is read of one page or post: at most so many series, and none that could not be declared afterwards.
fn limits(body_bytes: usize, series: usize) -> Limits {
    Limits {
        body_bytes,
        series,
        // Two are added to what a page says: job and instance.
        labels_per_series: MAX_LABELS - 2,
        label_bytes: MAX_TEXT_BYTES,
        samples: series.saturating_mul(4),
        text_bytes: body_bytes.saturating_mul(4),
    }
}
