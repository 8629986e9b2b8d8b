# Every sentence in English. A key here must stand in ko.ftl and fr.ftl with the same variables.

## Said to any user

went-wrong = Something went wrong on my side. Please try again; if it keeps happening, tell your administrator the request id { $request }.
too-fast = That was a lot of commands. Please wait a moment and try again.
overloaded = I am very busy right now. Please try again in a minute.
answer-follows = This takes longer than usual. I will post the answer here as soon as I have it.
next-page = Page { $page }: `/redmine { $command }`
past-the-end =
    There { $pages ->
        [one] is only one page
       *[other] are only { $pages } pages
    }.

## /redmine: what to type

redmine-help =
    {""}**Redmine from here**

    - `/redmine login`: sign in through a form (`login <id> <api_key>` works too, but shows your key)
    - `/redmine logout`: forget your key
    - `/redmine me`: who you are in Redmine
    - `/redmine list [project] [mine] [open|all|closed] [page]`: issues, open ones unless you say otherwise
    - `/redmine issue <id>`: one issue
    - `/redmine create <project> <subject>`: a new issue
    - `/redmine comment <id> <text>`: a note on an issue
    - `/redmine close <id> [note]`: close an issue
    - `/redmine search <text> [page <number>]`: find issues
    - `/redmine projects [page]`: the projects you can name
    - `/redmine help`: this text
redmine-unknown = I do not know `{ $command }`. Type `/redmine help` to see what I can do.
redmine-usage =
    Please type it like this: `/redmine { $command ->
        [login] login <id> <api_key>
        [logout] logout
        [me] me
        [list] list [project] [mine] [open|all|closed] [page]
        [issue] issue <id>
        [close] close <id> [note]
        [create] create <project> <subject>
        [comment] comment <id> <text>
        [search] search <text> [page <number>]
        [projects] projects [page]
       *[other] help
    }`
redmine-bad-issue = “{ $word }” is not an issue number. Type for example `/redmine issue 42`.
redmine-bad-project = “{ $word }” is not a project identifier. `/redmine projects` shows them.
redmine-subject-too-long = The subject has { $count } characters; Redmine takes { $max }. Please shorten it and put the rest into a comment.
redmine-note-too-long = The text has { $count } characters; I pass on { $max } at most.
redmine-search-too-short = Please search for two characters or more.
redmine-bad-login = That cannot be a Redmine login. Use your login name, your mail address or your user number.
redmine-bad-key = That does not look like an API key: 40 letters and digits. You can find yours in Redmine under “My account”, “API access key”.
redmine-busy = { $count } of your commands are still running. Please wait until one has finished.

## /redmine: signing in and out

redmine-form-title = Sign in to Redmine
redmine-form-introduction = Your key is checked with Redmine and then kept encrypted. Only you can use it from here.
redmine-form-submit = Sign in
redmine-form-login = Redmine login
redmine-form-key = API key
redmine-form-key-help = In Redmine: “My account”, then “API access key”, “Show”.
redmine-form-opened = I have opened a form for you. Your key stays out of the chat that way.
redmine-form-expired = This form is too old or has already been used. Please type `/redmine login` again.
redmine-form-failed = The form could not be opened. Please type `/redmine login` again.
redmine-no-form = I cannot open a form here: ticketd does not know its own address (`http.public_url`). Please tell your administrator. Until then `/redmine login <id> <api_key>` works.
redmine-logged-in = You are signed in to Redmine as **{ $name }** (`{ $login }`).
redmine-logged-out = You are signed out. I have forgotten your key.
redmine-was-logged-out = You were not signed in.
redmine-no-login = Please sign in first: `/redmine login`
redmine-wrong-key = Redmine does not accept this API key. You can find yours in Redmine under “My account”, “API access key”.
redmine-not-that-user = This API key belongs to another Redmine user than the one you named. Please check both.
redmine-key-revoked = Redmine no longer accepts your key. Please sign in again with your new one: `/redmine login`
redmine-rest-off = Redmine refuses API access for this account. An administrator can switch on “Enable REST web service” in Redmine's settings, or unlock the account.
redmine-not-saved = Your login could not be saved. Please try again later, or tell your administrator.
redmine-not-forgotten = You are signed out here, but the disk did not confirm it. Please tell your administrator.
redmine-signed-out-meanwhile = You signed out while this was under way, so nothing was kept. To sign in: `/redmine login`
redmine-login-unclear = It is not clear whether your login was kept. `/redmine me` tells.
redmine-me = In Redmine you are **{ $name }** (`{ $login }`, user { $id }).

