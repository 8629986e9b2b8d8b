//! The session object (RFC 8620, 2), as recorded: its URLs are relative.

use serde_json::{Value, json};

use super::USER;
use super::args::only;

const CORE: &str = "urn:ietf:params:jmap:core";
const MAIL: &str = "urn:ietf:params:jmap:mail";
const SUBMISSION: &str = "urn:ietf:params:jmap:submission";
const VACATION: &str = "urn:ietf:params:jmap:vacationresponse";
const MDN: &str = "urn:ietf:params:jmap:mdn";
const SIEVE: &str = "https://cyrusimap.org/ns/jmap/sieve";
const WEBSOCKET: &str = "urn:ietf:params:jmap:websocket";

/// Whether a request may name this capability in `using`.
pub(super) fn is_capability(name: &str) -> bool {
    [CORE, MAIL, SUBMISSION, VACATION, MDN, SIEVE, WEBSOCKET].contains(&name)
}

pub(super) fn object(max_concurrent: usize) -> Value {
    json!({
        "username": USER,
        "apiUrl": "/jmap/",
        "downloadUrl": "/jmap/download/{accountId}/{blobId}/{name}?accept={type}",
        "uploadUrl": "/jmap/upload/{accountId}/",
        "eventSourceUrl":
            "/jmap/eventsource/?types={types}&closeafter={closeafter}&ping={ping}",
        "state": "0",
        "capabilities": {
            CORE: {
                "maxSizeUpload": 1_073_741_824,
                "maxConcurrentUpload": 5,
                "maxSizeRequest": only::REQUEST_BYTES,
                "maxConcurrentRequests": max_concurrent,
                "maxCallsInRequest": only::CALLS,
                "maxObjectsInGet": only::OBJECTS,
                "maxObjectsInSet": only::OBJECTS,
                "collationAlgorithms": [],
            },
            MAIL: {},
            SUBMISSION: {},
            VACATION: {},
            MDN: {},
            SIEVE: {},
            WEBSOCKET: { "url": "wss:/jmap/ws/", "supportsPush": true },
        },
        "accounts": {
            USER: {
                "name": USER,
                "isPrimary": true,
                "isPersonal": true,
                "isReadOnly": false,
                "accountCapabilities": account(),
            },
        },
        "primaryAccounts": {
            MAIL: USER,
            SUBMISSION: USER,
            "https://cyrusimap.org/ns/jmap/contacts": USER,
            "https://cyrusimap.org/ns/jmap/calendars": USER,
            "https://cyrusimap.org/ns/jmap/backup": USER,
            VACATION: USER,
            SIEVE: USER,
        },
    })
}

fn account() -> Value {
    json!({
        CORE: {},
        MAIL: {
            "maxMailboxesPerEmail": 20,
            "maxKeywordsPerEmail": 100,
            "maxSizeAttachmentsPerEmail": 10_485_760,
            "emailsListSortOptions": ["receivedAt"],
            "mayCreateTopLevelMailbox": true,
        },
        SUBMISSION: {
            "maxDelayedSend": 44_236_800,
            "submissionExtensions": { "size": ["52428800"], "dsn": [] },
        },
        MDN: {},
        SIEVE: {
            "supportsTest": true,
            "maxRedirects": null,
            "maxNumberScripts": 5,
            "maxSizeScript": 32_768,
            "sieveExtensions": ["fileinto", "vacation", "envelope", "imap4flags"],
            "notificationMethods": ["mailto"],
            "externalLists": ["urn:ietf:params:sieve:addrbook"],
        },
        VACATION: {},
    })
}
