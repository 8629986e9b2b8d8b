//! `ticketd mailbox authorize`: the four ways into a mailbox of Microsoft 365, with the daemon
//! running and without it, and a sentence for each cause that keeps one out.

use std::process::Output;
use std::time::Duration;

use ticketd::sandbox::{Consent, Graph, GraphSetup};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Child;

use crate::daemon::Daemon;
use crate::post::PostSite;
use crate::site::{Ended, Launch};

/// What stands in the configuration besides, by the end of the variable's name.
type Keys<'a> = &'a [(&'a str, &'a str)];

const SECRET: Keys<'static> = &[("CLIENT_SECRET", Graph::CLIENT_SECRET)];
const DEVICE: Keys<'static> = &[("SIGN_IN", "device")];
const CODE: Keys<'static> = &[("SIGN_IN", "code")];
const CERTIFICATE: Keys<'static> =
    &[("CERTIFICATE", Graph::CERTIFICATE), ("KEY", Graph::PRIVATE_KEY)];

struct Tenant {
    post: PostSite,
    graph: Graph,
}

impl Tenant {
    async fn new() -> Self {
        let setup = GraphSetup { device_interval: 1, ..GraphSetup::default() };
        Self { post: PostSite::new().await, graph: Graph::start_with(setup).await.unwrap() }
    }

    fn ticketd(&self, arguments: &[&str], keys: Keys<'_>) -> Launch {
        let url = self.graph.url();
        let usual = [
            ("TENANT", Graph::TENANT),
            ("CLIENT_ID", Graph::CLIENT_ID),
            ("AUTHORITY", url.as_str()),
            ("BASE_URL", url.as_str()),
        ];
        let mut launch = self.post.site.ticketd(arguments);
        launch = launch.with("TICKETD_MAILBOX__SUPPORT__SOURCE", "graph");
        for (key, value) in usual.iter().chain(keys) {
            launch = launch.with(&format!("TICKETD_MAILBOX__SUPPORT__GRAPH__{key}"), value);
        }
        launch
    }

    async fn run(&self, keys: Keys<'_>) -> Daemon {
        self.ticketd(&["run"], keys).start().await
    }

    fn authorize(&self, keys: Keys<'_>) -> Launch {
        self.ticketd(&["mailbox", "authorize", "support"], keys)
    }

