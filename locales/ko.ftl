# 한국어 문장. en.ftl과 같은 키와 같은 변수를 써야 합니다.

## 모든 사용자에게

went-wrong = 내부에서 문제가 생겼습니다. 다시 시도해 주세요. 계속되면 관리자에게 요청 번호 { $request }을(를) 알려 주세요.
too-fast = 명령이 너무 많습니다. 잠시 후 다시 시도해 주세요.
overloaded = 지금 매우 바쁩니다. 1분 뒤에 다시 시도해 주세요.
answer-follows = 평소보다 오래 걸립니다. 답이 준비되는 대로 여기에 보여 드리겠습니다.
next-page = { $page }쪽: `/redmine { $command }`
past-the-end =
    { $pages ->
       *[other] 전체 { $pages }쪽뿐입니다
    }.

## /redmine: 입력 방법

redmine-help =
    {""}**여기서 쓰는 Redmine**

    - `/redmine login`: 양식으로 로그인 (`login <id> <api_key>`도 되지만 키가 보입니다)
    - `/redmine logout`: 키 삭제
    - `/redmine me`: Redmine에서의 내 계정
    - `/redmine list [project] [mine] [open|all|closed] [page]`: 일감 목록, 기본은 열린 일감
    - `/redmine issue <id>`: 일감 하나
    - `/redmine create <project> <subject>`: 새 일감
    - `/redmine comment <id> <text>`: 일감에 덧글
    - `/redmine close <id> [note]`: 일감 닫기
    - `/redmine search <text> [page <number>]`: 일감 찾기
    - `/redmine projects [page]`: 쓸 수 있는 프로젝트
    - `/redmine help`: 이 도움말
