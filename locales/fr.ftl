# Toutes les phrases en français. Mêmes clés et mêmes variables que dans en.ftl.

## Pour tout le monde

went-wrong = Quelque chose a échoué de mon côté. Réessayez ; si cela persiste, donnez à votre administrateur l'identifiant de requête { $request }.
too-fast = Cela fait beaucoup de commandes. Patientez un instant puis réessayez.
overloaded = Je suis très occupé en ce moment. Réessayez dans une minute.
answer-follows = C'est plus long que d'habitude. La réponse arrive ici dès que je l'ai.
next-page = Page { $page } : `/redmine { $command }`
past-the-end =
    Il n'y a { $pages ->
        [one] qu'une page
       *[other] que { $pages } pages
    }.

## /redmine : que taper

redmine-help =
    {""}**Redmine depuis ici**

    - `/redmine login` : se connecter par un formulaire (`login <id> <api_key>` marche aussi, mais montre la clé)
    - `/redmine logout` : oublier votre clé
    - `/redmine me` : qui vous êtes dans Redmine
    - `/redmine list [project] [mine] [open|all|closed] [page]` : les demandes, ouvertes sauf indication contraire
    - `/redmine issue <id>` : afficher une demande
    - `/redmine create <project> <subject>` : créer une demande
    - `/redmine comment <id> <text>` : ajouter une note à une demande
    - `/redmine close <id> [note]` : fermer une demande
    - `/redmine search <text> [page <number>]` : chercher des demandes
    - `/redmine projects [page]` : les projets que vous pouvez nommer
    - `/redmine help` : ce texte
