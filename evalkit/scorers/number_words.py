"""Words around numbers, by language: what states an answer, denies it, leaves it open, bounds it or takes it back.

Each table is language -> alternatives of a regular expression; the module's patterns are made of all languages at once,
so a reply need not say its language. Words of scripts without spaces stand without word bounds.
"""

# ruff: noqa: E501 - tables of words, of which wide letters count twice
from __future__ import annotations

import re
from collections.abc import Mapping

from evalkit.scorers.languages import any_phrase, phrases_of

ANSWERS: Mapping[str, str] = {
    "en": r"answers?(?: (?:is|was|are|equals|comes to|comes out to|seems to be)\b| (?:would|should|must|may|might|could|can|will|cannot|"
    r"can'?t|won'?t|has to|ought to) be\b| isn'?t\b| wasn'?t\b|[ \t]?[:=])",
    "es": r"respuesta(?: correcta| final)?(?: es| sería|[ \t]?:)",
    "fr": r"réponse(?: correcte| finale)?(?: est|[ \t]?:)",
    "de": r"(?:antwort|lösung)(?: ist| lautet| beträgt|[ \t]?:)",
    "pt": r"resposta(?: correta| final)?(?: é|[ \t]?:)",
    "it": r"risposta(?: corretta| finale)?(?: è|[ \t]?:)",
    "nl": r"antwoord(?: is|[ \t]?:)",
    "pl": r"odpowied(?:ź|zią)(?: to| brzmi| jest|[ \t]?:)",
    "ru": r"ответ(?:[ \t]?[:—=-]| равен| составляет)",
    "uk": r"відповідь(?:[ \t]?[:—=-]| дорівнює)",
    "tr": r"cevap(?:[ \t]?:| şudur)",
    "vi": r"(?:đáp án|câu trả lời|đáp số)(?: là|[ \t]?:)",
    "id": r"jawaban(?:nya)?(?: adalah|[ \t]?:)",
    "sw": r"jibu(?: ni|[ \t]?:)",
    "cs": r"odpověď(?: je| zní|[ \t]?:)",
    "sv": r"svaret(?: är|[ \t]?:)|svar[ \t]?:",
}
ANSWERS_UNSPACED: Mapping[str, str] = {
    "zh": r"答案(?:是|为|為|应该是|應該是|等于|[ \t]?[:：])|答[:：]",
    "ja": r"(?:答え|解答|正解)(?:は|[ \t]?[:：])",
    "ko": r"(?:정답|답)(?:은|[ \t]?[:：])",
    "th": r"คำตอบ(?:คือ|[ \t]?:)",
    "hi": r"उत्तर(?:[ \t]?[:है]| है)?",
    "bn": r"উত্তর(?: হল| হলো|[ \t]?:)?",
    "ar": r"(?:الجواب|الإجابة)(?: هو| هي|[ \t]?:)",
    "he": r"התשובה(?: היא|[ \t]?:)",
    "te": r"సమాధానం[ \t]?:?",
}
DENIALS: Mapping[str, str] = {
    "en": r"not|never|neither|nor|cannot|isn'?t|wasn'?t|aren'?t|can'?t|won'?t|doesn'?t|don'?t|couldn'?t|wouldn'?t|"
    r"instead of|rather than|wrong|incorrect|false|unlikely|hardly|scarcely",
    "es": r"no|en vez de|en lugar de",
    "fr": r"pas|au lieu de",
    "de": r"nicht|kein(?:e|en)?|statt",
    "pt": r"não",
    "it": r"non",
    "nl": r"niet|geen",
    "pl": r"nie",
    "ru": r"не|а не",
    "tr": r"değil",
    "vi": r"không phải",
    "id": r"bukan",
    "sv": r"inte",
}
DENIALS_UNSPACED = r"不是|并非|並非|不等于|而非|没有|ไม่ใช่|नहीं|ليس|ليست|לא "
DENIED_BEHIND = (
    r",? ?(?:\(|— ?|– ?|- )?which (?:contradicts|(?:is|seems|would be) (?:impossible|absurd|nonsense|wrong|incorrect|a contradiction|not possible|too (?:big|small|large|low|high|many|few|much)))\b|"
    r"(?: \w+){0,2}? (?:is|was|are|would be|seems|looks) (?:\w+ly )?(?:not|wrong|incorrect|false|too|impossible|unlikely)\b"
    r"|(?: \w+){0,2}? (?:isn'?t|wasn'?t|can'?t|cannot)\b| (?:ist|wäre) (?:falsch|nicht)\b| (?:est|serait) faux\b"
    rf"| ?[(\[—–-] ?(?:(?:this|that|it|which) (?:is|was) |but )?(?:{any_phrase('wrong').pattern})(?= ?(?:[)\].!;,\n]|$))"
    r"|は?(?:ではありません|ではない|じゃない|では無い)|[이가] 아니|[이가]? ?아닙니다|是错|不对|不正确| değil\b| नहीं| नहीं है|은 틀"
    r"|.{0,6}(?:とは思(?:いません|わない|えません)|라고 (?:생각|보지)(?:하지)? ?않)|.{0,12} olduğunu (?:sanmıyorum|düşünmüyorum)"
)
NOT_BELIEVED = (
    r"\b(?:(?:do|does|did|would|could)(?: not|n'?t) (?:\w+ )?(?:think|believe|say|agree|expect|see how)|no (?:creo|pienso|diría|considero)"
    r"|ne (?:crois|pense|dirais) pas|glaube (?:ich )?nicht|denke (?:ich )?nicht|non (?:credo|penso|direi)|não (?:acho|creio|penso|diria)"
    r"|(?:denk|geloof) (?:ik )?niet|nie (?:sądzę|wydaje|uważam)|nemyslím|(?:tror|tycker|synes) (?:jag |jeg )?(?:inte|ikke)|en usko"
    r"|nem hiszem|nu cred|tidak (?:yakin|percaya|merasa)|không (?:nghĩ|cho rằng|tin)|sidhani)\b"
    r"|не (?:думаю|считаю|верю|вважаю|мисля)|δεν (?:νομίζω|πιστεύω)|不(?:认为|認為|觉得|覺得|相信)|(?:لا|لست) (?:أعتقد|أظن|متأكد)|नहीं लगता|মনে হয় না"
    r"|ไม่(?:คิด|เชื่อ)ว่า|לא (?:חושב|חושבת|מאמין)|فکر نمی"
)
"""An opinion denied: "I don't think it is 5"."""
BOUNDS: Mapping[str, str] = {
    "en": r"at least|at most|at the least|(?:no |not )?(?:more|less|fewer|greater|larger|smaller|higher|lower|bigger)"
    r"(?: than)?(?: or equal to)?|over|under|above|below|(?<!add )(?<!adds )(?<!adding )up to|upwards of|exceeds?|exceeding|beyond|minimum of|"
    r"maximum of|between|anywhere from|from|nearly|almost|close to|within|(?:just |a (?:bit|little|hair) )?(?:shy|short) of|(?:north|south) of|bounded (?:above |below )?by|capped at",
    "en3": r"somewhere (?:near|around|in|close to)|in the (?:vicinity|neighbou?rhood|region|ballpark) of|on the order of",
    "en2": r"max(?:imum|imally)?\.?(?: of)?|min(?:imum|imally)(?: of)?",
    "es": r"al menos|por lo menos|a lo sumo|(?:como |un |el )?(?:mínimo|máximo)(?: de)?|hasta|más de|menos de|mayor (?:de|que)|menor (?:de|que)|entre|casi",
    "fr": r"au (?:grand )?(?:moins|plus|maximum|minimum)|(?:un )?(?:maximum|minimum)(?: de)?|jusqu'à|près de|plus de|moins de|supérieur à|inférieur à|entre|presque",
    "de": r"mindestens|wenigstens|höchstens|maximal|minimal|bis zu|knapp|nahezu|mehr als|weniger als|größer als|kleiner als|über|unter|zwischen|fast",
    "pt": r"pelo menos|ao menos|(?:no |um |o )?(?:máximo|mínimo)(?: de)?|até|acima de|abaixo de|mais de|menos de|maior que|menor que|quase",
    "it": r"almeno|(?:al |un |il )?(?:massimo|minimo)(?: di)?|fino a|oltre|più di|meno di|maggiore di|minore di|tra|quasi",
    "nl": r"minstens|hoogstens|ten minste|ten hoogste|maximaal|minimaal|tot wel|meer dan|minder dan|tussen|bijna",
    "ru": r"по крайней мере|по меньшей мере|минимум|свыше|не больше|не меньше|не менее|не более|как минимум|максимум|больше|меньше|более|менее|почти|между|от",
    "pl": r"przynajmniej|maksymalnie|minimalnie|poniżej|powyżej|mniej niż|niemal|co najmniej|co najwyżej|więcej niż|mniej niż|ponad|prawie",
    "id": r"minimal|maksimal|sedikitnya|hingga|sekurang-kurangnya|setidaknya|paling banyak|lebih dari|kurang dari|hampir",
    "vi": r"tối đa|tối thiểu|không quá|dưới|trên|ít nhất|nhiều nhất|hơn|gần",
    "tr": r"en az|en azından|en fazla|en çok|azami|asgari|neredeyse",
    "uk": r"щонайменше|щонайбільше|принаймні|понад|не менше|не більше|майже|максимум|мінімум|менше(?: ніж)?|більше(?: ніж)?",
    "cs": r"nejméně|alespoň|aspoň|nejvýše|maximálně|minimálně|více než|méně než|téměř|skoro|přes",
    "da no": r"mindst|højst|høyst|maksimalt|maks\.?|minimum|mere end|mer enn|mindre enn|mindre end|næsten|nesten|op til|opptil",
    "fi": r"vähintään|enintään|korkeintaan|yli|alle|lähes|melkein",
    "hu": r"legalább|legfeljebb|több mint|kevesebb mint|majdnem|maximum|minimum",
    "ro": r"cel puțin|cel mult|mai mult de|mai puțin de|peste|aproape|maximum?|minimum?",
    "el": r"τουλάχιστον|το πολύ|(?:περισσότερ|λιγότερ)\w+ από|πάνω από|κάτω από|σχεδόν|μέχρι",
    "sv": r"minst|högst|maximalt|åtminstone|upp till|mer än|mindre än|nästan",
}
BOUNDS_UNSPACED = (
    r"至少|最多|不到|低于|高于|起码|最少|少なく見ても|多くても|せいぜい|못해도|많아야|약간 넘|ไม่เกิน|ไม่ต่ำกว่า|น้อยที่สุด|ज़्यादा से ज़्यादा|न्यूनतम|अधिकतम|कम से कम|على الأكثر|ما لا يقل عن|ما لا يزيد عن|לכל היותר|לפחות|حداقل|حداکثر|超过|超過|大于|大於|小于|小於|不少于|不超过|不超過|多于|少于|将近|將近|少なくとも|最大|最小|約?以上|최소|최대|적어도|"
    r"อย่างน้อย|มากกว่า|น้อยกว่า|कम से कम|अधिक से अधिक|على الأقل|أكثر من|أقل من|לפחות|[<>]=?|≥|≤|⩾|⩽|\\geq?|\\leq?|\\gt|\\lt|"
    r"\\geqslant|\\leqslant"
)
HEDGED_BEHIND = (
    r"[$}\\)*]{0,4}(?: ?[^\W\d_]{1,15})?[ ,(]{0,3}(?:(?:maybe|perhaps|possibly|probably|i guess|i suppose|quizás?|tal vez|peut-être|vielleicht|wahrscheinlich|vermutlich|möglicherweise"
    r"|forse|talvez|misschien|może|chyba|prawdopodobnie|możná|kanske|kanskje|måske|ehkä|luultavasti|talán|valószínűleg|poate|probabil|ίσως|μάλλον|belki|olabilir|galiba|sanırım"
    r"|mungkin|có lẽ|chăng|возможно|наверное|вероятно|может быть|можливо|мабуть|може)(?!\w)|かもしれ|かも|でしょうか|だろうか|일지도|일 수도|일까|인 것 같|吗|嗎|吧|शायद|ربما|ليس مؤكد|אולי|شاید|หรือเปล่า|มั้ง)"
    r"[^\d\n]{0,8}$"
)
"""Behind a number, at the end of its sentence: "64, perhaps"."""
BOUNDED_BEHIND = (
    r"-?ish\b| and counting\b| ?\$? ?(?:[<>]=?|[≤≥⩽⩾]|\\(?:leq?|geq?|lt|gt|leqslant|geqslant)\b)(?= ?(?:[a-zA-Z]\b|\\[a-z]|∞))|"
    r",? (?:give or take|or thereabouts)\b| ?(?:\w+ )?(?:or (?:more|less|fewer|greater|higher|lower|above|below|over|under|so|larger|smaller)|and (?:up|above|over)|"
    r"at (?:most|least)|minimum\b|maximum\b|oder mehr|oder weniger|o más|o menos|ou plus|ou moins|или больше|или более|или меньше|"
    r"como (?:máximo|mínimo)|au (?:maximum|minimum|plus|moins)|al (?:massimo|minimo)|no (?:máximo|mínimo)|max|maximal|höchstens|maximaal|of (?:meer|minder)|"
    r"ou (?:mais|menos)|o (?:più|meno)|lub (?:więcej|mniej)|eller (?:mer|fler|flere|færre|mindre|mere)|veya daha|atau (?:lebih|kurang)|trở lên|або (?:більше|менше)|nebo (?:více|méně)|sau mai)\b"
    r"|[个個人名位件本枚台回歳岁歲年日円元块点分秒時时間间票杯匹头頭]{0,2}(?:以上|以下|以内|未満|未满|超|多个|余)|[개명원시간살년일번분대권]{0,2} ?(?:이상|이하|미만|초과)| से अधिक| से कम|\+(?!\d)"
)
HEDGES: Mapping[str, str] = {
    "en": r"may|might|could|probably|possibly|perhaps|maybe|likely|unsure|not sure|not certain|uncertain|don'?t know|"
    r"do not know|cannot tell|can'?t tell|cannot say|can'?t say|doubt|supposedly|allegedly|apparently|presumably|conceivably|tentatively|potentially",
    "es": r"quizás?|tal vez|probablemente|no sé",
    "fr": r"peut-être|probablement|je ne sais pas",
    "de": r"vielleicht|wahrscheinlich|möglicherweise|weiß nicht",
    "pt": r"talvez|provavelmente|não sei",
    "it": r"forse|probabilmente|non so",
    "nl": r"misschien|waarschijnlijk|mogelijk|vermoedelijk|weet het niet",
    "pl": r"może|chyba|być może|prawdopodobnie|przypuszczalnie|nie wiem",
    "cs": r"možná|pravděpodobně|patrně|nevím",
    "sv no da": r"kanske|troligen|förmodligen|kanskje|sannsynligvis|måske|sandsynligvis|formentlig|vet inte|ved ikke|vet ikke",
    "fi": r"ehkä|luultavasti|todennäköisesti|kai|en tiedä",
    "hu": r"talán|valószínűleg|nem tudom",
    "ro": r"poate|probabil|nu știu",
    "tr": r"belki|muhtemelen|galiba|bilmiyorum",
    "id": r"mungkin|barangkali|kemungkinan|tidak tahu",
    "vi": r"có lẽ|có thể|không biết",
    "uk": r"мабуть|можливо|імовірно|ймовірно|напевно|не знаю",
    "el": r"ίσως|μάλλον|πιθανώς|πιθανόν|δεν ξέρω",
    "more": r"angeblich|supuestamente|supposément|presuntamente|suposadamente|предположительно|якобы|rzekomo|naar verluidt|vermutlich|schätzungsweise|womöglich|posiblemente|a lo mejor|possiblement|sans doute|magari|possibilmente|possivelmente|скорее всего|пожалуй",
    "ru": r"возможно|вероятно|может быть|не знаю|наверное",
}
HEDGES_UNSPACED = r"恐怕|たぶん|もしか|어쩌면|คงจะ|น่าจะ|संभवतः|হয়তো|لعل|على الأرجح|شاید|احتمالا|אולי|כנראה|可能|也许|也許|大概|或许|不知道|不确定|かもしれ|おそらく|多分|分かりません|아마|모르겠|อาจ|ไม่ทราบ|शायद|ربما"
CORRECTIONS: Mapping[str, str] = {
    "en": r"no(?= *(?:[,.!?:;—–-]|\n|$|it\b|that\b|the answer|wait|sorry))|nope|wait|actually|(?:edit|update|erratum|errata|amend(?:ed|ment)|revised|revision)(?= ?\d{0,2} ?[:—–])|correction|sorry|oops|hmm+|"
    r"hold on|scratch that|on second thought|let me (?:re|correct|fix)"
    r"\w*|i(?:'m| am) (?:not sure|unsure|not certain)|"
    r"i (?:don'?t|do not|cannot|can'?t) (?:know|tell|say)|not sure|i (?:made|meant|mean|misread|doubt|was wrong|need to correct|miscounted)|that(?:'s| is) (?:not (?:right|correct|true|quite|possible)|wrong|incorrect)|"
    r"that (?:isn'?t (?:right|correct|true)|can'?t be|cannot be)|this (?:is|was) (?:not (?:right|correct|true)|wrong|incorrect)|my mistake|apologies|never ?mind|"
    r"on reflection|strike that|disregard (?:that|this|it|the above|my)|ignore (?:that|this|the above)|i take (?:that|it|this) back|i(?:'ve| have) made|"
    r"(?:that|this|it) (?:does ?n['o]t|does not|doesn'?t|can'?t|cannot|can not) (?:add up|look right|seem right|be right|be correct|make sense)|"
    r"(?:that|this|it) (?:seems|looks|feels|sounds) (?:off|wrong|incorrect)|there(?:'s| is| was) (?:an?|some) (?:error|mistake)|but (?:that|this) contradicts|"
    r"not (?:quite|right|correct)|it (?:is|was) (?:not (?:right|correct|true)|wrong|incorrect)",
    "en2": r"i (?:may|might|could) (?:well )?(?:have (?:\w+ )?(?:mis\w+|erred|made an? (?:\w+ )?(?:mistake|error|slip)|got(?:ten)? (?:it|this|that) wrong)"
    r"|be (?:off|mistaken|wrong|misreading|misremembering))",
    "en3": r"(?:that|this|it)(?:['’]s| is) (?:a|the) (?:\w+ )?(?:trap|trick|mistake|red herring|decoy|distractor|misconception)|(?:but |yet )?(?:the|my) \w+ (?:says|claims|has it|disagrees) otherwise|(?:but |yet )the \w+ disagrees",
    "es": r"espera|perdón|corrección|mejor dicho",
    "fr": r"attendez|attends|pardon|correction|non",
    "de": r"moment|warte|korrektur|entschuldigung|falsch|nein",
    "pt": r"espera|espere|perdão|correção|não",
    "it": r"aspetta|scusa|correzione",
    "ru": r"стоп|подождите|исправление|ошибка|извините|нет",
    "nl": r"wacht|correctie|nee",
    "is wrong": r"(?:(?:men|mais|aber|pero|ma|mas|maar|ale|но|але|mutta|de|dar|ama|tapi|nhưng) )?(?:det (?:er|är) (?:feil|forkert|fel|galt)|c'est (?:faux|incorrect|une erreur)|"
    r"das ist (?:falsch|nicht richtig|ein fehler)|(?:eso )?(?:es|está) (?:mal|incorrecto|falso|equivocado)|è (?:sbagliato|errato|falso)|(?:isso )?(?:está|é) (?:errado|incorreto|falso)|dat (?:is fout|klopt niet|is niet juist)|"
    r"to (?:jest )?(?:źle|błąd|błędne|nieprawda|nie tak)|to je (?:špatně|chyba)|это (?:неверно|неправильно|ошибка|не так)|це (?:неправильно|хибно|помилка)|se on väärin|ez (?:hibás|rossz|nem jó)|(?:este|e) greșit|(?:bu )?yanlış|"
    r"itu salah|(?:điều đó |đó )?(?:là )?sai)",
}
CORRECTIONS_UNSPACED = (
    r"不对|不對|等等|等一下|错了|錯了|更正|抱歉|不，|いや|違|訂正|待って|아니(?!면)|잠깐|정정|ไม่|เดี๋ยว|नहीं|لا،|انتظر"
)
_UNITS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|billion|dozen|zero|half"
UNKNOWN = (
    r"unknown|undefined|undetermined|unclear|impossible|infinite|infinity|none|not (?:known|given|possible|enough|defined|"
    r"determined|stated|available)|cannot be|can'?t be|does not exist|no (?:solution|answer|number|such)|missing|"
    r"indeterminate|anyone'?s guess"
)


