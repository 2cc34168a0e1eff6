//! Which answers are believed, and which are not?

#[path = "common/house.rs"]
mod house;

use data_encoding::BASE64;
use house::{ECDSA, HOUSE, House, Says, Signs};
use vigie_model::UtcMs;
use vigie_saml::{Answer, BadAnswer, BadMetadata, Expected, Provider, Wanted, read_provider};

const NOW: i64 = 1_795_258_930;
const SERVICE: &str = "https://hub.example.org/sign-in/with/office/metadata";
const BACK: &str = "https://hub.example.org/sign-in/with/office/back";
const ASK_AT: &str = "https://idp.acme.org/sso";

struct World {
    house: House,
    provider: Provider,
    wanted: Wanted,
    unasked: bool,
}

fn world() -> World {
    let house = House::new();
    let provider = read_provider(&house.metadata(ASK_AT, &[0, 1]), HOUSE).expect("metadata");
    World { house, provider, wanted: Wanted::default(), unasked: false }
}

fn right() -> Says {
    Says::right(SERVICE, BACK, "_question", NOW)
}

impl World {
    fn read(&self, posted: &str) -> Result<Answer, BadAnswer> {
        let expected =
            Expected { house: HOUSE, service: SERVICE, back: BACK, wanted: &self.wanted, unasked: self.unasked };
        self.provider.read_answer(posted, &expected, UtcMs(NOW * 1_000))
    }

    fn says(&self, change: impl FnOnce(&mut Says)) -> Result<Answer, BadAnswer> {
        let mut says = right();
        change(&mut says);
        self.read(&self.house.posted(&says))
    }

    /// What is believed of a response that somebody changed on its way.
    fn changed(&self, signs: Signs, change: impl FnOnce(String) -> String) -> Result<Answer, BadAnswer> {
        let before = self.house.response(&Says { signs, ..right() });
        let after = change(before.clone());
        assert_ne!(before, after, "something was changed");
        self.read(&BASE64.encode(after.as_bytes()))
    }
}

/// What stands between the first of these and the last, with both.
fn part<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let begin = text.find(from).expect("it begins");
    let end = text.rfind(to).expect("it ends") + to.len();
    &text[begin..end]
}

fn without(text: &str, gone: &str) -> String {
    text.replacen(gone, "", 1)
}

#[test]
fn somebody_is_believed_to_be_who_the_house_says_whatever_of_it_is_signed() {
    let world = world();
    for signs in [Signs::Assertion, Signs::Response, Signs::Both] {
        let answer = world.says(|says| says.signs = signs).expect("believed");
        assert_eq!(answer.answers.as_deref(), Some("_question"));
        assert_eq!((answer.subject.as_str(), answer.email.as_deref()), ("7f3a", Some("Ann@ACME.org")));
        assert_eq!(answer.name.as_deref(), Some("Ann Lemoine"));
        assert_eq!(answer.proved, UtcMs((NOW - 5) * 1_000));
        assert!(answer.until.0 > NOW * 1_000 && answer.until.0 <= (NOW + 720) * 1_000);
    }
    assert_eq!(world.says(|says| says.signs = Signs::Nothing), Err(BadAnswer::NotSigned));
}

#[test]
fn while_a_house_changes_its_keys_either_counts_and_afterwards_one() {
    let world = world();
    assert!(world.says(|says| says.method = ECDSA).is_ok());
    let only = |keys: &[usize]| {
        let provider = read_provider(&world.house.metadata(ASK_AT, keys), HOUSE).expect("metadata");
        World { provider, house: House::new(), wanted: Wanted::default(), unasked: false }
    };
    let (old, new) = (only(&[0]), only(&[1]));
    let by = |method| world.house.posted(&Says { method, ..right() });
    assert!(old.read(&by(house::RSA)).is_ok() && new.read(&by(ECDSA)).is_ok());
    assert_eq!(old.read(&by(ECDSA)), Err(BadAnswer::NoKey));
    assert_eq!(new.read(&by(house::RSA)), Err(BadAnswer::NoKey));
    // A key of the same kind that is another's.
    let stranger = House::new().posted(&Says { method: ECDSA, ..right() });
    assert_eq!(world.read(&stranger), Err(BadAnswer::Signature));
}

