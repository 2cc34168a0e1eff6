//! What is told of people, tokens, browsers and invitations, and to whom?

use serde::Serialize;
use vigie_model::{Slug, UtcMs};

use crate::{
    Directory, Email, Grant, Id, Invitation, Language, Looked, Mailed, Name, Passkey, Person, Powers, Right, Role,
    Session, Token, Who,
};

/// A person, without anything by which somebody could sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PersonShown {
    /// Which.
    pub id: Id,
    /// By what they sign in.
    pub email: Email,
    /// What others call them.
    pub name: Name,
    /// What they may, and where, as far as the asker looks after people there.
    pub grants: Vec<Grant>,
    /// Whether they have a password; without one an invitation or a reset waits for them.
    pub password: bool,
    /// Whether a telephone must agree.
    pub totp: bool,
    /// How many passkeys they have.
    pub passkeys: usize,
    /// Whether their password alone opens nothing.
    pub second_needed: bool,
    /// The other houses by which they come in, too.
    pub sign_ins: Vec<Slug>,
    /// Whether they come in nowhere.
    pub disabled: bool,
    /// Since when they are here, in ms since 1970.
    pub made_ms: i64,
    /// When they signed in last.
    pub seen_ms: Option<i64>,
    /// What `If-Match` takes.
    pub version: u64,
}

/// A token, without its text.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TokenShown {
    /// Which.
    pub id: Id,
    /// What it is for.
    pub name: Name,
    /// Whose it is.
    pub maker: Option<Email>,
    /// What it was made for.
    pub asked: Powers,
    /// What it may now.
    pub may: Powers,
    /// Since when, in ms since 1970.
    pub made_ms: i64,
    /// Until when.
    pub until_ms: i64,
    /// When it was used last, to some minutes.
    pub used_ms: Option<i64>,
    /// `valid`, `expired`, or `idle` when its maker may nothing of it any more.
    pub state: &'static str,
}

/// A passkey, without what proves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PasskeyShown {
    /// Which.
    pub id: Id,
    /// What its owner calls it.
    pub name: Name,
    /// Since when it is theirs, in ms since 1970.
    pub since_ms: i64,
    /// When somebody proved themselves by it last.
    pub used_ms: Option<i64>,
    /// When it counted backwards: somebody may have a copy of it, and it opens nothing since.
    pub doubted_ms: Option<i64>,
}

/// A browser that is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SessionShown {
    /// Which.
    pub id: Id,
    /// Whose.
    pub person: Id,
    /// Whether it is the one that asks.
    pub own: bool,
    /// Since when, in ms since 1970.
    pub opened_ms: i64,
    /// When it was used last, to some minutes.
    pub used_ms: i64,
    /// From which address it was opened.
    pub from: String,
    /// What the browser says it is.
    pub agent: String,
    /// Who sees in it what its person sees, where that is somebody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen_by: Option<Email>,
}

/// An invitation, without its code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct InvitationShown {
    /// Which.
    pub id: Id,
    /// Who is invited.
    pub email: Email,
    /// What others will call them.
    pub name: Name,
    /// What they will be allowed, as far as the asker looks after people there.
    pub grants: Vec<Grant>,
    /// In which language they are written to.
    pub language: Language,
    /// How the letter with the code went, where one was written.
    pub mailed: Option<Mailed>,
    /// Whether it is for another password of somebody who is here.
    pub reset: bool,
    /// Since when, in ms since 1970.
    pub made_ms: i64,
    /// Until when.
    pub until_ms: i64,
}

impl PersonShown {
    /// A person, to somebody with these powers, or to themselves.
    pub fn of(person: &Person, to: Option<&Powers>) -> Self {
        Self {
            id: person.id.clone(),
            email: person.email.clone(),
            name: person.name.clone(),
            grants: cut(&person.grants, to),
            password: person.password.is_some(),
            totp: person.totp.is_some(),
            passkeys: person.passkeys.len(),
            second_needed: person.needs_second(),
            sign_ins: person.linked.iter().map(|linked| linked.by.clone()).collect(),
            disabled: person.disabled,
            made_ms: person.made_ms,
            seen_ms: person.seen_ms,
            version: person.version,
        }
    }
}