redmine-unknown = Je ne connais pas `{ $command }`. Tapez `/redmine help` pour voir ce que je sais faire.
redmine-usage =
    Tapez plutôt : `/redmine { $command ->
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
redmine-bad-issue = « { $word } » n'est pas un numéro de demande. Tapez par exemple `/redmine issue 42`.
redmine-bad-project = « { $word } » n'est pas un identifiant de projet. `/redmine projects` en donne la liste.
redmine-subject-too-long = Le sujet fait { $count } caractères ; Redmine en accepte { $max }. Raccourcissez-le et mettez le reste dans une note.
redmine-note-too-long = Le texte fait { $count } caractères ; j'en transmets { $max } au plus.
redmine-search-too-short = Cherchez au moins deux caractères.
redmine-bad-login = Cela ne peut pas être un identifiant Redmine. Donnez votre identifiant, votre adresse e-mail ou votre numéro d'utilisateur.
redmine-bad-key = Cela ne ressemble pas à une clé d'API : 40 lettres et chiffres. La vôtre est dans Redmine sous « Mon compte », « Clé d'accès API ».
redmine-busy = { $count } de vos commandes sont encore en cours. Attendez que l'une d'elles soit terminée.

## /redmine : connexion et déconnexion

redmine-form-title = Connexion à Redmine
redmine-form-introduction = Votre clé est vérifiée auprès de Redmine puis gardée chiffrée. Personne d'autre ne peut l'utiliser d'ici.
redmine-form-submit = Se connecter
redmine-form-login = Identifiant Redmine
redmine-form-key = Clé d'API
redmine-form-key-help = Dans Redmine : « Mon compte », puis « Clé d'accès API », « Afficher ».
redmine-form-opened = Je vous ai ouvert un formulaire. Ainsi votre clé reste hors de la discussion.
redmine-form-expired = Ce formulaire est trop vieux ou a déjà servi. Tapez de nouveau `/redmine login`.
redmine-form-failed = Le formulaire n'a pas pu être ouvert. Tapez de nouveau `/redmine login`.
redmine-no-form = Je ne peux pas ouvrir de formulaire ici : ticketd ne connaît pas sa propre adresse (`http.public_url`). Prévenez votre administrateur. En attendant, `/redmine login <id> <api_key>` fonctionne.
redmine-logged-in = Vous êtes connecté à Redmine en tant que **{ $name }** (`{ $login }`).
redmine-logged-out = Vous êtes déconnecté. J'ai oublié votre clé.
redmine-was-logged-out = Vous n'étiez pas connecté.
redmine-no-login = Connectez-vous d'abord : `/redmine login`
redmine-wrong-key = Redmine n'accepte pas cette clé d'API. La vôtre est dans Redmine sous « Mon compte », « Clé d'accès API ».
redmine-not-that-user = Cette clé d'API appartient à un autre utilisateur Redmine que celui que vous avez nommé. Vérifiez les deux.
redmine-key-revoked = Redmine n'accepte plus votre clé. Reconnectez-vous avec la nouvelle : `/redmine login`
redmine-rest-off = Redmine refuse l'accès API à ce compte. Un administrateur peut cocher « Activer l'API REST » dans la configuration de Redmine, ou déverrouiller le compte.
redmine-not-saved = Votre connexion n'a pas pu être enregistrée. Réessayez plus tard ou prévenez votre administrateur.
redmine-not-forgotten = Vous êtes déconnecté, mais le disque ne l'a pas confirmé. Prévenez votre administrateur.
redmine-signed-out-meanwhile = Vous vous êtes déconnecté entre-temps, donc rien n'a été gardé. Pour vous connecter : `/redmine login`
redmine-login-unclear = On ne sait pas si votre connexion a été gardée. `/redmine me` le dira.
redmine-me = Dans Redmine vous êtes **{ $name }** (`{ $login }`, utilisateur { $id }).

## /redmine : demandes et projets

redmine-nobody = non assignée
redmine-assigned-to-nobody = personne
redmine-list =
    { $state ->
        [all] Toutes les demandes
        [closed] Demandes fermées
       *[open] Demandes ouvertes
    }{ $whose ->
        [mine] {" "}qui vous sont assignées
       *[anyone] {""}
    }{ $within ->
        [everything] {""}
       *[project] {" "}dans `{ $project }`
    } : { $total }
redmine-list-empty =
    { $state ->
        [all] Il n'y a aucune demande
        [closed] Il n'y a aucune demande fermée
       *[open] Il n'y a aucune demande ouverte
    }{ $whose ->
        [mine] {" "}qui vous soit assignée
       *[anyone] {""}
    }{ $within ->
        [everything] {""}
       *[project] {" "}dans `{ $project }`
    }.
redmine-issue-facts = { $project } · { $tracker } · **{ $status }** · priorité { $priority } · par { $author } · assignée à { $assignee }
redmine-issue-more-comments =
    { $count ->
        [one] Une note plus ancienne n'est pas montrée.
       *[other] { $count } notes plus anciennes ne sont pas montrées.
    }
redmine-issue-comment = **{ $author }** a écrit le { $date } :
redmine-created = Créée : { $issue }
redmine-create-unclear = Redmine n'a pas répondu clairement, mais vous avez déjà cette demande : { $issue }. Vérifiez avant de la créer de nouveau.
redmine-commented = Votre note a été ajoutée à { $issue }
redmine-not-commented = Redmine n'a pas accepté votre note pour { $issue }. Votre rôle ne vous permet sans doute pas d'y ajouter des notes.
redmine-closed = Fermée : { $issue } est maintenant **{ $status }**.
redmine-closed-without-note = Fermée : { $issue } est maintenant **{ $status }**, mais Redmine n'a pas accepté votre note.
redmine-already-closed = { $issue } est déjà fermée (**{ $status }**). Rien n'a changé.
redmine-close-not-allowed = { $issue } est **{ $status }**, et le workflow ne vous permet pas de la fermer. Rien n'a changé.
redmine-not-closed = { $issue } est toujours **{ $status }** : Redmine a accepté la requête mais n'a rien changé. Votre rôle ne vous permet sans doute pas de la fermer.
redmine-not-closed-but-noted = { $issue } est toujours **{ $status }** : votre rôle ne vous permet sans doute pas de la fermer. Votre note a été ajoutée.
redmine-search =
    { $total ->
        [one] Un résultat pour « { $text } »
       *[other] { $total } résultats pour « { $text } »
    }{ $pages ->
        [1] {""}
       *[other] , page { $page } sur { $pages }
    } :
redmine-search-empty = Aucun résultat pour « { $text } ».
redmine-projects = Projets que vous voyez : { $total }
redmine-projects-empty = Vous ne voyez aucun projet dans Redmine.

## /redmine : quand Redmine dit non

redmine-issue-unknown = Il n'y a pas de demande #{ $issue }.
redmine-issue-forbidden = Vous ne pouvez pas consulter ou modifier { $issue }. Demandez l'accès au responsable du projet.
redmine-project-unknown = Il n'y a pas de projet `{ $project }`. `/redmine projects` montre ceux que vous voyez.
redmine-project-forbidden = Vous n'avez pas accès au projet `{ $project }`. Demandez à son responsable.
redmine-forbidden = Redmine ne vous le permet pas.
redmine-rejected = Redmine a refusé : { $reasons }
redmine-rejected-silently = Redmine a refusé sans dire pourquoi. Votre administrateur trouvera la raison dans son journal.
redmine-rate-limited = Redmine demande de ralentir. Réessayez dans une minute.
redmine-down = Redmine ne répond pas en ce moment. Rien n'a changé ; réessayez plus tard.
redmine-unclear = Redmine n'a pas répondu clairement : c'est peut-être fait, peut-être pas. Vérifiez avant de recommencer.
redmine-not-redmine = Ce qui répond à l'adresse de Redmine n'est pas un Redmine. Prévenez votre administrateur.

## E-mail

mail-notice-body = Nous avons bien reçu votre message « { $subject } ». Il porte le numéro { $key }. Merci de garder ce numéro dans l'objet si vous nous réécrivez à ce sujet.
mail-notice-portal = Vous pouvez suivre votre demande ici : { $url }
mail-comment-intro = { $author } a écrit à propos de { $key } :
mail-no-subject = (sans objet)
issue-from = De
issue-cc = Cc
issue-reporter-unknown = { $name } n'a pas de compte dans Jira ; la demande a donc été créée au nom de ticketd.
issue-text-cut = Le texte est coupé ici : il est trop long pour { $tracker }. L'e-mail complet est joint sous le nom { $name }.
issue-text-in-mailbox = Le texte est coupé ici : il est trop long pour { $tracker }. L'e-mail complet est toujours dans la boîte.
issue-attachment-too-large = La pièce jointe { $name } n'a pas été reprise : elle fait { $size } et { $tracker } n'accepte pas plus de { $limit }.
issue-replaces = Cette demande remplace { $key }, qui a été supprimée.
issue-reference = Référence : { $mark }
issue-category = Catégorie : { $category }
issue-priority = Priorité : { $priority ->
        [high] haute
       *[low] basse
    }
issue-request-cut = Le texte est coupé ici s'il est trop long pour { $tracker }. Il est joint en entier sous le nom { $name }.
issue-reply-from-chat = { $user } dans Mattermost :
issue-from-chat = { $ticket }, demandé par { $user } dans Mattermost
issue-mail-gone = L'e-mail a été supprimé de la boîte avant que son texte ait pu être lu.
issue-mail-unreadable = L'e-mail n'a pas pu être lu. Il est toujours dans la boîte.
issue-quote-left-out = L'e-mail cité n'a pas été repris ici. L'e-mail complet est joint.
issue-quote-in-mailbox = L'e-mail cité n'a pas été repris ici. L'e-mail complet est toujours dans la boîte.
issue-files-left-out = { $count ->
        [one] Une autre pièce jointe n'a pas été reprise.
       *[other] { $count } autres pièces jointes n'ont pas été reprises.
    } L'e-mail complet est joint sous le nom { $name }.
issue-files-in-mailbox = { $count ->
        [one] Une autre pièce jointe n'a pas été reprise.
       *[other] { $count } autres pièces jointes n'ont pas été reprises.
    } L'e-mail complet est toujours dans la boîte.
issue-no-text = L'e-mail ne contient pas de texte.

## Erreurs HTTP, pour les programmeurs

http-bad-request =
    La requête est illisible : { $what ->
        [utf8] le formulaire n'est pas en UTF-8
        [user] user_id n'est pas un identifiant Mattermost
        [json] le corps n'est pas le JSON attendu
        [body] le corps s'est interrompu
       *[form] le formulaire est mal formé ou incomplet
    }.
http-unauthorized = Le jeton est absent ou incorrect.
http-not-found = Il n'y a rien à ce chemin.
http-method-not-allowed = Ce chemin accepte { $allowed }.
http-timeout = Le corps de la requête n'est pas arrivé à temps.
http-too-large = Le corps dépasse { $max } octets.
http-unsupported-media-type = Le corps doit être { $expected }.
http-too-many-requests = Trop de requêtes sans jeton valable. Réessayez plus tard.
http-overloaded = Trop de requêtes sont déjà en cours. Réessayez plus tard.
http-internal = Quelque chose a échoué. Le journal donne la cause sous l'identifiant de requête.

# Tickets

ticket-help =
    Tickets:
    `/ticket` ouvre un formulaire ; ce que vous tapez derrière y est déjà rempli.
    `/ticket list` : les tickets ouverts de ce canal.
    `/ticket mine` : les vôtres, ceux que vous traitez et ceux que vous avez demandés.
    `/ticket show NUMÉRO`, `/ticket take NUMÉRO`, `/ticket resolve NUMÉRO` : un ticket, par son numéro, par exemple `20261122-0001`.
    `/ticket assign NUMÉRO @nom` : le confier à quelqu'un.
    `/ticket reopen NUMÉRO`, `/ticket priority NUMÉRO high` : low, normal, high ou urgent.
ticket-help-forms = Autres formulaires : { $forms }.
ticket-help-emoji = Ajoutez { $emoji } sous un message pour en faire un ticket.
ticket-form-title = Nouveau ticket
ticket-form-submit = Envoyer
ticket-field-cluster = Cluster
ticket-field-resource = VM ou ressource
ticket-field-problem = Problème
ticket-field-network = Réseau
ticket-field-needed = Remplissez ce champ.
ticket-field-strange = Je ne peux pas lire cela. Remplissez de nouveau ce champ.
ticket-field-too-long = Cela fait { $count } caractères ; le maximum est { $max }. Raccourcissez.
ticket-field-too-short = Écrivez au moins { $min } caractères.
ticket-field-not-offered = Choisissez parmi ce qui est proposé.
ticket-field-no-number = Écrivez un nombre, par exemple 12 ou 1.5.
ticket-field-no-email = Écrivez une adresse mail, par exemple ann@example.org.
ticket-field-no-url = Écrivez une adresse qui commence par https:// ou http://.
ticket-not-here = Je ne peux pas poster de ticket dans vos messages directs. Tapez `/ticket` dans un canal.
ticket-form-failed = Le formulaire n'a pas pu être ouvert. Tapez de nouveau `/ticket`.
ticket-form-expired = Ce formulaire est resté ouvert trop longtemps. Copiez ce que vous avez écrit et tapez de nouveau `/ticket`.
ticket-form-strange = Ce formulaire n'est pas un de ceux que je vous ai ouverts. Tapez de nouveau `/ticket`.
ticket-form-elsewhere = Ce formulaire a été ouvert dans un autre canal. Tapez de nouveau `/ticket`.
ticket-form-gone = Ce formulaire n'existe plus. Copiez ce que vous avez écrit et tapez `/ticket help` pour voir lesquels il y a.
ticket-form-not-member = Vous n'êtes plus dans le canal où vous avez ouvert ce formulaire ; je ne peux pas le prendre.
ticket-form-no-channel = Je ne trouve pas le canal de ces tickets. Rien n'est perdu : laissez ceci ouvert, prévenez votre administrateur et envoyez de nouveau.
ticket-form-spent = Ce formulaire a déjà été envoyé : c'est { $ticket }. Tapez `/ticket` pour un autre.
ticket-recorded = { $ticket } est enregistré. La messagerie ne prend pas son message pour l'instant ; il apparaîtra de lui-même. Vous pouvez fermer ce formulaire.
ticket-not-recorded = Cela n'a pas pu être gardé. Rien n'a changé ; réessayez dans une minute.
ticket-posted = Votre ticket est [{ $ticket }]({ $link }).
ticket-asked-by = { $user } demande de l'aide.
# Who it is from: what the post of a mail says.
ticket-mailed-by = { $author } a écrit à la boîte **{ $mailbox }**.
ticket-line-mail = { $author } par e-mail :
ticket-mail-somebody = Quelqu'un
ticket-mail-goes-on = *La demande contient la suite, ou la contiendra.*
ticket-mail-no-text = *L'e-mail n'a pas de texte.*
ticket-mail-gone = *L'e-mail n'est plus lisible dans la boîte.*
ticket-mail-subject = *L'e-mail n'est plus lisible dans la boîte ; il avait pour objet :* { $subject }
ticket-mail-files = Pièces jointes ({ $count }) : { $files }
ticket-show-mail = **Par e-mail de :** { $author }
ticket-goes-on = *La suite est dans le fil.*
ticket-emoji-message = Message
ticket-emoji-author = Écrit par
ticket-emoji-files = Fichiers
ticket-emoji-link = Original
ticket-emoji-untitled = Un message de la messagerie
ticket-emoji-linked = Ce message est maintenant [{ $ticket }]({ $link }).
ticket-emoji-recorded = { $ticket } est enregistré ; son message apparaîtra de lui-même.
ticket-emoji-no-channel = Je ne trouve pas le canal des tickets de `:{ $emoji }:` ; je n'ai donc pas fait de ticket de [ce message]({ $link }). Prévenez votre administrateur ; quand ce sera réparé, retirez l'émoji et remettez-le.
ticket-emoji-too-many = Vous avez mis `:{ $emoji }:` sous plus de messages que je n'en prends par minute, soit { $count }. J'en ai laissé de côté, à commencer par [celui-ci]({ $link }). Retirez-y l'émoji et remettez-le dans une minute.
ticket-state = **État :** { $state }
ticket-owner = **Responsable :** { $user }
ticket-priority = **Priorité :** { $priority }
ticket-issue = **Demande :** { $issue }
ticket-opened-at = **Ouvert :** { $time }
ticket-taken-at = **Pris :** { $time }
ticket-resolved-at = **Résolu :** { $time }
ticket-state-open = ouvert
ticket-state-taken = en cours
ticket-state-resolved = résolu
ticket-priority-low = basse
ticket-priority-normal = normale
ticket-priority-high = haute
ticket-priority-urgent = urgente
ticket-yes = oui
ticket-no = non
ticket-button-take = Prendre
ticket-button-resolve = Résoudre
ticket-button-reopen = Rouvrir
ticket-button-priority = Priorité
ticket-button-strange = Ce bouton n'est pas de moi, ou vient d'un autre message. Rien n'a changé.
ticket-line-taken = { $by } a pris ce ticket.
ticket-line-assigned = { $by } a confié ce ticket à { $to }.
ticket-line-resolved = { $by } a résolu ce ticket.
ticket-line-reopened = { $by } a rouvert ce ticket.
# Done in the tracker.
ticket-line-resolved-there = { $issue } a été fermée : ce ticket est résolu.
ticket-line-reopened-there = { $issue } a été rouverte : ce ticket est de nouveau ouvert.
ticket-line-comment = { $author } sur { $issue } :
ticket-line-priority = { $by } a mis la priorité à { $priority }.
ticket-list = Tickets ouverts de ce canal : { $count }
ticket-list-empty = Ce canal n'a pas de ticket ouvert.
ticket-list-more = … et { $count } de plus.
ticket-mine-owned = Tickets ouverts que vous traitez : { $count }
ticket-mine-asked = Tickets ouverts que vous avez demandés : { $count }
ticket-mine-empty = Vous ne traitez aucun ticket ouvert et n'en avez demandé aucun.
ticket-taken = Vous avez pris { $ticket }.
ticket-resolved = { $ticket } est résolu.
ticket-assigned = { $ticket } est confié.
ticket-reopened = { $ticket } est rouvert.
ticket-prioritised = La priorité de { $ticket } est fixée.
ticket-no-priority = Quelle priorité ? Tapez `/ticket priority NUMÉRO` et low, normal, high ou urgent.
ticket-no-command = Je ne connais pas cette commande. `/ticket help` montre lesquelles il y a.
ticket-form-empty = Remplissez au moins un champ.
ticket-unknown = Ce ticket n'existe pas, ou il est d'un canal où vous n'êtes pas. `/ticket list` montre ceux de ce canal.
ticket-no-number = Quel ticket ? Tapez `/ticket { $command } NUMÉRO`, avec un numéro comme 20261122-0001.
ticket-nobody = À qui ? Tapez `/ticket assign NUMÉRO @nom`.
ticket-no-user = Personne ne s'appelle { $name } ici.
ticket-chat-away = Je ne peux pas joindre Mattermost pour l'instant. Rien n'a changé ; réessayez dans une minute.
ticket-theirs = C'est déjà le cas : le ticket est à cette personne.
ticket-is-resolved = Ce ticket est déjà résolu. Rouvrez-le d'abord.
ticket-not-resolved = Ce ticket n'est pas résolu.
ticket-same-priority = C'est déjà sa priorité.

# Au canal d'une boîte

mailbox-sign-in-needed = La boîte **{ $mailbox }** ne laisse plus entrer ticketd. Aucun mail ne devient un ticket et aucune réponse ne part tant que personne n'exécute `{ $run }` sur le serveur.
mailbox-forbidden = La boîte **{ $mailbox }** interdit à ticketd quelque chose dont il a besoin ({ $permissions }) : des mails restent non lus ou non envoyés. Accordez-lui ce droit ; `{ $run }` montre ce qui manque.

# Aux appelants de l'API

api-bad-request = La requête est illisible.
api-invalid-body = Le corps n'est pas correct : `errors` dit quoi et où.
api-invalid-parameters = Un paramètre ou un en-tête n'est pas correct : `errors` dit lequel.
api-no-token = Envoyez un jeton : `Authorization: Bearer ticketd_…`.
api-bad-token = Le jeton est inconnu ou a été révoqué.
api-expired-token = Le jeton a expiré.
api-scope = Le jeton n'a pas ce droit : il en faut un de portée `{ $scope }`.
api-no-api = Il n'y a pas d'API ici : aucun tableau n'est configuré.
api-no-ticket = Ce ticket n'existe pas sur ces tableaux.
api-no-request = Cette demande n'existe pas, ou elle est terminée depuis longtemps.
api-no-page = Le curseur n'appartient à aucune page de cette question. Redemandez la première page.
api-key-reused = Cette Idempotency-Key a servi à une autre demande dans les dernières 24 heures.
api-media-type = Envoyez application/json ou multipart/form-data.
api-too-many-files = Trop de fichiers : au plus { $max } par demande.
api-too-many-parts = Le formulaire a trop de parties.
api-files-too-large = Les fichiers sont trop grands : { $max } octets au plus en tout.
api-uploads-full = Trop d'envois sont en cours. Réessayez dans un instant.
api-tracker-refused = L'outil de suivi refuse la demande : { $fault }
api-tracker-away = L'outil de suivi ne répond pas pour le moment. Réessayez dans un instant.
api-too-fast = Ce jeton a fait trop de requêtes en une minute.
api-too-many-streams = Ce jeton a déjà { $max } flux d'événements ouverts.
api-fault-query = La requête n'est pas de l'UTF-8 encodé par pourcent.
api-fault-json = Ce n'est pas du JSON.
api-fault-object = Écrivez un objet JSON.
api-fault-multipart = Ce n'est pas du multipart/form-data, ou il s'interrompt.
api-fault-missing = Ce champ manque.
api-fault-text = Écrivez un texte.
api-fault-short = Écrivez au moins { $min } caractères.
api-fault-long = Écrivez au plus { $max } caractères.
api-fault-control = Il contient des caractères de contrôle.
api-fault-email = Écrivez une adresse mail.
api-fault-choice = Écrivez une de ces valeurs : { $choices }
api-fault-list = Écrivez une liste.
api-fault-many = Écrivez au plus { $max } éléments.
api-fault-file = Envoyez ici un fichier, avec son nom.
api-fault-twice = Ceci ne peut être donné qu'une fois.
api-fault-number = Écrivez un nombre entier de { $min } à { $max }.
api-fault-key = Écrivez de 1 à 255 caractères ASCII visibles.
api-fault-event = Écrivez le numéro d'un événement.
api-fault-unknown-field = Ce champ n'existe pas.
api-fault-unknown-parameter = Ce paramètre n'existe pas.
api-fault-words = L'outil de suivi ne peut pas chercher ces mots. Écrivez-en d'autres.
