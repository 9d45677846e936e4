"""Words about answers in Polish, Russian, Ukrainian, Czech and Slovak, Bulgarian, Croatian and Serbian.

`evalkit.scorers.languages` says what each kind does.
"""

from __future__ import annotations

WORDS: dict[str, dict[str, str]] = {
    "pl": {
        "sure": "nie mam wątpliwości|nie mam żadnych wątpliwości|"
        "bez wątpienia|bez żadnych wątpliwości|bez cienia wątpliwości|niewątpliwie|bezsprzecznie"
        "|bez dwóch zdań|z całą pewnością|nie ma wątpliwości|ponad wszelką wątpliwość",
        "thing": "sprawa|problem|pytanie|kwestia|zgłoszenie|zapytanie|przypadek|recenzja",
        "noun": "odpowiedź|odpowiedz|odpowiedzią|opcja|opcją|wariant|rozwiązanie|litera|wybór|odpowiedzi",
        "field": "wynik|kategoria|etykieta|klasa",
        "be": "to|jest|brzmi|są|musi być|pozostaje|zostaje|pozostaje tylko|zostaje tylko",
        "would": "byłaby|byłoby|byłby",
        "right": "poprawna|poprawną|prawidłowa|prawidłową|właściwa|dobra|najlepsza|słuszna|prawdziwa|poprawny",
        "wrong": "błędna|błędną|niepoprawna|nieprawidłowa|zła|fałszywa|błąd|wykluczona|niewłaściwa|fałszywe"
        "|niemożliwe|niemożliwa|bzdura|pułapka",
        "not": "nie|ani|nigdy|żadna|żaden|oprócz|poza|zamiast|wątpię|wykluczam",
        "choose": "wybrałbym|wybrałabym|wskazałbym|wskazałabym|wybieram|zaznaczam|stawiam na|to jest|należy do",
        "maybe": "może|być może|możliwe|prawdopodobnie|chyba|pewnie|mogłaby|mógłby|przypuszczalnie|zgaduję|wątpliwe"
        "|mało prawdopodobne|raczej nie|nie wiem czy|nie wiem , czy|nie jestem pewien , czy|nie jestem pewna , czy"
        "|nie mam pewności , czy",
        "unsure": "nie jestem pewien|nie jestem pewna|nie wiem|niepewny|trudno powiedzieć|nie mam pojęcia"
        "|mogę się mylić",
        "or": "lub|albo|czy|względnie|bądź|ewentualnie|i/lub|czy też",
        "and": "i|oraz|obie|oba",
        "if": "jeśli|jeżeli|gdyby|chyba że|niektórzy|początkowo|załóżmy|przypuśćmy|wyobraźmy sobie|zdaniem"
        "|według niego|według kolegi",
        "redo": "czekaj|chwila|przepraszam|pomyliłem się|miałem na myśli|to błąd|to nieprawda|pomyłka|a raczej|wróć"
        "|nie czekaj",
        "turn": "właściwie|poprawka|raczej|a raczej|jednak|tylko",
        "why": "ponieważ|bo|gdyż|ale|która|który|w|z",
        "so": "więc|zatem|dlatego|czyli|stąd",
        "fill": "ta|ten|tak|na|o|moja|litera|zdecydowanie|oczywiście|pytanie|jedyna|końcowa|ostateczna|eee|hm",
        "says": "mówi|mówią|twierdzi|uważa|sądzi|powiedział|powiedziała|ktoś|rzekomo|twierdzenie|założenie",
        "gives_up": "nie mogę odpowiedzieć|nie można odpowiedzieć|nie da się odpowiedzieć",
        "it": "to|ona|ta odpowiedź",
        "holds": "może|być|prawda|prawdą|prawdziwe|możliwe|poprawna|poprawne|ma|sensu|jednak|się|zgadza|ale|tak|jest",
        "former": "najpierw myślałem|najpierw myślałam|początkowo myślałem|początkowo myślałam|moja pierwsza myśl"
        "|moja pierwsza odpowiedź|na pierwszy rzut oka|myślałem, że|myślałam, że",
        "unknown": "nieznane|nieznany|nie wiadomo|nie wiem|nie można określić|za mało informacji",
        "now": "teraz|obecnie|dziś|dzisiaj|w tym roku|aktualnie",
        "beside": "przed|następuje po|poprzedza|obok",
    },
    "ru": {
        "sure": "я не сомневаюсь|у меня нет сомнений|не сомневаюсь|"
        "без сомнения|без сомнений|без всякого сомнения|без всяких сомнений|без тени сомнения"
        "|вне всякого сомнения|несомненно|бесспорно|безусловно|нет сомнений|никаких сомнений"
        "|не сомневаясь|сомнений нет",
        "thing": "вопрос|проблема|запрос|обращение|тема|случай|отзыв|дело|заявка|сообщение",
        "noun": "ответ|вариант|вариантом|ответом|решение|буква|выбор|ответа|опция",
        "field": "утверждение|результат|категория|класс|метка|тональность|вывод",
        "be": "это|является|будет|есть|остаётся|остается|остаётся только|остается только|под буквой|под номером"
        "|должен быть",
        "would": "был бы|была бы|было бы",
        "right": "правильный|правильным|правильная|правильное|верный|верным|верная|верно|правильно|корректный|лучший"
        "|подходит|верен",
        "wrong": "неправильный|неправильным|неправильно|неверный|неверно|неверен|ошибочный|ложный|ложно|ошибка"
        "|не подходит|исключён|исключен|неверным|неправильная|неверная|неверное|невозможно|исключено|абсурд|ловушка",
        "not": "не|нет|ни|никогда|кроме|вместо|а не|сомневаюсь|исключаю|нельзя|никакой",
        "choose": "выбираю|выберу|выбрал|я бы выбрал|останавливаюсь на|относится к",
        "maybe": "возможно|может|может быть|вероятно|наверное|наверно|пожалуй|вероятнее|скорее всего|либо"
        "|предположительно|похоже|мог бы|могло бы|сомнительно|маловероятно|вряд ли|едва ли",
        "unsure": "не уверен|не уверена|не знаю|затрудняюсь|трудно сказать|не могу сказать|сомневаюсь|есть сомнения"
        "|не убеждён|могу ошибаться|могу и ошибаться",
        "or": "или|либо|или же|и/или|а может",
        "and": "и|а также|оба",
        "if": "если|если бы|некоторые|многие|сначала|разве|допустим|предположим|представим|положим|по словам|по мнению",
        "redo": "постойте|постой|нет постойте|нет , постойте"
        "|подождите|подожди|стоп|извините|простите|я ошибся|ошиблась|я имел в виду|это неверно"
        "|это неправильно|нет подождите|точнее|вернее|ой|погодите|хотя нет|виноват|нет стоп|я больше так не думаю"
        "|я передумал|я передумала",
        "turn": "на самом деле|исправление|точнее|вернее|поправка",
        "why": "потому|так как|поскольку|но|который|которая|в|с|ведь",
        "so": "следовательно|итак|поэтому|значит|таким образом|значит",
        "fill": "мой|наш|да|точно|однозначно|буква|на|вопрос|этот|я|конечно|единственный|окончательный|эм|хм|ну",
        "says": "говорит|говорят|сказал|сказала|утверждает|считает|думает|полагает|якобы|кто-то|утверждение"
        "|предположение",
        "gives_up": "не могу ответить|невозможно ответить|нельзя ответить|не могу дать ответ",
        "it": "это|этого|такого|он|она|этот ответ|такой ответ",
        "holds": "может|быть|верно|правдой|возможно|так|правильно|однако|имеет|смысла|сходится|подходит|но|конечно",
        "former": "раньше было|раньше был|раньше была|прежде было|сначала я думал|сначала я думала|сначала думал"
        "|я думал сначала|я сначала думал|моя первая мысль"
        "|мой первый ответ|на первый взгляд|изначально я|я думал, что|сначала казалось",
        "unknown": "неизвестно|не известно|не знаю|недостаточно информации|невозможно определить|нельзя определить",
        "now": "теперь|сейчас|сегодня|ныне|в этом году|на данный момент",
        "beside": "после|перед|следует за|предшествует|рядом с|следующая за|идущая за|следующий за",
    },
    "uk": {
        "sure": "без сумніву|без сумнівів|без жодного сумніву|поза сумнівом|безсумнівно|безперечно|немає сумнівів"
        "|жодних сумнівів",
        "thing": "питання|проблема|запит|звернення|тема|випадок|відгук|справа",
        "noun": "відповідь|відповіддю|варіант|рішення|літера|буква|вибір",
        "field": "твердження|результат|категорія|мітка|клас|тональність",
        "be": "це|є|буде|під літерою",
        "would": "був би|була б|було б",
        "right": "правильна|правильний|правильною|вірна|вірний|вірно|правильно|найкраща|коректна",
        "wrong": "неправильна|неправильний|неправильною|невірна|невірний|невірно|неправильно|хибна|хибний|помилка"
        "|помилкова|неможливо|виключено",
        "not": "не|ні|ані|ніколи|крім|окрім|замість|а не|сумніваюся|виключаю",
        "choose": "обираю|вибираю|оберу|належить до",
        "maybe": "не впевнений , чи|не впевнена , чи|не знаю , чи|не певен , чи|"
        "можливо|може|може бути|мабуть|ймовірно|певно|скоріше|або ж|напевно|сумнівно|навряд чи|малоймовірно",
        "unsure": "не впевнений|не впевнена|не знаю|важко сказати|можу помилятися",
        "or": "або|чи|або ж|та/або|і/або",
        "and": "і|й|та|також",
        "if": "якщо|якби|деякі|спочатку|припустимо|уявімо|за словами|на думку",
        "redo": "зачекайте|почекай|чекай|вибачте|я помилився|я мав на увазі|це неправильно|точніше|стривайте|ой|стоп",
        "turn": "насправді|виправлення|точніше",
        "why": "бо|тому що|оскільки|але|який|яка|в|у|з",
        "so": "отже|тому|таким чином|відтак",
        "fill": "моя|так|точно|однозначно|на|питання|ця|я|літера",
        "says": "каже|кажуть|сказав|сказала|стверджує|вважає|думає|хтось|нібито",
        "gives_up": "не можу відповісти|неможливо відповісти",
        "it": "це|цього|такого|вона|ця відповідь",
        "holds": "може|бути|вірно|правильно|правда|правдою|так|однак|можливо|сходиться|але|має|сенсу",
        "former": "спочатку я думав|спочатку я думала|я думав спочатку|моя перша думка|моя перша відповідь"
        "|на перший погляд",
        "unknown": "невідомо|не знаю|недостатньо інформації|неможливо визначити",
        "now": "тепер|зараз|сьогодні|нині|цього року",
        "beside": "після|перед",
    },
    "cs": {
        "sure": "bez pochyby|bez pochyb|bezpochyby|nepochybně|bez nejmenších pochyb|bez jakýchkoli pochyb"
        "|není pochyb|beze vší pochybnosti",
        "thing": "problém|otázka|záležitost|dotaz|požadavek|případ|recenze",
        "noun": "odpověď|odpověd|odpoveď|možnost|varianta|řešení|riešenie|písmeno|volba",
        "field": "výsledek|kategorie|závěr|štítek",
        "be": "je|jsou|to je|zní|sú|znie|musí být",
        "would": "by byla|by bylo|by byl",
        "right": "správná|správně|správne|správný|nejlepší|správnou|pravdivá",
        "wrong": "špatná|špatně|chybná|nesprávná|nesprávně|nesprávne|zlá|chyba|nepravdivá|vyloučena|mylná|nemožné"
        "|vyloučené|nesmysl",
        "not": "není|nie je|ne|nie|ani|nikdy|kromě|okrem|místo|namísto|žádná|pochybuji|nikoli|nemůže|nemohou|nemohla"
        "|nesedí|neplatí|nedává",
        "choose": "volím|vybírám|vyberu|zvolím|vyberám|patří do|vybral bych|vybrala bych|zvolil bych|zvolila bych"
        "|volil bych|volila bych",
        "maybe": "možná|snad|asi|pravděpodobně|pravdepodobne|mohla by|mohlo by|může být|buď|zřejmě|tipuji|sotva"
        "|pochybuji",
        "unsure": "nejsem si jistý|nejsem si jistá|nevím|neviem|těžko říct",
        "or": "nebo|anebo|či|alebo|případně|popřípadě|respektive|resp|nebo také|a/nebo",
        "and": "a|i|obě|také",
        "if": "pokud|jestliže|kdyby|ak|někteří|nejprve|předpokládejme|dejme tomu",
        "redo": "počkat|počkej|promiňte|pardon|spletl jsem se|chtěl jsem říct|moment|oprava|počkejte",
        "turn": "vlastně|oprava|spíše|ale",
        "why": "protože|neboť|jelikož|ale|která|v|s",
        "so": "tedy|proto|takže|tudíž",
        "fill": "to|ta|ten|ano|moje|jednoznačně|otázku|na|konečná",
        "it": "to|toto|tato odpověď",
        "holds": "být|pravda|správně|možné|tak|však|dává|smysl|sedět|ale",
        "former": "nejdřív jsem myslel|nejdřív jsem myslela|nejprve jsem myslel|původně jsem myslel"
        "|moje první myšlenka|můj první odhad|na první pohled",
        "unknown": "neznámo|neznámé|nevím|nelze určit|nedostatek informací",
        "now": "teď|nyní|dnes|letos|v současnosti",
        "beside": "před|následuje po",
    },
    "bg": {
        "sure": "без съмнение|без никакво съмнение|несъмнено|безспорно|няма съмнение",
        "thing": "въпрос|проблем|запитване|заявка|случай|отзив",
        "noun": "отговор|отговорът|отговора|вариант|решение|буква|опция",
        "field": "резултат|категория",
        "be": "е|са|трябва да е",
        "would": "би бил|би била",
        "right": "верен|верният|правилен|правилният|вярно|правилно|най-добрият",
        "wrong": "грешен|грешно|неверен|неправилен|невярно|грешка|невъзможно",
        "not": "не|не е|нито|освен|вместо|никога",
        "choose": "избирам",
        "maybe": "може би|вероятно|възможно|навярно|евентуално|може",
        "unsure": "не съм сигурен|не знам",
        "or": "или|и/или",
        "and": "и",
        "if": "ако",
        "redo": "чакай|извинете|сгреших|почакай",
        "turn": "всъщност|поправка|по-скоро",
        "why": "защото|тъй като|но",
        "so": "следователно|затова|така че",
        "fill": "да|на|моят|този|буква",
        "it": "това|този отговор",
        "holds": "може|да|бъде|вярно|възможно|обаче|но",
        "now": "сега|днес|понастоящем",
    },
    "hr": {
        "sure": "bez sumnje|bez ikakve sumnje|nesumnjivo|bez imalo sumnje|nema sumnje",
        "thing": "pitanje|problem|upit|zahtjev|slučaj|recenzija",
        "noun": "odgovor|opcija|rješenje|rešenje|slovo|mogućnost",
        "field": "rezultat|kategorija|oznaka",
        "be": "je|su|glasi|jeste",
        "would": "bi bio|bi bila|bi bilo",
        "right": "točan|točno|tačan|tačno|ispravan|ispravno|najbolji|pravi",
        "wrong": "netočan|netočno|netačan|netačno|pogrešan|pogrešno|neispravan|krivo|greška|nemoguće",
        "not": "nije|ne|ni|niti|nikad|osim|umjesto|umesto|sumnjam",
        "choose": "biram|odabirem|izabirem",
        "maybe": "možda|vjerojatno|verovatno|moguće|mogao bi|može biti|valjda",
        "unsure": "nisam siguran|nisam sigurna|ne znam",
        "or": "ili|i/ili|odnosno|bilo",
        "and": "i|te|oba",
        "if": "ako|ukoliko|neki",
        "redo": "čekaj|oprosti|pogriješio sam|izvini|mislio sam",
        "turn": "zapravo|ispravak|ispravka|nego|već",
        "why": "jer|zato|ali|koji|u|s",
        "so": "dakle|stoga|zato|prema tome",
        "fill": "da|to|taj|moj|pitanje|na|konačan|konačni",
        "it": "to|ovo|taj odgovor",
        "holds": "može|biti|točno|tačno|istina|moguće|međutim|ali",
        "now": "sada|danas|trenutno|ove godine",
    },
}