## /redmine: issues and projects

redmine-nobody = unassigned
redmine-assigned-to-nobody = nobody
redmine-list =
    { $state ->
        [all] All issues
        [closed] Closed issues
       *[open] Open issues
    }{ $whose ->
        [mine] {" "}assigned to you
       *[anyone] {""}
    }{ $within ->
        [everything] {""}
       *[project] {" "}in `{ $project }`
    }: { $total }
redmine-list-empty =
    { $state ->
        [all] There are no issues
        [closed] There are no closed issues
       *[open] There are no open issues
    }{ $whose ->
        [mine] {" "}assigned to you
       *[anyone] {""}
    }{ $within ->
        [everything] {""}
       *[project] {" "}in `{ $project }`
    }.
redmine-issue-facts = { $project } · { $tracker } · **{ $status }** · priority { $priority } · by { $author } · assigned to { $assignee }
redmine-issue-more-comments =
    { $count ->
        [one] One earlier comment is not shown.
       *[other] { $count } earlier comments are not shown.
    }
redmine-issue-comment = **{ $author }** wrote on { $date }:
redmine-created = Created { $issue }
redmine-create-unclear = Redmine gave no clear answer, but the issue seems to be there: { $issue }. Please check before you create it again.
redmine-commented = Your note was added to { $issue }
redmine-not-commented = Redmine did not accept your note on { $issue }. Your role there may not be allowed to add notes.
redmine-closed = Closed: { $issue } is now **{ $status }**.
redmine-closed-without-note = Closed: { $issue } is now **{ $status }**, but Redmine did not accept your note.
redmine-already-closed = { $issue } is already closed (**{ $status }**). Nothing was changed.
redmine-close-not-allowed = { $issue } is **{ $status }**, and the workflow does not let you close it. Nothing was changed.
redmine-not-closed = { $issue } is still **{ $status }**: Redmine took the request but changed nothing. Your role there may not be allowed to close it.
redmine-not-closed-but-noted = { $issue } is still **{ $status }**: your role there may not be allowed to close it. Your note was added.
redmine-search =
    { $total ->
        [one] One hit for “{ $text }”
       *[other] { $total } hits for “{ $text }”
    }{ $pages ->
        [1] {""}
       *[other] , page { $page } of { $pages }
    }:
redmine-search-empty = No hits for “{ $text }”.
redmine-projects = Projects you can see: { $total }
redmine-projects-empty = You cannot see any project in Redmine.

## /redmine: when Redmine says no

redmine-issue-unknown = There is no issue #{ $issue }.
redmine-issue-forbidden = You may not see or change { $issue }. Ask the project's manager for access.
redmine-project-unknown = There is no project `{ $project }`. `/redmine projects` shows the ones you can see.
redmine-project-forbidden = You have no access to the project `{ $project }`. Ask its manager.
redmine-forbidden = Redmine does not allow you to do that.
redmine-rejected = Redmine refused: { $reasons }
redmine-rejected-silently = Redmine refused without saying why. Your administrator can find the reason in its log.
redmine-rate-limited = Redmine asks to slow down. Please try again in a minute.
redmine-down = Redmine does not answer right now. Nothing was changed; please try again later.
redmine-unclear = Redmine gave no clear answer, so this may or may not have happened. Please check before you repeat it.
redmine-not-redmine = What answers at Redmine's address is not a Redmine. Please tell your administrator.

## Mail

