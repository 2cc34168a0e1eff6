//! What does a page say, every so many seconds?

use std::time::{Duration, Instant};

use vigie_formats::text::parse;
use vigie_formats::{Batch, ForeignSeries};
use vigie_model::{Moment, UtcMs};

use super::board::Refusal;
use super::fetch::fetch;
use super::label::Whose;
use super::url::Url;
use super::{Said, Ways, limits};

/// One page that is scraped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) url: Url,
    pub(crate) whose: Whose,
    pub(crate) every_s: i64,
    pub(crate) timeout: Duration,
    pub(crate) page_bytes: usize,
    /// Series of one page; a page with more fails as a whole, as with Prometheus' `sample_limit`.
    pub(crate) series: usize,
    pub(crate) honor_timestamps: bool,
}

/// Scrapes for ever.
pub(crate) async fn scrape(source: usize, target: Target, ways: Ways) {
    let mut last: Option<UtcMs> = None;
    loop {
        let at = ways.pace.next(target.every_s, last, ways.boot_no).await;
        last = Some(at.utc);
        let said = look(source, &target, at, &ways).await;
        // A busy store is counted where it refuses.
        drop(ways.hand.say(said));
    }
}

/// One scrape: everything the page says, and three series about it. Of a page that fails only these are left, and so all
/// its others end.
pub(crate) async fn look(source: usize, target: &Target, at: Moment, ways: &Ways) -> Said {
    let begun = Instant::now();
    let (page, up) = match read(target, at, ways).await {
        Ok(page) => {
            ways.board.up(source, page.len());
            (page, 1.0)
        }
        Err(why) => {
            ways.board.down(source, why);
            (Vec::new(), 0.0)
        }
    };
    // To the millisecond: finer is noise, and noise costs bytes.
    let took_s = begun.elapsed().as_millis() as f64 / 1_000.0;
    let own = |name, value| target.whose.own(name, at.utc.0, value);
    let samples = page.len() as f64;
    let about = [own("up", up), own("scrape_duration_seconds", took_s), own("scrape_samples_scraped", samples)];
    Said { source, at, whole: true, series: about.into_iter().chain(page).collect(), answer: None }
}

async fn read(target: &Target, at: Moment, ways: &Ways) -> Result<Vec<ForeignSeries>, String> {
    let page = fetch(&target.url, target.page_bytes, target.timeout).await.map_err(|error| error.to_string())?;
    let limits = limits(target.page_bytes, target.series);
    let Batch { mut series, left_out, .. } = parse(&page.body, page.format, at.utc.0, &limits).map_err(|error| {
        ways.board.refused(Refusal::Unreadable, 1);
        format!("{}: {error}", target.url)
    })?;
    ways.board.refused(Refusal::LeftOut, left_out.samples());
    for one in &mut series {
        target.whose.label(one);
        if !target.honor_timestamps {
            one.samples.iter_mut().for_each(|(at_ms, _)| *at_ms = at.utc.0);
        }
    }
    Ok(series)
}