impl PasskeyShown {
    /// A passkey, to its owner.
    pub fn of(key: &Passkey) -> Self {
        Self {
            id: key.id.clone(),
            name: key.name.clone(),
            since_ms: key.since_ms,
            used_ms: key.used_ms,
            doubted_ms: key.doubted_ms,
        }
    }
}

impl TokenShown {
    pub(crate) fn of(token: &Token, directory: &Directory, now: UtcMs) -> Self {
        let maker = directory.person(&token.maker);
        let may = token.asked.meet(&directory.powers_of(&token.maker));
        let state = match (token.is_over(now), may.is_empty()) {
            (true, _) => "expired",
            (false, true) => "idle",
            (false, false) => "valid",
        };
        Self {
            id: token.id.clone(),
            name: token.name.clone(),
            maker: maker.map(|maker| maker.email.clone()),
            asked: token.asked.clone(),
            may,
            made_ms: token.made_ms,
            until_ms: token.until_ms,
            used_ms: token.used_ms,
            state,
        }
    }
}

impl SessionShown {
    pub(crate) fn of(session: &Session, own: bool) -> Self {
        Self {
            id: session.id.clone(),
            person: session.person.clone(),
            own,
            opened_ms: session.opened_ms,
            used_ms: session.used_ms,
            from: session.from.clone(),
            agent: session.agent.clone(),
            seen_by: None,
        }
    }
}

/// Grants, as far as somebody looks after people there.
fn cut(grants: &[Grant], to: Option<&Powers>) -> Vec<Grant> {
    let sees = |grant: &&Grant| to.is_none_or(|to| to.in_all_of(Right::People, &grant.scope));
    grants.iter().filter(sees).cloned().collect()
}

impl Directory {
    /// Whether somebody with these powers may know of a person: they look after people somewhere where this one may
    /// anything.
    pub fn is_known(&self, person: &Person, to: &Powers) -> bool {
        !cut(&person.grants, Some(to)).is_empty()
    }

    pub(crate) fn is_invitation_known(&self, invitation: &Invitation, to: &Powers) -> bool {
        !cut(&invitation.grants, Some(to)).is_empty()
    }

    /// What an inviter may when an invitation is taken up: whether their browser is still signed in does not matter.
    pub(crate) fn inviter_powers(&self, by: &Who, now: UtcMs) -> Powers {
        match by {
            Who::Person(person, _) => self.powers_of(person),
            other => self.powers(other, now),
        }
    }

    /// The people that somebody with these powers looks after, by address.
    pub fn people_shown(&self, to: &Powers) -> Vec<PersonShown> {
        let known = self.people.values().filter(|person| self.is_known(person, to));
        let mut shown: Vec<_> = known.map(|person| PersonShown::of(person, Some(to))).collect();
        shown.sort_by(|a, b| a.email.cmp(&b.email));
        shown
    }

    /// The invitations that somebody with these powers may know of, by address.
    pub fn invitations_shown(&self, to: &Powers, now: UtcMs) -> Vec<InvitationShown> {
        let open = self.invitations.values().filter(|open| !open.is_over(now) && self.is_invitation_known(open, to));
        let shown = |open: &Invitation| InvitationShown {
            id: open.id.clone(),
            email: open.email.clone(),
            name: open.name.clone(),
            grants: cut(&open.grants, Some(to)),
            language: open.language,
            mailed: open.mailed.clone(),
            reset: open.person.is_some(),
            made_ms: open.made_ms,
            until_ms: open.until_ms,
        };
        let mut shown: Vec<_> = open.map(shown).collect();
        shown.sort_by(|a, b| a.email.cmp(&b.email));
        shown
    }

