# Every sentence in Korean. The keys and variables are those of en.ftl.

help-title = `{ $command }` 사용법
user-unknown = 아직 로그인하지 않았습니다. `{ $command } login` 으로 로그인하세요.
issues-found =
    { $count ->
        [0] 일감이 없습니다.
       *[other] 일감 { $count }개를 찾았습니다.
    }