redmine-unknown = `{ $command }` 명령은 없습니다. `/redmine help`를 입력하면 쓸 수 있는 명령을 볼 수 있습니다.
redmine-usage =
    이렇게 입력해 주세요: `/redmine { $command ->
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
redmine-bad-issue = “{ $word }”은(는) 일감 번호가 아닙니다. 예: `/redmine issue 42`
redmine-bad-project = “{ $word }”은(는) 프로젝트 식별자가 아닙니다. `/redmine projects`로 확인하세요.
redmine-subject-too-long = 제목이 { $count }자입니다. Redmine은 { $max }자까지 받습니다. 줄이고 나머지는 덧글로 남겨 주세요.
redmine-note-too-long = 글이 { $count }자입니다. { $max }자까지만 전달할 수 있습니다.
redmine-search-too-short = 두 글자 이상으로 검색해 주세요.
redmine-bad-login = Redmine 로그인 이름으로 쓸 수 없는 값입니다. 로그인 이름, 메일 주소 또는 사용자 번호를 쓰세요.
redmine-bad-key = API 키로 보이지 않습니다. 키는 영문자와 숫자 40자입니다. Redmine의 “내 계정”, “API 접근키”에서 볼 수 있습니다.
redmine-busy = 아직 명령 { $count }개가 실행 중입니다. 하나가 끝날 때까지 기다려 주세요.

## /redmine: 로그인과 로그아웃

redmine-form-title = Redmine 로그인
redmine-form-introduction = 키는 Redmine에서 확인한 뒤 암호화하여 보관합니다. 여기서는 본인만 쓸 수 있습니다.
redmine-form-submit = 로그인
redmine-form-login = Redmine 로그인 이름
redmine-form-key = API 키
redmine-form-key-help = Redmine에서 “내 계정”, “API 접근키”, “보기”.
redmine-form-opened = 양식을 열었습니다. 이렇게 하면 키가 대화에 남지 않습니다.
redmine-form-expired = 이 양식은 오래되었거나 이미 사용되었습니다. `/redmine login`을 다시 입력해 주세요.
redmine-form-failed = 양식을 열지 못했습니다. `/redmine login`을 다시 입력해 주세요.
redmine-no-form = 여기서는 양식을 열 수 없습니다. ticketd가 자기 주소(`http.public_url`)를 모릅니다. 관리자에게 알려 주세요. 그동안은 `/redmine login <id> <api_key>`를 쓸 수 있습니다.
redmine-logged-in = Redmine에 **{ $name }** (`{ $login }`)(으)로 로그인했습니다.
redmine-logged-out = 로그아웃했습니다. 키를 지웠습니다.
redmine-was-logged-out = 로그인되어 있지 않았습니다.
redmine-no-login = 먼저 로그인해 주세요: `/redmine login`
redmine-wrong-key = Redmine이 이 API 키를 받아들이지 않습니다. Redmine의 “내 계정”, “API 접근키”에서 확인하세요.
redmine-not-that-user = 이 API 키는 입력한 사용자의 것이 아닙니다. 둘 다 확인해 주세요.
redmine-key-revoked = Redmine이 더 이상 키를 받아들이지 않습니다. 새 키로 다시 로그인해 주세요: `/redmine login`
redmine-rest-off = Redmine이 이 계정의 API 접근을 거부합니다. 관리자가 Redmine 설정에서 “REST 웹서비스 활성화”를 켜거나 계정 잠금을 풀 수 있습니다.
redmine-not-saved = 로그인을 저장하지 못했습니다. 나중에 다시 시도하거나 관리자에게 알려 주세요.
redmine-not-forgotten = 로그아웃했지만 디스크에서 확인되지 않았습니다. 관리자에게 알려 주세요.
redmine-signed-out-meanwhile = 진행 중에 로그아웃하셔서 아무것도 저장하지 않았습니다. 로그인하려면: `/redmine login`
redmine-login-unclear = 로그인이 저장되었는지 분명하지 않습니다. `/redmine me`로 확인해 주세요.
redmine-me = Redmine에서 **{ $name }** (`{ $login }`, 사용자 { $id })입니다.

## /redmine: 일감과 프로젝트

redmine-nobody = 담당자 없음
redmine-assigned-to-nobody = 없음
redmine-list =
    { $within ->
        [everything] {""}
       *[project] `{ $project }`의{" "}
    }{ $whose ->
        [mine] 나에게 배정된{" "}
       *[anyone] {""}
    }{ $state ->
        [all] 모든 일감
        [closed] 닫힌 일감
       *[open] 열린 일감
    }: { $total }
redmine-list-empty =
    { $within ->
        [everything] {""}
       *[project] `{ $project }`에{" "}
    }{ $whose ->
        [mine] 나에게 배정된{" "}
       *[anyone] {""}
    }{ $state ->
        [all] 일감이 없습니다
        [closed] 닫힌 일감이 없습니다
       *[open] 열린 일감이 없습니다
    }.
redmine-issue-facts = { $project } · { $tracker } · **{ $status }** · 우선순위 { $priority } · 작성 { $author } · 담당 { $assignee }
redmine-issue-more-comments = 이전 덧글 { $count }개는 보이지 않습니다.
redmine-issue-comment = **{ $author }** 님의 덧글 ({ $date }):
redmine-created = 만들었습니다: { $issue }
redmine-create-unclear = Redmine의 응답이 분명하지 않지만 이런 일감이 있습니다: { $issue }. 다시 만들기 전에 확인해 주세요.
redmine-commented = 덧글을 남겼습니다: { $issue }
redmine-not-commented = Redmine이 { $issue }의 덧글을 받아들이지 않았습니다. 덧글 권한이 없는 역할일 수 있습니다.
redmine-closed = 닫았습니다: { $issue }은(는) 이제 **{ $status }** 상태입니다.
redmine-closed-without-note = 닫았습니다: { $issue }은(는) 이제 **{ $status }** 상태이지만, Redmine이 덧글은 받아들이지 않았습니다.
redmine-already-closed = { $issue }은(는) 이미 닫혀 있습니다(**{ $status }**). 바뀐 것은 없습니다.
redmine-close-not-allowed = { $issue }은(는) **{ $status }** 상태이며, 업무흐름상 닫을 수 없습니다. 바뀐 것은 없습니다.
redmine-not-closed = { $issue }은(는) 여전히 **{ $status }** 상태입니다. Redmine이 요청을 받았지만 바뀐 것이 없습니다. 닫을 권한이 없는 역할일 수 있습니다.
redmine-not-closed-but-noted = { $issue }은(는) 여전히 **{ $status }** 상태입니다. 닫을 권한이 없는 역할일 수 있습니다. 덧글은 남겼습니다.
redmine-search =
    “{ $text }” 검색 결과 { $total }건{ $pages ->
        [1] {""}
       *[other] {" "}({ $pages }쪽 중 { $page }쪽)
    }:
redmine-search-empty = “{ $text }”에 대한 결과가 없습니다.
redmine-projects = 볼 수 있는 프로젝트: { $total }
redmine-projects-empty = Redmine에서 볼 수 있는 프로젝트가 없습니다.

## /redmine: Redmine이 거절할 때

redmine-issue-unknown = 일감 #{ $issue }은(는) 없습니다.
redmine-issue-forbidden = { $issue }을(를) 보거나 바꿀 권한이 없습니다. 프로젝트 관리자에게 요청하세요.
redmine-project-unknown = 프로젝트 `{ $project }`은(는) 없습니다. `/redmine projects`로 확인하세요.
redmine-project-forbidden = 프로젝트 `{ $project }`에 접근할 수 없습니다. 프로젝트 관리자에게 요청하세요.
redmine-forbidden = Redmine이 허용하지 않습니다.
redmine-rejected = Redmine이 거절했습니다: { $reasons }
redmine-rejected-silently = Redmine이 이유를 밝히지 않고 거절했습니다. 관리자가 Redmine 로그에서 이유를 볼 수 있습니다.
redmine-rate-limited = Redmine에 요청이 너무 많습니다. 1분 뒤에 다시 시도해 주세요.
redmine-down = 지금 Redmine이 응답하지 않습니다. 바뀐 것은 없습니다. 나중에 다시 시도해 주세요.
redmine-unclear = Redmine의 응답이 분명하지 않아 처리되었는지 알 수 없습니다. 다시 하기 전에 확인해 주세요.
redmine-not-redmine = Redmine 주소에서 응답하는 것이 Redmine이 아닌 것 같습니다. 관리자에게 알려 주세요.

## 메일

mail-notice-body = 보내 주신 메일 “{ $subject }”을(를) 받았습니다. 접수 번호는 { $key }입니다. 이 건으로 다시 메일을 보내실 때는 제목에 이 번호를 그대로 두어 주세요.
mail-notice-portal = 진행 상황은 여기에서 볼 수 있습니다: { $url }
mail-comment-intro = { $author } 님이 { $key }에 남긴 글:
mail-no-subject = (제목 없음)
issue-from = 보낸 사람
issue-cc = 참조
issue-reporter-unknown = { $name } 님은 Jira 계정이 없어 ticketd의 이름으로 이슈를 만들었습니다.
issue-text-cut = 글이 { $tracker }에는 너무 길어 여기까지만 옮겼습니다. 메일 전체를 { $name }(으)로 첨부했습니다.
issue-text-in-mailbox = 글이 { $tracker }에는 너무 길어 여기까지만 옮겼습니다. 메일 전체는 아직 메일함에 있습니다.
issue-attachment-too-large = 첨부 파일 { $name }을(를) 뺐습니다. 크기가 { $size }인데 { $tracker ->
        [Redmine] Redmine은
       *[other] { $tracker }는
    } { $limit }까지만 받습니다.
issue-replaces = 삭제된 { $key } 대신 만든 이슈입니다.
issue-reference = 참조 번호: { $mark }
issue-category = 분류: { $category }
issue-priority = 우선순위: { $priority ->
        [high] 높음
       *[low] 낮음
    }
issue-request-cut = { $tracker }에 너무 긴 글은 여기에서 끊깁니다. 글 전체를 { $name }(으)로 첨부했습니다.
issue-reply-from-chat = Mattermost에서 { $user } 님:
issue-from-chat = { $ticket }, Mattermost에서 { $user } 님이 요청
issue-mail-gone = 본문을 읽기 전에 메일이 메일함에서 삭제되었습니다.
issue-mail-unreadable = 메일을 읽을 수 없었습니다. 메일은 아직 메일함에 있습니다.
issue-quote-left-out = 인용된 메일은 뺐습니다. 메일 전체를 첨부했습니다.
issue-quote-in-mailbox = 인용된 메일은 뺐습니다. 메일 전체는 아직 메일함에 있습니다.
issue-files-left-out = 첨부 파일 { $count }개를 더 뺐습니다. 메일 전체를 { $name }(으)로 첨부했습니다.
issue-files-in-mailbox = 첨부 파일 { $count }개를 더 뺐습니다. 메일 전체는 아직 메일함에 있습니다.
issue-no-text = 메일에 본문이 없습니다.

## 프로그래머를 위한 HTTP 오류

http-bad-request =
    요청을 읽을 수 없습니다: { $what ->
        [utf8] 양식이 UTF-8이 아닙니다
        [user] user_id가 Mattermost ID가 아닙니다
        [json] 본문이 올바른 JSON이 아닙니다
        [body] 본문이 중간에 끊겼습니다
       *[form] 양식이 잘못되었거나 필드가 빠졌습니다
    }.
http-unauthorized = 토큰이 없거나 잘못되었습니다.
http-not-found = 이 경로에는 아무것도 없습니다.
http-method-not-allowed = 이 경로는 { $allowed }만 받습니다.
http-timeout = 요청 본문이 제때 도착하지 않았습니다.
http-too-large = 본문이 { $max }바이트보다 큽니다.
http-unsupported-media-type = 본문은 { $expected } 형식이어야 합니다.
http-too-many-requests = 유효한 토큰이 없는 요청이 너무 많습니다. 나중에 다시 시도하세요.
http-overloaded = 처리 중인 요청이 너무 많습니다. 나중에 다시 시도하세요.
http-internal = 문제가 생겼습니다. 원인은 로그에 요청 번호와 함께 있습니다.

# 티켓

ticket-help =
    티켓:
    `/ticket`: 양식을 엽니다. 뒤에 적은 글은 미리 채워집니다.
    `/ticket list`: 이 채널의 열린 티켓.
    `/ticket mine`: 내가 맡은 티켓과 내가 요청한 티켓.
    `/ticket show 번호`, `/ticket take 번호`, `/ticket resolve 번호`: 번호로 한 티켓을 다룹니다. 예: `20261122-0001`.
    `/ticket assign 번호 @이름`: 다른 사람에게 맡깁니다.
    `/ticket reopen 번호`, `/ticket priority 번호 high`: low, normal, high, urgent 가운데 하나.
ticket-help-forms = 다른 양식: { $forms }.
ticket-help-emoji = 메시지에 { $emoji } 이모지를 붙이면 그 메시지로 티켓을 만듭니다.
ticket-form-title = 새 티켓
ticket-form-submit = 보내기
ticket-field-cluster = 클러스터
ticket-field-resource = VM 또는 리소스
ticket-field-problem = 문제
ticket-field-network = 네트워크
ticket-field-needed = 이 칸을 채워 주세요.
ticket-field-strange = 읽을 수 없는 값입니다. 다시 채워 주세요.
ticket-field-too-long = { $count }자입니다. 최대 { $max }자까지 쓸 수 있으니 줄여 주세요.
ticket-field-too-short = { $min }자 이상 써 주세요.
ticket-field-not-offered = 제시된 것 가운데 하나를 골라 주세요.
ticket-field-no-number = 12나 1.5처럼 숫자를 써 주세요.
ticket-field-no-email = ann@example.org처럼 메일 주소를 써 주세요.
ticket-field-no-url = https:// 또는 http://로 시작하는 주소를 써 주세요.
ticket-not-here = 다이렉트 메시지에는 티켓을 올릴 수 없습니다. 채널에서 `/ticket`을 입력해 주세요.
ticket-form-failed = 양식을 열지 못했습니다. `/ticket`을 다시 입력해 주세요.
ticket-form-expired = 이 양식은 너무 오래 열려 있었습니다. 쓴 글을 복사한 뒤 `/ticket`을 다시 입력해 주세요.
ticket-form-strange = 이 양식은 당신에게 열어 드린 것이 아닙니다. `/ticket`을 다시 입력해 주세요.
ticket-form-elsewhere = 이 양식은 다른 채널에서 열렸습니다. `/ticket`을 다시 입력해 주세요.
ticket-form-gone = 이 양식은 이제 없습니다. 쓴 글을 복사한 뒤 `/ticket help`로 양식을 확인해 주세요.
ticket-form-not-member = 양식을 연 채널에 더 이상 속해 있지 않아 받을 수 없습니다.
ticket-form-no-channel = 티켓을 올릴 채널을 찾을 수 없습니다. 잃은 것은 없습니다. 이 창을 열어 둔 채 관리자에게 알린 뒤 다시 보내 주세요.
ticket-form-spent = 이 양식은 이미 보냈습니다: { $ticket }. 새 티켓은 `/ticket`을 입력해 주세요.
ticket-recorded = { $ticket }을(를) 기록했습니다. 지금은 채팅에 올릴 수 없지만 나중에 저절로 올라갑니다. 이 양식은 닫아도 됩니다.
ticket-not-recorded = 저장하지 못했습니다. 바뀐 것은 없습니다. 1분 뒤에 다시 시도해 주세요.
ticket-posted = 티켓: [{ $ticket }]({ $link })
ticket-asked-by = { $user } 님이 도움을 요청합니다.
# Who it is from: what the post of a mail says.
ticket-mailed-by = { $author } 님이 메일함 **{ $mailbox }** 앞으로 메일을 보냈습니다.
ticket-line-mail = { $author } 님의 메일:
ticket-mail-somebody = 알 수 없는 사람
ticket-mail-goes-on = *나머지는 이슈에서 볼 수 있습니다.*
ticket-mail-no-text = *메일에 본문이 없습니다.*
ticket-mail-gone = *메일함에서 이 메일을 더 이상 읽을 수 없습니다.*
ticket-mail-subject = *메일함에서 이 메일을 더 이상 읽을 수 없습니다. 제목:* { $subject }
ticket-mail-files = 첨부 파일({ $count }개): { $files }
ticket-show-mail = **메일을 보낸 사람:** { $author }
ticket-goes-on = *나머지는 스레드에 있습니다.*
ticket-emoji-message = 메시지
ticket-emoji-author = 작성자
ticket-emoji-files = 파일
ticket-emoji-link = 원문
ticket-emoji-untitled = 채팅 메시지
ticket-emoji-linked = 이 메시지로 티켓을 만들었습니다: [{ $ticket }]({ $link })
ticket-emoji-recorded = { $ticket }을(를) 기록했습니다. 게시물은 저절로 올라갑니다.
ticket-emoji-no-channel = `:{ $emoji }:` 티켓을 올릴 채널을 찾을 수 없어 [이 메시지]({ $link })로 티켓을 만들지 못했습니다. 관리자에게 알려 주세요. 고쳐지면 이모지를 뗐다가 다시 붙여 주세요.
ticket-emoji-too-many = `:{ $emoji }:` 이모지를 1분에 받을 수 있는 { $count }개보다 많은 메시지에 붙였습니다. [이 메시지]({ $link })부터 일부는 남겨 두었습니다. 거기서 이모지를 뗐다가 1분 뒤에 다시 붙여 주세요.
ticket-state = **상태:** { $state }
ticket-owner = **담당:** { $user }
ticket-priority = **우선순위:** { $priority }
ticket-issue = **이슈:** { $issue }
ticket-opened-at = **등록한 때:** { $time }
ticket-taken-at = **맡은 때:** { $time }
ticket-resolved-at = **해결한 때:** { $time }
ticket-state-open = 열림
ticket-state-taken = 처리 중
ticket-state-resolved = 해결됨
ticket-priority-low = 낮음
ticket-priority-normal = 보통
ticket-priority-high = 높음
ticket-priority-urgent = 긴급
ticket-yes = 예
ticket-no = 아니요
ticket-button-take = 맡기
ticket-button-resolve = 해결
ticket-button-reopen = 다시 열기
ticket-button-priority = 우선순위
ticket-button-strange = 제가 만든 버튼이 아니거나 다른 글의 버튼입니다. 바뀐 것은 없습니다.
ticket-line-taken = { $by } 님이 이 티켓을 맡았습니다.
ticket-line-assigned = { $by } 님이 이 티켓을 { $to } 님에게 맡겼습니다.
ticket-line-resolved = { $by } 님이 이 티켓을 해결했습니다.
ticket-line-reopened = { $by } 님이 이 티켓을 다시 열었습니다.
# Done in the tracker.
ticket-line-resolved-there = { $issue } 이슈가 닫혀 이 티켓도 해결되었습니다.
ticket-line-reopened-there = { $issue } 이슈가 다시 열려 이 티켓도 다시 열렸습니다.
ticket-line-comment = { $author } 님의 댓글({ $issue }):
ticket-line-priority = { $by } 님이 우선순위를 { $priority }(으)로 바꿨습니다.
ticket-list = 이 채널의 열린 티켓: { $count }
ticket-list-empty = 이 채널에는 열린 티켓이 없습니다.
ticket-list-more = … 그 밖에 { $count }개.
ticket-mine-owned = 내가 맡은 열린 티켓: { $count }
ticket-mine-asked = 내가 요청한 열린 티켓: { $count }
ticket-mine-empty = 맡은 티켓도 요청한 티켓도 없습니다.
ticket-taken = { $ticket }을(를) 맡았습니다.
ticket-resolved = { $ticket }이(가) 해결되었습니다.
ticket-assigned = { $ticket }을(를) 맡겼습니다.
ticket-reopened = { $ticket }을(를) 다시 열었습니다.
ticket-prioritised = { $ticket }의 우선순위를 바꿨습니다.
ticket-no-priority = 어떤 우선순위인가요? `/ticket priority 번호` 뒤에 low, normal, high, urgent 가운데 하나를 입력해 주세요.
ticket-no-command = 모르는 명령입니다. `/ticket help`로 명령을 볼 수 있습니다.
ticket-form-empty = 한 칸 이상 채워 주세요.
ticket-unknown = 그런 티켓이 없거나 속해 있지 않은 채널의 티켓입니다. `/ticket list`로 이 채널의 티켓을 볼 수 있습니다.
ticket-no-number = 어느 티켓인가요? `/ticket { $command } 번호`를 입력해 주세요. 예: 20261122-0001.
ticket-nobody = 누구에게 맡길까요? `/ticket assign 번호 @이름`을 입력해 주세요.
ticket-no-user = { $name }(이)라는 사람은 없습니다.
ticket-chat-away = 지금은 Mattermost에 물어볼 수 없습니다. 바뀐 것은 없습니다. 1분 뒤에 다시 시도해 주세요.
ticket-theirs = 이미 그 사람이 맡고 있습니다.
ticket-is-resolved = 이미 해결된 티켓입니다. 먼저 다시 열어 주세요.
ticket-not-resolved = 해결된 티켓이 아닙니다.
ticket-same-priority = 이미 그 우선순위입니다.

# 메일함의 채널에

mailbox-sign-in-needed = 메일함 **{ $mailbox }**에 더 이상 들어갈 수 없습니다. 서버에서 `{ $run }`을(를) 실행할 때까지 메일이 티켓이 되지 않고 답장도 나가지 않습니다.
mailbox-forbidden = 메일함 **{ $mailbox }**에 필요한 권한({ $permissions })이 없어 메일을 읽거나 보내지 못합니다. 권한을 주세요. `{ $run }`이(가) 무엇이 빠졌는지 보여 줍니다.

# API 호출자에게

api-bad-request = 요청을 읽을 수 없습니다.
api-invalid-body = 본문이 올바르지 않습니다. `errors`에 무엇이 어디서 잘못되었는지 있습니다.
api-invalid-parameters = 매개변수나 헤더가 올바르지 않습니다. `errors`를 보십시오.
api-no-token = 토큰을 보내십시오: `Authorization: Bearer ticketd_…`
api-bad-token = 토큰을 알 수 없거나 취소되었습니다.
api-expired-token = 토큰이 만료되었습니다.
api-scope = 이 토큰으로는 할 수 없습니다. 범위가 `{ $scope }`인 토큰이 필요합니다.
api-no-api = 설정된 보드가 없어 API가 없습니다.
api-no-ticket = 이 보드들에는 그런 티켓이 없습니다.
api-no-request = 그런 요청이 없거나 오래전에 끝났습니다.
api-no-page = 커서가 이 질문의 어느 페이지에도 속하지 않습니다. 첫 페이지부터 다시 요청하십시오.
api-key-reused = 이 Idempotency-Key는 지난 24시간 안에 다른 요청에 쓰였습니다.
api-media-type = application/json 또는 multipart/form-data로 보내십시오.
api-too-many-files = 파일이 너무 많습니다. 한 요청에 최대 { $max }개입니다.
api-too-many-parts = 폼의 항목이 너무 많습니다.
api-files-too-large = 파일이 너무 큽니다. 모두 합해 최대 { $max }바이트입니다.
api-uploads-full = 진행 중인 업로드가 너무 많습니다. 잠시 후 다시 시도하십시오.
api-tracker-refused = 트래커가 받아들이지 않습니다: { $fault }
api-tracker-away = 트래커가 지금 응답하지 않습니다. 잠시 후 다시 시도하십시오.
api-too-fast = 이 토큰이 1분 동안 너무 많은 요청을 보냈습니다.
api-too-many-streams = 이 토큰은 이벤트 스트림을 이미 { $max }개 열었습니다.
api-fault-query = 쿼리가 퍼센트 인코딩된 UTF-8이 아닙니다.
api-fault-json = JSON이 아닙니다.
api-fault-object = JSON 객체를 쓰십시오.
api-fault-multipart = multipart/form-data가 아니거나 중간에 끊겼습니다.
api-fault-missing = 빠져 있습니다.
api-fault-text = 텍스트를 쓰십시오.
api-fault-short = { $min }자 이상 쓰십시오.
api-fault-long = { $max }자 이하로 쓰십시오.
api-fault-control = 제어 문자가 들어 있습니다.
api-fault-email = 메일 주소를 쓰십시오.
api-fault-choice = 다음 중 하나를 쓰십시오: { $choices }
api-fault-list = 목록을 쓰십시오.
api-fault-many = 최대 { $max }개까지 쓰십시오.
api-fault-file = 파일을 이름과 함께 보내 주세요.
api-fault-twice = 한 번만 줄 수 있습니다.
api-fault-number = { $min }부터 { $max }까지의 정수를 쓰십시오.
api-fault-key = 보이는 ASCII 문자 1~255자를 쓰십시오.
api-fault-event = 이벤트 번호를 쓰십시오.
api-fault-unknown-field = 그런 필드가 없습니다.
api-fault-unknown-parameter = 그런 매개변수가 없습니다.
api-fault-words = 트래커가 이 단어로 찾을 수 없습니다. 다른 단어를 쓰십시오.
