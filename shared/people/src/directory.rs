//! Who is here, and what may they do now?
//!
//! All of it, in memory: a thousand people with their tokens and browsers are some megabytes. What changes it is decided by
//! the orders, becomes durable, and is then taken in by [`Directory::apply`].

mod change;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use vigie_model::{Slug, UtcMs};

use crate::secret::Kept;
use crate::{
    Email, Grant, Id, Invitation, Person, Powers, Refused, Right, Role, Scope, Seen, Session, Spans, Taken, Token,
    Verifier, Who,
};
pub use change::Change;

/// People, roles, tokens, sessions and invitations.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    pub(crate) begun: Option<Begun>,
    pub(crate) people: BTreeMap<Id, Person>,
    pub(crate) roles: BTreeMap<Slug, Role>,
    pub(crate) invitations: BTreeMap<Id, Invitation>,
    pub(crate) tokens: BTreeMap<Id, Token>,
    pub(crate) sessions: BTreeMap<Id, Session>,
    emails: BTreeMap<Email, Id>,
    by_secret: BTreeMap<Kept, Id>,
    /// By issuer and subject.
    linked: BTreeMap<(String, String), Id>,
    /// By what browsers call them.
    passkeys: BTreeMap<String, Id>,
    /// Answers of other houses that were taken, and until when that is known.
    taken: BTreeMap<Kept, i64>,
    /// How long things last.
    pub spans: Spans,
    /// How many people a client may have, where that is limited.
    pub most_users: BTreeMap<Slug, u64>,
}

/// That somebody has taken the hub into use. It stays, whoever is removed later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// What the provider calls itself.
    pub organisation: String,
    /// When.
    pub at_ms: i64,
}

impl Directory {
    /// Whether the hub is in use: somebody took it into use, or the command line let somebody in before.
    pub fn is_begun(&self) -> bool {
        self.begun.is_some() || !self.people.is_empty()
    }

    /// How somebody took the hub into use.
    pub fn begun(&self) -> Option<&Begun> {
        self.begun.as_ref()
    }

    /// Whether an answer of another house was taken before.
    pub(crate) fn was_taken(&self, taken: &Taken) -> bool {
        self.taken.contains_key(&taken.kept)
    }

    /// A person.
    pub fn person(&self, id: &Id) -> Option<&Person> {
        self.people.get(id)
    }

    /// The person who acts by a browser, or who made the token that does.
    pub fn person_behind<'a>(&'a self, who: &'a Who) -> Option<&'a Id> {
        match who {
            Who::Person(id, _) => Some(id),
            Who::Token(id) => self.tokens.get(id).map(|token| &token.maker),
            Who::Console | Who::Program(..) | Who::Nobody => None,
        }
    }

    /// The person of an address.
    pub fn person_of(&self, email: &Email) -> Option<&Person> {
        self.people.get(self.emails.get(email)?)
    }

    /// Whose account of another house this is.
    pub fn person_linked(&self, issuer: &str, subject: &str) -> Option<&Person> {
        self.people.get(self.linked.get(&(issuer.to_owned(), subject.to_owned()))?)
    }

    /// Whose passkey this is, by what browsers call it.
    pub fn person_with_passkey(&self, credential: &str) -> Option<&Person> {
        self.people.get(self.passkeys.get(credential)?)
    }

    /// Who knocks with this address, and what proves their password: nobody's, which takes as long, where there is none.
    pub fn door(&self, email: &str) -> (Option<&Person>, Verifier) {
        let person = email.parse().ok().and_then(|email| self.person_of(&email));
        let password = person.filter(|person| !person.disabled).and_then(|person| person.password.as_ref());
        match password {
            Some(password) => (person, password.verifier.clone()),
            None => (person, Verifier::of_nobody()),
        }
    }

    /// A role, of those that are always there or of the others.
    pub fn role(&self, name: &Slug) -> Option<Role> {
        let built_in = Role::built_in().into_iter().find(|role| role.name == *name);
        built_in.or_else(|| self.roles.get(name).cloned())
    }

    /// What these grants allow now; a role that is gone allows nothing.
    pub fn allowed_by(&self, grants: &[Grant]) -> Powers {
        let rights = |grant: &Grant| {
            let rights = self.role(&grant.role).map(|role| role.rights).unwrap_or_default();
            let scope = grant.scope.clone();
            rights.into_iter().map(move |right| (right, scope.clone()))
        };
        grants.iter().flat_map(rights).collect()
    }

    /// What a person may now; nothing once they are disabled.
    pub fn powers_of(&self, person: &Id) -> Powers {
        let person = self.people.get(person).filter(|person| !person.disabled);
        person.map(|person| self.allowed_by(&person.grants)).unwrap_or_default()
    }