#[test]
fn weak_and_shared_ways_to_sign_do_not_count() {
    let world = world();
    for method in [
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "",
    ] {
        assert_eq!(world.says(|says| says.method = method), Err(BadAnswer::Algorithm), "{method}");
    }
    let sha1 = "http://www.w3.org/2000/09/xmldsig#sha1";
    assert_eq!(world.says(|says| says.hash = sha1), Err(BadAnswer::Algorithm));
    let inclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
    assert_eq!(world.says(|says| says.canonical = inclusive), Err(BadAnswer::Algorithm));
    let commented = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments";
    assert_eq!(world.says(|says| says.canonical = commented), Err(BadAnswer::Algorithm));
}

#[test]
fn what_was_changed_on_its_way_is_not_believed() {
    let world = world();
    for signs in [Signs::Assertion, Signs::Response, Signs::Both] {
        for (from, to) in [
            ("7f3a", "7f3b"),
            ("Ann@ACME.org", "root@acme.org"),
            ("saml:AuthnStatement AuthnInstant=\"20", "saml:AuthnStatement AuthnInstant=\"30"),
            ("#_of_question", "#_other"),
            ("<saml:Audience>", "<saml:Audience>https://other.example</saml:Audience><saml:Audience>"),
        ] {
            let changed = world.changed(signs, |text| {
                text.replacen(from, to, 1).replacen("#_response", "#_other", usize::from(from.starts_with('#')))
            });
            assert!(matches!(changed, Err(BadAnswer::Signature | BadAnswer::Wrapped)), "{signs:?} {from}: {changed:?}");
        }
    }
    // What is around a signed statement may be changed, and says nothing then.
    let around = world.changed(Signs::Assertion, |text| text.replace("ID=\"_response\"", "ID=\"_changed\""));
    assert_eq!(around.map(|answer| answer.subject), Ok("7f3a".to_owned()));
}

