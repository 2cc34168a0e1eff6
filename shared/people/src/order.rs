//! What can be asked for, and what comes of it?

use std::collections::BTreeSet;

use serde::Serialize;
use vigie_model::{Slug, UtcMs};

use crate::audit::{Erasure, Note};
use crate::orders::Asking;
use crate::{
    Asker, Chance, Change, Directory, Email, Grant, Id, KeyShown, Language, Mailed, Name, PasskeyShown, PersonShown,
    Powers, Right, SessionShown, TokenShown, Verifier, Vouched,
};

/// Something that changes who may do what. Passwords have been checked and worked out before: that is slow, and needs no
/// directory.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each order says what it is about, and its fields are of that")]
pub enum Order {
    /// The first person takes the hub into use, and is its admin.
    Begin { organisation: String, name: Name, email: Email, password: Verifier },
    /// Somebody signs in, whose password was proved by this verifier.
    SignIn { person: Id, proved: Verifier, code: String, agent: String },
    /// Somebody signs in, for whom another house vouches.
    SignInWith { vouched: Box<Vouched>, agent: String },
    /// Somebody signs in by a passkey.
    SignInByKey { shown: Box<KeyShown>, agent: String },
    /// A browser goes.
    SignOut,
    /// A signed-in person proves again who they are.
    Prove { proved: Verifier, code: String },
    /// The same by a passkey.
    ProveByKey { shown: Box<KeyShown> },
    /// Somebody new may choose a password.
    Invite { email: Email, name: Name, grants: Vec<Grant>, language: Language },
    /// An invitation that is open gets another code, and a week more; the code of before opens nothing.
    Renew { invitation: Id },
    /// How the letter with its code went.
    Mailed { invitation: Id, how: Mailed },
    /// They choose it.
    Accept { code: String, name: Option<Name>, password: Verifier },
    /// Or makes a passkey, and is in.
    AcceptByKey { code: String, name: Option<Name>, called: Name, shown: Box<KeyShown>, agent: String },
    /// They may not after all.
    Withdraw { invitation: Id },
    /// A person may something else; only if it is still this version, when it says one.
    Allow { person: Id, grants: Vec<Grant>, version: Option<u64> },
    /// A person comes in nowhere any more.
    Disable { person: Id, version: Option<u64> },
    /// And again.
    Enable { person: Id, version: Option<u64> },
    /// A person has lost password or telephone, and gets a code for another.
    Reset { person: Id },
    /// All that is kept of a person goes, and a pseudonym stands in their place. `at_sites` are names by which sites know them.
    Erase { person: Id, version: Option<u64>, at_sites: Vec<Name> },
    /// One's own password is another one.
    SetPassword { proved: Verifier, password: Verifier },
    /// One's first password, of who came in without.
    FirstPassword { password: Verifier },
    /// Another passkey of one's own.
    AddPasskey { name: Name, shown: Box<KeyShown> },
    /// It is called otherwise.
    RenamePasskey { passkey: Id, name: Name },
    /// It opens nothing any more.
    RemovePasskey { passkey: Id },
    /// It counted backwards, and opens nothing until its owner has looked at it.
    DoubtPasskey { credential: String },
    /// Whether a passkey or a code must stand beside one's password.
    NeedSecond { needed: bool },
    /// Shows a secret for one's telephone.
    OfferTotp,
    /// The telephone answered.
    ConfirmTotp { code: String },
    /// No telephone any more.
    EndTotp,
    /// One signs in by that other house no more.
    Unlink { by: Slug },
    /// Other recovery codes.
    NewRecovery,
    /// A token, which may what is asked as far as its maker may it.
    MakeToken { name: Name, rights: BTreeSet<Right>, scopes: Vec<crate::Scope>, days: u32 },
    /// A token opens nothing any more.
    RevokeToken { token: Id },
    /// A browser is signed out, one's own or, by who looks after its person, another's.
    EndSession { session: Id },
    /// Somebody who looks after people everywhere sees what this person sees, for some minutes.
    SeeAs { person: Id, minutes: u32, acts: bool, agent: String },
    /// And no more.
    SeeNoMore,
    /// A set of rights comes or changes.
    PutRole { name: Slug, rights: BTreeSet<Right> },
    /// It goes.
    RemoveRole { name: Slug },
}