def spaced(table: Mapping[str, str]) -> str:
    """All languages of a table as one group of alternatives between word bounds."""
    return r"(?<!\w)(?:" + "|".join(table.values()) + r")(?!\w)"


_THAT = (
    "that",
    "the",
    "answer",
    "que",
    "che",
    "dass",
    "daß",
    "že",
    "że",
    "что",
    "що",
    "dat",
    "att",
    "at",
    "hogy",
    "că",
    "ότι",
)
_IFS = "if|unless|suppose|supposing|had|wenn|falls|si|se|als|gdyby|jeśli|если|якби|якщо|kdyby|pokud|om|hvis|jos|ha|dacă|αν|eğer|nếu|jika|kalau|如果|假如|若|もし|만약|لو|إذا|अगर|यदि"
ANSWER = re.compile(
    rf"(?<!\w)(?:{'|'.join(ANSWERS.values())})|(?:{'|'.join(ANSWERS_UNSPACED.values())})|####", re.IGNORECASE
)
TOTAL = re.compile(
    r"\b(?:result|solution|total|sum|value)(?: (?:is|was|equals|would be|comes to)\b(?! (?:\w+ )?an? multiple)|[ \t]?[:=])",
    re.IGNORECASE,
)
DENIED = re.compile(rf"{spaced(DENIALS)}|{DENIALS_UNSPACED}", re.IGNORECASE)
UNEQUAL = re.compile(r"(?:≠|!=|\\neq?|\\not ?=) ?[$€£({]{0,3}$")
"""At the end of what stands before a number."""
_FILL = r"(?: (?:an?|the|just|only|also|clearly|obviously|\w+ly|ein|eine|der|die|un|une|una|uno|um|uma|een|le|la|el|common|typical|classic|frequent|häufiger|typischer))"
DENIED_AFTER = re.compile(
    rf"{DENIED_BEHIND}| (?:{any_phrase('be', 'would').pattern}){_FILL}{{0,2}} (?:{any_phrase('wrong').pattern})",
    re.IGNORECASE,
)
DISBELIEVED = re.compile(NOT_BELIEVED, re.IGNORECASE)
OR = any_phrase(
    "or",
    also=("u", "otherwise", "or maybe", "or perhaps", "or possibly"),
    but=("sau", "fie", "tai", "ali", "o", "ama", "vai", "au", "hay", "bilo", "of", "ori", "か", "나", "이나", "ないし"),
    cased=("o", "tai", "ali", "fie"),
    more=r"(?-i:sau(?! (?:đó|khi|này)))",
)
OR_BEFORE = re.compile(r"(?:か|이?나|거나) ?$")
"""Joins two numbers where it stands right before the second: "5か6"."""
REPORTED = re.compile(
    rf"(?:{any_phrase('says').pattern}),?(?: ?(?:it's|that's|c'est|{any_phrase('it', 'be', also=_THAT).pattern})){{1,4}}[\s$€£:*]*$",
    re.IGNORECASE,
)
"""Before a number: what somebody else thinks it is, "my sister thinks it's 5"."""
OTHERS_ANSWER = re.compile(
    r"\b(?:many|most|some|several|other|careless|lots of|a lot of) (?:\w+ )?(?:students|people|readers|others|folks|kids|users|children|persons|models)"
    r"(?: (?:will|would|might|may|often|usually|typically|also|mistakenly)){0,2} (?:answer|say|guess|think|choose|pick|put|write|get|give|reply)"
    r"(?: (?:that|it|is|it's|with))*[\s$:*]*$"
    r"|\b(?:many|most|some|several|others|they|people|everyone|everybody) (?:else )?(?:(?:will|would|might|may|often|usually|also|mistakenly) ){0,2}"
    r"(?:say|think|believe|claim|argue|guess|suggest|assume|suppose)s?(?: (?:that|it|is|it's))*[\s$:*]*$",
    re.IGNORECASE,
)
RELATIVES_ANSWER = re.compile(
    r"\b(?:my|his|her|our|a|another|one|the(?= (?:text|work)?book| answer key| solution)) (?:\w+ ){0,2}?(?:friend|brother|sister|teacher|colleague|classmate|mother|father|mom|dad|boss|tutor"
    r"|roommate|student|professor|neighbou?r|calculator|(?:text|work)?book|answer key|solutions? manual) (?:got|gets|wrote|says|said|has|had|put|found|claims|thinks|shows)(?: (?:that|it|is|it's))*[\s$:*]*$",
    re.IGNORECASE,
)
"""The same of one person, where nothing that is counted follows: "my brother got 36."."""
SUPPOSED = re.compile(rf"^\W*(?:{_IFS})(?!\w)[^.?!]*(?:{any_phrase('would').pattern})[^.?!]{{0,20}}$", re.IGNORECASE)
"""Before a number: a supposition, "if nothing changed, it would be 5"."""
SUPPOSES = re.compile(
    r"^\W*(?:(?:now|so|first|then|let['’]?s|let us|we|i|one|you)[ ,]{1,2}){0,3}(?:can |could |will |may |must |might |shall )?"
    r"(?:suppose|assume|imagine|pretend|presume|hypothesi[sz]e|let['’]?s say|let us say|angenommen|nehmen wir an|gehen wir davon aus"
    r"|supposons|admettons|imaginons|supongamos|suponiendo|imaginemos|supponiamo|mettiamo|suponhamos|imaginemos|stel|laten we aannemen"
    r"|załóżmy|przypuśćmy|предположим|допустим|припустімо|anta|antag|oletetaan|varsayalım|diyelim|misalkan|giả sử)(?!\w)[^.?!\d=]{0,30}(?:\b[a-z] ?= ?)?$"
    r"|^\W*(?:假设|假設|假定|仮に|가령|가정하면|สมมติ|मान लीजिए|मान लो|لنفترض|فرض کنیم|נניח)[^。？！\d=]{0,20}$",
    re.IGNORECASE,
)
"""Before a number: it is only supposed, "Let's assume 5"."""
COUNTERFACTUAL = tuple(
    re.compile(pattern, re.IGNORECASE)
    for one, other in (
        (
            r"(?<!\w)(?:if\b(?! you)[^.?!;]{0,80}?\b(?:had(?! to)|hadn'?t|were(?! to)|weren'?t)\b|^\W*(?:had|were) \w+ [^.?!;]{0,60}?,)",
            r"\b(?:would|could|might)(?: have| be|'ve)\b",
        ),
        (
            r"(?<!\w)(?:wenn|falls)\b[^.?!;]{0,80}?\b(?:hätten?|wären?|gäbe)\b|^\W*(?:hätte|wäre)n? ",
            r"\b(?:wären?|hätten?|würden?|ergäben?|gäbe)\b",
        ),
        (
            r"(?<!\w)si\b[^.?!;]{0,80}?\w(?:iera|iese|uera|uese|ara|ase|uviera|ubiera)[ns]?\b",
            r"\w(?:ría|rían|ríamos|rías)\b|\bhubieran?\b",
        ),
        (r"(?<!\w)s(?:i\b|['’]ils?\b)[^.?!;]{0,80}?\b\w+(?:ait|aient|ais)\b", r"\b\w+r(?:ait|aient|ais)\b"),
        (r"(?<!\w)se\b[^.?!;]{0,80}?\w(?:sse|ssero|ssem)\b", r"\w(?:rebbe|rebbero|ria|riam)\b"),
        (r"(?<!\w)als\b[^.?!;]{0,80}?\b(?:had(?:den)?|was|waren|zou)\b", r"\bzou(?:den)?\b"),
        (r"(?<!\w)if\b[^.?!;]{0,80}?\bwould\b[^.?!;]{0,60}?,? but\b", r""),
        (r"(?<!\w)(?:если бы|якби|gdyby\w*|kdyby\w*)(?!\w)", r""),
        (r"(?<!\w)(?:om|hvis)\b[^.?!;]{0,80}?\b(?:hade|hadde|havde|vore|var)\b", r"\b(?:skulle|ville)\b"),
    )
    for pattern in ((rf"(?=.*(?:{one}))(?=.*(?:{other}))") if other else one,)
)
"""A sentence about what is not so, by a condition and a verb that both only suppose, a pattern for each language."""
CONCLUDES = re.compile(
    r"\W*(?:therefore|thus|hence|so|consequently|as a result|in conclusion|finally|daher|folglich|somit|donc|ainsi|por lo tanto|por tanto"
    r"|entonces|así que|portanto|então|quindi|dunque|dus|daarom|итак|значит|следовательно|więc|zatem)(?!\w)|\W*(?:所以|因此|したがって|따라서)",
    re.IGNORECASE,
)
"""A sentence that concludes what was worked out."""
THEREFORE = re.compile(
    r"(?:[,:;]|\bbut|\band) ?(?:so|therefore|thus|hence|but|which means|meaning|aber|also|daher|donc|mais|pero|así que|quindi|ma"
    r"|mas|portanto|dus|maar|поэтому|но|więc|ale)\b|所以|因此|しかし|だから",
    re.IGNORECASE,
)
"""Behind it a sentence says what is so."""
FORMER = any_phrase("former")
"""An opinion of the past: "8 is what I first thought"."""
AS_FORMER = re.compile(
    r"\b(?:as|like|wie|comme|como|come|zoals|jak|как|як|som|ahogy|cum)(?: (?:i|ich|je|io|ik|eu|yo|я|jag|jeg|am))? [^.\d]{0,24}$",
    re.IGNORECASE,
)
"""Before such words: "as I first thought" bears the answer out."""
DENIED_BOX = re.compile(
    rf"(?:(?:{spaced(DENIALS)}|{DENIALS_UNSPACED})(?: (?!wait|actually|sorry|espera|aspetta|warte)\w+)?|(?:{NOT_BELIEVED})[^.,;:!?\n]{{0,40}}?)[\s$*:\\(\[]*(?:\\f?box(?:ed)? ?\{{?)?$",
    re.IGNORECASE,
)
"""At the end of what stands before a box: "it is not \\boxed{..}"."""
BOUND = re.compile(rf"(?:{spaced(BOUNDS)}|{BOUNDS_UNSPACED})", re.IGNORECASE)
BOUNDED_AFTER = re.compile(BOUNDED_BEHIND, re.IGNORECASE)
HEDGED_AFTER = re.compile(HEDGED_BEHIND, re.IGNORECASE)
HEDGED = re.compile(rf"{spaced(HEDGES)}|{HEDGES_UNSPACED}", re.IGNORECASE)
_LONG_CUE = 7
"""Characters of a single word of the table that takes a number back. Shorter ones are common words of some language."""
_NO_CUES = ("disregard", "let me")
"""Words of the table that take a choice back, and may introduce a check of a number."""
_CUES = "|".join(
    re.escape(word)
    for word in sorted(phrases_of("redo"), key=len, reverse=True)
    if (" " in word or len(word) >= _LONG_CUE) and not word.startswith(_NO_CUES)
)
CORRECTED = re.compile(rf"(?:{spaced(CORRECTIONS)}|{CORRECTIONS_UNSPACED}|(?<!\w)(?:{_CUES})(?!\w))", re.IGNORECASE)
ROMAN = re.compile(r"[\s:*$]*[IVXLCDM]{2,12}[\s*$]*")
"""A statement that is a Roman number, which is not read."""
SPELLED = re.compile(rf"\b(?:{_UNITS}|{_TENS})\b|[零一二三四五六七八九十百千两]{{1,12}}(?![\w])", re.IGNORECASE)
"""Numbers in words, which are not read."""
SAYS_UNKNOWN = re.compile(rf"(?<!\w)(?:{UNKNOWN})", re.IGNORECASE)
_OF_GUESSES = re.compile(
    r"guess|sure\b|certain|confident|convinced|doubts|mistaken|could be wrong|might be wrong|may be wrong|rumou?r|or so "
)
"""Words of the table that doubt a whole reply, and say so of a number too."""
UNSURE = re.compile(
    rf"(?<!\w)(?:{'|'.join(re.escape(w) for w in phrases_of('unsure') if _OF_GUESSES.search(w))})(?!\w)|"
    r"\b(?:faltan datos|datos insuficientes|données insuffisantes|il manque des (?:données|informations)|nicht genug (?:angaben|informationen|daten)|zu wenige? (?:angaben|daten)|mancano (?:i )?dati|dati insufficienti|"
    r"dados insuficientes|faltam dados|te weinig gegevens|za mało danych|brakuje danych|(?:not enough|insufficient) (?:information|data))\b|недостаточно данных|не хватает данных|недостатньо даних|(?:数据|信息|條件|条件)不足|情報が(?:不足|足りません)|정보가 부족|"
    r"\b(?:unsure|not sure|not certain|do(?: not|n'?t) know|can(?:not|'?t) (?:tell|say)|no idea|doubt|(?:can(?:not|'?t)|could(?: not|n'?t)|unable to|impossible to|not possible to) "
    r"(?:\w+ )?(?:solve|answer|determine|calculate|compute|work out))\b|不知道|不确定|不確定|不太清楚"
    r"|\b(?:pas (?:tout à fait |vraiment )?(?:certaine?|sûre?)|nicht (?:ganz )?sicher|unsicher|no estoy (?:muy |del todo )?segur[oa]|non (?:ne )?sono (?:\w+ )?sicur[oa]|"
    r"não (?:tenho|estou) (?:a )?(?:certeza|cert[oa]|segur[oa])|niet (?:helemaal )?zeker|nie (?:jestem|mam) (?:\w+ )?pew\w+|nejsem si (?:\w+ )?jist[ýá]?|"
    r"(?:inte|ikke) (?:helt )?(?:säker|sikker)|en ole (?:\w+ )?varma|nem vagyok (?:\w+ )?biztos|nu sunt (?:\w+ )?sigur[ăa]?|emin değilim|tidak yakin|không chắc)\b"
    r"|не (?:совсем |до конца |зовсім )?(?:уверен|впевнен|сигурен)|δεν είμαι (?:\w+ )?(?:σίγουρ|βέβαι)|自信が(?:ない|ありません)|確か(?:では|じゃ)|確信が?(?:は|が)?(?:ない|ありません|持て)|확실(?:하지|치|친) ?않|"
    r"자신(?:이|은)? 없|لست متأكد|غير متأكد|(?:निश्चित|पक्का|यकीन) नहीं|ไม่แน่ใจ|לא בטוח|مطمئن نیستم"
    # I do not know whether
    r"|(?<!\w)(?:i wonder (?:if|whether)|nie wiem|nie mam pewności|nevím|neviem|(?:weiß|weiss) (?:ich )?nicht|ne sais pas|no sé|non so|não sei|weet (?:ik )?niet"
    r"|vet inte|ved ikke|vet ikke|en tiedä|nem tudom|nu știu|nu stiu|δεν ξέρω|bilmiyorum|không biết|tidak tahu|sijui|не знаю|не знам|ne znam)(?!\w)"
    r"|לא יודע|لا أعرف|لا أدري|لا أعلم|नहीं पता|नहीं जानत|জানি না|ไม่รู้|ไม่ทราบ|不清楚|分からない|わからない|分かりません|わかりません|모르겠|نمی‌دانم|نمی دانم"
    # I cannot work it out
    r"|\bne (?:peux|peut|puis) pas (?:\w+ )?(?:répondre|déterminer|calculer|résoudre)|\bnicht (?:zu )?(?:berechnen|bestimmen|beantworten|lösen|ermitteln)\b|\bno (?:puedo|se puede|es posible) (?:calcular|determinar|responder|resolver)"
    r"|\bnon (?:posso|si può|è possibile) (?:calcolare|determinare|rispondere|risolvere)|\bnão (?:posso|é possível|dá para|consigo) (?:calcular|determinar|responder|resolver)|\bniet (?:te )?(?:berekenen|bepalen|beantwoorden)"
    r"|\bnie (?:mogę|da się|można) (?:obliczyć|określić|odpowiedzieć|rozwiązać)|\bне(?:возможно| могу| удаётся| удается|можливо| можу) (?:вычислить|определить|решить|ответить|посчитать|обчислити|визначити)"
    r"|(?:无法|無法|不能)(?:计算|計算|确定|確定|回答|得出|求解)|計算できません|求められません|(?:계산|풀|알) ?수 없|لا يمكن(?:ني)? (?:حساب|تحديد|الإجابة)",
    re.IGNORECASE,
)
"""Words of somebody who does not know the number, or says that it cannot be worked out."""
SCALE_WORDS = (
    r"(?:tausend|mil|mille|mila|tuhatta|tuhat|tysiąc[ea]?|tysięcy|tys\.?|tisíc|ribu|nghìn|ngàn|elfu|тысяч[аиу]?|тыс\.?|тисяч[іау]?|хиляди|हज़ार|हजार)"
    r"|(?:millionen|million[ei]s?|mil(?:i|ij)[ou][a-z]{1,5}|mio\.?|millones|millón|milhão|milhões|milion[iyów]{0,3}|miljoen|miljon(?:er)?|miljoonaa?|millioner|milyon|juta|triệu|миллион(?:а|ов)?|мільйон(?:а|ів)?|млн\.?|दस लाख)"
    r"|(?:milliarden?|milliards?|mrd\.?|mili(?:j)?ard[a-zó]{0,3}|miljard(?:er)?|milyar|tỷ|миллиард(?:а|ов)?|мільярд(?:а|ів)?|млрд\.?)|(?:लाख|करोड़)"
)
"""Thousand, million and billion behind a number, in other languages than English."""
