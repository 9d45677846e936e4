"""The words by which an answer is given, denied, doubted or corrected, one row a language.

`letters` reads replies by these rows; a language is added by adding a row. Words are parted by "|", may be phrases, and
are compared after `fold` (small letters, without Arabic and Hebrew vowel marks). What each kind of word does:

    noun      what is answered with: "the answer is B", "option B"
    field     what an answer is called in sorting: "Queue: billing", "the sentiment is neutral"; weaker than a noun
    be        joins a noun and a choice
    would     joins them, or supposes: "B would be right for France"
    right     "B is right"
    wrong     denies: "B is wrong", "the wrong answer is B"
    not       denies: "not B", "B cannot be", "all except B", "B rather than C" (denies C)
    choose    says that one takes a choice, or puts something under a label: "I choose B", "route this to billing"
    maybe     doubts a choice: "maybe B", "it could be B"
    unsure    doubts the whole reply: "I am not sure"
    or, and   name several choices at once
    if        supposes, or reports what others say: "if it were warm", "some may say that"
    says      reports what another person says: "my friend says that", "someone careless would answer"
    redo      takes back what was said: "wait", "I meant", "let me reconsider"
    turn      takes it back only where another choice follows: "actually", "correction"
    why       may follow a choice's text: "Lyon because ..."
    so        ends a train of thought: "so B", "hence B"; what stands before it has no say about B
    fill      says nothing by itself
    tail      stands behind a choice without changing it: "Bです", "B입니다"
"""

from __future__ import annotations

