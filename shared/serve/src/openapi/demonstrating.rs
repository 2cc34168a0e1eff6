//! What is said of the ways by which people see a cut before they live one?

use super::operation::{Operation, tagged};
use crate::Demonstration;

pub(super) fn all() -> Vec<Operation> {
    tagged(
        "demonstration",
        vec![
            Operation::get("/demonstration", "Whether there is a demonstration, and what happens in it")
                .more("That there is one is answered to who sees its client.")
                .answers::<Demonstration>(200),
            Operation::put("/demonstration", "Has sites and machines that nobody has, one of them cut off now and then")
                .more(
                    "By who has the rights `enrol` and `keep` over all of the hub. They come by the doors that all machines come by, \
                     are nobody's but those of the client `vigie-demo`, count in no availability of all clients together, and \
                     are told of and passed on only where that client is named. It goes on through restarts, and goes by itself after 30 days.",
                )
                .answers::<Demonstration>(200),
            Operation::delete("/demonstration", "Removes it, with all that came of it")
                .more(
                    "By who has the rights `enrol` and `keep` over all of the hub. Its client is erased as any other, of which a receipt is \
                     left; the hub starts again without it, within seconds.",
                )
                .answers::<Demonstration>(202),
        ],
    )
}
