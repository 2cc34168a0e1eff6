//! What is said of the ways by which people let machines join?

use serde_json::json;

use super::operation::{Operation, tagged};
use crate::api::EnrolmentList;
use crate::{Enrolment, EnrolmentMade, EnrolmentWish};

pub(super) fn all() -> Vec<Operation> {
    let wish = json!({ "client": "acme", "site": "lyon", "uses": 1, "minutes": 60 });
    tagged(
        "enrolments",
        vec![
            Operation::get("/enrolments", "Who may join at your places, who did, and which programs they are given")
                .more("Of each the last five who joined, and how many did: the address of one answers with all of them.")
                .listed("Tokens in one answer; 100 unless said otherwise.")
                .answers::<EnrolmentList>(200),
            Operation::post("/enrolments", "Lets machines or relays join a site")
                .more(
                    "Answered with the token and, where this hub has programs, with a line to be pasted on the machine: both are \
                     shown this once. The line fetches a script, checks its SHA-256, and gives it the token.",
                )
                .takes::<EnrolmentWish>(wish)
                .answers::<EnrolmentMade>(201),
            Operation::get("/enrolments/{id}", "One of them, and how far each machine is").answers::<Enrolment>(200),
            Operation::delete("/enrolments/{id}", "Takes it back: nobody joins by it any more, and who did stays"),
        ],
    )
}