/// What comes of an order: rows to be made durable together with lines of the audit, and then taken in.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// The rows.
    pub changes: Vec<Change>,
    /// The lines.
    pub notes: Vec<Note>,
    /// What is said to who asked.
    pub answer: Answer,
    /// Whose act it is for the audit, where that is known only now: who signs in, or takes up an invitation.
    pub by: Option<Id>,
    /// Who is erased from the lines that are there: the notes tell of it in each chain, and each chain that has such lines gets
    /// one that names them.
    pub erases: Option<Box<Erasure>>,
}

/// What is said to who asked. A secret is in it this once, and is kept nowhere.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// That it is done.
    Nothing,
    /// A person, as they are now.
    Person(Box<PersonShown>),
    /// A code for somebody who chooses a password.
    Invited(Invited),
    /// A token.
    Token(TokenMade),
    /// A passkey.
    Passkey(PasskeyShown),
    /// A browser's secret.
    SignedIn(SignedIn),
    /// A secret for a telephone.
    Totp(TotpOffered),
    /// Codes for the day when the telephone is gone.
    Recovery(Recovery),
    /// What went of somebody who was erased.
    Erased(Erased),
}

/// What went of somebody who was erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Erased {
    /// What stands in their place from now on.
    pub pseudonym: String,
    /// Browsers that were signed in as them.
    pub sessions: usize,
    /// Tokens of theirs.
    pub tokens: usize,
    /// Passkeys of theirs.
    pub passkeys: usize,
    /// Invitations for them, or by them.
    pub invitations: usize,
    /// Lines of the audit in which the pseudonym stands now.
    pub lines: u64,
    /// Rows that sites and the hub share in which the pseudonym stands now, or that are gone.
    pub rows: u64,
    /// Rows that still bear a name, because several people decided at once or because they can not be written now.
    pub rows_left: u64,
}

/// A code by which somebody chooses a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Invited {
    /// Which invitation.
    pub id: Id,
    /// Who is invited.
    pub email: Email,
    /// What they type.
    pub code: String,
    /// Until when, in ms since 1970.
    pub until_ms: i64,
}

/// A token that was made.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TokenMade {
    /// What it is.
    #[serde(flatten)]
    pub shown: TokenShown,
    /// Its text.
    pub token: String,
}

/// A browser that signed in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SignedIn {
    /// What it is.
    #[serde(flatten)]
    pub shown: SessionShown,
    /// What the browser keeps.
    #[serde(skip)]
    pub secret: String,
}

/// A secret that was shown to a person's telephone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TotpOffered {
    /// As it is typed.
    pub secret: String,
    /// As an app takes it in.
    pub uri: String,
}

/// Codes, each of which stands for the telephone once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Recovery {
    /// The codes.
    pub codes: Vec<String>,
}

/// Why nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// They may not.
    #[error("these credentials may not {0} there; nothing was changed")]
    NoRight(Right),
    /// They would give or take more than they have.
    #[error("nobody gives, changes or takes away more than they may themselves: {0}; nothing was changed")]
    MoreThanOwn(&'static str),
    /// They must prove again who they are.
    #[error(
        "this needs your password, and your code if you use one, given within the last ten minutes; nothing was changed"
    )]
    NeedsProof,
    /// Only a person who is signed in has such things.
    #[error("this is for a person who is signed in with a browser; nothing was changed")]
    NotAPerson,
    /// There is none, or none that they may know of.
    #[error("there is no such {0} here; nothing was changed")]
    NotThere(&'static str),
    /// It makes no sense.
    #[error("{0}; nothing was changed")]
    Senseless(String),
    /// Somebody changed it meanwhile.
    #[error("somebody changed it meanwhile; nothing was changed")]
    Changed,
    /// There is one already.
    #[error("there is {0} already; nothing was changed")]
    Taken(&'static str),
    /// Nobody would be left who looks after people.
    #[error(
        "nobody would be left who may look after people everywhere; make somebody else admin first; nothing was changed"
    )]
    LastAdmin,
    /// A client has as many people as it may.
    #[error(
        "{client} may have {most} people and open invitations, and has {used}; shut somebody out, withdraw an invitation, or ask \
         whoever looks after this hub for more; nothing was changed"
    )]
    #[expect(missing_docs, reason = "its text says them")]
    QuotaUsed { client: Slug, used: u64, most: u64 },
    /// The hub is in use.
    #[error("somebody has taken this hub into use already; nothing was changed")]
    Begun,
    /// Not this address, password or code.
    #[error("address, password and code do not belong together")]
    Wrong,
    /// Nobody whom the hub knows, for all that another house says.
    #[error("nobody here is known by this account of yours")]
    Stranger,
    /// Somebody came in by this answer of another house already.
    #[error("somebody came in by this answer already")]
    Twice,
    /// The password is right, and the telephone is missing.
    #[error("this account asks for a code of your telephone, a recovery code or a passkey, too")]
    CodeNeeded,
}