/// The eight ways to wrap a signature (Somorovsky et al., 2012), and what else moves parts about.
#[test]
fn a_signature_that_was_wrapped_around_something_else_says_nothing() {
    let world = world();
    let evil = |text: &str| text.replace("7f3a", "root").replace("Ann@ACME.org", "root@acme.org");
    let refused = |name: &str, found: Result<Answer, BadAnswer>| {
        // What is no XML would be refused for that alone.
        assert!(matches!(&found, Err(why) if *why != BadAnswer::Shape), "{name}: {found:?}");
    };
    let signature = |text: &str| part(text, "<ds:Signature ", "</ds:Signature>").to_owned();
    let status = "<samlp:Status>";

    // 1, 2: another response around the signed one.
    refused(
        "1",
        world.changed(Signs::Response, |text| {
            let (own, plain) = (signature(&text), without(&text, &signature(&text)));
            let holding = own.replace("</ds:Signature>", &format!("{plain}</ds:Signature>"));
            evil(&plain).replacen("_response", "_evil", 1).replacen(status, &format!("{holding}{status}"), 1)
        }),
    );
    refused(
        "2",
        world.changed(Signs::Response, |text| {
            let (own, plain) = (signature(&text), without(&text, &signature(&text)));
            evil(&plain).replacen("_response", "_evil", 1).replacen(status, &format!("{plain}{own}{status}"), 1)
        }),
    );
    let assertion = |text: &str| part(text, "<saml:Assertion ", "</saml:Assertion>").to_owned();
    let forged = |text: &str, id: &str| {
        let own = assertion(text);
        evil(&without(&own, &signature(&own))).replacen("_of_question", id, 1)
    };
    // 3: beside it; 4: around it.
    refused(
        "3",
        world.changed(Signs::Assertion, |text| {
            let own = assertion(&text);
            text.replacen(&own, &format!("{}{own}", forged(&text, "_evil")), 1)
        }),
    );
    refused(
        "4",
        world.changed(Signs::Assertion, |text| {
            let own = assertion(&text);
            text.replacen(
                &own,
                &forged(&text, "_evil").replace("</saml:Assertion>", &format!("{own}</saml:Assertion>")),
                1,
            )
        }),
    );
    // 5, 6: with the signature in the forged one, and the signed one behind it or within the signature.
    let signed_by = |text: &str, own: &str, id: &str| {
        forged(text, id).replacen("</saml:Issuer>", &format!("</saml:Issuer>{own}"), 1)
    };
    refused(
        "5",
        world.changed(Signs::Assertion, |text| {
            let own = assertion(&text);
            let plain = without(&own, &signature(&own));
            text.replacen(&own, &format!("{}{plain}", signed_by(&text, &signature(&own), "_evil")), 1)
        }),
    );
    refused(
        "6",
        world.changed(Signs::Assertion, |text| {
            let own = assertion(&text);
            let plain = without(&own, &signature(&own));
            let holding = signature(&own).replace("</ds:Signature>", &format!("{plain}</ds:Signature>"));
            text.replacen(&own, &signed_by(&text, &holding, "_evil"), 1)
        }),
    );
    // 7: among extensions, by the same name; 8: the signed one in an object of the signature.
    refused(
        "7",
        world.changed(Signs::Assertion, |text| {
            let forged = forged(&text, "_of_question");
            text.replacen(status, &format!("<samlp:Extensions>{forged}</samlp:Extensions>{status}"), 1)
        }),
    );
    refused(
        "8",
        world.changed(Signs::Assertion, |text| {
            let own = assertion(&text);
            let plain = without(&own, &signature(&own));
            let holding =
                signature(&own).replace("</ds:Signature>", &format!("<ds:Object>{plain}</ds:Object></ds:Signature>"));
            text.replacen(&own, &signed_by(&text, &holding, "_of_question"), 1)
        }),
    );

    // Two signatures; none that refers to the whole; a name of theirs for what is not signed.
    refused(
        "twice signed",
        world.changed(Signs::Assertion, |text| {
            let own = signature(&text);
            text.replacen(&own, &format!("{own}{own}"), 1)
        }),
    );
    refused(
        "of the whole",
        world.changed(Signs::Assertion, |text| text.replacen("URI=\"#_of_question\"", "URI=\"\"", 1)),
    );
    refused(
        "forged alone",
        world.changed(Signs::Assertion, |text| {
            let own = assertion(&text);
            text.replacen(&own, &signed_by(&text, &signature(&own), "_of_question"), 1)
        }),
    );
    refused(
        "signature elsewhere",
        world.changed(Signs::Assertion, |text| {
            let own = signature(&text);
            without(&text, &own).replacen(status, &format!("{own}{status}"), 1)
        }),
    );
}

#[test]
fn a_comment_within_a_name_makes_nobody_of_it() {
    let world = world();
    let name = "root@acme.org.evil.example";
    let posted = world.house.response(&Says { name_id: name.to_owned(), ..right() });
    let cut = posted.replace(name, "root@acme.org<!-- -->.evil.example");
    assert_eq!(world.read(&BASE64.encode(cut.as_bytes())).map(|answer| answer.subject), Ok(name.to_owned()));
    let program = posted.replace(name, "root@acme.org<?cut ?>.evil.example");
    assert_eq!(world.read(&BASE64.encode(program.as_bytes())), Err(BadAnswer::Shape));
    let element = world.says(|says| says.name_id = "root@acme.org<b></b>.evil.example".to_owned());
    assert_eq!(element, Err(BadAnswer::Subject));
}

