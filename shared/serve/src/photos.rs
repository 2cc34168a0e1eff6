//! What must a node know so that people show one another what they see of an incident?

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vigie_model::Slug;

use crate::Undecided;

/// Bytes of one photo, at the door. Pages make it smaller before they send it.
pub const MOST_PHOTO_BYTES: usize = 5 << 20;

/// What a photo may be: nothing that a browser would run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum PhotoKind {
    /// `image/jpeg`.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// `image/png`.
    #[serde(rename = "image/png")]
    Png,
    /// `image/webp`.
    #[serde(rename = "image/webp")]
    Webp,
}

impl PhotoKind {
    /// By what it begins with, whatever is said of it.
    pub fn of(content: &[u8]) -> Option<Self> {
        match content {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            _ => None,
        }
    }

    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }

    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
        }
    }
}

/// What is kept of a photo beside itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhotoKept {
    /// Which: the same content has the same.
    pub id: String,
    /// Of which incident.
    pub incident: String,
    /// Whose the incident is, if it concerns one.
    pub client: Option<Slug>,
    /// Who showed it.
    pub by: String,
    /// When they did, by their own clock where they had no line then, in ms since 1970.
    pub happened_ms: i64,
    /// When it was learnt here, in ms since 1970.
    pub learnt_ms: i64,
    /// What it is.
    pub kind: PhotoKind,
    /// How large it is.
    pub bytes: u64,
}

/// Why a photo was not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotShown {
    /// There are as many as there may be: one goes first.
    #[error("{0}")]
    Full(String),
    /// It can not be kept now; sending it again may help.
    #[error("it can not be kept now: {0}")]
    NotKept(String),
}

/// What a hub implements so that people share photos into incidents. Asked from blocking threads; who may what is the
/// router's.
pub trait Photos: Send + Sync + 'static {
    /// What is kept of an incident's photos, oldest first.
    fn of(&self, incident: &str) -> Vec<PhotoKept>;

    /// What is kept of all photos that are wanted.
    fn wanted(&self, wanted: &dyn Fn(&PhotoKept) -> bool) -> Vec<PhotoKept>;

    /// The photo itself.
    ///
    /// # Errors
    /// When it can not be read now.
    fn content(&self, incident: &str, id: &str) -> Result<Option<Vec<u8>>, Undecided>;

    /// Keeps one with its record, both or neither, durably; whether it is new here.
    ///
    /// # Errors
    /// When there are too many, or it can not be kept; nothing was changed then.
    fn add(&self, photo: &PhotoKept, content: &[u8]) -> Result<bool, NotShown>;

    /// Lets one go, durably.
    ///
    /// # Errors
    /// When there is none, or it can not be written; nothing was changed then.
    fn remove(&self, incident: &str, id: &str) -> Result<(), Undecided>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photo_is_what_it_begins_with_and_a_drawing_that_runs_is_none() {
        assert_eq!(PhotoKind::of(b"\xff\xd8\xff\xe0rest"), Some(PhotoKind::Jpeg));
        assert_eq!(PhotoKind::of(b"\x89PNG\r\n\x1a\nrest"), Some(PhotoKind::Png));
        assert_eq!(PhotoKind::of(b"RIFF\0\0\0\0WEBPVP8 "), Some(PhotoKind::Webp));
        for other in [&b""[..], b"<svg onload='x'>", b"GIF89a", b"RIFF\0\0\0\0WAVE", b"\xff\xd8"] {
            assert_eq!(PhotoKind::of(other), None, "{other:?}");
        }
    }
}