impl Directory {
    /// Decides about an order. Nothing is changed by it: make `changes` and `notes` durable in one step, then
    /// [`apply`](Self::apply) the changes.
    ///
    /// # Errors
    /// When it is refused.
    pub fn decide(&self, order: Order, asker: &Asker, chance: &Chance, now: UtcMs) -> Result<Done, Refused> {
        let asking = Asking { directory: self, asker, chance, now, powers: self.powers(&asker.who, now) };
        match order {
            Order::Begin { organisation, name, email, password } => asking.begin(organisation, name, email, password),
            Order::SignIn { person, proved, code, agent } => asking.sign_in(&person, &proved, &code, &agent),
            Order::SignInWith { vouched, agent } => asking.sign_in_with(&vouched, &agent),
            Order::SignInByKey { shown, agent } => asking.sign_in_by_key(*shown, &agent),
            Order::SignOut => asking.sign_out(),
            Order::Prove { proved, code } => asking.prove(&proved, &code),
            Order::ProveByKey { shown } => asking.prove_by_key(*shown),
            Order::Invite { email, name, grants, language } => asking.invite(email, name, grants, language),
            Order::Renew { invitation } => asking.renew(&invitation),
            Order::Mailed { invitation, how } => asking.mailed(&invitation, how),
            Order::Accept { code, name, password } => asking.accept(&code, name, password),
            Order::AcceptByKey { code, name, called, shown, agent } => {
                asking.accept_by_key(&code, name, (called, *shown), &agent)
            }
            Order::Withdraw { invitation } => asking.withdraw(&invitation),
            Order::Allow { person, grants, version } => asking.allow(&person, grants, version),
            Order::Disable { person, version } => asking.disable(&person, version),
            Order::Enable { person, version } => asking.enable(&person, version),
            Order::Reset { person } => asking.reset(&person),
            Order::Erase { person, version, at_sites } => asking.erase(&person, version, &at_sites),
            Order::SetPassword { proved, password } => asking.set_password(&proved, password),
            Order::FirstPassword { password } => asking.first_password(password),
            Order::AddPasskey { name, shown } => asking.add_passkey(name, *shown),
            Order::RenamePasskey { passkey, name } => asking.rename_passkey(&passkey, name),
            Order::RemovePasskey { passkey } => asking.remove_passkey(&passkey),
            Order::DoubtPasskey { credential } => asking.doubt_passkey(&credential),
            Order::NeedSecond { needed } => asking.need_second(needed),
            Order::OfferTotp => asking.offer_totp(),
            Order::ConfirmTotp { code } => asking.confirm_totp(&code),
            Order::EndTotp => asking.end_totp(),
            Order::Unlink { by } => asking.unlink(&by),
            Order::NewRecovery => asking.new_recovery(),
            Order::MakeToken { name, rights, scopes, days } => asking.make_token(name, &rights, &scopes, days),
            Order::RevokeToken { token } => asking.revoke_token(&token),
            Order::EndSession { session } => asking.end_session(&session),
            Order::SeeAs { person, minutes, acts, agent } => asking.see_as(&person, minutes, acts, &agent),
            Order::SeeNoMore => asking.see_no_more(),
            Order::PutRole { name, rights } => asking.put_role(name, rights),
            Order::RemoveRole { name } => asking.remove_role(&name),
        }
    }
}

/// What each right in each scope is, for who asks for that.
pub(crate) fn each_in_each(rights: &BTreeSet<Right>, scopes: &[crate::Scope]) -> Powers {
    rights.iter().flat_map(|right| scopes.iter().map(|scope| (*right, scope.clone()))).collect()
}