mail-notice-body = We have received your message “{ $subject }”. Its number is { $key }. Please keep this number in the subject when you write to us about it again.
mail-notice-portal = You can follow it here: { $url }
mail-comment-intro = { $author } wrote about { $key }:
mail-no-subject = (no subject)
issue-from = From
issue-cc = Cc
issue-reporter-unknown = { $name } has no account in Jira, so the issue was reported in ticketd's name.
issue-text-cut = The text is cut here: it is too long for { $tracker }. The whole mail is attached as { $name }.
issue-text-in-mailbox = The text is cut here: it is too long for { $tracker }. The whole mail is still in the mailbox.
issue-attachment-too-large = The attachment { $name } was left out: it has { $size }, and { $tracker } takes { $limit } at most.
issue-replaces = This issue replaces { $key }, which was deleted.
issue-reference = Reference: { $mark }
issue-category = Category: { $category }
issue-priority = Priority: { $priority ->
        [high] high
       *[low] low
    }
issue-request-cut = The text is cut here if it is too long for { $tracker }. All of it is attached as { $name }.
issue-reply-from-chat = { $user } in Mattermost:
issue-from-chat = { $ticket }, asked for by { $user } in Mattermost
issue-mail-gone = The mail was deleted from the mailbox before its text could be read.
issue-mail-unreadable = The mail could not be read. It is still in the mailbox.
issue-quote-left-out = The quoted mail is left out here. The whole mail is attached.
issue-quote-in-mailbox = The quoted mail is left out here. The whole mail is still in the mailbox.
issue-files-left-out = { $count ->
        [one] One more attachment was
       *[other] { $count } more attachments were
    } left out. The whole mail is attached as { $name }.
issue-files-in-mailbox = { $count ->
        [one] One more attachment was
       *[other] { $count } more attachments were
    } left out. The whole mail is still in the mailbox.
issue-no-text = The mail has no text.

## HTTP errors, for programmers

http-bad-request =
    The request cannot be read: { $what ->
        [utf8] its form is not UTF-8
        [user] user_id is no Mattermost id
        [json] its body is not the JSON expected
        [body] its body broke off
       *[form] its form is malformed or lacks a field
    }.
http-unauthorized = The token is missing or wrong.
http-not-found = There is nothing at this path.
http-method-not-allowed = This path takes { $allowed }.
http-timeout = The request's body did not arrive in time.
http-too-large = The body is larger than { $max } bytes.
http-unsupported-media-type = The body must be { $expected }.
http-too-many-requests = Too many requests without a valid token. Try again later.
http-overloaded = Too many requests are being answered already. Try again later.
http-internal = Something went wrong. The log has the cause under the request id.

# Tickets

ticket-help =
    Tickets:
    `/ticket` opens a form; what you type behind it is filled in already.
    `/ticket list`: the open tickets of this channel.
    `/ticket mine`: your own, those you have and those you asked for.
    `/ticket show NUMBER`, `/ticket take NUMBER`, `/ticket resolve NUMBER`: one ticket, by its number such as `20261122-0001`.
    `/ticket assign NUMBER @name`: give it to somebody.
    `/ticket reopen NUMBER`, `/ticket priority NUMBER high`: low, normal, high or urgent.