    /// The same, while somebody types the code in at another device.
    async fn with_device(&self, keys: Keys<'_>, approve: bool) -> Ended {
        let known = self.graph.user_codes();
        let child = self.authorize(keys).talk();
        let shown = || self.graph.user_codes().into_iter().find(|code| !known.contains(code));
        for _ in 0..1_000 {
            if let Some(code) = shown() {
                assert!(self.graph.answer_device(&code, approve));
                let ended = ended(child).await;
                assert!(ended.stdout.contains(&code), "{ended:?}");
                return ended;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{:?}", ended(child).await);
    }

    /// The same, while somebody signs in with a browser and pastes where it ended.
    async fn with_browser(&self, keys: Keys<'_>) -> Ended {
        let mut child = self.authorize(keys).talk();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = loop {
            match lines.next_line().await.unwrap() {
                Some(line) if line.starts_with("http") => break line,
                Some(_) => {}
                None => return ended(child).await,
            }
        };
        let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let page = browser.build().unwrap().get(url).send().await.unwrap();
        let back = page.headers()["location"].to_str().unwrap().to_owned();
        let mut input = child.stdin.take().unwrap();
        input.write_all(format!("{back}\n").as_bytes()).await.unwrap();
        let mut ended = ended(child).await;
        while let Some(line) = lines.next_line().await.unwrap() {
            ended.stdout.push_str(&line);
        }
        ended
    }
}

async fn ended(mut child: Child) -> Ended {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    if let Some(mut out) = child.stdout.take() {
        out.read_to_end(&mut stdout).await.unwrap();
    }
    child.stderr.take().unwrap().read_to_end(&mut stderr).await.unwrap();
    let status = child.wait().await.unwrap();
    Ended::from(Output { status, stdout, stderr })
}

fn fine(ended: &Ended) {
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    assert!(ended.stdout.contains("support: signed in; support@example.org opens"), "{ended:?}");
}

fn told(ended: &Ended, sentence: &str) {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains(sentence), "{sentence:?}: {ended:?}");
}

#[tokio::test]
async fn each_of_the_four_ways_leads_in_with_the_daemon_and_without() {
    ticketd::prepare_process();
    let tenant = Tenant::new().await;
    // Without a store there is nobody to give a sign-in to, and nobody is asked for one.
    for keys in [SECRET, DEVICE, CODE] {
        told(&tenant.authorize(keys).output().await, "ticketd has not run yet");
    }
    assert!(tenant.graph.user_codes().is_empty());
    for keys in [DEVICE, CODE] {
        let ended = tenant.ticketd(&["check"], keys).output().await;
        let note = "note   mailbox support: nobody has signed in for support@example.org yet: start \
                    ticketd, then run `ticketd mailbox authorize support`";
        assert!(ended.stdout.contains(note), "{ended:?}");
    }
    for keys in [SECRET, CERTIFICATE, DEVICE, CODE] {
        let daemon = tenant.run(keys).await;
        if keys == DEVICE || keys == CODE {
            daemon.logged("ticketd mailbox authorize support").await;
        }
        let ended = tenant.ticketd(&["check"], keys).output().await;
        // By the browser somebody signed in before whose sign-in was revoked.
        let word = match keys {
            DEVICE => "note ",
            CODE => "FAULT",
            _ => "ok   ",
        };
        assert!(ended.stdout.contains(&format!("{word}  mailbox support:")), "{ended:?}");
        let looks = tenant.graph.requests("GET messages/delta");
        let run = async || {
            if keys == DEVICE {
                tenant.with_device(keys, true).await
            } else if keys == CODE {
                tenant.with_browser(keys).await
            } else {
                tenant.authorize(keys).output().await
            }
        };
        fine(&run().await);
        let reads = || tenant.graph.requests("GET messages/delta") > looks;
        tenant.post.until("the mailbox is read", reads).await;
        let ended = tenant.ticketd(&["check"], keys).output().await;
        assert!(ended.stdout.contains("ok     mailbox support:"), "{ended:?}");
        daemon.stop().await;
        fine(&run().await);
        // Another way, another sign-in.
        tenant.graph.revoke_grant();
    }
}

#[tokio::test]
async fn a_daemon_that_runs_with_another_configuration_says_so_and_goes_on() {
    ticketd::prepare_process();
    let tenant = Tenant::new().await;
    let daemon = tenant.run(DEVICE).await;
    fine(&tenant.with_device(DEVICE, true).await);
    let other = [("SIGN_IN", "device"), ("CLIENT_ID", "00000000-0000-0000-0000-00000000beef")];
    let elsewhere = [("SIGN_IN", "device"), ("TENANT", "contoso.example")];
    let known = tenant.graph.user_codes();
    for keys in [&other[..], &elsewhere, SECRET] {
        let ended = tenant.authorize(keys).output().await;
        told(
            &ended,
            "ticketd runs with another tenant, client_id or sign_in of mailbox \"support\": \
             restart it with this configuration, then run this again",
        );
    }
    assert_eq!(tenant.graph.user_codes(), known, "nobody was asked to sign in for nothing");
    let looks = tenant.graph.requests("GET messages/delta");
    let reads = || tenant.graph.requests("GET messages/delta") > looks;
    tenant.post.until("the mailbox is read", reads).await;
    let ended = tenant.ticketd(&["mailbox", "list"], DEVICE).output().await;
    assert!(!ended.stdout.contains("nobody signed in"), "{ended:?}");
    let ended = tenant.ticketd(&["mailbox", "authorize", "suport"], DEVICE).output().await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("no mailbox \"suport\"; the mailboxes are support"), "{ended:?}");
    daemon.stop().await;
}

