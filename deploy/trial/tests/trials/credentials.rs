//! Who is let in, who is not, and what both sides say of it.

use std::process::Output;

use vigie_trial::{Agent, Mesh, WrongClock, eventually, oracle, run_once};

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn collected(mesh: &Mesh, agent: &Agent) -> u64 {
    mesh.ledger(agent).map_or(0, |ledger| ledger[1])
}

fn gets_more(mesh: &Mesh, agent: &Agent) {
    let before = collected(mesh, agent);
    eventually("more ticks come", || collected(mesh, agent) > before + 2);
}

#[test]
fn a_certificate_that_has_ended_is_refused_by_name_and_the_agent_comes_back_by_itself() {
    let mut mesh = Mesh::with_hub_args(&["--certificate-hours", "1"]);
    let Some(clock) = WrongClock::new(&mesh.dir().join("offset")) else { return };
    let mut agent = mesh.agent("lyon", "till-1", 101, &[], &[]);
    mesh.settles(&agent, 3);
    // The machine was switched off for three hours.
    assert!(agent.program.stop());
    assert!(mesh.hub.stop());
    clock.is_off_by("+3h");
    for program in [&mut mesh.hub, &mut agent.program] {
        clock.give(program);
        program.again();
    }
    eventually("the hub says why", || mesh.hub.log().contains("expired"));
    eventually("the agent says why", || agent.program.log().contains("expired"));
    eventually("it asks for the next one and gets it", || agent.program.log().contains("the certificate was renewed"));
    gets_more(&mesh, &agent);
    let mut agents = [agent];
    mesh.wind_down(&mut agents, &mut []);
    let (_, given_up) = oracle::check(&oracle::held(&mesh.hub_data()), &agents[0], &[]);
    assert_eq!(given_up, 0);
}

#[test]
fn a_certificate_is_renewed_before_it_ends_and_through_the_relay() {
    let mut mesh = Mesh::with_hub_args(&["--certificate-hours", "1"]);
    let Some(clock) = WrongClock::new(&mesh.dir().join("offset")) else { return };
    let mut relay = mesh.relay("lyon", "relay-1", mesh.hub_udp());
    let mut agent = mesh.agent("lyon", "till-1", 102, &[relay.udp], &[]);
    mesh.settles(&agent, 3);
    clock.is_off_by("+54m");
    assert!(agent.program.stop() && relay.program.stop() && mesh.hub.stop());
    for program in [&mut mesh.hub, &mut relay.program, &mut agent.program] {
        clock.give(program);
        program.again();
    }
    for program in [&relay.program, &agent.program] {
        eventually("it has the next one", || program.log().contains("the certificate was renewed"));
        assert!(!program.log().contains("expired"), "and was never refused");
    }
    gets_more(&mesh, &agent);
}

#[test]
fn a_revoked_machine_is_put_out_at_once_and_its_neighbour_is_not() {
    let mesh = Mesh::new();
    let relay = mesh.relay("lyon", "relay-1", mesh.hub_udp());
    let (good, bad) =
        (mesh.agent("lyon", "till-1", 103, &[relay.udp], &[]), mesh.agent("lyon", "till-2", 104, &[relay.udp], &[]));
    mesh.settles(&good, 3);
    mesh.settles(&bad, 3);
    let done = mesh.hub_command(&["node", "revoke", &bad.node]);
    assert!(done.status.success(), "{}", words(&done));
    eventually("the machine says why", || bad.program.log().contains("revoked"));
    eventually("the relay says why", || relay.program.log().contains("revoked"));
    gets_more(&mesh, &good);
    let before = collected(&mesh, &bad);
    gets_more(&mesh, &good);
    assert_eq!(collected(&mesh, &bad), before, "nothing more of the revoked machine comes in");
}

#[test]
fn a_machine_of_another_deployment_is_refused_before_a_word() {
    let (ours, theirs) = (Mesh::new(), Mesh::new());
    let stranger = theirs.agent("lyon", "till-1", 105, &[ours.hub_udp()], &[]);
    let why = "not issued by this deployment's authority";
    eventually("the stranger says why", || stranger.program.log().contains(why));
    assert!(ours.get("/api/v1/machines").is_some_and(|machines| !machines.to_string().contains(&stranger.node)));
}