#[test]
fn what_is_of_another_house_for_another_hub_or_sent_elsewhere_is_not_believed() {
    let world = world();
    let other = || "https://other.example".to_owned();
    assert_eq!(world.says(|says| says.house = other()), Err(BadAnswer::Issuer));
    assert_eq!(world.says(|says| says.service = other()), Err(BadAnswer::Audience));
    for signs in [Signs::Assertion, Signs::Response] {
        assert_eq!(world.says(|says| (says.back, says.signs) = (other(), signs)), Err(BadAnswer::Recipient));
    }
    let elsewhere = world.changed(Signs::Assertion, |text| {
        text.replacen(&format!("Destination=\"{BACK}\""), "Destination=\"https://other.example\"", 1)
    });
    assert_eq!(elsewhere, Err(BadAnswer::Recipient));
    let unsaid = world.changed(Signs::Assertion, |text| text.replacen(&format!(" Destination=\"{BACK}\""), "", 1));
    assert!(unsaid.is_ok(), "what is not signed need not say it");
    let strange = "<other:Condition xmlns:other=\"urn:other\"></other:Condition>";
    assert_eq!(world.says(|says| says.condition = strange), Err(BadAnswer::Condition));
    let further =
        "<saml:AudienceRestriction><saml:Audience>https://other.example</saml:Audience></saml:AudienceRestriction>";
    assert_eq!(world.says(|says| says.condition = further), Err(BadAnswer::Audience), "each has to be fulfilled");
    assert!(world.says(|says| says.condition = "<saml:OneTimeUse></saml:OneTimeUse>").is_ok());
}

#[test]
fn an_answer_holds_for_a_while_and_clocks_may_differ_by_two_minutes() {
    let world = world();
    assert!(world.says(|says| says.ends = -119).is_ok());
    assert_eq!(world.says(|says| says.ends = -120), Err(BadAnswer::Expired));
    assert!(world.says(|says| says.begins = 120).is_ok());
    assert_eq!(world.says(|says| says.begins = 121), Err(BadAnswer::NotNow));
    assert!(world.says(|says| says.made = 120).is_ok() && world.says(|says| says.made = -719).is_ok());
    assert_eq!(world.says(|says| says.made = 121), Err(BadAnswer::NotNow));
    assert_eq!(
        world.says(|says| says.made = -720),
        Err(BadAnswer::NotNow),
        "however long the house says that it holds"
    );
    let far = world.says(|says| says.ends = 86_400 * 365).expect("believed");
    assert!(far.until.0 <= (NOW + 720) * 1_000, "nor has it to be known for a year");
}

#[test]
fn what_answers_nothing_is_believed_only_where_the_house_may_begin() {
    let mut world = world();
    assert_eq!(world.says(|says| says.answers = None), Err(BadAnswer::Unasked));
    world.unasked = true;
    assert_eq!(world.says(|says| says.answers = None).expect("believed").answers, None);
    assert_eq!(world.says(|_| ()).expect("believed").answers.as_deref(), Some("_question"));
    let mixed = world
        .changed(Signs::Assertion, |text| text.replacen("InResponseTo=\"_question\"", "InResponseTo=\"_other\"", 1));
    assert_eq!(mixed, Err(BadAnswer::Mixed));
}

#[test]
fn who_it_is_comes_from_a_name_that_stays_or_from_the_attribute_that_is_named() {
    let mut world = world();
    let transient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
    assert_eq!(world.says(|says| says.format = transient), Err(BadAnswer::Transient));
    for name_id in [String::new(), "x".repeat(256), "a&#10;b".to_owned()] {
        let name = name_id.clone();
        assert!(
            matches!(world.says(|says| says.name_id = name), Err(BadAnswer::Subject | BadAnswer::Signature)),
            "{name_id}"
        );
    }
    let by_email = world.says(|says| {
        says.format = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
        (says.name_id, says.attributes) = ("ann@acme.org".to_owned(), Vec::new());
    });
    let by_email = by_email.expect("believed");
    assert_eq!((by_email.email.as_deref(), by_email.name), (Some("ann@acme.org"), None));
    world.wanted =
        Wanted { subject: Some("uid".to_owned()), email: Some("work".to_owned()), name: Some("called".to_owned()) };
    let own = world.says(|says| {
        says.format = transient;
        says.attributes.extend([
            ("uid", "u7".to_owned()),
            ("work", "a@acme.org".to_owned()),
            ("called", "A".to_owned()),
        ]);
    });
    let own = own.expect("believed");
    assert_eq!(
        (own.subject.as_str(), own.email.as_deref(), own.name.as_deref()),
        ("u7", Some("a@acme.org"), Some("A"))
    );
    assert_eq!(world.says(|_| ()), Err(BadAnswer::Subject), "the attribute is not there");
}

