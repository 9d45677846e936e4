"""Words about answers in German, Dutch, Swedish, Danish and Norwegian.

`evalkit.scorers.languages` says what each kind does.
"""

from __future__ import annotations

WORDS: dict[str, dict[str, str]] = {
    "de": {
        "sure": "ich habe keinen zweifel|ich habe keine zweifel|keinen zweifel|keine zweifel|es besteht kein zweifel|"
        "ohne zweifel|ohne jeden zweifel|ohne jeglichen zweifel|zweifellos|zweifelsohne|zweifelsfrei"
        "|ohne frage|keine frage|kein zweifel|ganz klar|ganz eindeutig|ganz sicher|mit sicherheit|fraglos"
        "|ohne zu zögern",
        "thing": "angelegenheit|problem|frage|anfrage|fall|thema|anliegen|beschwerde|bewertung|nachricht|rezension"
        "|kommentar|sache",
        "noun": "antwort|lösung|loesung|option|antwortmöglichkeit|wahl|buchstabe|auswahl|alternative"
        "|endgültige antwort|finale antwort",
        "field": "aussage|ergebnis|kategorie|klasse|einordnung|klassifikation|klassifizierung|stimmung",
        "be": "es geht um|geht um|es geht hier um|"
        "es handelt sich um|handelt es sich um|handelt sich um|"
        "ist|sind|lautet|wäre es|heißt|heisst|muss sein|bleibt|war",
        "would": "wäre|wären|würde",
        "right": "richtig|richtige|richtigen|richtiger|korrekt|korrekte|korrekten|beste|besten|zutreffend|stimmt"
        "|passende|trifft zu|wahr|besser",
        "wrong": "falsch|falsche|falschen|inkorrekt|unrichtig|unzutreffend|stimmt nicht|trifft nicht zu|fehler"
        "|ausgeschlossen|scheidet aus|fällt weg|unmöglich|unsinn|absurd|falle|irrtum|trugschluss",
        "not": "nicht|kein|keine|keiner|keines|nein|weder|noch|niemals|nie|außer|ausser|statt|anstatt|alles außer"
        "|bezweifle|ausschließen|schließe|nichts|keinen|keinem",
        "choose": "wählen|nehmen|"
        "wähle ich|nehme ich|würde ich wählen|würde ich nehmen|"
        "wähle|wählen|nehme|entscheide mich für|ich sage|tippe auf|es ist|das ist|gehört zu|gehört in"
        "|fällt unter|ich ordne",
        "maybe": "vielleicht|möglicherweise|eventuell|wahrscheinlich|vermutlich|könnte|könnte sein|wohl|entweder"
        "|eher|womöglich|mutmaßlich|schätze|unter umständen|rate|vermute|teilweise|zweifelhaft|fraglich"
        "|unwahrscheinlich|kaum",
        "unsure": "sagte niemand|hat niemand gesagt|sagt niemand|"
        "nicht sicher|unsicher|weiß nicht|weiss nicht|weiß es nicht|keine ahnung|bin mir nicht sicher"
        "|nicht ganz sicher|schwer zu sagen|nicht überzeugt|nicht ganz überzeugt|habe zweifel|habe meine zweifel"
        "|ohne gewähr|kann mich irren|könnte mich irren|kann falsch liegen|könnte falsch liegen",
        "or": "oder|beziehungsweise|bzw|resp|respektive|oder auch|alternativ|wahlweise",
        "and": "und|sowie|sowohl|als auch|beide",
        "if": "wenn|falls|sofern|ob|manche|einige|viele|zunächst|zuerst|anfangs|angenommen|nehmen wir an"
        "|stell dir vor|gesetzt den fall|laut meinem|laut meiner|laut ihm|laut ihr|laut wikipedia|nach meinung"
        "|meinem lehrer zufolge",
        "redo": "warte|moment|nein warte|entschuldigung|ich meinte|das stimmt nicht|das ist falsch|doch nicht"
        "|ich habe mich geirrt|ich korrigiere|quatsch|ach nein|halt|stopp|oder nein|doch lieber|pardon|verzeihung"
        "|sorry|ich meine|das glaube ich nicht mehr|daran glaube ich nicht mehr|ich habe es mir anders überlegt",
        "turn": "eigentlich|korrektur|vielmehr|besser gesagt|sondern|doch",
        "why": "weil|da|denn|aber|obwohl|die|der|das|in|an|mit",
        "so": "also|daher|somit|folglich|deshalb|demnach|damit",
        "fill": "ich würde|wir würden|"
        "ein|eine|einen|einem|einer|insgesamt|überwiegend|größtenteils|hauptsächlich|vorwiegend|eindeutig|klar|"
        "nur|nur noch|die|der|das|den|dem|es|ja|ganz|eindeutig|sicher|definitiv|natürlich|buchstabe|ich|mich"
        "|für|auf|zu|hier|einzig|meine|lautet|äh|ähm|hm|macht nichts|das macht nichts",
        "says": "sagt|sagte|meint|meinte|behauptet|behauptete|glaubt|denkt|angeblich|jemand|wer|heißt es|behauptung"
        "|annahme|these|vermutung|unterstellung",
        "gives_up": "keine antwort geben|nicht beantworten|nicht beantwortet werden|unmöglich zu beantworten"
        "|lässt sich nicht beantworten",
        "it": "das|es|dies|sie|er|diese antwort|dieses ergebnis|dieser wert|diese zahl",
        "holds": "kann|können|könnte|muss|darf|sein|stimmen|gelten|gilt|passen|passt|möglich|der fall|hinhauen"
        "|hinkommen|zutreffen|aufgehen|aber|jedoch|allerdings|leider|jedenfalls|gar|so|überhaupt|offensichtlich"
        "|natürlich|ja|auch|sinn|ergibt|macht|wirklich",
        "former": "dachte ich zuerst|dachte ich anfangs|dachte ich erst|zuerst dachte ich|anfangs dachte ich"
        "|erst dachte ich|dachte zuerst|ich dachte|mein erster gedanke|mein erster eindruck|meine erste vermutung"
        "|meine erste antwort|meine erste idee|hatte ich zuerst|hatte ich anfangs|ursprünglich hatte ich"
        "|zuerst hatte ich|auf den ersten blick|meine ursprüngliche antwort|hätte ich gesagt",
        "unknown": "unbekannt|unbestimmt|nicht bestimmbar|nicht zu bestimmen|nicht genug informationen"
        "|nicht genügend informationen|lässt sich nicht sagen|weiß nicht|weiss nicht|weiß es nicht|keine ahnung"
        "|schwer zu sagen|keine angabe|unklar|nicht beantworten|nicht angegeben",
        "now": "in diesem fall|hier|"
        "jetzt|heute|nun|inzwischen|mittlerweile|dieses jahr|aktuell|derzeit|heutzutage|momentan",
        "beside": "folgt auf|vor",
    },
    "nl": {
        "sure": "ik heb geen twijfel|er is geen twijfel|er bestaat geen twijfel|"
        "zonder twijfel|zonder enige twijfel|ongetwijfeld|geen twijfel|buiten kijf|zonder meer"
        "|geen twijfel mogelijk|heel zeker",
        "thing": "kwestie|probleem|vraag|verzoek|zaak|klacht|recensie|bericht|aangelegenheid|onderwerp",
        "noun": "antwoord|optie|keuze|oplossing|letter|eindantwoord|alternatief",
        "field": "stelling|resultaat|conclusie|categorie|klasse|label",
        "be": "het gaat om|gaat om|het betreft|betreft|is|zijn|luidt|moet zijn|was|blijft|blijft alleen",
        "would": "zou zijn|zou",
        "right": "juist|juiste|correct|correcte|goed|goede|beste|waar|klopt",
        "wrong": "fout|foute|verkeerd|verkeerde|onjuist|onjuiste|incorrect|onwaar|klopt niet|uitgesloten|onmogelijk"
        "|onzin|valkuil",
        "not": "niet|geen|nee|noch|nooit|behalve|in plaats van|betwijfel|uitsluiten",
        "choose": "kiezen|nemen|"
        "kies ik|neem ik|kies|ik kies|selecteer|ga voor|ik zeg|het is|dat is|dit is|hoort bij|valt onder",
        "maybe": "misschien|mogelijk|waarschijnlijk|wellicht|zou kunnen|kan zijn|ofwel|vermoedelijk|gok|denk"
        "|twijfelachtig|onwaarschijnlijk|nauwelijks",
        "unsure": "zei niemand|zegt niemand|"
        "niet zeker|weet niet|weet het niet|geen idee|onzeker|moeilijk te zeggen|kan me vergissen"
        "|kan fout zitten|kan het mis hebben",
        "or": "of|ofwel|dan wel|en/of|respectievelijk|resp",
        "and": "en|beide|zowel",
        "if": "als|indien|tenzij|sommigen|eerst|stel|stel dat|stel je voor|aangenomen|gesteld|volgens mijn"
        "|volgens hem|volgens haar|volgens sommigen",
        "redo": "wacht|sorry|ik bedoelde|ik vergiste me|dat klopt niet|dat is fout|pardon|ik bedoel|nee wacht|of nee"
        "|excuses|dat geloof ik niet meer",
        "turn": "eigenlijk|correctie|beter gezegd|maar|wel|maar wel",
        "why": "omdat|want|aangezien|maar|die|dat|in|met",
        "so": "dus|daarom|derhalve|bijgevolg",
        "fill": "ik zou|wij zouden|het|de|een|dit|dat|ja|zeker|duidelijk|letter|mijn|ik|voor|op|te|vraag|enige",
        "says": "zegt|zei|zeggen|beweert|denkt|gelooft|iemand|wie|zogenaamd|bewering|veronderstelling|aanname",
        "gives_up": "geen antwoord geven|niet beantwoorden|niet te beantwoorden|niet beantwoord worden",
        "it": "dat|dit|het|dit antwoord",
        "holds": "kan|moet|zijn|kloppen|klopt|waar|mogelijk|echter|geval|natuurlijk|maar|slaat|helemaal",
        "former": "dacht ik eerst|eerst dacht ik|ik dacht eerst|dacht ik aanvankelijk|mijn eerste gedachte"
        "|mijn eerste antwoord|mijn eerste ingeving|op het eerste gezicht|had ik eerst|zou ik gezegd hebben",
        "unknown": "onbekend|onbepaald|niet te bepalen|weet niet|weet ik niet|onvoldoende informatie"
        "|niet genoeg informatie|niet vermeld",
        "now": "nu|tegenwoordig|vandaag|dit jaar|inmiddels|momenteel|thans",
        "beside": "vóór|volgt op|naast",
    },
    "sv": {
        "sure": "utan tvekan|utan tvivel|utan minsta tvekan|utan minsta tvivel|otvivelaktigt|helt klart"
        "|ingen tvekan|inget tvivel",
        "thing": "fråga|problem|ärende|recension|begäran",
        "noun": "svar|svaret|alternativ|alternativet|lösning|lösningen|bokstav|slutsvar",
        "field": "resultat|slutsats|kategori|etikett|klass",
        "be": "är|blir|måste vara|var",
        "would": "skulle vara|vore",
        "right": "rätt|korrekt|korrekta|riktigt|bästa|sant|stämmer",
        "wrong": "fel|felaktigt|felaktiga|inkorrekt|falskt|stämmer inte|uteslutet|omöjligt|omöjlig|orimligt",
        "not": "inte|ej|nej|varken|aldrig|ingen|inget|utom|förutom|istället för|i stället för|tvivlar",
        "choose": "välja|väljer|jag väljer|jag säger|det är|tillhör",
        "maybe": "kanske|möjligen|troligen|förmodligen|eventuellt|kan vara|kunde vara|antingen|antagligen|gissar"
        "|tveksamt|osannolikt|knappast",
        "unsure": "inte säker|osäker|vet inte|vet ej|ingen aning|svårt att säga|kan ha fel",
        "or": "eller|respektive|och/eller|alternativt",
        "and": "och|samt|båda",
        "if": "om|ifall|vissa|först|anta|anta att|antag|låt oss anta",
        "redo": "vänta|ursäkta|förlåt|jag menade|jag hade fel|det är fel|jag menar|nej vänta|rättelse",
        "turn": "egentligen|rättelse|faktiskt|snarare|utan",
        "why": "eftersom|därför att|men|som|i|med|för",
        "so": "alltså|därför|således|så|följaktligen",
        "fill": "jag skulle|det|den|ett|en|ja|mitt|helt|definitivt|tydligt|jag|på|frågan|enda|slutgiltiga",
        "says": "säger|hävdar|påstår|någon",
        "it": "det|detta|den",
        "holds": "kan|måste|stämma|vara|möjligt|dock|fallet|gå|ihop|men|riktigt",
        "former": "först trodde jag|först tänkte jag|trodde jag först|min första tanke|mitt första svar"
        "|vid första anblicken",
        "unknown": "okänt|vet inte|vet ej|kan inte avgöras|otillräcklig information",
        "now": "nu|numera|idag|i dag|i år|för närvarande",
        "beside": "efter|före|bredvid",
    },
    "da": {
        "sure": "uden tvivl|uden nogen tvivl|utvivlsomt|uten tvil|uten noen tvil|utvilsomt|ingen tvivl|ingen tvil"
        "|helt sikkert",
        "thing": "spørgsmål|sag|problem|anmodning|anmeldelse|sak|spørsmål",
        "noun": "svar|svaret|svaralternativ|svarmulighed|mulighed|alternativ|alternativet|valg|løsning|løsningen"
        "|bogstav|bokstav",
        "field": "kategori|etiket|konklusion",
        "be": "er|må være|blir|bliver|var",
        "would": "ville være|ville vært",
        "right": "rigtige|rigtig|riktig|riktige|korrekt|korrekte|bedste|beste|rett|sandt|sant",
        "wrong": "forkert|forkerte|feil|galt|ukorrekt|falsk|usandt|umuligt|umulig|udelukket",
        "not": "ikke|nej|nei|hverken|verken|aldrig|aldri|ingen|undtagen|unntatt|i stedet for|tvivler|tviler",
        "choose": "vælge|velge|vælger|velger|jeg vælger|jeg velger|det er",
        "maybe": "måske|kanskje|muligvis|muligens|sandsynligvis|sannsynligvis|formentlig|kunne være|kan være|enten"
        "|trolig|gætter|næppe|tvivler",
        "unsure": "ikke sikker|usikker|ved ikke|vet ikke|ingen anelse|ingen idé",
        "or": "eller|og/eller|henholdsvis|respektive|alternativt",
        "and": "og|samt|begge",
        "if": "hvis|dersom|nogle|noen|først|antag|lad os antage",
        "redo": "vent|undskyld|unnskyld|beklager|jeg mente|jeg tog fejl|jeg tok feil|jeg mener|rettelse|nej vent",
        "turn": "faktisk|rettelse|snarere|egentlig|men",
        "why": "fordi|siden|men|som|i|med|da",
        "so": "derfor|altså|altså er|dermed|så|således",
        "fill": "jeg ville|jeg skulle|det|den|et|en|ja|mit|mitt|helt|klart|jeg|på|spørgsmålet|eneste",
        "it": "det|dette|den",
        "holds": "kan|må|være|passe|passer|stemme|stemmer|muligt|mulig|dog|men|rigtigt|riktig|give|mening|giver",
        "former": "først troede jeg|først tænkte jeg|først trodde jeg|troede jeg først|trodde jeg først"
        "|min første tanke|mit første svar|ved første øjekast",
        "unknown": "ukendt|ukjent|ved ikke|vet ikke|kan ikke afgøres|utilstrækkelig information",
        "now": "nå|i dag|i år|nu om dage|for tiden",
        "beside": "etter|ved siden af|ved siden av|før",
    },
}
