//! Where is the hub, and by which token is it asked?

use std::io::{IsTerminal, Read, Write};
use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::client::{Client, Place};
use super::end::End;
use super::shape::{Out, remark};

/// Characters of a token that are read at most: ours have some fifty.
const TOKEN_BYTES: u64 = 4_096;

/// What is known of a hub or a relay.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Known {
    pub(super) url: String,
    pub(super) token: String,
}

/// To keep an address and a token.
#[derive(Debug, Args)]
pub(super) struct Login {
    /// Of a hub or a relay, as in https://hub.example.org.
    url: String,
}

impl Login {
    /// Keeps them once the other side has let them in.
    pub(super) async fn keep(self) -> Result<u8, End> {
        let url = Place::read(&self.url)?.to_string();
        let token = match std::env::var("VIGIE_TOKEN") {
            Ok(token) => token,
            Err(_) => read_token(&url)?,
        };
        let known = Known { url, token: token.trim().to_owned() };
        if known.token.is_empty() {
            return Err(End::usage("the token is missing: make one on your account's page, then give it on stdin"));
        }
        let answer = Client::new(known.clone())?.get("/api/v1/here").await?;
        let file = file()?;
        write_own(&file, &known)
            .map_err(|error| End::failed(format!("{} can not be written: {error}", file.display())))?;
        let you = answer.json["you"].as_str().unwrap_or("somebody").to_owned();
        remark(&super::inert::inert(&format!("signed in to {} as {you}; kept in {}", known.url, file.display())));
        Ok(0)
    }
}

fn read_token(url: &str) -> Result<String, End> {
    if std::io::stdin().is_terminal() {
        remark(&format!("Token for {url} (it is shown as you type; or: vigie login {url} < FILE):"));
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line);
        return read.map(|_| line).map_err(|error| End::failed(format!("no token could be read: {error}")));
    }
    let mut token = String::new();
    let read = std::io::stdin().take(TOKEN_BYTES).read_to_string(&mut token);
    read.map(|_| token).map_err(|error| End::failed(format!("no token could be read: {error}")))
}

/// Forgets what login kept. The token goes on to open: revoking it is another thing.
pub(super) fn forget() -> Result<u8, End> {
    let file = file()?;
    match std::fs::remove_file(&file) {
        Ok(()) => remark("forgotten here; `vigie tokens revoke` ends the token itself"),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => remark("nothing was kept"),
        Err(error) => return Err(End::failed(format!("{} can not be removed: {error}", file.display()))),
    }
    Ok(0)
}

/// What the environment says, or what login kept.
pub(super) fn known() -> Result<Known, End> {
    let said = |name: &str| std::env::var(name).ok().map(|said| said.trim().to_owned()).filter(|said| !said.is_empty());
    let (url, token) = (said("VIGIE_URL"), said("VIGIE_TOKEN"));
    if let (Some(url), Some(token)) = (&url, &token) {
        return Ok(Known { url: url.clone(), token: token.clone() });
    }
    let file = file()?;
    let kept: Option<Known> = match std::fs::read(&file) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).map_err(|error| {
            End::failed(format!("{} can not be read: {error}; vigie login writes it anew", file.display()))
        })?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(End::failed(format!("{} can not be read: {error}", file.display()))),
    };
    match (url, token, kept) {
        (None, None, Some(kept)) => Ok(kept),
        // A token is for the hub that made it: it is not sent to another that the environment names.
        (Some(url), None, Some(kept)) if Place::read(&url)? == Place::read(&kept.url)? => Ok(kept),
        (None, Some(token), Some(kept)) => Ok(Known { token, ..kept }),
        _ => Err(End::not_signed_in("no hub is known: vigie login URL, or VIGIE_URL and VIGIE_TOKEN")),
    }
}

fn file() -> Result<PathBuf, End> {
    let folder = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let folder = folder.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".config")));
    let folder = folder.ok_or_else(|| End::failed("neither XDG_CONFIG_HOME nor HOME says where your settings are"))?;
    Ok(folder.join("vigie").join("login.json"))
}

/// Writes a file that its owner alone can read, whole or not at all.
fn write_own(file: &std::path::Path, known: &Known) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    if let Some(folder) = file.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let beside = file.with_extension("new");
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut out = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    out.write_all(&serde_json::to_vec(known)?)?;
    out.sync_all()?;
    std::fs::rename(&beside, file)
}

/// Who somebody is there, and what they may.
pub(super) async fn whoami(client: &Client, out: Out) -> Result<u8, End> {
    let here = client.get("/api/v1/here").await?;
    // A relay has no people.
    let me = match client.get("/api/v1/me").await {
        Ok(me) => me.json,
        Err(_) if here.json["role"] == "relay" => serde_json::Value::Null,
        Err(end) => return Err(end),
    };
    let both = serde_json::json!({ "node": here.json["name"], "role": here.json["role"], "version": here.json["version"],
        "you": here.json["you"], "may": me["may"] });
    out.one(&both);
    Ok(0)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_token_is_kept_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("vigie").join("login.json");
        for token in ["one", "two"] {
            let known = Known { url: "https://hub.example.org".to_owned(), token: token.to_owned() };
            write_own(&file, &known).expect("written");
            let mode = |path: &std::path::Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
            assert_eq!((mode(&file), mode(file.parent().expect("a folder"))), (0o600, 0o700));
            let read: Known = serde_json::from_slice(&std::fs::read(&file).expect("read")).expect("JSON");
            assert_eq!(read.token, token);
        }
    }
}