#[test]
fn a_no_and_what_is_hidden_are_told_as_such() {
    let world = world();
    let no = world.says(|says| says.status = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed");
    assert_eq!(no, Err(BadAnswer::Declined("AuthnFailed".to_owned())));
    let hidden = world.changed(Signs::Nothing, |text| text.replace("saml:Assertion", "saml:EncryptedAssertion"));
    assert_eq!(hidden, Err(BadAnswer::Encrypted));
}

#[test]
fn nonsense_is_refused_before_it_costs_anything() {
    let world = world();
    let xml = |text: &str| world.read(&BASE64.encode(text.as_bytes()));
    assert_eq!(world.read(""), Err(BadAnswer::Shape));
    assert_eq!(world.read("%%%"), Err(BadAnswer::Shape));
    assert_eq!(world.read(&"A".repeat(300_000)), Err(BadAnswer::Shape));
    assert_eq!(world.read(&BASE64.encode(&[0xff, 0xfe, 0x00])), Err(BadAnswer::Shape));
    for text in ["<a/>", "<!DOCTYPE a [<!ENTITY l 'ha'>]><a>&l;</a>", &"<a>".repeat(30_000)] {
        assert_eq!(xml(text), Err(BadAnswer::Shape));
    }
    let blanks = right();
    let posted = world.house.posted(&blanks);
    let lines: String =
        posted.as_bytes().chunks(76).map(|line| format!("{}\r\n", String::from_utf8_lossy(line))).collect();
    assert!(world.read(&lines).is_ok(), "some break their lines");
}

#[test]
fn metadata_are_read_of_the_house_that_is_meant_and_name_a_way_and_a_key() {
    let house = House::new();
    let own = house.metadata(ASK_AT, &[0, 1]);
    let provider = read_provider(&own, HOUSE).expect("metadata");
    assert_eq!((provider.ask_at.as_str(), provider.keys(), provider.until), (ASK_AT, 2, None));
    assert_eq!(
        read_provider(&own, "https://other.example").err(),
        Some(BadMetadata::Other("https://other.example".to_owned()))
    );
    let entity = part(&own, "<md:EntityDescriptor", "</md:EntityDescriptor>");
    let other = entity.replace(HOUSE, "https://other.example").replace(ASK_AT, "https://other.example/sso");
    let several = format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" validUntil=\"2026-12-01T00:00:00Z\">{other}{entity}</md:EntitiesDescriptor>"
    );
    let provider = read_provider(&several, HOUSE).expect("metadata");
    assert_eq!(provider.ask_at, ASK_AT);
    assert!(provider.until.is_some());
    for (text, why) in [
        (own.replace("HTTP-Redirect", "HTTP-POST"), BadMetadata::NoWay),
        (house.metadata(ASK_AT, &[]), BadMetadata::NoKey),
        (own.replace("use=\"signing\"", "use=\"encryption\""), BadMetadata::NoKey),
        (own.replace("IDPSSODescriptor", "SPSSODescriptor"), BadMetadata::Other(HOUSE.to_owned())),
        ("<html></html>".to_owned(), BadMetadata::Shape),
        (format!("<!DOCTYPE a>{entity}"), BadMetadata::Shape),
    ] {
        assert_eq!(read_provider(&text, HOUSE).err(), Some(why));
    }
}
