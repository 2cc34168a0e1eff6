use vigie_people::{Answer, Asker, Directory, Done, Grant, Language, Order, Powers, Spans, Who};
use vigie_serve::NotDone;
use vigie_store::State;
use vigie_store::fault::{FaultDisk, Faults};

use super::*;

struct Hub {
    book: Arc<Book>,
    people: Register,
}

fn hub(disk: &FaultDisk, folder: &std::path::Path) -> Hub {
    let state = Arc::new(State::open_on(disk.clone()).expect("a state").0);
    let book = Arc::new(Book::open(state.clone(), NodeClock::new()).expect("a book"));
    Hub { book, people: Register::open(state, NodeClock::new(), folder, Spans::default()).expect("people") }
}

impl Hub {
    /// Somebody is invited, and written to.
    fn invites(&self) -> Result<Answer, NotDone> {
        let grant = Grant { role: "observer".parse().expect("a role"), scope: "acme".parse().expect("a scope") };
        let (email, name) = ("ann@acme.org".parse().expect("an address"), "Ann".parse().expect("a name"));
        let order = Order::Invite { email, name, grants: vec![grant], language: Language::En };
        let asker = Asker { who: Who::Console, by: "command line", from: String::new() };
        self.people.carry_out_with(order, &asker, &mut |_: &Directory, done: &Done| {
            let Answer::Invited(invited) = &done.answer else { return None };
            let wish = JobWish {
                kind: JobKind::Mail,
                priority: Priority::Usual,
                client: None,
                what: "invitation".to_owned(),
                by: "root@example.org".to_owned(),
                order: json!(Errand { invitation: invited.id.clone(), to: invited.email.to_string() }),
                not_before: UtcMs(0),
            };
            let job = self.book.draft(wish, None).expect("there is room");
            let ((key, row), book) = (Book::row(&job), self.book.clone());
            Some(Beside { table: TABLE, key, row, kept: Box::new(move || book.is_kept(job)) })
        })
    }

    fn invitations_and_letters(&self) -> (usize, usize) {
        let shown = self.people.directory().invitations_shown(&Powers::all(), NodeClock::new().now().utc);
        (shown.len(), self.book.all().len())
    }
}

#[test]
fn wherever_the_hub_is_killed_there_is_an_invitation_with_its_letter_or_neither() {
    let folder = tempfile::tempdir().expect("a folder");
    for operations in 0..500 {
        let disk = FaultDisk::new();
        let first = hub(&disk, folder.path());
        let cut_at = Some(disk.operations() + operations);
        disk.set_faults(Faults { cut_at, ..Faults::default() });
        let invited = first.invites();
        if invited.is_ok() {
            assert_eq!(first.invitations_and_letters(), (1, 1), "the letter is known at once");
        }
        drop(first);
        let again = hub(&disk.power_cut(operations), folder.path());
        let (invitations, letters) = again.invitations_and_letters();
        assert_eq!(invitations, letters, "killed after {operations} operations");
        if invited.is_ok() {
            assert_eq!(invitations, 1, "what was answered is there");
            return;
        }
    }
    panic!("it was never done");
}
