//! How do ten thousand machines become nodes? With join tokens, like any other, many at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use vigie_model::{Role, UtcMs};
use vigie_net::{Ask, EnrolError, Enrolled, EnrolmentEndpoint, JoinToken, NodeKey, RefusedWhy, TrustedTime};
use vigie_node::Failed;

/// Enrolments under way at once: half of what a hub lets in, so that none is turned away.
const AT_ONCE: usize = 16;

/// How often a busy hub is asked again, and how long is waited before.
const TRIES: usize = 20;
const AGAIN: Duration = Duration::from_millis(500);

/// Somebody to enrol.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) token: Arc<JoinToken>,
}

/// Enrols them all; what comes back stands in their order.
///
/// # Errors
/// The first refusal.
pub(crate) async fn enrol(
    candidates: Vec<Candidate>,
    via: Arc<[String]>,
    each: impl Fn(usize),
) -> Result<Vec<Enrolled>, Failed> {
    let endpoint = EnrolmentEndpoint::bind_anywhere(TrustedTime::system(UtcMs(0)))?;
    let mut under_way = JoinSet::new();
    let mut done: Vec<Option<Enrolled>> = candidates.iter().map(|_| None).collect();
    let mut count = 0;
    let mut ahead = candidates.into_iter().enumerate();
    loop {
        while under_way.len() < AT_ONCE {
            let Some((at, candidate)) = ahead.next() else { break };
            let (endpoint, via) = (endpoint.clone(), via.clone());
            under_way.spawn(async move { Ok::<_, Failed>((at, one(&endpoint, &candidate, &via).await?)) });
        }
        let Some(joined) = under_way.join_next().await else { break };
        let (at, enrolled) = joined??;
        done[at] = Some(enrolled);
        count += 1;
        each(count);
    }
    Ok(done.into_iter().flatten().collect())
}

async fn one(endpoint: &EnrolmentEndpoint, candidate: &Candidate, via: &[String]) -> Result<Enrolled, Failed> {
    let key = NodeKey::generate()?;
    let ask = Ask { role: candidate.role, hostname: candidate.name.clone(), advertised: Vec::new() };
    let mut tries = 0;
    loop {
        tries += 1;
        match vigie_net::enrol(endpoint, &candidate.token, &key, &ask, via).await {
            Ok(enrolled) => return Ok(enrolled),
            Err(error) if tries < TRIES && may_pass(&error) => tokio::time::sleep(AGAIN).await,
            Err(error) => {
                let failed = Failed::from(error);
                let text = format!("{} could not enrol: {}", candidate.name, failed.text);
                return Err(Failed { text, ..failed });
            }
        }
    }
}

/// Whether it is worth asking again: the hub was busy or slow, it did not say no.
fn may_pass(error: &EnrolError) -> bool {
    match error {
        EnrolError::Refused { refused, .. } => refused.why == RefusedWhy::NotNow,
        EnrolError::Dial(_) | EnrolError::Broken(_) | EnrolError::Silent { .. } => true,
        EnrolError::NotReadmitted { .. }
        | EnrolError::Forged { .. }
        | EnrolError::OtherAuthority
        | EnrolError::Message(_)
        | EnrolError::Name(_)
        | EnrolError::Identity(_)
        | EnrolError::Key(_)
        | EnrolError::Nowhere => false,
    }
}
