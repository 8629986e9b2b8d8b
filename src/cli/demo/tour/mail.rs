//! What customers write to the mailbox, what becomes of it in Jira, and what they get back.
//!
//! Dora is a customer whom Jira does not know, Bob an agent whom it does.

use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::{LIMIT, Tour, chapter, comes, show};
use crate::{
    actors::{Listing, Question, Reply, Row},
    cli::{Ending, demo::stage::Office, desk, question::ask, tell},
    sandbox::{Fault, FaultRule, IssueSnapshot, JiraWrite, Submission},
};

const DORA: &str = "Dora Dean <dora@customer.example>";
const DORA_AT_HOME: &str = "Dora <dora@home.example>";
const BOB: &str = "Bob Baker <bob@example.org>";

/// How long something too much is waited for.
const SETTLED: Duration = Duration::from_millis(200);

/// A mail that somebody writes.
struct Letter<'a> {
    from: &'a str,
    subject: &'a str,
    headers: String,
    body: &'a str,
}

impl<'a> Letter<'a> {
    fn new(from: &'a str, subject: &'a str, body: &'a str) -> Self {
        Self { from, subject, headers: String::new(), body }
    }

    fn header(mut self, line: &str) -> Self {
        self.headers.extend([line, "\r\n"]);
        self
    }

    fn answering(self, message_id: Option<&str>) -> Self {
        let id = message_id.unwrap_or_default();
        self.header(&format!("In-Reply-To: <{id}>"))
    }
}

