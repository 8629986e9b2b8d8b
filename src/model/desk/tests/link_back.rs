//! A ticket that is made of a post, which is told so.

use super::*;

#[test]
fn a_post_is_told_of_its_ticket_once_that_is_posted() {
    let number = TicketNumber::parse("20261122-0001").unwrap();
    let jira = Some(Tracker::Jira);
    let ticket = ticket(number);
    let (channel, root) = (ticket.channel.clone(), PostId::parse(&"r".repeat(26)).unwrap());
    let link = Work::LinkBack { channel: channel.clone(), root: root.clone() };
    let source = Source { channel, root };
    let (mut case, mut effects) =
        open_ticket(CaseId::first(), "s", jira, ticket, Some(source), at(0));
    assert_eq!(effects[1].work, link);
    // It waits for the post, however that fails.
    let (first, behind) = effects.split_at_mut(1);
    let refused = Outcome::Refused { fault: "no".into() };
    settle(&mut case, &mut first[0], behind.first(), refused, POLICY, at(1));
    assert_eq!(case.head_id(Lane::Chat), Some(first[0].id));
    retry(&mut case, &mut first[0], at(2));
    let post = PostId::parse(&"p".repeat(26)).unwrap();
    let posted = Outcome::Done(Done::Posted { post, replies: 1 });
    let more = settle(&mut case, &mut first[0], behind.first(), posted, POLICY, at(3));
    assert_eq!(case.head_id(Lane::Chat), Some(behind[0].id));
    let works: Vec<_> = more.iter().map(|effect| effect.work.word()).collect();
    assert_eq!(works, ["post_rest", "file_ticket"]);
}
