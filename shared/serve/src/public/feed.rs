//! What people published, as a feed that readers of news follow (RFC 4287).

use super::board::Board;
use super::draw::word;
use super::words::Words;
use crate::local::html::Html;
use crate::local::voice::Lang;
use crate::{Notice, NoticeLanguage, Stamp};

/// The feed. `origin` is where people reach the hub, where that is known.
pub(super) fn written(board: &Board, lang: Lang, origin: Option<&str>) -> String {
    let (mut out, w) = (Html::default(), Words::of(lang));
    // Before the first notice nothing changed since the page was made; nobody waits for an exact moment of that.
    let updated = board.notices.iter().map(Notice::told_at).max().unwrap_or(Stamp(vigie_model::UtcMs(0)));
    out.html("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"");
    out.html(lang.code()).html("\">\n<id>urn:vigie:status:").text(board.slug.as_str()).html("</id>\n<title>");
    out.text(&board.title).html("</title>\n<author><name>").text(&board.title).html("</name></author>\n<updated>");
    out.shown(updated).html("</updated>\n<link rel=\"alternate\" type=\"text/html\" href=\"");
    address(&mut out, board, origin).html("\"/>\n");
    for notice in &board.notices {
        entry(&mut out, board, notice, w, origin);
    }
    out.html("</feed>\n");
    out.into_text()
}

fn address<'o>(out: &'o mut Html, board: &Board, origin: Option<&str>) -> &'o mut Html {
    out.text(origin.unwrap_or_default().trim_end_matches('/')).html("/status/").text(board.slug.as_str())
}

fn entry(out: &mut Html, board: &Board, notice: &Notice, w: &'static Words, origin: Option<&str>) {
    out.html("<entry");
    match notice.language {
        Some(NoticeLanguage::En) => drop(out.html(" xml:lang=\"en\"")),
        Some(NoticeLanguage::Fr) => drop(out.html(" xml:lang=\"fr\"")),
        None => {}
    }
    out.html("><id>urn:vigie:notice:").text(board.slug.as_str()).html(":").text(&notice.id).html("</id><title>");
    out.text(&notice.title).html("</title><updated>").shown(notice.told_at()).html("</updated><link href=\"");
    address(out, board, origin).html("#").text(&notice.id).html("\"/><content type=\"text\">");
    for news in notice.news.iter().rev() {
        out.shown(news.at).text(" · ").text(word(w, news.state)).text("\n").text(&news.text).text("\n\n");
    }
    out.html("</content></entry>\n");
}