impl Tour<'_> {
    pub(super) async fn mails(&mut self) -> Result<(), Ending> {
        let (issue, notice) = self.a_new_conversation().await?;
        self.both_ways(&issue, &notice).await?;
        self.a_machine_writes().await?;
        self.jira_falls_silent().await?;
        self.the_account().await
    }

    async fn a_new_conversation(&mut self) -> anyhow::Result<(String, Submission)> {
        chapter("A mail becomes a Jira issue, and its sender hears of it");
        let html = "<p>The <b>printer</b> on the 3rd floor is <i>on fire</i>:</p>\
                    <ul><li>smoke</li><li>a smell of toner</li></ul>";
        let letter = Letter::new(DORA, "Printer on fire", html)
            .header("Content-Type: text/html; charset=utf-8");
        self.posted(&letter);
        let issue = self.issue("Printer on fire").await?;
        show(&format!(
            "{}: {} · labels {} · reporter {}\n{}",
            issue.key,
            issue.summary,
            issue.labels.join(", "),
            issue.reporter,
            issue.description
        ));
        let labelled = ["ticketd", "helpdesk"].iter().all(|label| has(&issue, label));
        let said = ["{*}printer{*}", "{_}on fire{_}", "* smoke", "dora@customer.example"];
        let fine = labelled && said.iter().all(|fact| issue.description.contains(fact));
        self.mark(
            "(one issue, in Jira's own notation; Jira does not know Dora, and it says so)",
            fine,
        );
        let notice = self.sent(1).await?;
        let answers = !notice.in_reply_to.is_empty() && notice.subject.contains(&issue.key);
        self.mark("(sent once, as an answer to her mail)", answers && went_to(&notice, "dora"));
        Ok((issue.key, notice))
    }

    async fn both_ways(&mut self, issue: &str, notice: &Submission) -> anyhow::Result<()> {
        chapter("The conversation goes on, both ways");
        let subject = format!("Re: {}", notice.subject);
        let body = "It is out now.\r\n\r\nOn Sun, 22 Nov 2026 at 10:00, <support@example.org> wrote:\r\n> We have received\r\n";
        let letter = Letter::new(DORA, &subject, body).answering(notice.message_id.as_deref());
        self.posted(&letter);
        let comment = self.comment(issue, 1).await;
        let fine = comment.contains("It is out now") && !comment.contains("We have received");
        self.mark("(a comment on the same issue, without what it quotes)", fine);

        tell(&format!("\nBob comments {issue} in Jira: A *new* one comes tomorrow."));
        self.stage.jira.comment_as("bob", issue, "A *new* one comes tomorrow.");
        let mail = self.sent(2).await?;
        let fine = mail.text.contains("one comes tomorrow") && mail.subject.contains(issue);
        self.mark("(to Dora, who needs no Jira)", fine && went_to(&mail, "dora"));

        let letter = Letter::new(DORA_AT_HOME, "thanks!", "We will be there.");
        self.posted(&letter.answering(mail.message_id.as_deref()));
        let comment = self.comment(issue, 3).await;
        let fine = comment.contains("We will be there");
        self.mark("(from another address, under another subject: what it answers is enough)", fine);
        Ok(())
    }

    async fn a_machine_writes(&mut self) -> Result<(), Ending> {
        chapter("Machines are not answered");
        let body = "I am back on Monday.";
        let letter =
            Letter::new(DORA, "Out of office", body).header("Auto-Submitted: auto-replied");
        self.posted(&letter);
        let (reply, kept_out) = self.ignored("Out of office", "automatic").await?;
        tell("\n$ ticketd desk list --ignored");
        desk::show(reply)?;
        self.mark("(neither issue nor answer, and the rule that says why)", kept_out);
        Ok(())
    }

    async fn jira_falls_silent(&mut self) -> anyhow::Result<()> {
        chapter("Jira makes an issue and the line is cut before it can say so");
        let jira = &self.stage.jira;
        let made = jira.writes_of(JiraWrite::Issue);
        jira.fault(FaultRule::from(Fault::CutAfterCommit).at("POST /rest/api/2/issue").times(1));
        self.posted(&Letter::new(BOB, "The coffee is cold", "Again."));
        let issue = self.issue("The coffee is cold").await?;
        show(&format!("{}: {} · reporter {}", issue.key, issue.summary, issue.reporter));
        let notice = self.sent(3).await?;
        let once = self.stage.jira.writes_of(JiraWrite::Issue) == made + 1;
        let fine = once && issue.reporter == "bob" && notice.subject.contains(&issue.key);
        let what = format!("({} was looked for and found, and not made again)", issue.key);
        self.mark(&what, fine && went_to(&notice, "bob"));
        Ok(())
    }

    async fn the_account(&mut self) -> Result<(), Ending> {
        chapter("Every mail is accounted for, and nothing happened twice");
        tokio::time::sleep(SETTLED).await;
        let issues = self.stage.jira.issues();
        let comments = issues.iter().map(|issue| issue.comments.len()).sum();
        let mails = self.stage.office.submissions().len();
        let counted = format!("({} issues, {comments} comments, {mails} mails)", issues.len());
        self.mark(&counted, (issues.len(), comments, mails) == (3, 5, 3));
        tell("\n$ ticketd desk audit");
        let reply = ask(&self.stage.config, Question::Audit, |_| {}).await?;
        let fine = matches!(&reply, Reply::Audited { mails, problems, .. } if {
            let of = |wanted: &str| mails.iter().find(|(_, state, _)| state == wanted);
            let count = |wanted| of(wanted).map_or(0, |(_, _, count)| *count);
            problems.is_empty() && (count("ticket"), count("comment")) == (2, 2)
        });
        desk::show(reply)?;
        self.mark("(ignored: the machine's mail, and ticketd's own in the sent folder)", fine);
        Ok(())
    }

    /// The ignored mails, once this one is among them.
    async fn ignored(&self, subject: &str, rule: &str) -> Result<(Reply, bool), Ending> {
        let deadline = Instant::now() + LIMIT;
        loop {
            let question = Question::List { listing: Listing::Ignored, limit: 20 };
            let reply = ask(&self.stage.config, question, |_| {}).await?;
            let this = |row: &Row| row.state == rule && row.subject == subject;
            let there = matches!(&reply, Reply::Rows(rows) if rows.iter().any(this));
            if there || Instant::now() > deadline {
                return Ok((reply, there));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Somebody's mail arrives.
    fn posted(&mut self, letter: &Letter<'_>) {
        self.letters += 1;
        let Letter { from, subject, headers, body } = letter;
        tell(&format!("\n{from} writes to {}: {subject}", Office::ADDRESS));
        self.stage.office.deliver(format!(
            "From: {from}\r\nTo: {}\r\nSubject: {subject}\r\n\
             Message-ID: <{}@customer.example>\r\nMIME-Version: 1.0\r\n{headers}\r\n{body}\r\n",
            Office::ADDRESS,
            self.letters
        ));
    }

    /// The one issue of this summary.
    pub(super) async fn issue(&self, summary: &str) -> anyhow::Result<IssueSnapshot> {
        let found = || {
            let issues = self.stage.jira.issues().into_iter();
            issues.filter(|issue| issue.summary == summary).collect::<Vec<_>>()
        };
        comes(|| !found().is_empty()).await;
        let mut found = found();
        let one = found.pop().with_context(|| format!("{summary:?} became no issue"))?;
        anyhow::ensure!(found.is_empty(), "{summary:?} became more than one issue");
        Ok(one)
    }

    /// The last comment, once there are so many; empty if there are others.
    pub(super) async fn comment(&self, issue: &str, count: usize) -> String {
        let comments =
            || self.stage.jira.issue(issue).map(|issue| issue.comments).unwrap_or_default();
        comes(|| comments().len() >= count).await;
        let comments = comments();
        let last = comments.last().filter(|_| comments.len() == count);
        let body = last.map(|comment| comment.body.clone()).unwrap_or_default();
        show(&body);
        body
    }

    /// The last mail that went out, of so many in all.
    async fn sent(&self, count: usize) -> anyhow::Result<Submission> {
        comes(|| self.stage.office.submissions().len() >= count).await;
        let mut mails = self.stage.office.submissions();
        anyhow::ensure!(mails.len() == count, "{} mails went out, not {count}", mails.len());
        let mail = mails.pop().context("no mail went out")?;
        tell(&format!("    … by mail to {}: {}", mail.rcpt_to.join(", "), mail.subject));
        show(&mail.text);
        Ok(mail)
    }
}

fn has(issue: &IssueSnapshot, label: &str) -> bool {
    issue.labels.iter().any(|known| known == label)
}

fn went_to(mail: &Submission, name: &str) -> bool {
    matches!(mail.rcpt_to.as_slice(), [one] if one.starts_with(name))
}