ticket-help-forms = More forms: { $forms }.
ticket-help-emoji = Put { $emoji } under a post, and a ticket is made of it.
ticket-form-title = New ticket
ticket-form-submit = Send
ticket-field-cluster = Cluster
ticket-field-resource = VM or resource
ticket-field-problem = Problem
ticket-field-network = Network
ticket-field-needed = Please fill this in.
ticket-field-strange = I cannot read this. Please fill it in again.
ticket-field-too-long = This has { $count } characters; { $max } is the most. Please shorten it.
ticket-field-too-short = Please write at least { $min } characters.
ticket-field-not-offered = Please choose one of those offered.
ticket-field-no-number = Please write a number, such as 12 or 1.5.
ticket-field-no-email = Please write a mail address, such as ann@example.org.
ticket-field-no-url = Please write an address that begins with https:// or http://.
ticket-not-here = I cannot post a ticket among your direct messages. Please type `/ticket` in a channel.
ticket-form-failed = The form could not be opened. Please type `/ticket` again.
ticket-form-expired = This form has been open for too long. Copy what you wrote, and type `/ticket` again.
ticket-form-strange = This form is not one that I opened for you. Please type `/ticket` again.
ticket-form-elsewhere = This form was opened in another channel. Please type `/ticket` again.
ticket-form-gone = This form is no longer there. Copy what you wrote, and type `/ticket help` to see which there are.
ticket-form-not-member = You are no longer in the channel where you opened this form, so I cannot take it.
ticket-form-no-channel = I cannot find the channel for these tickets. Nothing is lost: leave this open, tell your administrator, and send it again.
ticket-form-spent = This form was sent already: it is { $ticket }. Type `/ticket` for another one.
ticket-recorded = { $ticket } is recorded. The chat does not take its post at the moment; it will appear by itself. You can close this form.
ticket-not-recorded = That could not be kept. Nothing was changed; please try again in a minute.
ticket-posted = Your ticket is [{ $ticket }]({ $link }).
ticket-asked-by = { $user } asks for help.
# Who it is from: what the post of a mail says.
ticket-mailed-by = { $author } has written to the mailbox **{ $mailbox }**.
ticket-line-mail = { $author } by mail:
ticket-mail-somebody = Somebody
ticket-mail-goes-on = *The issue has the rest, or will.*
ticket-mail-no-text = *The mail has no text.*
ticket-mail-gone = *The mail can no longer be read in the mailbox.*
ticket-mail-subject = *The mail can no longer be read in the mailbox; its subject was:* { $subject }
ticket-mail-files = Attachments ({ $count }): { $files }
ticket-show-mail = **By mail from:** { $author }
ticket-goes-on = *The rest is in the thread.*
ticket-emoji-message = Message
ticket-emoji-author = Written by
ticket-emoji-files = Files
ticket-emoji-link = Original
ticket-emoji-untitled = A message in the chat
ticket-emoji-linked = This message is now [{ $ticket }]({ $link }).
ticket-emoji-recorded = { $ticket } is recorded; its post will appear by itself.
ticket-emoji-no-channel = I cannot find the channel for the tickets of `:{ $emoji }:`, so I made no ticket of [this message]({ $link }). Please tell your administrator; take the emoji back and put it again when that is mended.
ticket-emoji-too-many = You put `:{ $emoji }:` under more messages than I take in a minute, which is { $count }. I left some, [this one]({ $link }) first. Take the emoji back there, and put it again in a minute.
ticket-state = **State:** { $state }
ticket-owner = **Owner:** { $user }
ticket-priority = **Priority:** { $priority }
ticket-issue = **Issue:** { $issue }
ticket-opened-at = **Opened:** { $time }
ticket-taken-at = **Taken:** { $time }
ticket-resolved-at = **Resolved:** { $time }
ticket-state-open = open
ticket-state-taken = in work
ticket-state-resolved = resolved
ticket-priority-low = low
ticket-priority-normal = normal
ticket-priority-high = high
ticket-priority-urgent = urgent
ticket-yes = yes
ticket-no = no
ticket-button-take = Take
ticket-button-resolve = Resolve
ticket-button-reopen = Reopen
ticket-button-priority = Priority
ticket-button-strange = This button is not one of mine, or of another post. Nothing was changed.
ticket-line-taken = { $by } has taken this ticket.
ticket-line-assigned = { $by } has given this ticket to { $to }.
ticket-line-resolved = { $by } has resolved this ticket.
ticket-line-reopened = { $by } has reopened this ticket.
# Done in the tracker.
ticket-line-resolved-there = { $issue } was closed, and this ticket is resolved.
ticket-line-reopened-there = { $issue } was opened again, and so is this ticket.
ticket-line-comment = { $author } on { $issue }:
ticket-line-priority = { $by } has set the priority to { $priority }.
ticket-list = Open tickets of this channel: { $count }
ticket-list-empty = This channel has no open tickets.
ticket-list-more = … and { $count } more.
ticket-mine-owned = Open tickets that you have: { $count }
ticket-mine-asked = Open tickets that you asked for: { $count }
ticket-mine-empty = You have no open tickets, and asked for none.
ticket-taken = You have taken { $ticket }.
ticket-resolved = { $ticket } is resolved.
ticket-assigned = { $ticket } is assigned.
ticket-reopened = { $ticket } is open again.
ticket-prioritised = The priority of { $ticket } is set.
ticket-no-priority = Which priority? Type `/ticket priority NUMBER` and low, normal, high or urgent.
ticket-no-command = I do not know that command. `/ticket help` shows what there is.
ticket-form-empty = Please fill in at least one field.
ticket-unknown = There is no such ticket, or it is none of a channel that you are in. `/ticket list` shows those of this channel.
ticket-no-number = Which ticket? Type `/ticket { $command } NUMBER`, with a number such as 20261122-0001.
ticket-nobody = To whom? Type `/ticket assign NUMBER @name`.
ticket-no-user = There is nobody called { $name } here.
ticket-chat-away = I cannot ask Mattermost at the moment. Nothing was changed; please try again in a minute.
ticket-theirs = That is so already: the ticket is theirs.
ticket-is-resolved = This ticket is resolved already. Reopen it first.
ticket-not-resolved = This ticket is not resolved.
ticket-same-priority = That is its priority already.

