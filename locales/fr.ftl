# Every sentence in French. The keys and variables are those of en.ftl.

help-title = Ce que `{ $command }` sait faire
user-unknown = Je ne vous connais pas encore. Connectez-vous avec `{ $command } login`.
issues-found =
    { $count ->
        [0] Aucune demande trouvée.
        [one] Une demande trouvée.
       *[other] { $count } demandes trouvées.
    }
