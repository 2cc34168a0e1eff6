//! Work that waits, and work that is done.

use serde_json::json;
use vigie_jobs::{Ended, Job, JobId, JobKind, JobWish, KindHealth, Priority, Sealed, health};
use vigie_model::UtcMs;
use vigie_serve::{ExportGiven, ExportWish, Jobs, Undecided, Upkeep};

use super::{EXPORT, LETTER};

/// An export of acme is done, and the hub's own retention waits; whatever is decided of them is taken.
pub(crate) struct AtWork;

impl AtWork {
    fn job(id: &str, kind: JobKind, client: Option<&str>) -> Job {
        Job::new(id.parse().expect("an id"), Self::wish(kind, client), UtcMs(0))
    }

    fn wish(kind: JobKind, client: Option<&str>) -> JobWish {
        JobWish {
            kind,
            priority: Priority::Usual,
            client: client.map(|client| client.parse().expect("a name")),
            what: "what is wanted".to_owned(),
            by: "root@example.org".to_owned(),
            order: json!({}),
            not_before: UtcMs(i64::MAX),
        }
    }

    fn letter() -> Job {
        let order = json!({ "invitation": "0000000000000000", "to": "zoe@acme.org" });
        let wish = JobWish { order, by: "kim@acme.org".to_owned(), ..Self::wish(JobKind::Mail, Some("acme")) };
        let job = Job::new(LETTER.parse().expect("an id"), wish, UtcMs(0));
        let mut job = job.with_sealed(Some(Sealed::new("k3v92mfa7qpd".to_owned())));
        job.begin(UtcMs(1));
        job.end(Ended::Failed("451 zoe@acme.org: come back later".to_owned()), 0.0, UtcMs(2));
        job
    }

    fn export() -> Job {
        let mut job = Self::job(EXPORT, JobKind::Export, Some("acme"));
        let given = ExportGiven { name: "vigie-acme.csv".to_owned(), bytes: 0, samples: 0, until: UtcMs(i64::MAX / 2) };
        job.begin(UtcMs(1));
        job.end(Ended::Done(json!(given), "0 samples".to_owned()), 0.0, UtcMs(2));
        job
    }
}

impl Jobs for AtWork {
    fn changes(&self) -> u64 {
        1
    }

    fn list(&self) -> Vec<Job> {
        vec![Self::export(), Self::job("0000000000000000000000b2", JobKind::Retention, None), Self::letter()]
    }

    fn upkeep(&self) -> Vec<KindHealth> {
        JobKind::UPKEEP.into_iter().map(|kind| health(Jobs::list(self).iter(), kind, (UtcMs(0), UtcMs(3)))).collect()
    }

    fn one(&self, id: &JobId) -> Option<Job> {
        Jobs::list(self).into_iter().find(|job| job.id == *id)
    }

    fn cancel(&self, id: &JobId, _: &str) -> Result<Job, Undecided> {
        self.one(id).ok_or(Undecided::NotHere("such job"))
    }

    fn retry(&self, id: &JobId, _: &str) -> Result<Job, Undecided> {
        self.one(id).ok_or(Undecided::NotHere("such job"))
    }

    fn run(&self, what: Upkeep, _: &str) -> Result<Job, Undecided> {
        Ok(Self::job("0000000000000000000000c3", what.kind(), None))
    }

    fn export(&self, wish: &ExportWish, _: &str) -> Result<Job, Undecided> {
        Ok(Self::job("0000000000000000000000d4", JobKind::Export, Some(wish.client.as_str())))
    }

    fn file(&self, _: &JobId) -> Result<std::fs::File, Undecided> {
        std::fs::File::open("/dev/null").map_err(|error| Undecided::NotKept(error.to_string()))
    }
}