KINDS = (
    "noun", "field", "be", "would", "right", "wrong", "not", "choose", "maybe", "unsure", "or", "and", "if", "says",
    "redo", "turn", "so", "tail", "fill", "why",
)  # fmt: skip

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "noun": "answer|answers|ans|option|options|choice|choices|solution|letter|final answer",
        "field": "response|conclusion|label|category|class|classification|verdict|sentiment|queue|statement"
        "|one|pick|selection|prediction|result|decision|output|final|tone|mood|polarity|attitude|stance"
        "|emotion|intent|relation|relationship|severity|priority|truth|alternative|your answer",
        "be": "is|are|was|'s|be|must be|should be|has to be|will be|ought to be|seems to be|appears to be"
        "|seems|remains|equals|being|turns out to be|turned out to be|turns out it is|turns out it's"
        "|proves to be",
        "would": "would be|would have been|'d be|were",
        "right": "right|correct|best|accurate|appropriate|fits|suitable|correctly|most likely|the most likely|only"
        "|most appropriate|most accurate|proper|closest|nearest|better|the closest",
        "wrong": "wrong|incorrect|false|invalid|untrue|inaccurate|mistaken|mistake|error|worst|least likely"
        "|distractor|misleading|eliminated|ruled out|excluded|impossible|unlikely|implausible|unsuitable"
        "|inappropriate|trap|does not fit|doesn't fit|not correct|not right|not true|not the right"
        "|not the correct|not the best|not possible|red herring|runner-up|runner up|second-best|second best"
        "|misconception|decoy|2nd choice|second choice|third choice|3rd choice|2nd best|next best|next-best",
        "not": "not|no|never|neither|nor|isn't|aren't|wasn't|cannot|can't|can not|couldn't|won't|wouldn't"
        "|don't|doesn't|didn't|nobody|no one|anything but|all but|everything but|except|except for"
        "|all except|excluding|rule out|ruling out|rules out|exclude|eliminate|reject|discard|rather than"
        "|instead of|than|doubt|doubts|deny|denies|without|far from|hardly|ain't|isnt|unable|refuse|dismiss"
        "|avoid|shouldn't|should not|as opposed to|unlike|nothing|disagree|disagrees|no way|corrected from"
        "|changed from|updated from|revised from|nope|nah|nay|impossible for|unlikely for|hard for"
        "|difficult for",
        "choose": "choose|chose|pick|select|go with|going with|opt for|i say|my answer|settle on|go for"
        "|goes to|route this to|route it to|route to|assign this to|assign it to|send this to|send it to"
        "|classify this as|classify it as|classified as|categorize this as|categorize it as|label this as"
        "|label it as|i would label it|i'd label it|i would call it|i'd call it|i would call this|i'd call this"
        "|i label it|i would rate it|i'd rate it|i call it"
        "|go to|goes under|belongs to|belongs in|belong to|falls under|falls into|fall under"
        "|forward this to|forward it to|choose option|i'd say|i would say|i think|i believe"
        "|i am confident it is|filed under|file this under|sort this into|put this in|put this under"
        "|categorised as|categorized as|categorise this as|labelled as|labeled as|i go with|my vote is"
        "|changing it to|change it to|change my answer to|changing my answer to|switch to|switching to"
        "|switched to|revise it to|changing to|updating to|update it to|give it|i'd give it|i give it"
        "|i would give it|give this|rate it|i'd rate it|rate this|i rate this|deserves|i know it's"
        "|i know it is|i now know it's|i now know it is|change that to|let me change that to"
        "|i'll change that to|changing that to|i'll make it|i'll switch to|change it into|i'll take|i take"
        "|i'd take|i would take|vote for|i vote for",
        "maybe": "maybe|perhaps|possibly|probably|might|might be|may|may be|could|could be|can be|guess"
        "|guessing|either|likely|presumably|potentially|conceivably|suppose|supposedly|perhaps also"
        "|apparently|tentatively|lean|leaning|leaning towards|lean towards|partly|partially|somewhat|almost"
        "|nearly|plausible|arguably|suspect|in part|seemingly|about|approximately|roughly|between|hesitant"
        "|close to|toss-up|hunch|or maybe|or perhaps|or possibly|could also be|might also be|doubtful"
        "|questionable|debatable|chances that|possible answer|possible answers|one candidate|a candidate"
        "|one possibility|a possibility|one possible|alternative answer|an alternative|alternatively"
        "|another option|another possibility|another candidate|another answer|one option|a possible"
        "|alternative :|alternatives :|alternative answer :|supposed to be|said to be|believed to be"
        "|claimed to be|assumed to be|reported to be|considered to be|meant to be|at best|at a push"
        "|if at all|premature|too early|too soon|rash|hasty|jump to the conclusion"
        "|jumping to the conclusion",
        "unsure": "not sure|unsure|not certain|uncertain|not confident|not entirely sure"
        "|not completely sure|don't know|do not know|hard to say|hard to tell|just a guess|only a guess"
        "|cannot be sure|can't be sure|can't be certain|no idea|can't tell|cannot tell|not 100% sure"
        "|not totally sure|not fully sure|not quite sure|cannot determine|can't determine|cannot decide"
        "|can't decide|difficult to say|cannot say|can't say|not so sure|not really sure|could be wrong"
        "|might be wrong|may be wrong|take it with|undecided|without certainty|low confidence"
        "|don't quote me|unable to determine"
        "|cannot be determined|wild guess|random guess|can't confirm"
        "|cannot confirm|can't verify|cannot verify|could not verify|couldn't verify|unable to verify"
        "|unable to confirm|not verified|haven't verified|have not verified|trick question|a trick"
        "|not convinced|not entirely convinced|not fully convinced|not totally convinced|have my doubts"
        "|have doubts|have some doubts|with some doubt|i'm torn|not 100% certain|not completely certain"
        "|not entirely certain|maybe not|perhaps not|or maybe not|or perhaps not|or not|then again|or is it"
        "|or was it|or wasn't it|or isn't it|could be mistaken|may be mistaken|might be mistaken|my foot"
        "|yeah right|as if|no chance|fat chance|get real|more than one|several answers|multiple answers"
        "|more than one answer|multiple options|i doubt it|i doubt that|that's what i would say"
        "|that's what i'd say|so they say|or so they say|or so i'm told|or so i thought|or so it seems"
        "|go either way|could go either way",
        "or": "or|and/or|versus|vs",
        "and": "and|as well as|plus|both|also|&",
        "if": "if|unless|whether|suppose that|were it|had it|some may|some might|some people|people think"
        "|people say|many people|many think|one might|one may|one could|you might|you may think|some say"
        "|some would|initially|at first|first thought|first i thought|i first|i thought|i first thought"
        "|i initially|previously|earlier|thought to be|supposing|many students|most students|other people"
        "|students may|students might|students often|people often|a common answer|commonly thought"
        "|others may|others might|others think|had the|had this|had we|had it been|had they|had you"
        "|were the|were this|were we|were you|should the|say the|say that|say it|for argument's sake"
        "|for the sake of argument|hypothetically|in an ideal world|in theory|according to my teacher"
        "|according to my friend|according to my professor|according to my colleague|according to my boss"
        "|according to my brother|according to my sister|according to my mother|according to my father"
        "|according to my neighbour|according to my neighbor|according to him|according to her"
        "|according to them|according to some|according to others|according to critics"
        "|according to the user|according to the student|according to google|according to chatgpt"
        "|according to gpt-4|according to wikipedia|according to the internet|provided that"
        "|on condition that|as long as|so long as|under the assumption that|on the assumption that",
        "redo": "none of the above|none of the options|none of these|none of the choices|on reflection"
        "|upon reflection|wait|no wait|hold on|scratch that|let me reconsider|let me rethink"
        "|let me double check|let me double-check|let me recheck|let me re-check|let me check again"
        "|i made a mistake|i was wrong|on second thought|on second thoughts|strike that|i take that back"
        "|i misread|i misspoke|that's wrong|that is wrong|that's not right|that is not right"
        "|that's incorrect|that is incorrect|that isn't right|that can't be right|that was wrong"
        "|that's a mistake|i made an error|my mistake|my bad|i need to correct|i must correct|i meant"
        "|i mean|disregard|ignore that|i apologize|i stand corrected|sorry|this is wrong|this is incorrect"
        "|this is not right|that is not correct|that's not correct|never mind|oops|i retract"
        "|they are mistaken|they are wrong|just kidding|kidding|jk|typo|my apologies|er|erm|uh|um|uhm"
        "|that doesn't add up|that does not add up|that doesn't look right|that does not look right"
        "|that doesn't seem right|that does not seem right|that cannot be right|that cannot be correct"
        "|that seems off|that looks off|that seems wrong|that looks wrong|this doesn't add up"
        "|this does not add up|this doesn't look right|this does not look right|this doesn't seem right"
        "|this does not seem right|this cannot be right|this can't be right|this cannot be correct|this seems off"
        "|this looks off|this seems wrong|this looks wrong"
        ""
        ""
        "|i've made an error|i've made a mistake|i have made an error"
        "|i have made a mistake|there is a mistake above"
        "|there is an error above|there's a mistake above|there's an error above"
        "|ignore the above|ignore this|disregard that"
        "|but that seems off|but that looks off|but this seems off|but this looks off"
        "|but this contradicts|but that contradicts"
        "|but that can't be right|but this can't be right"
        "|let me correct myself|let me correct that|i correct myself|correcting myself|that was a joke"
        "|it was a joke|i was joking|just a joke|i'm joking|i was too quick|i was too hasty"
        "|i spoke too soon|i jumped the gun|i misjudged|i overlooked",
        "turn": "actually|correction|edit|update|corrected|revised|or rather|rather|make that|hmm|in fact"
        "|correcting|changed to|change to",
        "why": "because|since|as|which|for|due|based|with|given|when|but|although|while|whereas|in|on|at"
        "|from|by|to|who|that|where|it|he|she|they|this|i|we|after|before|so|therefore|hence|among|above"
        "|below|according|please|though|however|explanation|reason|yet|still|nevertheless|nonetheless"
        "|albeit|even",
        "so": "so|thus|therefore|hence|consequently|accordingly|in conclusion|overall|finally|in short"
        "|in summary|to conclude|then|ergo|in the end|ultimately|in other words|leaving|leaving only"
        "|that leaves|that leaves only|leaves only|which leaves|that leaves us with|leaves us with"
        "|leaving us with|left with|that said|that being said|having said that|contrary to popular belief"
        "|contrary to what you may think|contrary to what you might think|contrary to what one might think"
        "|contrary to expectations|afterwards|after that|later|by elimination|by process of elimination"
        "|by the process of elimination|by exclusion",
        "fill": "the|a|an|of|it|this|that|these|here|most|definitely|clearly|certainly|surely|simply|indeed"
        "|obviously|absolutely|single|following|my|our|your|i|we|i'd|i'll|i'm|we'd|would|will|shall|you|am"
        "|just|undoubtedly|no doubt|without a doubt|without doubt|there is no doubt|beyond doubt|not only"
        "|given|labelled|labeled|marked|named|above|sure|okay|ok|yes|great|good question|confident|certain"
        "|believe|think|say|concluded|conclude|as|to this question|to the question|to this"
        "|for this question|for this|from the options|among the options|from the list|on the list"
        "|in this case|of the options|of these|of the choices|of the above|queue|issue|ticket|class|it"
        "|should|must|today|now|nowadays|currently|these days|of course|no doubt about it|without question"
        "|beyond question|no question",
        "tail": "team|indeed|too",
        "says": "says|said|claims|claimed|thinks|believes|believed|insists|insisted|argues|argued|swears"
        "|told me|tells me|told us|they say|they think|they believe|whoever|someone|somebody|anyone|anybody"
        "|everyone|everybody|according to wikipedia|according to the internet|allegedly|the user|used to be"
        "|used to say|was once|was formerly|i was going to say|i was about to say|i almost said"
        "|i nearly said|i would have said|i wanted to say|i almost picked|i almost chose|i was tempted"
        "|claim that|assumption that|idea that|notion that|hypothesis that|suggestion that|premise that"
        "|belief that|view that|assertion that|possibility that|imagine|imagine that|assume|assume that"
        "|assuming|assuming that|pretend|pretend that|let's say|let us say|first answer|initial answer"
        "|previous answer|earlier answer|original answer|old answer|example|for example|for instance"
        "|template|sample answer|example answer|rumour has it|rumor has it|legend has it|replied"
        "|she replied|he replied|she answered|he answered|she said|he said|he says|she says|they said"
        "|reference answer|gold answer|model answer|student answer|user answer|predicted answer",
    },
    "de": {
        "noun": "antwort|lösung|loesung|option|antwortmöglichkeit|wahl|buchstabe|auswahl|alternative"
        "|endgültige antwort|finale antwort",
        "field": "aussage|ergebnis|kategorie|klasse|einordnung|klassifikation|klassifizierung|stimmung",
        "be": "ist|sind|lautet|wäre es|heißt|heisst|muss sein|bleibt|war",
        "would": "wäre|wären|würde",
        "right": "richtig|richtige|richtigen|richtiger|korrekt|korrekte|korrekten|beste|besten|zutreffend|stimmt"
        "|passende|trifft zu|wahr|besser",
        "wrong": "falsch|falsche|falschen|inkorrekt|unrichtig|unzutreffend|stimmt nicht|trifft nicht zu|fehler"
        "|ausgeschlossen|scheidet aus|fällt weg|unmöglich",
        "not": "nicht|kein|keine|keiner|keines|nein|weder|noch|niemals|nie|außer|ausser|statt|anstatt|alles außer"
        "|bezweifle|ausschließen|schließe|nichts",
        "choose": "wähle|wählen|nehme|entscheide mich für|ich sage|tippe auf|es ist|das ist|gehört zu|gehört in"
        "|fällt unter|ich ordne",
        "maybe": "vielleicht|möglicherweise|eventuell|wahrscheinlich|vermutlich|könnte|könnte sein|wohl"
        "|entweder|eher|womöglich|mutmaßlich|schätze|unter umständen|rate|vermute|teilweise|zweifelhaft"
        "|fraglich|unwahrscheinlich|kaum",
        "unsure": "nicht sicher|unsicher|weiß nicht|weiss nicht|weiß es nicht|keine ahnung"
        "|bin mir nicht sicher|nicht ganz sicher|schwer zu sagen|nicht überzeugt|nicht ganz überzeugt"
        "|habe zweifel|habe meine zweifel|ohne gewähr|kann mich irren|könnte mich irren|kann falsch liegen"
        "|könnte falsch liegen",
        "or": "oder|beziehungsweise|bzw",
        "and": "und|sowie|sowohl|als auch|beide",
        "if": "wenn|falls|sofern|ob|manche|einige|viele|zunächst|zuerst|anfangs|angenommen|nehmen wir an"
        "|stell dir vor|gesetzt den fall|laut meinem|laut meiner|laut ihm|laut ihr|laut wikipedia"
        "|nach meinung|meinem lehrer zufolge",
        "redo": "warte|moment|nein warte|entschuldigung|ich meinte|das stimmt nicht|das ist falsch"
        "|doch nicht|ich habe mich geirrt|ich korrigiere|quatsch|ach nein|halt|stopp|oder nein|doch lieber"
        "|pardon|verzeihung|sorry|ich meine",
        "turn": "eigentlich|korrektur|vielmehr|besser gesagt|sondern|doch",
        "why": "weil|da|denn|aber|obwohl|die|der|das|in|an|mit",
        "so": "also|daher|somit|folglich|deshalb|demnach|damit",
        "fill": "nur|nur noch"
        "|die|der|das|den|dem|es|ja|ganz|eindeutig|sicher|definitiv|natürlich|buchstabe|ich|mich|für"
        "|auf|zu|hier|einzig|meine|lautet|äh|ähm|hm",
        "says": "sagt|sagte|meint|meinte|behauptet|behauptete|glaubt|denkt|angeblich|jemand|wer|heißt es"
        "|behauptung|annahme|these|vermutung|unterstellung",
    },
    "fr": {
        "noun": "réponse|reponse|option|choix|solution|lettre|proposition|réponse finale|alternative",
        "field": "affirmation|résultat|conclusion|catégorie|categorie|classe|étiquette|sentiment",
        "be": "est|sont|serait-ce|doit être|reste|était|il ne reste que|il ne reste plus que|ne reste que",
        "would": "serait|seraient",
        "right": "correcte|correct|bonne|bon|exacte|exact|juste|vraie|vrai|meilleure|meilleur|appropriée",
        "wrong": "fausse|faux|incorrecte|incorrect|erronée|erroné|inexacte|mauvaise|mauvais|erreur|exclue|exclu"
        "|éliminée|impossible",
        "not": "ne|n'|pas|non|ni|jamais|aucune|aucun|sauf|excepté|plutôt que|au lieu de|doute|exclure|n'est"
        "|n'est pas|rien|ce n'est pas",
        "choose": "choisis|je choisis|je prends|je sélectionne|opte pour|c'est|je dis|je pense que c'est"
        "|il s'agit de|appartient à|relève de",
        "maybe": "peut-être|peut être|probablement|possiblement|sans doute|pourrait|pourrait être"
        "|éventuellement|soit|vraisemblablement|il se peut|suppose|devine|hésite|plutôt|partiellement|entre"
        "|douteux|peu probable|improbable|à peine",
        "unsure": "pas sûr|pas sûre|pas certain|pas certaine|incertain|ne sais pas|je ne sais pas"
        "|aucune idée|difficile à dire|sais pas|pas convaincu|pas convaincue|j'ai des doutes|sans certitude"
        "|sous toute réserve|sans être sûr|je peux me tromper|je pourrais me tromper|sauf erreur",
        "or": "ou|ou bien",
        "and": "et|ainsi que|les deux",
        "if": "si|à moins que|certains|beaucoup|d'abord|au début|on pourrait|supposons|imaginons|admettons"
        "|à supposer|en supposant|selon mon|selon ma|selon lui|selon elle|selon certains|selon wikipédia"
        "|d'après lui|d'après elle|d'après mon|d'après ma",
        "redo": "attends|attendez|pardon|désolé|je me suis trompé|je voulais dire|c'est faux"
        "|ce n'est pas ça|non attends|je me corrige|je veux dire|ou plutôt|enfin non|je retire|erratum"
        "|au temps pour moi|oups",
        "turn": "en fait|correction|plutôt|mais|en réalité",
        "why": "car|parce que|parce|puisque|qui|que|mais|dans|en|à|avec",
        "so": "donc|ainsi|par conséquent|alors|finalement|en conclusion",
        "fill": "la|le|les|l'|un|une|c'|ce|cette|de|du|il|j'|je|d'|bien|certainement|clairement|lettre"
        "|finale|ma|pour|oui|évidemment|suivante|euh|bah|hein|ah",
        "says": "dit|a dit|disent|prétend|affirme|il pense|elle pense|croit|quelqu'un|celui qui|soi-disant"
        "|l'idée que|hypothèse que|selon laquelle",
    },
    "es": {
        "noun": "respuesta|opción|opcion|alternativa|solución|solucion|letra|elección|inciso|respuesta final",
        "field": "resultado|conclusión|categoría|categoria|clase|etiqueta|sentimiento|afirmación",
        "be": "es|son|sería la|debe ser|era|resulta|queda|solo queda|sólo queda|nos queda",
        "would": "sería|serían|seria",
        "right": "correcta|correcto|verdadera|verdadero|mejor|acertada|adecuada|cierta|cierto|válida",
        "wrong": "incorrecta|incorrecto|falsa|falso|errónea|erróneo|equivocada|equivocado|mala|error|descartada"
        "|imposible|mal",
        "not": "no|ni|nunca|ninguna|ninguno|tampoco|excepto|salvo|en lugar de|en vez de|dudo|descarto|menos|sin",
        "choose": "elijo|elegiría|escojo|selecciono|opto por|me quedo con|diría|marco|pertenece a|corresponde a",
        "maybe": "quizás|quizá|tal vez|posiblemente|probablemente|puede ser|podría ser|podría|puede que"
        "|acaso|a lo mejor|supongo|parece|parcialmente|entre|dudoso|improbable|poco probable|difícilmente",
        "unsure": "no estoy seguro|no estoy segura|no sé|no se sabe|no lo sé|no tengo idea|ni idea"
        "|no tengo claro|difícil de decir|inseguro|no estoy convencido|no estoy convencida|tengo dudas"
        "|tengo mis dudas|sin estar seguro|sin estar segura|sin certeza|puedo equivocarme"
        "|podría equivocarme|puedo estar equivocado|podría estar equivocado",
        "or": "o|u|o bien",
        "and": "y|e|ambas|ambos|así como",
        "if": "si|a menos que|algunos|muchos|al principio|primero|inicialmente|supongamos|imaginemos"
        "|imagina|suponiendo|supón|según mi|según él|según ella|según algunos|según wikipedia",
        "redo": "espera|espere|perdón|perdon|lo siento|me equivoqué|quise decir|eso es incorrecto"
        "|eso no es correcto|me corrijo|un momento|digo|quiero decir|o mejor dicho|miento|perdona",
        "turn": "en realidad|corrección|mejor dicho|más bien|sino",
        "why": "porque|ya que|pues|pero|que|en|con|debido|dado",
        "so": "así que|por lo tanto|por tanto|entonces|luego|en conclusión|finalmente|por ende",
        "fill": "la|el|los|las|lo|un|una|de|del|esta|este|eso|esa|sí|letra|mi|final|claramente"
        "|definitivamente|por|para|yo|pregunta|única|eh|em",
        "says": "dice|dijo|dicen|afirma|cree|piensa|sostiene|opina|alguien|quien|supuestamente"
        "|afirmación de que|hipótesis de que|idea de que|suposición de que",
    },
    "pt": {
        "noun": "resposta|opção|opcao|alternativa|solução|letra|escolha|gabarito|resposta final",
        "field": "resultado|conclusão|categoria|classe|rótulo|sentimento|afirmação",
        "be": "é|são|deve ser|era|seja|resta|só resta|sobra|resta apenas",
        "would": "seria|seriam",
        "right": "correta|correto|certa|certo|verdadeira|verdadeiro|melhor|adequada|exata",
        "wrong": "incorreta|incorreto|errada|errado|falsa|falso|equivocada|erro|descartada|impossível",
        "not": "não|nao|nem|nunca|nenhuma|nenhum|exceto|salvo|em vez de|ao invés de|duvido|descarto|sem",
        "choose": "escolho|seleciono|opto por|fico com|marco|eu diria|pertence a|trata-se de",
        "maybe": "talvez|possivelmente|provavelmente|pode ser|poderia ser|poderia|quiçá|porventura|acho que"
        "|suponho|parece|entre|duvidoso|improvável|dificilmente",
        "unsure": "não tenho certeza|não sei|nao sei|não estou certo|não faço ideia|sem certeza"
        "|difícil dizer|tenho dúvidas|tenho as minhas dúvidas|não estou convencido|sem ter certeza"
        "|posso estar errado|posso estar enganado|posso me enganar",
        "or": "ou",
        "and": "e|ambas|ambos|bem como",
        "if": "se|a menos que|alguns|muitos|inicialmente|primeiro|suponha|suponhamos|imagine|imaginemos"
        "|supondo|segundo o meu|segundo a minha|segundo meu|segundo minha|segundo ele|segundo ela"
        "|de acordo com meu",
        "redo": "espere|espera|desculpe|perdão|me enganei|errei|quis dizer|isso está errado|aliás"
        "|não espera|quer dizer|digo|melhor dizendo|ou melhor",
        "turn": "na verdade|correção|melhor dizendo|mas sim",
        "why": "porque|pois|já que|mas|que|em|com|dado|devido",
        "so": "portanto|logo|assim|então|por isso|em conclusão|finalmente",
        "fill": "a|o|as|os|um|uma|de|da|do|esta|este|isso|sim|letra|minha|final|claramente|para|eu|pergunta"
        "|é a|única|hã|eh",
        "says": "diz|disse|dizem|afirma|acha|acredita|pensa|alguém|quem|supostamente|afirmação de que"
        "|hipótese de que|ideia de que",
    },
    "it": {
        "noun": "risposta|opzione|alternativa|soluzione|lettera|scelta|risposta finale",
        "field": "risultato|conclusione|categoria|classe|etichetta|sentimento|affermazione",
        "be": "è|e'|sono|deve essere|era|risulta|rimane|resta|rimane solo|resta solo",
        "would": "sarebbe|sarebbero",
        "right": "corretta|corretto|giusta|giusto|esatta|esatto|vera|vero|migliore|appropriata",
        "wrong": "sbagliata|sbagliato|errata|errato|falsa|falso|scorretta|scorretto|errore|esclusa|impossibile",
        "not": "non|no|né|mai|nessuna|nessuno|tranne|eccetto|invece di|piuttosto che|dubito|escludo|senza",
        "choose": "scelgo|sceglierei|seleziono|opto per|direi|si tratta di|appartiene a|rientra in",
        "maybe": "forse|probabilmente|possibilmente|magari|potrebbe|potrebbe essere|può essere|può darsi"
        "|suppongo|sembra|tra|improbabile|dubbio|difficilmente",
        "unsure": "non sono sicuro|non sono sicura|non so|non lo so|non ne ho idea|incerto|difficile dire"
        "|non sono certo|ho dei dubbi|ho qualche dubbio|non sono convinto|non sono convinta|senza certezza"
        "|potrei sbagliarmi|posso sbagliarmi|salvo errori",
        "or": "o|oppure|od",
        "and": "e|ed|entrambe|entrambi|sia",
        "if": "se|a meno che|alcuni|molti|inizialmente|all'inizio|supponiamo|immaginiamo|ammettiamo"
        "|immagina|supponendo|secondo il mio|secondo la mia|secondo lui|secondo lei|secondo alcuni",
        "redo": "aspetta|aspetti|scusa|scusate|mi sono sbagliato|mi correggo|volevo dire|no aspetta"
        "|questo è sbagliato|anzi|voglio dire|ripensandoci|anzi no",
        "turn": "in realtà|anzi|correzione|bensì|piuttosto",
        "why": "perché|poiché|in quanto|ma|che|in|con",
        "so": "quindi|pertanto|dunque|perciò|allora|in conclusione|infine",
        "fill": "la|il|lo|l'|le|i|gli|un|una|un'|di|del|della|questa|questo|si|sì|lettera|mia|chiaramente"
        "|per|io|domanda|finale|l'unica|eh|ehm",
        "says": "dice|ha detto|dicono|afferma|sostiene|crede|pensa|qualcuno|chi|affermazione che|ipotesi che|idea che",
    },
    "nl": {
        "noun": "antwoord|optie|keuze|oplossing|letter|eindantwoord|alternatief",
        "field": "stelling|resultaat|conclusie|categorie|klasse|label",
        "be": "is|zijn|luidt|moet zijn|was|blijft|blijft alleen",
        "would": "zou zijn|zou",
        "right": "juist|juiste|correct|correcte|goed|goede|beste|waar|klopt",
        "wrong": "fout|foute|verkeerd|verkeerde|onjuist|onjuiste|incorrect|onwaar|klopt niet|uitgesloten|onmogelijk",
        "not": "niet|geen|nee|noch|nooit|behalve|in plaats van|betwijfel|uitsluiten",
        "choose": "kies|ik kies|selecteer|ga voor|ik zeg|het is|dat is|dit is|hoort bij|valt onder",
        "maybe": "misschien|mogelijk|waarschijnlijk|wellicht|zou kunnen|kan zijn|ofwel|vermoedelijk|gok"
        "|denk|twijfelachtig|onwaarschijnlijk|nauwelijks",
        "unsure": "niet zeker|weet niet|weet het niet|geen idee|onzeker|moeilijk te zeggen|kan me vergissen"
        "|kan fout zitten|kan het mis hebben",
        "or": "of",
        "and": "en|beide|zowel",
        "if": "als|indien|tenzij|sommigen|eerst|stel|stel dat|stel je voor|aangenomen|gesteld|volgens mijn"
        "|volgens hem|volgens haar|volgens sommigen",
        "redo": "wacht|sorry|ik bedoelde|ik vergiste me|dat klopt niet|dat is fout|pardon|ik bedoel"
        "|nee wacht|of nee|excuses",
        "turn": "eigenlijk|correctie|beter gezegd|maar|wel|maar wel",
        "why": "omdat|want|aangezien|maar|die|dat|in|met",
        "so": "dus|daarom|derhalve|bijgevolg",
        "fill": "het|de|een|dit|dat|ja|zeker|duidelijk|letter|mijn|ik|voor|op|te|vraag|enige",
        "says": "zegt|zei|zeggen|beweert|denkt|gelooft|iemand|wie|zogenaamd|bewering|veronderstelling|aanname",
    },
    "pl": {
        "noun": "odpowiedź|odpowiedz|odpowiedzią|opcja|opcją|wariant|rozwiązanie|litera|wybór|odpowiedzi",
        "field": "wynik|kategoria|etykieta|klasa",
        "be": "to|jest|brzmi|są|musi być|pozostaje|zostaje|pozostaje tylko|zostaje tylko",
        "would": "byłaby|byłoby|byłby",
        "right": "poprawna|poprawną|prawidłowa|prawidłową|właściwa|dobra|najlepsza|słuszna|prawdziwa|poprawny",
        "wrong": "błędna|błędną|niepoprawna|nieprawidłowa|zła|fałszywa|błąd|wykluczona|niewłaściwa|fałszywe",
        "not": "nie|ani|nigdy|żadna|żaden|oprócz|poza|zamiast|wątpię|wykluczam",
        "choose": "wybieram|zaznaczam|stawiam na|to jest|należy do",
        "maybe": "może|być może|możliwe|prawdopodobnie|chyba|pewnie|mogłaby|mógłby|przypuszczalnie|zgaduję"
        "|wątpliwe|mało prawdopodobne|raczej nie",
        "unsure": "nie jestem pewien|nie jestem pewna|nie wiem|niepewny|trudno powiedzieć|nie mam pojęcia"
        "|mogę się mylić",
        "or": "lub|albo|czy",
        "and": "i|oraz|obie|oba",
        "if": "jeśli|jeżeli|gdyby|chyba że|niektórzy|początkowo|załóżmy|przypuśćmy|wyobraźmy sobie|zdaniem"
        "|według niego|według kolegi",
        "redo": "czekaj|chwila|przepraszam|pomyliłem się|miałem na myśli|to błąd|to nieprawda|pomyłka"
        "|a raczej|wróć|nie czekaj",
        "turn": "właściwie|poprawka|raczej|a raczej|jednak|tylko",
        "why": "ponieważ|bo|gdyż|ale|która|który|w|z",
        "so": "więc|zatem|dlatego|czyli|stąd",
        "fill": "ta|ten|tak|na|o|moja|litera|zdecydowanie|oczywiście|pytanie|jedyna|końcowa|ostateczna|eee|hm",
        "says": "mówi|mówią|twierdzi|uważa|sądzi|powiedział|powiedziała|ktoś|rzekomo|twierdzenie|założenie",
    },
    "ru": {
        "noun": "ответ|вариант|вариантом|ответом|решение|буква|выбор|ответа|опция",
        "field": "утверждение|результат|категория|класс|метка|тональность|вывод",
        "be": "это|является|будет|есть|остаётся|остается|остаётся только|остается только"
        "|под буквой|под номером|должен быть",
        "would": "был бы|была бы|было бы",
        "right": "правильный|правильным|правильная|правильное|верный|верным|верная|верно|правильно|корректный"
        "|лучший|подходит|верен",
        "wrong": "неправильный|неправильным|неправильно|неверный|неверно|неверен|ошибочный|ложный|ложно|ошибка"
        "|не подходит|исключён|исключен|неверным|неправильная|неверная|неверное",
        "not": "не|нет|ни|никогда|кроме|вместо|а не|сомневаюсь|исключаю|нельзя|никакой",
        "choose": "выбираю|выберу|выбрал|я бы выбрал|останавливаюсь на|относится к",
        "maybe": "возможно|может|может быть|вероятно|наверное|наверно|пожалуй|вероятнее|скорее всего|либо"
        "|предположительно|похоже|мог бы|могло бы|сомнительно|маловероятно|вряд ли|едва ли",
        "unsure": "не уверен|не уверена|не знаю|затрудняюсь|трудно сказать|не могу сказать|сомневаюсь"
        "|есть сомнения|не убеждён|могу ошибаться|могу и ошибаться",
        "or": "или",
        "and": "и|а также|оба",
        "if": "если|если бы|некоторые|многие|сначала|разве|допустим|предположим|представим|положим|по словам|по мнению",
        "redo": "подождите|подожди|стоп|извините|простите|я ошибся|ошиблась|я имел в виду|это неверно"
        "|это неправильно|нет подождите|точнее|вернее|ой|погодите|хотя нет|виноват|нет стоп",
        "turn": "на самом деле|исправление|точнее|вернее|поправка",
        "why": "потому|так как|поскольку|но|который|которая|в|с|ведь",
        "so": "следовательно|итак|поэтому|значит|таким образом|значит",
        "fill": "мой|наш|да|точно|однозначно|буква|на|вопрос|этот|я|конечно|единственный|окончательный|эм|хм|ну",
        "says": "говорит|говорят|сказал|сказала|утверждает|считает|думает|полагает|якобы|кто-то|утверждение"
        "|предположение",
    },
    "uk": {
        "noun": "відповідь|відповіддю|варіант|рішення|літера|буква|вибір",
        "field": "твердження|результат|категорія|мітка|клас|тональність",
        "be": "це|є|буде|під літерою",
        "would": "був би|була б|було б",
        "right": "правильна|правильний|правильною|вірна|вірний|вірно|правильно|найкраща|коректна",
        "wrong": "неправильна|неправильний|неправильною|невірна|невірний|невірно|неправильно|хибна|хибний|помилка"
        "|помилкова",
        "not": "не|ні|ані|ніколи|крім|окрім|замість|а не|сумніваюся|виключаю",
        "choose": "обираю|вибираю|оберу|належить до",
        "maybe": "можливо|може|може бути|мабуть|ймовірно|певно|скоріше|або ж|напевно|сумнівно|навряд чи|малоймовірно",
        "unsure": "не впевнений|не впевнена|не знаю|важко сказати|можу помилятися",
        "or": "або|чи",
        "and": "і|й|та|також",
        "if": "якщо|якби|деякі|спочатку|припустимо|уявімо|за словами|на думку",
        "redo": "зачекайте|почекай|чекай|вибачте|я помилився|я мав на увазі|це неправильно|точніше|стривайте|ой|стоп",
        "turn": "насправді|виправлення|точніше",
        "why": "бо|тому що|оскільки|але|який|яка|в|у|з",
        "so": "отже|тому|таким чином|відтак",
        "fill": "моя|так|точно|однозначно|на|питання|ця|я|літера",
        "says": "каже|кажуть|сказав|сказала|стверджує|вважає|думає|хтось|нібито",
    },
    "tr": {
        "noun": "cevap|cevabı|cevabım|yanıt|yanıtı|yanıtım|seçenek|seçeneği|şık|şıkkı|çözüm|cevabımız",
        "field": "sonuç|kategori|etiket|sınıf|duygu",
        "be": "geriye kalan|geriye sadece|olmalı|olmalıdır|olarak|olur|budur",
        "would": "olurdu",
        "right": "doğru|doğrudur|en iyi|geçerli|uygun",
        "wrong": "yanlış|yanlıştır|hatalı|hatalıdır|geçersiz|imkansız",
        "not": "değil|değildir|hayır|ne|hiçbiri|hariç|dışında|yerine|olamaz|asla|şüpheliyim|yok",
        "choose": "seçiyorum|seçerim|tercih ediyorum",
        "maybe": "belki|muhtemelen|olabilir|galiba|sanırım|ihtimalle|herhalde|mümkün",
        "unsure": "emin değilim|bilmiyorum|kararsızım|söylemek zor|sanmıyorum|zannetmiyorum|şüpheliyim"
        "|düşünmüyorum|yanılıyor olabilirim|yanılabilirim",
        "or": "veya|ya da|yahut|ya",
        "and": "ve|ile|her ikisi",
        "if": "eğer|ise|bazıları|önce|başta|diyelim|diyelim ki|varsayalım|farz edelim",
        "redo": "bekle|bekleyin|dur|pardon|özür dilerim|yanıldım|demek istedim|bu yanlış|yok yok"
        "|daha doğrusu|düzeltiyorum",
        "turn": "aslında|düzeltme|daha doğrusu",
        "why": "çünkü|zira|ama|fakat|dolayı",
        "so": "yani|dolayısıyla|bu nedenle|bu yüzden|o halde|sonuç olarak",
        "fill": "bu|bir|evet|kesinlikle|tabii|son|nihai|sorunun|sorunun cevabı|şöyle|şey|hımm",
        "tail": "seçeneğidir|şıkkıdır|dir|dır|dur|dür|tir|tır|seçeneği|şıkkı",
        "says": "diyor|söylüyor|iddia ediyor|düşünüyor|dedi|söyledi|sanıyor|birisi",
    },
    "ar": {
        "noun": "الإجابة|إجابة|اجابة|الجواب|جواب|إجابتي|الخيار|خيار|الاختيار|الحل|الحرف|الإجابة النهائية|جوابي",
        "field": "النتيجة|التصنيف|الفئة|المشاعر",
        "be": "هي|هو|تكون|يكون|تعتبر|يعتبر",
        "would": "ستكون|سيكون|لكانت|لكان",
        "right": "الصحيحة|الصحيح|صحيحة|صحيح|الأفضل|الأصح|صواب|الصائبة",
        "wrong": "خاطئة|خاطئ|خطأ|الخاطئة|الخاطئ|غير صحيحة|غير صحيح|مستبعدة|مستبعد|باطل",
        "not": "ليس|ليست|لا|لن|لم|ليسا|غير|ما عدا|باستثناء|سوى|بدلا من|أشك|وليس|وليست|كلا",
        "choose": "أختار|اخترت|سأختار|نختار|ينتمي إلى",
        "maybe": "ربما|قد|قد تكون|قد يكون|لعل|من المحتمل|محتمل|يمكن|يمكن أن|إما|على الأرجح|أظن|أعتقد|مستحيل"
        "|المستحيل|أشك|المستبعد",
        "unsure": "لست متأكدا|لست متأكدًا|غير متأكد|لا أعرف|لا أدري|لا أعلم|من الصعب|قد أكون مخطئا|ربما أكون مخطئا",
        "or": "أو|أم",
        "and": "و|وكذلك|كلاهما",
        "if": "إذا|لو|إن|بعض|البعض|في البداية|لنفترض|افترض|لنفرض",
        "redo": "انتظر|مهلا|عذرا|آسف|أخطأت|أقصد|قصدت|هذا خطأ|لا انتظر|عفوا|أعني",
        "turn": "في الواقع|تصحيح|بل|بالأحرى",
        "why": "لأن|لأنها|لأنه|لكن|حيث|التي|الذي|في|من",
        "so": "لذلك|إذن|لذا|وبالتالي|بالتالي|وعليه",
        "fill": "نعم|هذه|هذا|على|السؤال|النهائية|بالتأكيد|طبعا|رقم|حرف|أن|النهائي",
        "says": "يقول|قال|تقول|قالت|يدعي|تدعي|يعتقد|تعتقد|يزعم|تزعم|يقولون",
    },
    "he": {
        "noun": "התשובה|תשובה|תשובתי|האפשרות|אפשרות|הפתרון|האות|הבחירה|התשובה הסופית",
        "field": "התוצאה|קטגוריה|הקטגוריה|סיווג|תווית",
        "be": "היא|הוא|הינה|הינו|זה|זו",
        "would": "הייתה|תהיה|היה",
        "right": "הנכונה|נכונה|נכון|הנכון|הטובה ביותר|מתאימה",
        "wrong": "שגויה|שגוי|השגויה|לא נכונה|לא נכון|טעות|מוטעית|לא נכונים",
        "not": "לא|אינה|אינו|אין|איננה|איננו|מלבד|חוץ מ|במקום|ולא|אף",
        "choose": "אני בוחר|אני בוחרת|בוחר|בוחרת|אבחר|שייך ל",
        "maybe": "אולי|ייתכן|יתכן|כנראה|עשוי|עשויה|יכול להיות|יכולה להיות|או שמא|נראה|נדמה|ספק|בספק",
        "unsure": "לא בטוח|לא בטוחה|לא יודע|לא יודעת|איני יודע|קשה לומר",
        "or": "או",
        "and": "ו|וגם|שניהם",
        "if": "אם|אילו|יש אומרים|בהתחלה|נניח",
        "redo": "רגע|חכה|סליחה|טעיתי|התכוונתי|זה שגוי|טעות|תיקון",
        "turn": "בעצם|למעשה|תיקון|אלא",
        "why": "כי|מכיוון|משום|אבל|אך|ש",
        "so": "לכן|אם כן|על כן|מכאן",
        "fill": "כן|את|של|על|השאלה|בהחלט|בוודאי|הסופית",
        "says": "אומר|אומרת|אומרים|אמר|אמרה|טוען|טוענת",
    },
    "hi": {
        "noun": "उत्तर|जवाब|विकल्प|हल|समाधान|अक्षर|अंतिम उत्तर",
        "field": "परिणाम|श्रेणी|वर्ग|लेबल|भावना",
        "be": "है|हैं|होगा|होना चाहिए",
        "would": "होता|होती",
        "right": "सही|सर्वोत्तम|उचित|ठीक|सत्य",
        "wrong": "गलत|ग़लत|असत्य|अनुचित",
        "not": "नहीं|न|ना|मत|के अलावा|के सिवा|के बजाय|कोई नहीं",
        "choose": "चुनता हूँ|चुनती हूँ|चुनूंगा|चुनते हैं",
        "maybe": "शायद|संभवतः|संभव|सकता|सकती|हो सकता|हो सकता है|या तो|लगता|संदेह|असंभव|शक",
        "unsure": "पता नहीं|नहीं पता|नहीं जानता|यकीन नहीं|निश्चित नहीं|गलत हो सकता हूँ|गलत हो सकती हूँ",
        "or": "या|अथवा",
        "and": "और|तथा|एवं|दोनों",
        "if": "अगर|यदि|कुछ लोग|पहले|मान लीजिए|मान लो|मान लें",
        "redo": "रुको|रुकिए|माफ़ करें|क्षमा करें|मेरा मतलब|यह गलत है|माफ़ कीजिए|सॉरी",
        "turn": "वास्तव में|दरअसल|सुधार|बल्कि",
        "why": "क्योंकि|चूंकि|लेकिन|जो|में",
        "so": "इसलिए|अतः|तो|इस प्रकार",
        "fill": "हाँ|का|की|के|यह|इस|प्रश्न|मेरा|अंतिम|निश्चित रूप से|हूँ",
        "says": "कहता है|कहते हैं|कहा|कहती है|मानता है|मानते हैं",
    },
    "bn": {
        "noun": "উত্তর|উত্তরটি|বিকল্প|সমাধান",
        "be": "হলো|হল|হচ্ছে|হবে|হয়",
        "right": "সঠিক|ঠিক",
        "wrong": "ভুল",
        "not": "নয়|না|নেই|ছাড়া",
        "maybe": "সম্ভবত|হয়তো|হতে পারে",
        "or": "বা|অথবা",
        "and": "এবং|ও",
        "if": "যদি",
        "so": "তাই|সুতরাং|অতএব",
        "fill": "এই|প্রশ্নের|হ্যাঁ",
        "unsure": "জানি না|নিশ্চিত নই",
        "redo": "দাঁড়ান|দুঃখিত",
    },
    "ta": {
        "noun": "பதில்|விடை|விருப்பம்",
        "be": "ஆகும்|என்பது",
        "right": "சரியான|சரி",
        "wrong": "தவறு|தவறான",
        "not": "இல்லை|அல்ல",
        "maybe": "ஒருவேளை",
        "or": "அல்லது",
        "and": "மற்றும்",
        "so": "எனவே",
        "unsure": "தெரியவில்லை",
    },
    "zh": {
        "noun": "答案|正确答案|正確答案|选项|選項|正确选项|正確選項|选择|選擇|解答|最终答案|最終答案|回答|本题"
        "|故答案|正解",
        "field": "结论|结果|分类|類別|类别|标签|情感|情绪",
        "be": "是|为|為|应为|應為|应该是|應該是|应是|就是|即|：|应当是|乃是|才是|只剩下|只剩",
        "would": "会是|將是",
        "right": "正确|正確|对|對|最佳|最合适|对的|符合|成立|准确|無誤|无误|才对|才是对|才是正确",
        "wrong": "错误|錯誤|错|錯|不正确|不正確|不对|不對|有误|有誤|不符合|不成立|排除|不准确|不可能|错的|不合适",
        "not": "不是|并非|並非|不|非|没有|沒有|除了|除|而不是|并不是|而非|不选|不選|不能选|不应|否定|无法"
        "|不会是|不该选|未|别选|莫选|勿选|与其|未必|不见得|不太可能|怀疑",
        "choose": "选|選|故选|故選|我选|我選|应选|應選|选择|選擇|我选择|我選擇|答案选|答案選|选出|属于|屬於"
        "|归为|歸為|所以选|因此选|因此選|所以選|归类为|改成|最后选|最终选|我改选",
        "maybe": "可能|也许|也許|或许|或許|大概|大约|恐怕|可能是|似乎|好像|估计|猜|猜测|不一定|要么|说不定|疑似"
        "|有点|比较像",
        "unsure": "不确定|不確定|不知道|不清楚|无法确定|無法確定|难以确定|难说|没把握|说不准|不敢肯定"
        "|可能错|可能有误|也可能不对|可能不对",
        "or": "或|或者|还是|還是|抑或",
        "and": "和|与|與|及|以及|、|都|同时|同時|跟",
        "if": "如果|假如|若|若是|倘若|有人|有些人|起初|一开始|最初|本来|假设|假定|设想|就算|即使|假設",
        "redo": "等等|等一下|抱歉|对不起|對不起|我错了|更正|不对|不對|重新考虑|说错了|搞错了|哦不|不好意思|口误|不不",
        "turn": "其实|實際上|实际上|应该说|纠正|而是|改为|改选|后来|不如|而应该是|而应是|而应为|而应当是|而应",
        "why": "因为|因為|由于|由於|但|但是|它|这|這|其|在",
        "so": "所以|因此|故|综上|綜上|综上所述|综上|由此可见|从而|于是|那么|可见",
        "fill": "的|只有|这个|這個|此|本|题|題|该|該|最终|最終|我|我认为|我認為|我们|肯定|确定|一定|必然"
        "|显然|显然是|当然|选项|選項|字母|了|最|唯一|这道题|因为|才",
        "tail": "的|项|項|选项|選項|。|类|吧",
        "says": "他说|她说|他们说|老师说|朋友说|同学说|据说|声称|他认为|她认为|有人认为|有人说|老师认为"
        "|朋友认为|听说|人们认为|的说法|这一说法|的观点|的假设",
    },
    "ja": {
        "noun": "答え|答|正解|正答|回答|解答|選択肢|最終回答|最終的な答え",
        "field": "結論|結果|カテゴリ|カテゴリー|分類|ラベル|感情",
        "be": "は|が|：|となる|＝",
        "would": "だったら",
        "right": "正しい|正解|適切|最適|正しく|妥当|正解です|当てはまる|好ましい|良い|が正解|が正解です",
        "wrong": "間違い|間違って|誤り|誤って|不正解|不適切|違い|違います|違う|間違え|ではない",
        "not": "ではありません|ではない|じゃない|ではなく|ではなかった|でない|ありません|ません|ない|いいえ|いや"
        "|以外|除く|除いて|を除き|のではなく|よりも|でもない|とは言えない"
        "|ではなくて|じゃなく|じゃなくて|でなく",
        "choose": "を選び|を選択|選びます|選択します|選ぶ",
        "maybe": "たぶん|多分|おそらく|恐らく|かもしれません|かもしれない|かも|もしかして|もしかすると"
        "|可能性|でしょうか|ひょっとして|だと思われ|っぽい|らしい|らしいです|とは限らない|とは限りません"
        "|とは思えない|とは思えません|とは思わない|とは思いません|疑わしい|はずがない|はずがありません"
        "|わけがない",
        "unsure": "わかりません|分かりません|わからない|分からない|確信がない|自信がない|自信がありません"
        "|確信はありません|不明|間違っているかもしれません|間違いかもしれません|違うかもしれません",
        "or": "または|又は|あるいは|か|もしくは",
        "and": "と|および|及び|も|両方",
        "if": "もし|なら|ならば|場合|最初は|一部の人|仮に|と仮定|としたら|とすれば|だとしたら|だとすると",
        "redo": "待って|待ってください|すみません|間違えました|訂正|失礼しました|やっぱり|やはり|いえ"
        "|いや違う|訂正します|間違えた",
        "turn": "実は|正しくは|実際には|むしろ",
        "why": "なぜなら|から|ので|しかし|だが|理由",
        "so": "したがって|従って|よって|ゆえに|だから|つまり|以上より|そのため",
        "fill": "はい|の|この|その|問題|問|最も|私|間違いなく|間違いありません|確か|もちろん|を|に|選択肢|最終|的|番",
        "tail": "です|である|だ|でした|となります|になります|になる|だと思います|と考えます|を選びます"
        "|を選択します|番|を|の|で",
        "says": "と言っています|と言っている|と言いました|と言った|と言う|と主張|と思っている|だそうです"
        "|という主張|という意見|という説|と言う人|という人",
    },
    "ko": {
        "noun": "정답|답|답변|대답|선택지|선택|보기|옵션|해답|최종 답|최종 답변|최종 정답|답안",
        "field": "결론|결과|분류|카테고리|라벨|감정",
        "be": "은|는|이|가|：",
        "would": "이었을",
        "right": "맞습니다|맞다|맞아요|옳습니다|옳다|옳은|올바른|정확한|정확합니다|적절한|적절합니다|알맞은",
        "wrong": "틀렸습니다|틀렸다|틀린|틀립니다|잘못|잘못된|잘못되었습니다|오답|오류|부적절|옳지 않|맞지 않|아닌"
        "|옳지|맞지",
        "not": "아닙니다|아니다|아니고|아니라|아니에요|아니|아니요|않습니다|않다|않은|없습니다|제외|말고|대신|안"
        "|못|아님|가 아닌|아니며|아닌",
        "choose": "을 선택|를 선택|선택합니다|고르겠습니다|선택하겠습니다|고릅니다",
        "maybe": "아마|아마도|어쩌면|혹시|수도|가능성|것 같습니다|것 같다|같습니다|일지도|추측|듯|듯합니다"
        "|인 것 같|리가|의심|아닐",
        "unsure": "모르겠습니다|모르겠어요|확실하지|확신할 수 없|잘 모르|모릅니다|확신이 없",
        "or": "또는|혹은|아니면|이나|거나|나",
        "and": "와|과|및|그리고|둘 다|모두",
        "if": "만약|만일|라면|이라면|처음에는|일부|가정|가정하면|가정하자|친다면",
        "redo": "잠깐|잠깐만|잠시만|죄송합니다|실수|정정|다시 생각|아 아니|아니다|미안|아뇨|미안합니다|정정합니다",
        "turn": "사실|정확히는|오히려",
        "why": "왜냐하면|때문|하지만|그러나|이유",
        "so": "따라서|그러므로|그래서|즉|결국|결론적으로",
        "fill": "네|예|이|그|저|문제|의|가장|번|최종|분명히|확실히|저는|로|으로|선택지|보기|항목|하는|것",
        "tail": "입니다|이다|이에요|예요|이고|다|번|번입니다|라고|임|을|를|로|으로|이며|인|의|하다|합니다|적"
        "|적입니다|적이다",
        "says": "말했습니다|말합니다|말했어요|말했다|주장합니다|주장했습니다|주장한다|누군가|라는 주장"
        "|라는 의견|라고 하는",
    },
    "vi": {
        "noun": "đáp án|câu trả lời|phương án|lựa chọn|lời giải|câu",
        "field": "kết quả|kết luận|nhãn|phân loại|danh mục|cảm xúc",
        "be": "là|phải là",
        "would": "sẽ là",
        "right": "đúng|chính xác|đúng nhất|tốt nhất|phù hợp|phù hợp nhất",
        "wrong": "sai|không đúng|không chính xác|nhầm|loại|bị loại|không phù hợp",
        "not": "không|không phải|không phải là|chẳng|chưa|không thể|ngoại trừ|trừ|thay vì|nghi ngờ|chứ không phải",
        "choose": "chọn|tôi chọn|ta chọn|thuộc",
        "maybe": "có thể|có lẽ|có thể là|chắc|có khi|hình như|hoặc là|dường như|đoán|không chắc|nghi ngờ"
        "|khó có thể|không thể",
        "unsure": "không chắc chắn|không chắc|không biết|chưa chắc|khó nói|không rõ|có thể tôi sai"
        "|tôi có thể sai|có thể nhầm",
        "or": "hoặc|hay",
        "and": "và|cùng|cả hai",
        "if": "nếu|giả sử|một số người|ban đầu|lúc đầu|giả định",
        "redo": "khoan|khoan đã|chờ đã|đợi đã|xin lỗi|tôi nhầm|ý tôi là|không đúng rồi|à không|nhầm|à nhầm",
        "turn": "thực ra|thật ra|đính chính|nói đúng hơn|mà là",
        "why": "vì|bởi vì|do|nhưng|tại",
        "so": "vậy|do đó|vì vậy|vì thế|nên|suy ra|như vậy",
        "fill": "có|này|của|tôi|câu hỏi|cuối cùng|chắc chắn|rõ ràng|cho|vâng|nhất",
        "says": "nói rằng|bảo rằng|nói là|bảo là|ai đó|người ta nói|nghe nói|bạn tôi nói|bạn nói|anh ấy nói"
        "|cô ấy nói|thầy nói|cô nói|họ nói|người ta bảo",
    },
    "th": {
        "noun": "คำตอบ|ข้อ|ตัวเลือก|เฉลย|คำตอบสุดท้าย",
        "field": "ผลลัพธ์|ข้อสรุป|หมวดหมู่|ประเภท|ความรู้สึก",
        "be": "คือ|เป็น|ได้แก่|คือข้อ",
        "would": "จะเป็น",
        "right": "ถูกต้อง|ที่ถูกต้อง|ถูก|ที่สุด|เหมาะสม|ดีที่สุด",
        "wrong": "ผิด|ไม่ถูกต้อง|ไม่ถูก|ผิดพลาด|ไม่เหมาะสม",
        "not": "ไม่|ไม่ใช่|มิใช่|ไม่ได้|ยกเว้น|นอกจาก|แทน|ไม่มี",
        "choose": "เลือก|ขอเลือก|ฉันเลือก|ผมเลือก|จัดอยู่ใน",
        "maybe": "อาจ|อาจจะ|อาจจะเป็น|อาจเป็น|น่าจะ|บางที|คงจะ|คง|เป็นไปได้|ไม่น่า|เป็นไปไม่ได้|สงสัย",
        "unsure": "ไม่แน่ใจ|ไม่ทราบ|ไม่รู้|ไม่มั่นใจ",
        "or": "หรือ",
        "and": "และ|กับ|ทั้งสอง",
        "if": "ถ้า|หาก|บางคน|ตอนแรก|สมมติ|สมมติว่า",
        "redo": "เดี๋ยว|เดี๋ยวก่อน|ขอโทษ|รอก่อน|ไม่สิ|ไม่ใช่สิ|เอ้ย",
        "turn": "จริงๆแล้ว|ที่จริง|แก้ไข",
        "why": "เพราะ|เนื่องจาก|แต่",
        "so": "ดังนั้น|เพราะฉะนั้น|จึง|สรุป",
        "fill": "ที่|ของ|นี้|ใช่|แน่นอน|ครับ|ค่ะ|ข้อที่|ฉัน|ผม|สุดท้าย",
        "tail": "ครับ|ค่ะ|นะ",
        "says": "บอกว่า|กล่าวว่า|อ้างว่า",
    },
    "id": {
        "noun": "jawaban|jawabannya|pilihan|opsi|solusi|huruf|jawaban akhir|jawaban saya",
        "field": "hasil|kesimpulan|kategori|kelas|label|sentimen",
        "be": "adalah|ialah|yaitu|yakni",
        "would": "akan menjadi",
        "right": "benar|tepat|terbaik|betul|paling tepat|sesuai",
        "wrong": "salah|keliru|tidak benar|tidak tepat|kurang tepat|mustahil",
        "not": "bukan|bukanlah|tidak|tak|kecuali|selain|daripada|alih-alih|bukannya|jangan|meragukan",
        "choose": "memilih|saya memilih|pilih|saya pilih|termasuk|tergolong",
        "maybe": "mungkin|barangkali|kemungkinan|bisa jadi|mungkin saja|bisa|sepertinya|kira-kira|tampaknya"
        "|boleh jadi|diragukan",
        "unsure": "tidak yakin|tidak tahu|kurang yakin|entah|sulit dikatakan",
        "or": "atau|ataupun",
        "and": "dan|serta|keduanya",
        "if": "jika|kalau|apabila|sebagian orang|awalnya|misalkan|andaikan|seandainya",
        "redo": "tunggu|maaf|saya salah|maksud saya|sebentar|ralat",
        "turn": "sebenarnya|koreksi|melainkan|lebih tepatnya",
        "why": "karena|sebab|tetapi|tapi|di|yang",
        "so": "jadi|oleh karena itu|maka|dengan demikian|sehingga",
        "fill": "yang|ini|itu|ya|saya|untuk|pertanyaan|tentu|pasti|jelas|dari",
        "says": "kata|mengatakan|katanya|bilang|berkata",
    },
    "el": {
        "noun": "απάντηση|απαντηση|επιλογή|επιλογη|λύση|γράμμα|τελική απάντηση",
        "field": "αποτέλεσμα|συμπέρασμα|κατηγορία|ετικέτα|συναίσθημα",
        "be": "είναι|ειναι|πρέπει να είναι",
        "would": "θα ήταν",
        "right": "σωστή|σωστό|σωστη|ορθή|ορθό|σωστά|καλύτερη|αληθής",
        "wrong": "λάθος|λανθασμένη|λανθασμένο|εσφαλμένη|λαθος|αποκλείεται|ψευδής",
        "not": "δεν|δε|όχι|ούτε|μη|μην|ποτέ|εκτός|αντί|παρά|αμφιβάλλω|καμία|κανένα",
        "choose": "επιλέγω|διαλέγω|ανήκει στην",
        "maybe": "ίσως|πιθανόν|πιθανώς|μάλλον|μπορεί|ενδεχομένως|θα μπορούσε|είτε|υποθέτω|αμφιβάλλω|δύσκολα",
        "unsure": "δεν είμαι σίγουρος|δεν είμαι σίγουρη|δεν ξέρω|δεν γνωρίζω|αβέβαιος",
        "or": "ή",
        "and": "και|κι",
        "if": "αν|εάν|κάποιοι|αρχικά|ας υποθέσουμε",
        "redo": "περίμενε|συγγνώμη|έκανα λάθος|εννοούσα|στάσου|διόρθωση|ή μάλλον",
        "turn": "στην πραγματικότητα|διόρθωση|μάλλον όχι|αλλά",
        "why": "επειδή|γιατί|διότι|αλλά|που|στην|στο",
        "so": "άρα|επομένως|συνεπώς|λοιπόν|οπότε",
        "fill": "η|το|ο|την|τον|της|του|ναι|αυτή|αυτό|μου|ερώτηση|βέβαια|σίγουρα|τελική",
    },
    "sv": {
        "noun": "svar|svaret|alternativ|alternativet|lösning|lösningen|bokstav|slutsvar",
        "field": "resultat|slutsats|kategori|etikett|klass",
        "be": "är|blir|måste vara|var",
        "would": "skulle vara|vore",
        "right": "rätt|korrekt|korrekta|riktigt|bästa|sant|stämmer",
        "wrong": "fel|felaktigt|felaktiga|inkorrekt|falskt|stämmer inte|uteslutet|omöjligt",
        "not": "inte|ej|nej|varken|aldrig|ingen|inget|utom|förutom|istället för|i stället för|tvivlar",
        "choose": "väljer|jag väljer|jag säger|det är|tillhör",
        "maybe": "kanske|möjligen|troligen|förmodligen|eventuellt|kan vara|kunde vara|antingen|antagligen"
        "|gissar|tveksamt|osannolikt|knappast",
        "unsure": "inte säker|osäker|vet inte|vet ej|ingen aning|svårt att säga|kan ha fel",
        "or": "eller",
        "and": "och|samt|båda",
        "if": "om|ifall|vissa|först|anta|anta att|antag|låt oss anta",
        "redo": "vänta|ursäkta|förlåt|jag menade|jag hade fel|det är fel|jag menar|nej vänta|rättelse",
        "turn": "egentligen|rättelse|faktiskt|snarare|utan",
        "why": "eftersom|därför att|men|som|i|med|för",
        "so": "alltså|därför|således|så|följaktligen",
        "fill": "det|den|ett|en|ja|mitt|helt|definitivt|tydligt|jag|på|frågan|enda|slutgiltiga",
        "says": "säger|hävdar|påstår|någon",
    },
    "da": {
        "noun": "svar|svaret|svaralternativ|svarmulighed|mulighed|alternativ|alternativet|valg|løsning|løsningen"
        "|bogstav|bokstav",
        "field": "kategori|etiket|konklusion",
        "be": "er|må være|blir|bliver|var",
        "would": "ville være|ville vært",
        "right": "rigtige|rigtig|riktig|riktige|korrekt|korrekte|bedste|beste|rett|sandt|sant",
        "wrong": "forkert|forkerte|feil|galt|ukorrekt|falsk|usandt",
        "not": "ikke|nej|nei|hverken|verken|aldrig|aldri|ingen|undtagen|unntatt|i stedet for|tvivler|tviler",
        "choose": "vælger|velger|jeg vælger|jeg velger|det er",
        "maybe": "måske|kanskje|muligvis|muligens|sandsynligvis|sannsynligvis|formentlig|kunne være"
        "|kan være|enten|trolig|gætter|næppe|tvivler",
        "unsure": "ikke sikker|usikker|ved ikke|vet ikke|ingen anelse|ingen idé",
        "or": "eller",
        "and": "og|samt|begge",
        "if": "hvis|dersom|nogle|noen|først|antag|lad os antage",
        "redo": "vent|undskyld|unnskyld|beklager|jeg mente|jeg tog fejl|jeg tok feil|jeg mener|rettelse|nej vent",
        "turn": "faktisk|rettelse|snarere|egentlig|men",
        "why": "fordi|siden|men|som|i|med|da",
        "so": "derfor|altså|altså er|dermed|så|således",
        "fill": "det|den|et|en|ja|mit|mitt|helt|klart|jeg|på|spørgsmålet|eneste",
    },
    "fi": {
        "noun": "vastaus|vaihtoehto|ratkaisu|kirjain",
        "field": "tulos|luokka|kategoria|johtopäätös",
        "be": "on|ovat",
        "would": "olisi",
        "right": "oikea|oikein|paras|totta",
        "wrong": "väärä|väärin|virheellinen|virhe",
        "not": "ei|eivät|en|eikä|paitsi|sijaan|epäilen",
        "choose": "valitsen|se on",
        "maybe": "ehkä|mahdollisesti|luultavasti|todennäköisesti|voi olla|saattaa|saattaa olla|joko|tuskin|epäilen",
        "unsure": "en tiedä|en ole varma|epävarma",
        "or": "tai|vai",
        "and": "ja|sekä|molemmat",
        "if": "jos|ellei|jotkut|aluksi|oletetaan",
        "redo": "odota|anteeksi|olin väärässä|tarkoitin|hetkinen|korjaan|eikun",
        "turn": "itse asiassa|korjaus|vaan",
        "why": "koska|sillä|mutta|joka",
        "so": "siis|joten|siksi|näin ollen",
        "fill": "se|tämä|kyllä|minun|lopullinen|selvästi|kysymykseen",
    },
    "cs": {
        "noun": "odpověď|odpověd|odpoveď|možnost|varianta|řešení|riešenie|písmeno|volba",
        "field": "výsledek|kategorie|závěr|štítek",
        "be": "je|jsou|to je|zní|sú|znie|musí být",
        "would": "by byla|by bylo|by byl",
        "right": "správná|správně|správne|správný|nejlepší|správnou|pravdivá",
        "wrong": "špatná|špatně|chybná|nesprávná|nesprávně|nesprávne|zlá|chyba|nepravdivá|vyloučena|mylná",
        "not": "není|nie je|ne|nie|ani|nikdy|kromě|okrem|místo|namísto|žádná|pochybuji|nikoli",
        "choose": "volím|vybírám|vyberu|zvolím|vyberám|patří do",
        "maybe": "možná|snad|asi|pravděpodobně|pravdepodobne|mohla by|mohlo by|může být|buď|zřejmě|tipuji"
        "|sotva|pochybuji",
        "unsure": "nejsem si jistý|nejsem si jistá|nevím|neviem|těžko říct",
        "or": "nebo|anebo|či|alebo",
        "and": "a|i|obě|také",
        "if": "pokud|jestliže|kdyby|ak|někteří|nejprve|předpokládejme|dejme tomu",
        "redo": "počkat|počkej|promiňte|pardon|spletl jsem se|chtěl jsem říct|moment|oprava|počkejte",
        "turn": "vlastně|oprava|spíše|ale",
        "why": "protože|neboť|jelikož|ale|která|v|s",
        "so": "tedy|proto|takže|tudíž",
        "fill": "to|ta|ten|ano|moje|jednoznačně|otázku|na|konečná",
    },
    "hu": {
        "noun": "válasz|válasza|válaszom|opció|megoldás|lehetőség|betű",
        "field": "eredmény|kategória|címke",
        "be": "az|ez|lenne az",
        "would": "lenne|volna",
        "right": "helyes|jó|legjobb|igaz|megfelelő",
        "wrong": "helytelen|rossz|hibás|téves|hamis",
        "not": "nem|sem|soha|kivéve|helyett|nincs|kétlem",
        "choose": "választom|választanám",
        "maybe": "talán|esetleg|valószínűleg|lehet|lehetséges|lehetne|feltehetőleg|vagy talán|aligha|kétlem",
        "unsure": "nem tudom|nem vagyok biztos|bizonytalan",
        "or": "vagy",
        "and": "és|valamint|mindkettő",
        "if": "ha|hacsak|egyesek|először|tegyük fel",
        "redo": "várj|várjunk|bocsánat|tévedtem|elnézést|úgy értem|pontosabban|javítok",
        "turn": "valójában|javítás|inkább|hanem",
        "why": "mert|mivel|de|ami|hiszen",
        "so": "tehát|ezért|így|vagyis",
        "fill": "a|az|egy|igen|a helyes|végső|egyértelműen|kérdésre|én",
    },
    "ro": {
        "noun": "răspunsul|răspuns|raspuns|raspunsul|opțiunea|optiunea|varianta|soluția|litera",
        "field": "rezultatul|categoria|eticheta|concluzia",
        "be": "este|e|sunt|trebuie să fie",
        "would": "ar fi",
        "right": "corect|corectă|corecta|bun|bună|cel mai bun|adevărat|potrivit",
        "wrong": "greșit|greșită|gresit|incorect|incorectă|fals|falsă|eronat|greșeală",
        "not": "nu|nici|niciodată|niciuna|exceptând|în afară de|în loc de|mă îndoiesc",
        "choose": "aleg|selectez",
        "maybe": "poate|posibil|probabil|ar putea fi|ar putea|fie|cred|bănuiesc|puțin probabil|mă îndoiesc",
        "unsure": "nu sunt sigur|nu știu|nesigur",
        "or": "sau|ori",
        "and": "și|si|ambele",
        "if": "dacă|unii|inițial|să presupunem",
        "redo": "stai|așteaptă|scuze|am greșit|voiam să spun|pardon|mă corectez",
        "turn": "de fapt|corecție|mai degrabă|ci",
        "why": "pentru că|deoarece|dar|care|în|cu",
        "so": "deci|prin urmare|astfel|așadar",
        "fill": "la|cel|cea|da|acest|această|meu|final|clar|întrebare|litera",
    },
    "bg": {
        "noun": "отговор|отговорът|отговора|вариант|решение|буква|опция",
        "field": "резултат|категория",
        "be": "е|са|трябва да е",
        "would": "би бил|би била",
        "right": "верен|верният|правилен|правилният|вярно|правилно|най-добрият",
        "wrong": "грешен|грешно|неверен|неправилен|невярно|грешка",
        "not": "не|не е|нито|освен|вместо|никога",
        "choose": "избирам",
        "maybe": "може би|вероятно|възможно|навярно|евентуално|може",
        "unsure": "не съм сигурен|не знам",
        "or": "или",
        "and": "и",
        "if": "ако",
        "redo": "чакай|извинете|сгреших|почакай",
        "turn": "всъщност|поправка|по-скоро",
        "why": "защото|тъй като|но",
        "so": "следователно|затова|така че",
        "fill": "да|на|моят|този|буква",
    },
    "hr": {
        "noun": "odgovor|opcija|rješenje|rešenje|slovo|mogućnost",
        "field": "rezultat|kategorija|oznaka",
        "be": "je|su|glasi|jeste",
        "would": "bi bio|bi bila|bi bilo",
        "right": "točan|točno|tačan|tačno|ispravan|ispravno|najbolji|pravi",
        "wrong": "netočan|netočno|netačan|netačno|pogrešan|pogrešno|neispravan|krivo|greška",
        "not": "nije|ne|ni|niti|nikad|osim|umjesto|umesto|sumnjam",
        "choose": "biram|odabirem|izabirem",
        "maybe": "možda|vjerojatno|verovatno|moguće|mogao bi|može biti|valjda",
        "unsure": "nisam siguran|nisam sigurna|ne znam",
        "or": "ili",
        "and": "i|te|oba",
        "if": "ako|ukoliko|neki",
        "redo": "čekaj|oprosti|pogriješio sam|izvini|mislio sam",
        "turn": "zapravo|ispravak|ispravka|nego|već",
        "why": "jer|zato|ali|koji|u|s",
        "so": "dakle|stoga|zato|prema tome",
        "fill": "da|to|taj|moj|pitanje|na|konačan|konačni",
    },
    "ca": {
        "noun": "resposta|opció|alternativa|solució|lletra",
        "field": "resultat|categoria|etiqueta",
        "be": "és|son|són|ha de ser",
        "would": "seria",
        "right": "correcta|correcte|bona|millor|certa",
        "wrong": "incorrecta|incorrecte|falsa|errònia|equivocada",
        "not": "no|ni|mai|cap|excepte|en lloc de|dubto",
        "choose": "trio|escullo|seleccione",
        "maybe": "potser|possiblement|probablement|podria ser|pot ser",
        "unsure": "no n'estic segur|no ho sé|no sé",
        "or": "o",
        "and": "i",
        "if": "si",
        "redo": "espera|perdó|m'he equivocat",
        "turn": "en realitat|de fet|correcció|sinó",
        "why": "perquè|ja que|però|que",
        "so": "per tant|així|doncs",
        "fill": "la|el|l'|un|una|de|és la|meva|sí|lletra|final",
    },
    "fa": {
        "noun": "پاسخ|جواب|گزینه|گزینهٔ|گزینه‌ی|راه‌حل|حرف|پاسخ نهایی",
        "field": "نتیجه|دسته|برچسب",
        "be": "است|می‌باشد|میباشد|هست|برابر",
        "would": "می‌بود|بود",
        "right": "صحیح|درست|بهترین|مناسب",
        "wrong": "نادرست|غلط|اشتباه|ناصحیح",
        "not": "نیست|نه|نمی‌باشد|هیچ|به جز|به‌جز|جز|به جای",
        "choose": "انتخاب می‌کنم|انتخاب میکنم",
        "maybe": "شاید|احتمالا|احتمالاً|ممکن است|ممکن|می‌تواند|بعید|شک",
        "unsure": "مطمئن نیستم|نمی‌دانم|نمیدانم",
        "or": "یا",
        "and": "و|هر دو",
        "if": "اگر|برخی",
        "redo": "صبر کنید|صبر کن|ببخشید|اشتباه کردم|منظورم",
        "turn": "در واقع|اصلاح|بلکه",
        "why": "زیرا|چون|اما|که",
        "so": "بنابراین|پس|لذا",
        "fill": "بله|این|را|سوال|من|نهایی|قطعا",
    },
    "ur": {
        "noun": "جواب|آپشن|اختیار|حل",
        "be": "ہے|ہیں|ہوگا",
        "right": "صحیح|درست",
        "wrong": "غلط",
        "not": "نہیں|نہ|سوائے",
        "maybe": "شاید|ممکن|ممکنہ",
        "or": "یا",
        "and": "اور",
        "if": "اگر",
        "unsure": "معلوم نہیں|یقین نہیں",
        "so": "لہذا|اس لیے",
        "fill": "یہ|کا|کی|ہاں",
        "redo": "رکیں|معذرت",
    },
    "sw": {
        "noun": "jibu|chaguo|majibu",
        "be": "ni",
        "right": "sahihi|bora",
        "wrong": "si sahihi|makosa|kosa",
        "not": "si|sio|siyo|hapana|isipokuwa|badala ya",
        "choose": "nachagua",
        "maybe": "labda|huenda|pengine",
        "or": "au",
        "and": "na|zote mbili",
        "if": "kama|ikiwa",
        "unsure": "sijui|sina uhakika",
        "redo": "subiri|samahani",
        "so": "kwa hiyo|hivyo",
        "fill": "la|langu|hili|ndiyo",
    },
    "ms": {
        "noun": "jawapan|jawapannya|pilihan",
        "be": "ialah|adalah",
        "right": "betul|tepat|benar",
        "wrong": "salah",
        "not": "bukan|tidak",
        "maybe": "mungkin|barangkali",
        "or": "atau",
        "and": "dan",
        "if": "jika",
        "fill": "yang",
    },
    "tl": {
        "noun": "sagot|tamang sagot|pagpipilian",
        "be": "ay",
        "right": "tama|tamang|wastong",
        "wrong": "mali|maling",
        "not": "hindi|wala|maliban",
        "maybe": "siguro|marahil|baka",
        "or": "o",
        "and": "at",
        "if": "kung",
        "fill": "ang",
    },
}