#[tokio::test]
async fn a_missing_permission_shows_while_ticketd_runs() {
    ticketd::prepare_process();
    let tenant = Tenant::new().await;
    tenant.graph.set_permissions(&["Mail.ReadWrite"]);
    let daemon = tenant.run(SECRET).await;
    let listed = async || tenant.ticketd(&["mailbox", "list"], SECRET).output().await.stdout;
    assert!(!listed().await.contains("lacks"), "nothing was tried yet");
    let looks = tenant.graph.requests("GET messages/delta");
    let reads = || tenant.graph.requests("GET messages/delta") > looks;
    tenant.post.until("the mailbox is read", reads).await;
    tenant.graph.deliver(
        "From: ann@customer.example\r\nTo: support@example.org\r\nSubject: Help\r\n\
         Message-ID: <1@customer.example>\r\n\r\nIt is broken.\r\n",
    );
    let log = daemon.logged("what a mailbox needs is forbidden").await;
    let line = log.lines().find(|line| line.contains("is forbidden")).unwrap();
    assert!(line.contains("Mail.Send"), "{line}");
    assert!(line.contains("ticketd mailbox authorize support"), "{line}");
    assert!(listed().await.contains("lacks Mail.Send"), "{}", listed().await);
    assert_eq!(daemon.log().matches("what a mailbox needs is forbidden").count(), 1);
    tenant.graph.set_permissions(&["Mail.ReadWrite", "Mail.Send"]);
    fine(&tenant.authorize(SECRET).output().await);
    assert!(!listed().await.contains("lacks"), "{}", listed().await);
    daemon.stop().await;
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_stops_every_command() {
    ticketd::prepare_process();
    let tenant = Tenant::new().await;
    let swapped = [("CERTIFICATE", Graph::PRIVATE_KEY), ("KEY", Graph::CERTIFICATE)];
    for arguments in [&["run"][..], &["check"], &["mailbox", "authorize", "support"]] {
        let ended = tenant.ticketd(arguments, &swapped).output().await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        let told = "mailbox[support].graph.certificate: holds the private key, and the key's";
        assert!(ended.stderr.contains(told), "{ended:?}");
    }
}

#[tokio::test]
async fn an_address_that_is_not_entras_is_named_with_its_key() {
    ticketd::prepare_process();
    let tenant = Tenant::new().await;
    tenant.run(SECRET).await.stop().await;
    // Something that answers, but is no Entra.
    let jira = tenant.post.jira.url();
    let sentence = format!("(mailbox[support].graph.authority is {jira})");
    for keys in [SECRET, DEVICE, CODE] {
        let mut keys = keys.to_vec();
        keys.push(("AUTHORITY", jira.as_str()));
        told(&tenant.authorize(&keys).output().await, &sentence);
        let ended = tenant.ticketd(&["check"], &keys).output().await;
        assert!(ended.stdout.contains("FAULT  mailbox support:"), "{ended:?}");
        assert!(ended.stdout.contains(&sentence), "{ended:?}");
    }
    let mut keys = SECRET.to_vec();
    keys.push(("BASE_URL", jira.as_str()));
    let ended = tenant.authorize(&keys).output().await;
    told(&ended, &format!("(mailbox[support].graph.base_url is {jira})"));
}

#[tokio::test]
async fn each_cause_has_its_own_sentence() {
    ticketd::prepare_process();
    let tenant = Tenant::new().await;
    tenant.run(SECRET).await.stop().await;
    let elsewhere = ("TENANT", "00000000-0000-0000-0000-00000000dead");
    let with = |keys: Keys<'static>, more: (&'static str, &'static str)| {
        let mut all = keys.to_vec();
        all.push(more);
        all
    };
    for keys in [SECRET, CERTIFICATE, DEVICE, CODE] {
        let keys = with(keys, elsewhere);
        told(&tenant.authorize(&keys).output().await, "Entra knows no such tenant: correct");
        let ended = tenant.ticketd(&["check"], &keys).output().await;
        assert!(ended.stdout.contains("FAULT  mailbox support:"), "{ended:?}");
    }
    let unknown = with(SECRET, ("CLIENT_ID", "00000000-0000-0000-0000-00000000beef"));
    told(&tenant.authorize(&unknown).output().await, "the tenant knows no such application");
    let wrong = [("CLIENT_SECRET", "planted-wrong-secret")];
    let ended = tenant.authorize(&wrong).output().await;
    told(&ended, "Entra does not take the secret or the certificate");
    assert!(!ended.stderr.contains("planted"), "{ended:?}");
    tenant.graph.set_certificate(false);
    let ended = tenant.authorize(CERTIFICATE).output().await;
    told(&ended, "Entra does not take the secret or the certificate");
    tenant.graph.set_certificate(true);

    told(&tenant.with_device(DEVICE, false).await, "the consent was refused");
    tenant.graph.set_consent(Consent::Denied);
    told(&tenant.with_browser(CODE).await, "the consent was refused");
    tenant.graph.set_consent(Consent::Missing);
    told(&tenant.with_browser(CODE).await, "nobody has consented");
    tenant.graph.set_consent(Consent::Given);

    tenant.graph.set_permissions(&["Mail.Read", "Mail.ReadWrite"]);
    let lacking = "the sign-in lacks the permission Mail.Send";
    for keys in [SECRET, CERTIFICATE] {
        told(&tenant.authorize(keys).output().await, lacking);
    }
    tenant.graph.set_permissions(&["Mail.ReadWrite", "Mail.Send"]);
    let ended = tenant
        .authorize(SECRET)
        .with("TICKETD_MAILBOX__SUPPORT__ADDRESS", Graph::FORBIDDEN)
        .output()
        .await;
    told(&ended, "is closed to the application");
    let ended = tenant
        .authorize(SECRET)
        .with("TICKETD_MAILBOX__SUPPORT__ADDRESS", "nobody@example.org")
        .output()
        .await;
    told(&ended, "there is no mailbox nobody@example.org");
}