    /// What somebody may now.
    pub fn powers(&self, who: &Who, now: UtcMs) -> Powers {
        match who {
            Who::Console => Powers::all(),
            Who::Program(_, powers) => powers.clone(),
            Who::Nobody => Powers::default(),
            Who::Token(id) => match self.tokens.get(id).filter(|token| !token.is_over(now)) {
                // However it was made: at no moment may it do more than its maker.
                Some(token) => token.asked.meet(&self.powers_of(&token.maker)),
                None => Powers::default(),
            },
            Who::Person(id, session) => {
                let open = self.sessions.get(session).filter(|open| open.person == *id);
                let Some(open) = open.filter(|open| open.is_open(&self.spans, now)) else { return Powers::default() };
                match &open.seen {
                    Some(seen) => self.powers_of(id).meet(&self.seeing(seen, now)),
                    None if self.must_change(id, now) => Powers::default(),
                    None => self.powers_of(id),
                }
            }
        }
    }

    /// What somebody who sees as another may of what the other may: to look, and no more than they may themselves; and to act
    /// where they have that right. Nothing once they are out, or look after people everywhere no more.
    fn seeing(&self, seen: &Seen, now: UtcMs) -> Powers {
        let is_in = self.sessions.get(&seen.from).is_some_and(|own| own.is_open(&self.spans, now));
        let own = self.powers_of(&seen.by);
        if !is_in || !own.in_all_of(Right::People, &Scope::everywhere()) {
            return Powers::default();
        }
        let acts: Vec<Scope> = if seen.acts { own.scopes(Right::Act).cloned().collect() } else { Vec::new() };
        let there = |right: Right| acts.iter().map(move |scope| (right, scope.clone()));
        // Rights over people, roles and tokens are nobody's but the person's own, whoever acts.
        let may_act = |right: &Right| !right.only_reads() && !right.needs_proof() && *right != Right::Act;
        let acting: Powers = Right::ALL.into_iter().filter(may_act).flat_map(there).collect();
        let looking = own.iter().filter(|(right, _)| right.only_reads()).map(|(right, scope)| (right, scope.clone()));
        let mut may: Powers = own.meet(&acting);
        may.extend(looking);
        may
    }

    /// Who looks in somebody's browser at what its person sees, and until when.
    pub fn seen(&self, who: &Who) -> Option<(&Person, &Seen)> {
        let Who::Person(_, session) = who else { return None };
        let seen = self.sessions.get(session)?.seen.as_ref()?;
        Some((self.people.get(&seen.by)?, seen))
    }

    /// Whether a person must choose another password before anything else.
    pub fn must_change(&self, person: &Id, now: UtcMs) -> bool {
        self.people.get(person).is_some_and(|person| person.has_old_password(self.spans.password_days, now))
    }

    /// The browser with this secret, while it is signed in.
    pub fn session(&self, secret: &str, now: UtcMs) -> Option<&Session> {
        let session = self.sessions.get(self.by_secret.get(&Kept::of(secret))?)?;
        let person = self.people.get(&session.person)?;
        Some(session).filter(|session| session.is_open(&self.spans, now) && !person.disabled)
    }

    /// The token with this text, while it opens anything.
    pub fn token(&self, text: &str, now: UtcMs) -> Option<&Token> {
        let token = self.tokens.get(self.by_secret.get(&Kept::of(text))?)?;
        let maker = self.people.get(&token.maker)?;
        Some(token).filter(|token| !token.is_over(now) && !maker.disabled)
    }

    /// The invitation with this code, while it holds.
    pub fn invitation(&self, code: &str, now: UtcMs) -> Option<&Invitation> {
        let invitation = self.invitations.get(self.by_secret.get(&Kept::of_code(code))?)?;
        Some(invitation).filter(|invitation| !invitation.is_over(now))
    }

    /// Whether somebody's browser has proved a moment ago who they are.
    pub fn has_just_proved(&self, who: &Who, now: UtcMs) -> bool {
        let Who::Person(person, session) = who else { return false };
        self.sessions.get(session).is_some_and(|open| open.person == *person && open.is_proved(now))
    }

    /// What the audit calls somebody.
    pub fn called(&self, who: &Who) -> String {
        let person = |id: &Id| self.people.get(id).map_or_else(|| id.to_string(), |person| person.email.to_string());
        match who {
            Who::Console => "console".to_owned(),
            Who::Program(name, _) => format!("token {name:?} of the console"),
            Who::Person(id, _) => match self.seen(who) {
                Some((by, _)) => format!("{} as {}", by.email, person(id)),
                None => person(id),
            },
            Who::Token(id) => match self.tokens.get(id) {
                Some(token) => format!("token {:?} of {}", token.name.as_str(), person(&token.maker)),
                None => format!("token {id}"),
            },
            Who::Nobody => "nobody".to_owned(),
        }
    }

    /// Whether somebody has proved a moment ago who they are. A token says by what it was made for that nobody is asked again;
    /// to make it somebody was.
    pub fn is_proved(&self, who: &Who, now: UtcMs) -> bool {
        match who {
            Who::Person(_, session) => self.sessions.get(session).is_some_and(|session| session.is_proved(now)),
            Who::Console | Who::Program(..) | Who::Token(_) => true,
            Who::Nobody => false,
        }
    }