    /// Somebody's own tokens, and those of all whom they look after.
    pub fn tokens_shown(&self, who: &Who, to: &Powers, now: UtcMs) -> Vec<TokenShown> {
        let own = |token: &Token| match who {
            Who::Person(person, _) => token.maker == *person,
            Who::Token(id) => token.id == *id,
            Who::Console | Who::Program(..) | Who::Nobody => false,
        };
        let looked_after =
            |token: &Token| self.people.get(&token.maker).is_some_and(|maker| self.is_looked_after(maker, to));
        let seen = self.tokens.values().filter(|token| own(token) || looked_after(token));
        seen.map(|token| TokenShown::of(token, self, now)).collect()
    }

    /// Somebody's own browsers, and with `all` those of all whom they look after; the one used last first.
    pub fn sessions_shown(&self, who: &Who, to: &Powers, all: bool, now: UtcMs) -> Vec<SessionShown> {
        let (person, own) = match who {
            Who::Person(person, session) => (Some(person), Some(session)),
            Who::Console | Who::Program(..) | Who::Token(_) | Who::Nobody => (None, None),
        };
        let looked_after = |session: &Session| {
            all && self.people.get(&session.person).is_some_and(|person| self.is_looked_after(person, to))
        };
        let open = self.sessions.values().filter(|session| session.is_open(&self.spans, now));
        let seen = open.filter(|session| Some(&session.person) == person || looked_after(session));
        let by = |session: &Session| Some(self.people.get(&session.seen.as_ref()?.by)?.email.clone());
        let shown = |session: &Session| SessionShown {
            seen_by: by(session),
            ..SessionShown::of(session, Some(&session.id) == own)
        };
        let mut shown: Vec<_> = seen.map(shown).collect();
        shown.sort_by_key(|session| std::cmp::Reverse(session.used_ms));
        shown
    }

    /// Who saw what somebody sees: as themselves, and as those whom they look after; by person, the latest last.
    pub fn looked_shown(&self, who: &Who, to: &Powers) -> Vec<(Email, Looked)> {
        let own = |person: &Person| matches!(who, Who::Person(id, _) if *id == person.id);
        let seen = self.people.values().filter(|person| own(person) || self.is_looked_after(person, to));
        let each = |person: &Person| -> Vec<_> {
            person.looked.iter().map(|looked| (person.email.clone(), looked.clone())).collect()
        };
        seen.flat_map(each).collect()
    }

    /// All roles.
    pub fn roles_shown(&self) -> Vec<Role> {
        Role::built_in().into_iter().chain(self.roles.values().cloned()).collect()
    }

    /// The browsers of one person, the one used last first.
    pub fn sessions_of_person(&self, person: &Id, now: UtcMs) -> Vec<SessionShown> {
        let nobody = Who::Person(person.clone(), person.clone());
        self.sessions_shown(&nobody, &Powers::default(), false, now)
    }

    /// The tokens of one person.
    pub fn tokens_of_person(&self, person: &Id, now: UtcMs) -> Vec<TokenShown> {
        self.tokens_of(person).map(|token| TokenShown::of(token, self, now)).collect()
    }

    /// The invitations that are for one person or their address, or that they made.
    pub fn invitations_of(&self, person: &Person, now: UtcMs) -> Vec<InvitationShown> {
        let by = |open: &Invitation| matches!(&open.by, Who::Person(by, _) if *by == person.id);
        let mut own = self.invitations_shown(&Powers::all(), now);
        let is = |id: &Id| self.invitations.get(id).is_some_and(|open| open.email == person.email || by(open));
        own.retain(|open| is(&open.id));
        own
    }

    /// Whether somebody with these powers looks after a person wherever that one may anything.
    pub fn is_looked_after(&self, person: &Person, by: &Powers) -> bool {
        person.grants.iter().all(|grant| by.in_all_of(Right::People, &grant.scope)) && !person.grants.is_empty()
    }
}