# To a mailbox's channel

mailbox-sign-in-needed = The mailbox **{ $mailbox }** no longer lets ticketd in. No mail becomes a ticket and no answer goes out until somebody runs `{ $run }` on the server.
mailbox-forbidden = The mailbox **{ $mailbox }** forbids ticketd something it needs ({ $permissions }), so mails stay unread or unsent. Give it that permission; `{ $run }` shows what is missing.

# To callers of the API

api-bad-request = The request cannot be read.
api-invalid-body = The body is not as it should be: `errors` says what and where.
api-invalid-parameters = The query or a header is not as it should be: `errors` says what.
api-no-token = Send a token: `Authorization: Bearer ticketd_…`.
api-bad-token = The token is unknown or was taken back.
api-expired-token = The token has expired.
api-scope = The token may not do this: it takes one of the scope `{ $scope }`.
api-no-api = There is no API here: no board is configured.
api-no-ticket = There is no such ticket on these boards.
api-no-request = There is no such request, or it was finished long ago.
api-no-page = The cursor belongs to no page of this question. Ask for the first page again.
api-key-reused = This Idempotency-Key was used for another request within the last 24 hours.
api-media-type = Send application/json or multipart/form-data.
api-too-many-files = Too many files: at most { $max } may come with one request.
api-too-many-parts = The form has too many parts.
api-files-too-large = The files are too large: all together they may have { $max } bytes.
api-uploads-full = Too many uploads are under way. Try again in a moment.
api-tracker-refused = The tracker does not take this: { $fault }
api-tracker-away = The tracker does not answer at the moment. Try again in a moment.
api-too-fast = This token has made too many requests within a minute.
api-too-many-streams = This token has { $max } streams of events open already.
api-fault-query = The query is not percent-encoded UTF-8.
api-fault-json = This is not JSON.
api-fault-object = Write a JSON object.
api-fault-multipart = This is not multipart/form-data, or it breaks off.
api-fault-missing = This is missing.
api-fault-text = Write a text.
api-fault-short = Write at least { $min } characters.
api-fault-long = Write at most { $max } characters.
api-fault-control = There are control characters in it.
api-fault-email = Write a mail address.
api-fault-choice = Write one of these: { $choices }
api-fault-list = Write a list.
api-fault-many = Write at most { $max } items.
api-fault-file = Send a file here, with its name.
api-fault-twice = This may be given only once.
api-fault-number = Write a whole number from { $min } to { $max }.
api-fault-key = Write 1 to 255 visible characters of ASCII.
api-fault-event = Write the number of an event.
api-fault-unknown-field = There is no such field.
api-fault-unknown-parameter = There is no such parameter.
api-fault-words = The tracker cannot look for these words. Write others.
