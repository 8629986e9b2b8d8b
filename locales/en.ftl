# Every sentence in English. A key here must stand in ko.ftl and fr.ftl with the same variables.

help-title = What `{ $command }` can do
user-unknown = I do not know you yet. Log in with `{ $command } login`.
issues-found =
    { $count ->
        [0] No issue found.
        [one] One issue found.
       *[other] { $count } issues found.
    }