#[test]
fn a_program_does_not_run_with_another_roles_identity() {
    let mesh = Mesh::new();
    let mut agent = mesh.agent("lyon", "till-1", 106, &[], &[]);
    mesh.settles(&agent, 1);
    assert!(agent.program.stop());
    let data = agent.data.to_string_lossy().into_owned();
    let done = run_once("vigie-relay", &["run", "--data", &data, "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
    let said = words(&done);
    assert!(!done.status.success() && said.contains("agent"), "{said}");
}

#[test]
fn a_token_that_admits_nobody_is_refused_by_name_and_a_good_one_then_works_in_the_same_folder() {
    let mesh = Mesh::new();
    let folder = mesh.dir().join("till-1").to_string_lossy().into_owned();
    let enrol = |data: &str, token: &str| run_once("vigie-agent", &["enrol", "--data", data, "--token", token]);
    let refused = |token: &str, why: &[&str]| {
        let done = enrol(&folder, token);
        let said = words(&done);
        assert!(!done.status.success(), "{token} was taken");
        assert!(why.iter().any(|why| said.contains(why)), "{said}");
        assert!(said.starts_with("error: ") && !said.contains("panicked"), "{said}");
    };
    refused("vg1.nonsense", &["token"]);
    let short_lived = mesh.token("lyon", &["--ttl", "1s"]);
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    refused(&short_lived, &["expired", "no longer"]);
    let for_relays = mesh.token("lyon", &["--role", "relay"]);
    refused(&for_relays, &["another kind of node"]);
    let made = mesh.hub_command(&["token", "create", "--client", "acme", "--site", "lyon", "--uses", "1"]);
    let once = String::from_utf8_lossy(&made.stdout).trim().to_owned();
    let other = mesh.dir().join("till-0").to_string_lossy().into_owned();
    assert!(enrol(&other, &once).status.success());
    refused(&once, &["used"]);
    let good = mesh.token("lyon", &[]);
    let done = enrol(&folder, &good);
    assert!(done.status.success(), "{}", words(&done));
    let again = enrol(&folder, &good);
    assert!(again.status.success(), "the same machine may say it twice: {}", words(&again));
}

#[test]
fn a_machine_that_reaches_only_its_relay_enrols_through_it() {
    let mesh = Mesh::new();
    let relay = mesh.relay("lyon", "relay-1", mesh.hub_udp());
    eventually("the relay has reached the hub", || relay.program.log().contains("connected"));
    let token = mesh.token("lyon", &[]);
    let data = mesh.dir().join("till-1").to_string_lossy().into_owned();
    let via = format!("127.0.0.1:{}", relay.udp);
    let done = run_once("vigie-agent", &["enrol", "--data", &data, "--token", &token, "--via", &via, "--json"]);
    assert!(done.status.success(), "{}", words(&done));
    eventually("the relay says what it carried", || relay.program.log().contains("enrol"));
}

#[test]
fn a_configuration_with_a_mistake_says_where_and_changes_nothing() {
    let mesh = Mesh::new();
    let file = mesh.dir().join("agent.toml");
    let (file, data) = (file.to_string_lossy().into_owned(), mesh.dir().join("nobody").to_string_lossy().into_owned());
    for (text, where_to_look) in [("fast_s = [", "line 1"), ("fats_s = 10", "fats_s"), ("fast_s = 7", "7")] {
        std::fs::write(&file, text).expect("a file");
        let done = run_once("vigie-agent", &["run", "--config", &file, "--data", &data]);
        let said = words(&done);
        assert_eq!(done.status.code(), Some(2), "{text}: {said}");
        assert!(said.contains(where_to_look) && said.contains("agent.toml"), "{text}: {said}");
        assert!(!std::path::Path::new(&data).exists(), "{text}: a folder was made");
    }
}

#[test]
fn what_is_not_there_can_not_be_taken_away_and_the_exit_code_says_so() {
    let mesh = Mesh::new();
    let nobody = "00112233445566778899aabbccddeeff";
    for command in [["token", "revoke", "nope"], ["node", "revoke", nobody], ["api-token", "revoke", "nope"]] {
        let done = mesh.hub_command(&command);
        assert_eq!(done.status.code(), Some(5), "{command:?}: {}", words(&done));
        assert!(words(&done).contains("nothing was changed"), "{command:?}: {}", words(&done));
    }
    let token = mesh.token("lyon", &[]);
    let listed = mesh.hub_command(&["token", "list", "--json"]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(
        listed.contains("\"state\":\"valid\"") && !listed.contains("proof") && !listed.contains(&token),
        "{listed}"
    );
}