GIVES_UP: dict[str, str] = {
    "en": "cannot provide an answer|cannot provide the answer|cannot answer|can't answer|can't provide an answer"
    "|unable to answer|unable to provide an answer|cannot give an answer|can't give an answer|no answer can be given"
    "|not possible to answer|impossible to answer",
    "de": "keine antwort geben|nicht beantworten|nicht beantwortet werden|unmöglich zu beantworten",
    "fr": "peux pas répondre|peut pas répondre|impossible de répondre|incapable de répondre",
    "es": "no puedo responder|no se puede responder|no puedo dar una respuesta|no es posible responder"
    "|imposible responder",
    "pt": "não posso responder|não consigo responder|não é possível responder|impossível responder",
    "it": "non posso rispondere|non è possibile rispondere|impossibile rispondere|non so rispondere",
    "nl": "geen antwoord geven|niet beantwoorden|niet te beantwoorden|niet beantwoord worden",
    "pl": "nie mogę odpowiedzieć|nie można odpowiedzieć|nie da się odpowiedzieć",
    "ru": "не могу ответить|невозможно ответить|нельзя ответить|не могу дать ответ",
    "uk": "не можу відповісти|неможливо відповісти",
    "tr": "cevap veremiyorum|cevap veremem|cevaplayamıyorum|yanıt veremiyorum|yanıtlayamıyorum|cevaplanamaz",
    "id": "tidak dapat menjawab|tidak bisa menjawab|tidak dapat dijawab",
    "vi": "không thể trả lời|không trả lời được",
    "zh": "无法回答|無法回答|无法作答|不能回答|回答不了",
    "ja": "答えられません|答えられない|回答できません|回答できない",
    "ko": "답할 수 없습니다|답변할 수 없습니다|대답할 수 없습니다|답을 드릴 수 없습니다",
    "ar": "لا أستطيع الإجابة|لا يمكنني الإجابة|لا يمكن الإجابة",
    "hi": "उत्तर नहीं दे सकता|जवाब नहीं दे सकता|उत्तर देना संभव नहीं",
}
"""Words of the kind "unsure" that give no answer. At the end of a reply they take back every answer before, however
far: "So I cannot provide an answer."."""
