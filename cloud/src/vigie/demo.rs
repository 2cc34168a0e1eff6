//! How does somebody see a cut before they live one?

use clap::Subcommand;

use super::client::{Client, Method};
use super::end::End;
use super::look::told;
use super::people::sure;
use super::shape::Out;

const PATH: &str = "/api/v1/demonstration";

/// What is asked of the demonstration.
#[derive(Debug, Subcommand)]
pub(super) enum Demo {
    /// Whether there is one, and what happens in it.
    Show,
    /// Has two sites and twelve machines that nobody has; one site is cut off again and again.
    Add,
    /// All of it goes; the hub begins again without it.
    Remove {
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

impl Demo {
    pub(super) async fn run(self, client: &Client, out: Out) -> Result<u8, End> {
        let answer = match self {
            Self::Show => client.get(PATH).await?,
            Self::Add => client.ask(Method::Put, PATH, None).await?,
            Self::Remove { yes } => {
                sure("remove the demonstration; the hub begins again without it, within seconds", yes)?;
                client.ask(Method::Delete, PATH, None).await?
            }
        };
        told(out, &answer.json);
        Ok(0)
    }
}
