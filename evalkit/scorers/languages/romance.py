"""Words about answers in French, Spanish, Portuguese, Italian, Romanian and Catalan.

`evalkit.scorers.languages` says what each kind does.
"""

from __future__ import annotations

WORDS: dict[str, dict[str, str]] = {
    "fr": {
        "sure": "je n'ai aucun doute|je n'ai pas de doute|il n'y a aucun doute|il n'y a pas de doute|"
        "sans aucun doute|sans aucun doute possible|sans le moindre doute|sans l'ombre d'un doute"
        "|sans nul doute|sans doute aucun|sans doute possible|sans hésitation|sans hésiter"
        "|hors de tout doute|aucun doute|aucun doute possible|indubitablement|incontestablement"
        "|assurément|il ne fait aucun doute|nul doute|pas de doute",
        "thing": "problème|question|demande|cas|sujet|message|avis|commentaire|requête|affaire|réclamation|souci"
        "|incident",
        "noun": "réponse|reponse|option|choix|solution|lettre|proposition|réponse finale|alternative",
        "field": "affirmation|résultat|conclusion|catégorie|categorie|classe|étiquette|sentiment",
        "be": "il s'agit d'|il s'agit de|il s'agit du|s'agit d'|s'agit de|"
        "est|sont|serait-ce|doit être|reste|était|il ne reste que|il ne reste plus que|ne reste que",
        "would": "serait|seraient",
        "right": "correcte|correct|bonne|bon|exacte|exact|juste|vraie|vrai|meilleure|meilleur|appropriée",
        "wrong": "fausse|faux|incorrecte|incorrect|erronée|erroné|inexacte|mauvaise|mauvais|erreur|exclue|exclu"
        "|éliminée|impossible|absurde|piège",
        "not": "ne|n'|pas|non|ni|jamais|aucune|aucun|sauf|excepté|plutôt que|au lieu de|doute|exclure|n'est"
        "|n'est pas|rien|ce n'est pas",
        "choose": "je pense que c'est|je crois que c'est|je dirais que c'est|"
        "je choisirais|je prendrais|j'opterais pour"
        "|choisis|je choisis|je prends|je sélectionne|opte pour|c'est|je dis|je pense que c'est"
        "|il s'agit de|appartient à|relève de",
        "maybe": "peut-être|peut être|probablement|possiblement|sans doute|pourrait|pourrait être|éventuellement"
        "|soit|vraisemblablement|il se peut|suppose|devine|hésite|plutôt|partiellement|entre|douteux|peu probable"
        "|improbable|à peine",
        "unsure": "dit personne|disait personne|n'a jamais dit personne|"
        "pas sûr|pas sûre|pas certain|pas certaine|incertain|ne sais pas|je ne sais pas|aucune idée"
        "|difficile à dire|sais pas|pas convaincu|pas convaincue|j'ai des doutes|sans certitude|sous toute réserve"
        "|sans être sûr|je peux me tromper|je pourrais me tromper|sauf erreur",
        "or": "ou|ou bien|ou alors|soit encore|ou encore|alternativement|et/ou",
        "and": "et|ainsi que|les deux",
        "if": "si|à moins que|certains|beaucoup|d'abord|au début|on pourrait|supposons|imaginons|admettons"
        "|à supposer|en supposant|selon mon|selon ma|selon lui|selon elle|selon certains|selon wikipédia|d'après lui"
        "|d'après elle|d'après mon|d'après ma",
        "redo": "attends|attendez|pardon|désolé|je me suis trompé|je voulais dire|c'est faux|ce n'est pas ça"
        "|non attends|je me corrige|je veux dire|ou plutôt|enfin non|je retire|erratum|au temps pour moi|oups"
        "|je n'y crois plus|j'ai changé d'avis",
        "turn": "en fait|correction|plutôt|mais|en réalité",
        "why": "car|parce que|parce|puisque|qui|que|mais|dans|en|à|avec",
        "so": "donc|ainsi|par conséquent|alors|finalement|en conclusion",
        "fill": "globalement|majoritairement|principalement|essentiellement|clairement|nettement|"
        "la|le|les|l'|un|une|c'|ce|cette|de|du|il|j'|je|d'|bien|certainement|clairement|lettre|finale|ma"
        "|pour|oui|évidemment|suivante|euh|bah|hein|ah",
        "says": "dit|a dit|disent|prétend|affirme|il pense|elle pense|croit|quelqu'un|celui qui|soi-disant"
        "|l'idée que|hypothèse que|selon laquelle",
        "gives_up": "peux pas répondre|peut pas répondre|impossible de répondre|incapable de répondre"
        "|ne peut pas répondre|ne peux pas répondre",
        "it": "c'|ce|ça|cela|ceci|elle|il|cette réponse|ce résultat",
        "holds": "peut|peux|pourrait|doit|être|possible|tient|marche|colle|cas|le cas|sens|a|de|va|fonctionne"
        "|cependant|pourtant|malheureusement|évidemment|tout à fait|du tout|bien sûr|mais|toutefois",
        "former": "je pensais|j'ai d'abord pensé|j'avais d'abord|ma première idée|ma première pensée"
        "|ma première réponse|mon premier avis|au départ je|à première vue|j'aurais dit|ma réponse initiale"
        "|je croyais",
        "unknown": "inconnu|inconnue|indéterminé|indéterminée|on ne sait pas|ne sait pas|ne sais pas|je ne sais pas"
        "|sais pas|pas assez d'informations|informations insuffisantes|impossible à déterminer|aucune idée"
        "|difficile à dire|non précisé",
        "now": "dans ce cas|ici|maintenant|aujourd'hui|désormais|actuellement|cette année|à présent",
        "beside": "après|avant|suit|précède|à côté de|juste après|en dessous de|au-dessus de",
    },
    "es": {
        "sure": "no tengo dudas|no tengo duda|no tengo ninguna duda|"
        "sin duda|sin duda alguna|sin ninguna duda|sin lugar a dudas|sin lugar a duda|sin la menor duda"
        "|sin ningún género de dudas|sin dudarlo|sin dudar|sin vacilar|indudablemente|no cabe duda"
        "|no hay duda|no hay ninguna duda|fuera de toda duda",
        "thing": "problema|pregunta|cuestión|asunto|consulta|solicitud|caso|tema|mensaje|comentario|reseña|queja"
        "|incidencia",
        "noun": "respuesta|opción|opcion|alternativa|solución|solucion|letra|elección|inciso|respuesta final",
        "field": "resultado|conclusión|categoría|categoria|clase|etiqueta|sentimiento|afirmación",
        "be": "se trata de|se trata de un|se trata de una|"
        "es|son|sería la|debe ser|era|resulta|queda|solo queda|sólo queda|nos queda",
        "would": "sería|serían|seria",
        "right": "correcta|correcto|verdadera|verdadero|mejor|acertada|adecuada|cierta|cierto|válida",
        "wrong": "incorrecta|incorrecto|falsa|falso|errónea|erróneo|equivocada|equivocado|mala|error|descartada"
        "|imposible|mal|absurdo|trampa",
        "not": "no|ni|nunca|ninguna|ninguno|tampoco|excepto|salvo|en lugar de|en vez de|dudo|descarto|menos|sin",
        "choose": "creo que es|creo que|pienso que es|considero que es|diría que es|"
        "elijo|elegiría|escojo|selecciono|opto por|me quedo con|diría|marco|pertenece a|corresponde a",
        "maybe": "quizás|quizá|tal vez|posiblemente|probablemente|puede ser|podría ser|podría|puede que|acaso"
        "|a lo mejor|supongo|parece|parcialmente|entre|dudoso|improbable|poco probable|difícilmente",
        "unsure": "dijo nadie|dice nadie|"
        "no estoy seguro|no estoy segura|no sé|no se sabe|no lo sé|no tengo idea|ni idea|no tengo claro"
        "|difícil de decir|inseguro|no estoy convencido|no estoy convencida|tengo dudas|tengo mis dudas"
        "|sin estar seguro|sin estar segura|sin certeza|puedo equivocarme|podría equivocarme|puedo estar equivocado"
        "|podría estar equivocado",
        "or": "o|u|o bien|o si no|alternativamente|y/o",
        "and": "y|e|ambas|ambos|así como",
        "if": "si|a menos que|algunos|muchos|al principio|primero|inicialmente|supongamos|imaginemos|imagina"
        "|suponiendo|supón|según mi|según él|según ella|según algunos|según wikipedia",
        "redo": "espera|espere|perdón|perdon|lo siento|me equivoqué|quise decir|eso es incorrecto|eso no es correcto"
        "|me corrijo|un momento|digo|quiero decir|o mejor dicho|miento|perdona|ya no lo creo|he cambiado de opinión"
        "|cambié de opinión",
        "turn": "en realidad|corrección|mejor dicho|más bien|sino",
        "why": "porque|ya que|pues|pero|que|en|con|debido|dado",
        "so": "así que|por lo tanto|por tanto|entonces|luego|en conclusión|finalmente|por ende",
        "fill": "mayormente|principalmente|claramente|predominantemente|en general|en su mayoría|"
        "la|el|los|las|lo|un|una|de|del|esta|este|eso|esa|sí|letra|mi|final|claramente|definitivamente|por"
        "|para|yo|pregunta|única|eh|em|hay",
        "says": "dice|dijo|dicen|afirma|cree|piensa|sostiene|opina|alguien|quien|supuestamente|afirmación de que"
        "|hipótesis de que|idea de que|suposición de que",
        "gives_up": "no puedo responder|no se puede responder|no puedo dar una respuesta|no es posible responder"
        "|imposible responder|es posible responder",
        "it": "eso|esto|ello|esa respuesta|esta respuesta",
        "holds": "puede|podría|debe|ser|posible|tiene|sentido|cierto|así|sin embargo|en absoluto|claro|claramente"
        "|encaja|cuadra|funciona|pero|verdad",
        "former": "pensé al principio|al principio pensé|primero pensé|pensaba al principio|mi primera idea"
        "|mi primera respuesta|mi primer pensamiento|a primera vista|yo pensaba|creía|habría dicho"
        "|mi respuesta inicial",
        "unknown": "desconocido|desconocida|indeterminado|no se sabe|no sé|no se puede saber|no se puede determinar"
        "|información insuficiente|no hay suficiente información|imposible de determinar|no se menciona",
        "now": "en este caso|aquí|ahora|hoy|actualmente|este año|hoy en día|hoy día",
        "beside": "después de|antes de|tras|sigue a|precede a|junto a|debajo de|encima de|al lado de"
        "|delante de|posterior a|anterior a|siguiente a",
    },
    "pt": {
        "sure": "não tenho dúvida|não tenho dúvidas|não tenho nenhuma dúvida|"
        "sem dúvida|sem dúvida alguma|sem dúvida nenhuma|sem nenhuma dúvida|sem qualquer dúvida"
        "|sem sombra de dúvida|sem margem para dúvidas|indubitavelmente|não há dúvida|não há dúvidas"
        "|não resta dúvida|com certeza|sem hesitar",
        "thing": "problema|pergunta|questão|assunto|consulta|solicitação|pedido|caso|tema|mensagem|comentário"
        "|avaliação|reclamação",
        "noun": "resposta|opção|opcao|alternativa|solução|letra|escolha|gabarito|resposta final",
        "field": "resultado|conclusão|categoria|classe|rótulo|sentimento|afirmação",
        "be": "trata-se de|trata-se de um|trata-se de uma|é|são|deve ser|era|seja|resta|só resta|sobra|resta apenas",
        "would": "seria|seriam",
        "right": "correta|correto|certa|certo|verdadeira|verdadeiro|melhor|adequada|exata",
        "wrong": "incorreta|incorreto|errada|errado|falsa|falso|equivocada|erro|descartada|impossível|absurdo"
        "|armadilha|pegadinha",
        "not": "não|nao|nem|nunca|nenhuma|nenhum|exceto|salvo|em vez de|ao invés de|duvido|descarto|sem",
        "choose": "escolheria|eu escolheria|marcaria|acho que é|creio que é|penso que é|"
        "escolho|seleciono|opto por|fico com|marco|eu diria|pertence a|trata-se de",
        "maybe": "talvez|possivelmente|provavelmente|pode ser|poderia ser|poderia|quiçá|porventura|acho que|suponho"
        "|parece|entre|duvidoso|improvável|dificilmente",
        "unsure": "disse ninguém|diz ninguém|"
        "não tenho certeza|não sei|nao sei|não estou certo|não faço ideia|sem certeza|difícil dizer"
        "|tenho dúvidas|tenho as minhas dúvidas|não estou convencido|sem ter certeza|posso estar errado"
        "|posso estar enganado|posso me enganar",
        "or": "ou|ou então|alternativamente|e/ou",
        "and": "e|ambas|ambos|bem como",
        "if": "se|a menos que|alguns|muitos|inicialmente|primeiro|suponha|suponhamos|imagine|imaginemos|supondo"
        "|segundo o meu|segundo a minha|segundo meu|segundo minha|segundo ele|segundo ela|de acordo com meu",
        "redo": "espere|espera|desculpe|perdão|me enganei|errei|quis dizer|isso está errado|aliás|não espera"
        "|quer dizer|digo|melhor dizendo|ou melhor|já não acredito nisso|mudei de ideia",
        "turn": "na verdade|correção|melhor dizendo|mas sim",
        "why": "porque|pois|já que|mas|que|em|com|dado|devido",
        "so": "portanto|logo|assim|então|por isso|em conclusão|finalmente",
        "fill": "predominantemente|principalmente|claramente|no geral|em geral|majoritariamente|"
        "a|o|as|os|um|uma|de|da|do|esta|este|isso|sim|letra|minha|final|claramente|para|eu|pergunta|é a"
        "|única|hã|eh",
        "says": "diz|disse|dizem|afirma|acha|acredita|pensa|alguém|quem|supostamente|afirmação de que"
        "|hipótese de que|ideia de que",
        "gives_up": "não posso responder|não consigo responder|não é possível responder|impossível responder",
        "it": "isso|isto|ela|essa resposta|esta resposta",
        "holds": "pode|poderia|deve|ser|estar|possível|faz|sentido|certo|verdade|no entanto|claramente|bate|mas|porém",
        "former": "pensava no início|pensei no início|no início pensei|primeiro pensei|minha primeira ideia"
        "|minha primeira resposta|à primeira vista|eu pensava|eu achava|teria dito|minha resposta inicial",
        "unknown": "desconhecido|desconhecida|indeterminado|não se sabe|não sei|não é possível saber"
        "|não pode ser determinado|informação insuficiente|informações insuficientes|não há informação suficiente",
        "now": "neste caso|aqui|agora|hoje|atualmente|este ano|hoje em dia|neste ano",
        "beside": "depois de|antes de|após|segue|precede|ao lado de|abaixo de|acima de|seguinte a|anterior a"
        "|depois da|antes da|depois do|antes do",
    },
    "it": {
        "sure": "non ho dubbi|non ho alcun dubbio|"
        "senza dubbio|senza alcun dubbio|senza ombra di dubbio|senza dubbi|senza il minimo dubbio"
        "|indubbiamente|nessun dubbio|non c'è dubbio|non ci sono dubbi|senza esitazione|senza esitare",
        "thing": "problema|domanda|questione|richiesta|caso|argomento|messaggio|commento|recensione|reclamo|tema",
        "noun": "risposta|opzione|alternativa|soluzione|lettera|scelta|risposta finale",
        "field": "risultato|conclusione|categoria|classe|etichetta|sentimento|affermazione",
        "be": "si tratta di|si tratta di un|si tratta di una|"
        "è|e'|sono|deve essere|era|risulta|rimane|resta|rimane solo|resta solo",
        "would": "sarebbe|sarebbero",
        "right": "corretta|corretto|giusta|giusto|esatta|esatto|vera|vero|migliore|appropriata",
        "wrong": "sbagliata|sbagliato|errata|errato|falsa|falso|scorretta|scorretto|errore|esclusa|impossibile"
        "|assurdo|trappola",
        "not": "non|no|né|mai|nessuna|nessuno|tranne|eccetto|invece di|piuttosto che|dubito|escludo|senza",
        "choose": "credo che sia|penso che sia|direi che è|"
        "scelgo|sceglierei|seleziono|opto per|direi|si tratta di|appartiene a|rientra in",
        "maybe": "forse|probabilmente|possibilmente|magari|potrebbe|potrebbe essere|può essere|può darsi|suppongo"
        "|sembra|tra|improbabile|dubbio|difficilmente",
        "unsure": "disse nessuno|dice nessuno|"
        "non sono sicuro|non sono sicura|non so|non lo so|non ne ho idea|incerto|difficile dire"
        "|non sono certo|ho dei dubbi|ho qualche dubbio|non sono convinto|non sono convinta|senza certezza"
        "|potrei sbagliarmi|posso sbagliarmi|salvo errori",
        "or": "o|oppure|od|ovvero|o altrimenti|in alternativa|e/o",
        "and": "e|ed|entrambe|entrambi|sia",
        "if": "se|a meno che|alcuni|molti|inizialmente|all'inizio|supponiamo|immaginiamo|ammettiamo|immagina"
        "|supponendo|secondo il mio|secondo la mia|secondo lui|secondo lei|secondo alcuni",
        "redo": "aspetta|aspetti|scusa|scusate|mi sono sbagliato|mi correggo|volevo dire|no aspetta"
        "|questo è sbagliato|anzi|voglio dire|ripensandoci|anzi no|non ci credo più|ho cambiato idea",
        "turn": "in realtà|anzi|correzione|bensì|piuttosto",
        "why": "perché|poiché|in quanto|ma|che|in|con",
        "so": "quindi|pertanto|dunque|perciò|allora|in conclusione|infine",
        "fill": "prevalentemente|principalmente|complessivamente|chiaramente|in generale|per lo più|"
        "la|il|lo|l'|le|i|gli|un|una|un'|di|del|della|questa|questo|si|sì|lettera|mia|chiaramente|per|io"
        "|domanda|finale|l'unica|eh|ehm",
        "says": "dice|ha detto|dicono|afferma|sostiene|crede|pensa|qualcuno|chi|affermazione che|ipotesi che|idea che",
        "gives_up": "non posso rispondere|non è possibile rispondere|impossibile rispondere|non so rispondere",
        "it": "ciò|questo|questa|quello|essa|questa risposta",
        "holds": "può|potrebbe|deve|essere|possibile|ha|senso|vero|tuttavia|torna|funziona|affatto|però|ma",
        "former": "pensavo all'inizio|all'inizio pensavo|prima pensavo|la mia prima idea|la mia prima risposta"
        "|il mio primo pensiero|a prima vista|pensavo|credevo|avrei detto|la mia risposta iniziale",
        "unknown": "sconosciuto|sconosciuta|indeterminato|non si sa|non so|non si può sapere|non determinabile"
        "|informazioni insufficienti|non ci sono abbastanza informazioni",
        "now": "in questo caso|qui|ora|adesso|oggi|attualmente|quest'anno|oggigiorno",
        "beside": "dopo|prima di|segue|precede|accanto a|prima della|dopo la|successiva a|successiva alla"
        "|precedente a|precedente alla|sotto|sopra",
    },
    "ro": {
        "sure": "fără îndoială|fără nicio îndoială|fără nici o îndoială|fără doar și poate|neîndoielnic"
        "|nu există nicio îndoială",
        "thing": "problemă|întrebare|chestiune|solicitare|cerere|caz|recenzie",
        "noun": "răspunsul|răspuns|raspuns|raspunsul|opțiunea|optiunea|varianta|soluția|litera",
        "field": "rezultatul|categoria|eticheta|concluzia",
        "be": "este|e|sunt|trebuie să fie",
        "would": "ar fi",
        "right": "corect|corectă|corecta|bun|bună|cel mai bun|adevărat|potrivit",
        "wrong": "greșit|greșită|gresit|incorect|incorectă|fals|falsă|eronat|greșeală|imposibil|imposibilă|exclus",
        "not": "nu|nici|niciodată|niciuna|exceptând|în afară de|în loc de|mă îndoiesc",
        "choose": "aleg|selectez",
        "maybe": "poate|posibil|probabil|ar putea fi|ar putea|fie|cred|bănuiesc|puțin probabil|mă îndoiesc",
        "unsure": "nu sunt sigur|nu știu|nesigur",
        "or": "sau|ori|respectiv|fie|și/sau",
        "and": "și|si|ambele",
        "if": "dacă|unii|inițial|să presupunem",
        "redo": "stai|așteaptă|scuze|am greșit|voiam să spun|pardon|mă corectez",
        "turn": "de fapt|corecție|mai degrabă|ci",
        "why": "pentru că|deoarece|dar|care|în|cu",
        "so": "deci|prin urmare|astfel|așadar",
        "fill": "la|cel|cea|da|acest|această|meu|final|clar|întrebare|litera",
        "it": "asta|aceasta|acesta|acest lucru|acest răspuns",
        "holds": "poate|fi|corect|adevărat|posibil|însă|totuși|are|sens|potrivi|dar",
        "former": "la început am crezut|inițial am crezut|prima mea idee|primul meu gând|la prima vedere",
        "unknown": "necunoscut|nu știu|nu se știe|informații insuficiente",
        "now": "acum|astăzi|în prezent|anul acesta|azi",
        "beside": "după|înainte de|înaintea lui",
    },
    "ca": {
        "sure": "sens dubte|sense dubte|sense cap dubte|sense cap mena de dubte|indubtablement|no hi ha dubte",
        "thing": "problema|pregunta|qüestió|sol·licitud|cas|assumpte",
        "noun": "resposta|opció|alternativa|solució|lletra",
        "field": "resultat|categoria|etiqueta",
        "be": "és|son|són|ha de ser",
        "would": "seria",
        "right": "correcta|correcte|bona|millor|certa",
        "wrong": "incorrecta|incorrecte|falsa|errònia|equivocada|impossible",
        "not": "no|ni|mai|cap|excepte|en lloc de|dubto",
        "choose": "trio|escullo|seleccione",
        "maybe": "potser|possiblement|probablement|podria ser|pot ser",
        "unsure": "no n'estic segur|no ho sé|no sé",
        "or": "o|o bé|i/o|ja sigui",
        "and": "i",
        "if": "si",
        "redo": "espera|perdó|m'he equivocat",
        "turn": "en realitat|de fet|correcció|sinó",
        "why": "perquè|ja que|però|que",
        "so": "per tant|així|doncs",
        "fill": "la|el|l'|un|una|de|és la|meva|sí|lletra|final",
        "it": "això|aquesta resposta",
        "holds": "pot|ser|possible|cert|però|té|sentit",
        "now": "ara|avui|actualment|enguany",
    },
}