    /// Whether anybody but this person may look after people everywhere.
    pub(crate) fn others_rule(&self, but: &Id) -> bool {
        let rules = |person: &Person| {
            let may = self.powers_of(&person.id).in_all_of(Right::People, &Scope::everywhere());
            may && person.has_own_way_in() && person.id != *but
        };
        self.people.values().any(rules)
    }

    /// How many people may something of a client, and how many are invited to. Who may something of all clients is the
    /// provider's, and who comes in nowhere is not counted.
    pub fn users_of(&self, client: &Slug, now: UtcMs) -> u64 {
        let is_of = |grants: &&[Grant]| grants.iter().any(|grant| grant.scope.of_client() == Some(client));
        self.users(now).filter(is_of).count() as u64
    }

    /// As [`Self::users_of`], of each client that has any; everybody is looked at once.
    pub fn users_of_each(&self, now: UtcMs) -> BTreeMap<Slug, u64> {
        let mut users = BTreeMap::new();
        for grants in self.users(now) {
            let clients: BTreeSet<&Slug> = grants.iter().filter_map(|grant| grant.scope.of_client()).collect();
            for client in clients {
                match users.get_mut(client) {
                    Some(count) => *count += 1,
                    None => drop(users.insert(client.clone(), 1)),
                }
            }
        }
        users
    }

    /// What each is given who is counted among the users of a client.
    fn users(&self, now: UtcMs) -> impl Iterator<Item = &[Grant]> {
        let people = self.people.values().filter(|person| !person.disabled).map(|person| person.grants.as_slice());
        let invited = self.invitations.values().filter(move |open| open.person.is_none() && !open.is_over(now));
        people.chain(invited.map(|open| open.grants.as_slice()))
    }

    /// Whether each client has room for one more person who is given this, and had that.
    pub(crate) fn has_room(&self, before: &[Grant], after: &[Grant], now: UtcMs) -> Result<(), Refused> {
        let of = |grants: &[Grant]| -> BTreeSet<Slug> {
            grants.iter().filter_map(|grant| grant.scope.of_client().cloned()).collect()
        };
        for client in of(after).difference(&of(before)) {
            let Some(most) = self.most_users.get(client).copied() else { continue };
            let used = self.users_of(client, now);
            if used >= most {
                return Err(Refused::QuotaUsed { client: client.clone(), used, most });
            }
        }
        Ok(())
    }

    /// Whether a browser is kept.
    pub fn has_session(&self, id: &Id) -> bool {
        self.sessions.contains_key(id)
    }

    /// Whether a token is kept.
    pub fn has_token(&self, id: &Id) -> bool {
        self.tokens.contains_key(id)
    }

    pub(crate) fn sessions_of<'a>(&'a self, person: &'a Id) -> impl Iterator<Item = &'a Session> {
        self.sessions.values().filter(move |session| session.person == *person)
    }

    pub(crate) fn tokens_of<'a>(&'a self, person: &'a Id) -> impl Iterator<Item = &'a Token> {
        self.tokens.values().filter(move |token| token.maker == *person)
    }

    /// What has ended by itself, and need not be kept.
    pub fn ended(&self, now: UtcMs) -> Vec<Change> {
        let sessions = self.sessions.values().filter(|session| !session.is_open(&self.spans, now));
        let invitations = self.invitations.values().filter(|invitation| invitation.is_over(now));
        let taken = self.taken.iter().filter(|(_, until_ms)| **until_ms <= now.0);
        let gone = sessions.map(|session| Change::SessionGone(session.id.clone()));
        let gone = gone.chain(invitations.map(|invitation| Change::InvitationGone(invitation.id.clone())));
        gone.chain(taken.map(|(kept, _)| Change::TakenGone(*kept))).collect()
    }

    /// Notes that a browser or token was used, in memory; says what is to be kept once in some minutes.
    pub fn used(&mut self, who: &Who, now: UtcMs) -> Option<Change> {
        /// A restart forgets at most so much.
        const KEPT_EVERY_MS: i64 = 5 * 60_000;
        match who {
            Who::Person(_, session) => {
                let session = self.sessions.get_mut(session)?;
                // In memory it moves with each use, so that what is idle is known to the second.
                let keep = now.0 / KEPT_EVERY_MS != session.used_ms / KEPT_EVERY_MS;
                session.used_ms = session.used_ms.max(now.0);
                keep.then(|| Change::Session(Box::new(session.clone())))
            }
            Who::Token(token) => {
                let token = self.tokens.get_mut(token)?;
                let keep = token.used_ms.is_none_or(|used_ms| now.0 / KEPT_EVERY_MS != used_ms / KEPT_EVERY_MS);
                token.used_ms = Some(token.used_ms.map_or(now.0, |used_ms| used_ms.max(now.0)));
                keep.then(|| Change::Token(Box::new(token.clone())))
            }
            Who::Console | Who::Program(..) | Who::Nobody => None,
        }
    }
}
