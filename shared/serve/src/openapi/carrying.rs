//! What is said of what goes between a site and its hub by hand?

use serde_json::json;

use super::operation::{Operation, tagged};
use crate::api::LetInThere;
use crate::{CarriedIn, LetInNow, LetInWish};

pub(super) fn all() -> Vec<Operation> {
    let bytes = || json!({ "type": "string", "contentMediaType": "application/octet-stream" });
    tagged(
        "machines",
        vec![
            Operation::get("/carried", "All that waits for the hub, in one file to be taken there by hand")
                .more(
                    "At a relay, for who decides at its site: what its agents sealed and the hub has not signed for, and rows that the \
                     hub has not said to have. Each part is signed by the relay. It is not encrypted.",
                )
                .answers_as(200, &["application/octet-stream"], bytes()),
            Operation::post("/sites/{client}/{site}/carried", "Takes in the file that a relay of this site wrote")
                .more(
                    "For who has the right to fetch there. It goes through the admission of what comes by the line: nothing is taken \
                     twice, by whichever way it comes, and what its agent did not sign is refused. A damaged file is taken up to \
                     the part that is damaged: the code is `carried-in-part` then, and what was taken stays.",
                )
                .takes_as(&["application/octet-stream"], bytes(), None)
                .answers::<CarriedIn>(200),
            Operation::get("/sites/{client}/{site}/people", "Who may sign in at the site's own page while it is cut off")
                .more(
                    "For who looks after people there; what has ended is listed too. It says nothing of passphrases.",
                )
                .answers::<LetInThere>(200),
            Operation::post("/sites/{client}/{site}/people", "Lets a person in at the site's own page")
                .more(
                    "For 1 to 366 days, to decide or to look alone: nobody gives more than they may there themselves. The passphrase is \
                     shown this once. Known at the site as soon as its relay hears of it.",
                )
                .takes::<LetInWish>(json!({ "name": "Marc Petit", "days": 30, "may": "decide" }))
                .answers::<LetInNow>(201),
            Operation::delete("/sites/{client}/{site}/people/{name}", "They are let in no more")
                .more("At a site that is cut off they still are, until its line is back or their time is over."),
        ],
    )
}
