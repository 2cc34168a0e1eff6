//! Which browser, and on what system, is it that says so of itself?

/// `Firefox, Linux`, as the hub's pages say it too (`people/shape.ts`); all of what it says where that is not known.
///
/// Browsers say of themselves that they are others as well: whoever is named first here is meant.
pub(crate) fn browser_text(agent: &str) -> String {
    const BROWSERS: [(&str, &str); 6] = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let named =
        |all: [(&str, &'static str); 6]| all.into_iter().find(|(sign, _)| agent.contains(sign)).map(|(_, name)| name);
    match (named(BROWSERS), named(SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser}, {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, _) => agent.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_called_by_the_name_that_people_know_and_programs_by_their_own() {
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (agent, text) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
            (
                &format!("Mozilla/5.0 (Windows NT 10.0; Win64) {webkit} Chrome/140.0 Safari/537.36 Edg/140.0"),
                "Edge, Windows",
            ),
            (&format!("Mozilla/5.0 (Linux; Android 15) {webkit} Chrome/140.0 Mobile Safari/537.36"), "Chrome, Android"),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1",
                "Safari, iPhone",
            ),
            ("curl/8.1", "curl/8.1"),
            ("", ""),
        ] {
            assert_eq!(browser_text(agent), text, "{agent}");
        }
    }
}
