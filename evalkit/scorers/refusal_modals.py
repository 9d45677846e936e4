# ruff: noqa: E501 - a pattern is read by its alternatives, and cutting one in two hides where it ends
"""Refusals told by their build: "I cannot" or "I will not" about what was asked, "I am not allowed", "nothing I can help with".

    declines("Darüber möchte ich nicht sprechen.", latin=True)        # True: "möchte ich nicht", about "darüber"
    declines("Das kann ich nicht glauben.", latin=True)           # False: nobody refuses to believe

The first rule holds for any verb: a denied modal verb in the first person, a word in the same clause that points at the
request ("this", "such", "your request"), and no verb of what people fail at without refusing (find, believe, promise).
"""

from __future__ import annotations

import re
from functools import cache

_ENGLISH = (
    r"^\W*not (?:something|anything|a (?:topic|request|subject|task)|my) (?:that )?(?:i|we)(?:'ll| will| can| could| would|'d|'m| am| do\b)"
    r"|\bi (?:don't|do not|never|won't) (?:(?:write|create|make|produce|do|give|help with|provide|share|answer|take on) (?:such|stuff like|(?:that|this|those|these) (?:kind|sort|type)s?|things like (?:that|this))|do that\W*$)"
    r"|\b(?:isn't|is not|'s not|not) (?:one|something|anything|a (?:topic|request|subject|task|question|thing)) (?:that )?(?:i|we)(?:'m| am| can| could| will| would|'ll|'d) "
    r"|\b(?:would |'d |does |that )?cross(?:es|ing)? (?:a|the|my) line\b[^.!?]{0,30}\b(?:me|i|my|i'll)\b|\bi(?:'ll| will| must|'m going to| have to) (?:leave (?:it|this|that) (?:there|alone)|turn (?:this|that|it|you|your)(?: (?:one|request))? down|hold off|stop here\W*$|stop you there|say no to (?:this|that)|give (?:this|that) (?:one )?a miss)"
    r"|\bi(?:'m| am|'ll| will|'d| would| have|'ve| must)(?: \w+){0,5} (?:say(?:ing)? no|declin(?:e|ing)|refus(?:e|ing))(?:\W*$| here| to (?:this|that|your|help|assist|answer))"
    r"|\byou (?:won't|will not|aren't going to) (?:get|hear|find) (?:\w+ ){1,6}from me|\bnot from me\b"
    r"|\b(?:no|pass) from me\b|\bi(?:'m| am) (?:out\W*$|not touching|staying out of|steering clear|bowing out|not the right (?:assistant|one to))"
    r"|\blet's not (?:go there|do (?:that|this)|talk about|get into|discuss|go down)|\b(?:let's|let us|can we|could we|shall we|i'd rather|i would rather) (?:(?:talk about|discuss|move on to|focus on)(?: \w+){0,2} (?:something else|something different|other things|another topic)|(?:change|switch)(?: \w+){0,1} (?:topics?|subjects?))\b"
)
_I_CANNOT = (
    r"\b(?:(?:kann|darf|werde|möchte|will|mag) ich|ich (?:kann|darf|werde|möchte|will))\b(?:,? \w+){0,9} (?:nicht|nichts|keine?n?)\b"
    r"|\bno (?:(?:me|te|le|les|os|lo|la|se|yo) )*(?:puedo|podemos|podré|podría|voy a|quiero|pienso|debo|deseo)\b"
    r"|\b(?:je|nous) (?:n'en|n'y|ne) (?:\w+ |l'|t'|m'){0,2}(?:peux|pouvons|pourrai|puis|vais|veux|souhaite|dois|saurais)\b"
    r"|\bnon (?:(?:mi|ti|vi|le|lo|la|ne|ci|se) )*(?:posso|possiamo|potrò|voglio|intendo|desidero|devo)\b"
    r"|\bnão (?:(?:me|te|lhe|o|a|vos|eu) )*(?:posso|podemos|poderei|vou|quero|consigo|devo|pretendo|desejo)\b"
    r"|\b(?:(?:kan|mag|ga|wil|zal) ik|ik (?:kan|mag|ga|wil|zal))\b(?:,? \w+){0,9} (?:niet|niets|geen)\b"
    r"|\bnie (?:mogę|możemy|będę|chcę|zamierzam|wolno mi|powin\w+em)\b|\bne(?:mohu|můžu|smím|budu|chci|hodlám|můžeme)\b|\bne(?:môžem|smiem|budem|chcem)\b"
    r"|\b(?:(?:kan|får|vill|vil|tänker|må|skal|ska|kommer) (?:jag|jeg|vi)|(?:jag|jeg|vi) (?:kan|får|vill|vil|tänker|må|skal|ska|kommer|ønsker))\b(?:,? \w+){0,6} (?:inte|ikke|ikkje)\b"
    r"|\ben (?:\w+ )?(?:voi|pysty|saa|aio|halua)\b|\bnem (?:\w+ )?(?:tudok|tudom|tudunk|fogok|fogom|akarok|szeretnék|\w{2,}(?:hatok|hetek|hatom|hetem))\b"
    r"|\bnu (?:\w+ )?(?:pot|putem|vreau|doresc|intenționez)\b|\bne (?:\w+ )?(?:mogu|možemo|smijem|smem|želim|morem|smem|bom)\b|\bno (?:\w+ )?(?:puc|podem|vull|penso)\b"
    r"|\w+[ae]m(?:am|em)\b|\w+[ae]m[ıi]yorum\b|\w+mak istemiyorum\b|\w+mek istemiyorum\b|\w+m[ae]y[ae]c[ae]ğ[ıi]m\b"
    r"|\b(?:saya|kami|aku) (?:\w+ ){0,2}(?:tidak|tak|nggak|enggak) (?:bisa|dapat|boleh|akan|mau|ingin|bersedia)\b"
    r"|\b(?:tôi|mình|em|chúng tôi) (?:\w+ ){0,2}(?:không|chẳng) (?:thể|muốn|được|tiện|nên)\b|\bhindi (?:ko|kita|ako)\b|\bsi(?:wezi|taweza|taki)\b"
    r"|\bне (?:\w+ )?(?:могу|можем|смогу|буду|стану|хочу|готова?|собираюсь|намерен\w*|можу|зможу|збираюс[ья]|мога|искам|желая)\b"
    r"|\bδεν (?:\w+ )?(?:μπορώ|μπορούμε|θέλω|πρόκειται|σκοπεύω)\b|לא (?:יכול|אוכל|מוכן|רוצה|מסוגל)|איני יכול|אינני יכול"
    r"|(?:لا|لن|ما) (?:أستطيع|استطيع|يمكنني|أقدر|أقبل|أريد|أود|أرغب|أتمكن|بقدر|أقدر)|نمی\s?(?:توانم|تونم|خواهم)"
)
_ABOUT_IT = (
    r"\b(?:das|dies\w*|darüber|dazu|dabei|damit|davon|hierbei|hierzu|hierüber|so ?etwas|solche\w*|derartige\w*|anfrage|eso|esto|ello|es[ea]|est[ea]|esas cosas|tal(?:es)?|solicitud|petición"
    r"|ça|cela|ce (?:genre|type|sujet|contenu|point)|cette (?:demande|question|requête)|tel(?:le)?s?|l'aborder|questo|questa|ciò|tal[ei]|richiesta|argomento|isso|isto|ess[ea]|disso|nisso|pedido"
    r"|dit|dat|zoiets|zulke|hierover|daarover|hieraan|daaraan|hierbij|daarbij|hiermee|daarmee|verzoek|tego|tym|taki\w*|prośb\w+|tohle|tomu|tom|takov\w+|žádost\w*"
    r"|det|detta|dette|sådan\w*|slik\w*|den här|begäran|forespørsel\w*|anmodning\w*|tämä\w*|tähän|tästä|tässä|siihen|siinä|siitä|sitä|tällais\w*|sellais\w*|pyyntö\w*|ez|ezt|ezzel|ebben|erre|erről|ehhez|ilyen\w*|kérés\w*"
    r"|acest\w*|asta|aceast\w*|astfel|cerer\w+|ovo|ovaj|ovim|tim|to|takv\w+|això|aquest\w*|bu|bunu|bununla|böyle|öyle|ini|itu|tersebut|demikian|này|đó|vậy|thế|iyan|ito|hilo|hili"
    r"|эт(?:о|ого|ом|у|от|им|ой)|тако\w+|таких|такие|подобн\w+|це|цього|цьому|цим|цю|такі|това|тази|този|такива|αυτό|αυτή\w*|τέτοι\w+)\b|זה|זאת|כזה|כאלה|הבקשה|هذا|هذه|ذلك|مثل|الطلب|این|چنین"
)
_NOT_ALLOWED = (
    r"\bmir (?:ist|wurde) (?:es )?(?:leider )?(?:nicht|untersagt|verboten)|\bist (?:es )?mir (?:leider )?(?:nicht (?:möglich|erlaubt|gestattet)|untersagt|verboten)|\bich bin (?:dazu |leider |hierzu )*nicht (?:befugt|berechtigt|in der lage|bereit)"
    r"|\bno (?:me )?(?:está|es|resulta) (?:permitid[oa]|posible)\b[^.!?]{0,12}\b(?:que (?:yo|te|le|lo|la|os)|para mí|me|compart|facilit|ayud|dar|respond|hac(?!er(?:lo|la|se|los|las)? (?:en|con|sin|desde|de|por|a) )|escrib)|\bno (?:se me permite|tengo (?:permitido|permiso|autorización))"
    r"|\bil ne m'est pas (?:possible|permis)|\b(?:n'est|m'est) pas (?:possible|permis) (?:pour moi|de (?:vous|t'))|\bje n'ai pas (?:le droit|l'autorisation|la possibilité)"
    r"|\bnon mi è (?:permesso|consentito|possibile|concesso)|\bnon ho (?:il permesso|l'autorizzazione|la possibilità)|\bnon è possibile per me"
    r"|\bnão (?:me )?é (?:possível|permitido) (?:eu|para mim|que eu|atend|ajud|fornec|respond)|\bnão (?:tenho (?:permissão|autorização)|posso ser)"
    r"|\b(?:is|het is) (?:het )?(?:mij|me|voor mij) niet (?:toegestaan|mogelijk)|\bnie mam (?:prawa|możliwości|pozwolenia|uprawnień)|\bnie wolno mi|\bnení možné, abych|\bnemám (?:dovoleno|povolení|možnost)"
    r"|\bjag har inte (?:tillåtelse|möjlighet|rätt)|\bjeg har ikke (?:lov|tillatelse|tilladelse|mulighet|mulighed)|\bminulla ei ole (?:lupaa|mahdollisuutta|oikeutta)|\bnincs (?:módom\w*|lehetőségem|jogom|felhatalmazásom)"
    r"|\bnu (?:îmi|mi) este (?:permis|posibil)|\bnu am (?:voie|permisiunea|posibilitatea)|\b(?:iznim|yetkim) yok|\b\w+(?:mam|mem) (?:mümkün|uygun|doğru) (?:değil|olmaz)|\bsaya tidak (?:diizinkan|diperbolehkan|diperkenankan)"
    r"|\b(?:il (?:m'est|nous est) interdit|(?:me está|tengo|tenemos) prohibid[oa]|mi è (?:vietato|proibito)|é-me proibido|(?:estou|sou) proibid[oa]|(?:is|het is) (?:mij|me) verboden|(?:jest )?mi zabronion[oe]|(?:je )?mi zakázáno|mám zakázáno"
    r"|(?:är|er) (?:det )?(?:förbjudet|forbudt) for mig|yasaklandı|bana yasak|(?:saya|kami) dilarang|tôi bị cấm|minulta on kielletty|mi-este interzis|îmi este interzis)\b"
    r"|\b(?:je passe(?:rai)? (?:mon tour|sur (?:ce|cette))|(?:yo )?paso de (?:esto|eso|responder)|(?:ich|da) passe(?: ich)?\W*$|eu passo\W*$|passo a mano|hier pas ik|ik pas\W*$|я пас\b)"
    r"|\bne(?:pomůžu|pomůžeme|udělám|napíšu|řeknu|prozradím|splním|vyhovím|napomůžu)\b|\bne(?:urobím|napíšem|poviem|splním)\b"
    r"|\bw?\w{2,}(?:ć|c)\b[^.!?]{0,12}\bnie (?:będę|mogę|zamierzam|chcę)\b(?! (?:się|nic))|\b\w{3,}(?:t|ti)\b(?: \w+){0,2} ne(?:budu|hodlám|chci)\b"
    r"|\b(?:sige|si|säga|svare) (?:nej|nei)(?: tak| takk)? til\b|\b(?:säga|säger) nej till\b|\btakke (?:nej|nei) til\b"
    r"|\b(?:no estoy dispuest[oa]|(?:ne suis|suis) pas (?:disposée?|prête? à)|non sono disposta|non sono disposto|não estou dispost[oa]|ben (?:ik )?niet bereid|nie jestem (?:gotow\w+|skłonn\w+)|nejsem (?:ochot\w+|připraven\w*)|inte (?:villig|beredd)|ikke (?:villig|innstilt|indstillet)"
    r"|nem vagyok hajlandó|en ole halukas|nu sunt dispus\w*|(?:saya|kami|aku) (?:\w+ ){0,2}(?:tidak|tak) (?:bersedia|berkenan)|không sẵn (?:lòng|sàng)|ich bin (?:da|dafür|dabei|hier) (?:nicht der|der falsche|die falsche)|no soy (?:la persona|quien)|je ne suis pas la bonne personne|non sono la persona)\b"
    r"|\btôi không được phép|\bngoài (?:phạm vi|khả năng)[^.!?]{0,30}(?:tôi|mình)\b"
)
_NOT_ALLOWED_ELSEWHERE = (
    r"\b(?:за (?:пределами|рамками|гранью)|вне|за межами|поза межами|виходить за межі|отвъд|извън) (?:моих|моего|моей|того|моїх|моєї|того,|моите|това)|\bне (?:помощник|помічник|согласен|согласна|згоден|згодна)\b|"
    r"\b(?:мне|мені) (?:не (?:разрешено|позволено|положено|дозволено)|нельзя|запрещено|заборонено)|\bδεν μου επιτρέπεται"
    r"|(?:לא מורשה|אסור לי|מחוץ לתחום)|(?:لا (?:يُسمح|يسمح)|غير مسموح|لا يحق) لي|خارج نطاق[^.!؟]{0,20}(?:قدر|مساعد|عمل|صلاح)|اجازه ندارم|मुझे[^।!?]{0,20}अनुमति नहीं|दायरे से बाहर"
    r"|我(?:不被允许|没有权限|沒有權限|无权|無權)|許(?:可|さ)されて(?:いません|おりません)|対応(?:範囲外|の範囲外|しておりません)|허용되지 않|범위를 벗어|권한이 없|(?:นอกเหนือ|นอก)[^\n]{0,12}(?:ขอบเขต|ความสามารถ)"
)
_NOTHING_FOR_ME = (
    # it is no part of what I do
    r"\b(?:non rientra|no (?:entra|encaja|forma parte)|n'entre pas|ne (?:fait|relève) pas|não (?:faz parte|se enquadra|entra)|gehört nicht|fällt nicht|liegt nicht|valt niet|hoort niet|ligger inte|ingår inte|ligger ikke|inngår ikke|indgår ikke|nie (?:leży|wchodzi|należy)|nepatří|nespadá|nu (?:intră|face parte)|nem tartozik)\b"
    r"[^.!?]{0,25}\b(?:posso|mi[eoa]|miei|puedo|mis?|je|mes|mon|minhas?|meus?|ich|mein\w*|ik|mijn|jag|min\w*|mitt|jeg|mogę|moich|mých|mohu|pot|mele|tudok|\w+aim\w*|\w+eim\w*)\b|\bне входит в (?:мои|моих|то, что я)|\bне входить до моїх"
    # it lies beyond me; I give no advice
    r"|\b(?:más allá de (?:lo que (?:yo )?(?:puedo|me)|mis)|au-delà de (?:ce que je|mes)|oltre (?:ciò|quello|quanto) che (?:posso|mi)|além do que (?:eu )?(?:posso|me)|verder dan (?:wat )?ik|über das hinaus, was ich|utöver vad jag|ud over hvad jeg|utover det jeg|dincolo de ce pot|túl azon, amit)\b"
    r"|\b(?:ich (?:gebe|erteile|mache|liefere)|(?:gebe|erteile|mache) ich)(?: \w+){0,3} keine?\w*(?: \w+){0,2} (?:auskunft|auskünfte|rat\w*|anleitung\w*|informationen|tipps|empfehlungen|angaben)\b"
    r"|\b(?:ik (?:geef|verstrek|deel|schrijf)|(?:geef|verstrek|deel|schrijf) ik)(?: \w+){0,3} geen(?: \w+){0,2} (?:advies|adviezen|informatie|instructies|tips|antwoord|details)\b|\b(?:jag|jeg) (?:ger|gir|giver)(?: \w+){0,2} (?:inga|inte|ingen|ikke)(?: \w+){0,2} (?:råd|information\w*|informasjon|instruktion\w*|instruksjoner)\b"
    r"|\bno (?:doy|ofrezco|proporciono|facilito) (?:\w+ ){0,2}(?:consejos?|información|instrucciones|recomendaciones)\b|\bje ne (?:donne|fournis|propose) pas (?:de |d')(?:\w+ )?(?:conseils?|informations?|instructions|recommandations)\b|\bnon (?:do|fornisco|offro) (?:\w+ )?(?:consigli|informazioni|istruzioni)\b"
    r"|\bnão (?:dou|forneço|ofereço) (?:\w+ )?(?:conselhos|informações|instruções)\b|\bне (?:даю|предоставляю|надаю) (?:\w+ )?(?:совет\w+|порад\w*|инструкци\w+|інструкці\w+|консультаци\w+|рекомендаци\w+)"
    r"|\b(?:nichts|kein(?:e|er)? (?:thema|sache|anfrage)?)[^.!?]{0,12}\b(?:wobei|womit|bei dem|bei der|mit dem|zu dem|was) ich\b|\b(?:inget|inte något|ingenting|ikke noe|ikke noget) (?:som )?(?:jag|jeg) (?:kan|vill|vil|får)"
    r"|\b(?:niets|niet iets) (?:dat|wat|waar\w*) ik\b|\bei ole (?:asia|jotain|pyyntö)[^.!?]{0,20}(?:voin|voisin|pystyn)|\bnada (?:en|con) lo que (?:yo )?(?:pueda|puedo)|\brien (?:pour|avec) (?:quoi|lequel) je"
    # what I do not do, in the present: write, make, give such things
    r"|\b(?:so ?etwas|solche\w*(?: \w+)?|derartige\w*(?: \w+)?|das) (?:mache|schreibe|erstelle|gebe|verfasse|erkläre|teile|generiere|liefere|produziere|beantworte) ich\b(?: \w+){0,2} nicht"
    r"|\b(?:ese|este|tal(?:es)?|esas?|eso|esto)\b[^.!?]{0,25}\bno (?:l[oae]s? )?(?:hago|escribo|doy|creo|genero|comparto|explico|proporciono|ofrezco|enseño|respondo|contesto)\b|\bno (?:hago|escribo|doy|genero|comparto|explico|proporciono|ofrezco|enseño|redacto|facilito)\b[^.!?]{0,12}\b(?:ese|este|tal(?:es)?|esas?|eso|esto|cosas así)\b"
    r"|\bje n(?:e |')(?:\w+ )?(?:aide|écris|fais|donne|partage|fournis|crée|traite|rédige|génère|produis|explique|réponds|participe)\b[^.!?]{0,8}\b(?:pas|jamais)\b[^.!?]{0,12}\b(?:à ce|ce (?:genre|type)|de tel\w*|ça|cela|à cela|ces|cette|aux?|pour)\b|\b(?:ça|cela), je ne (?:le )?(?:fais|ferai|donne) pas"
    r"|\b(?:quest[oaie]|simil[ie]|tal[ie]|ciò)\b[^.!?]{0,25}\bnon (?:l[oaie] )?(?:faccio|scrivo|do|creo|genero|condivido|spiego|fornisco|offro|rispondo)\b|\bnon (?:faccio|scrivo|creo|genero|condivido|spiego|fornisco|offro)\b[^.!?]{0,15}\b(?:quest[oaie]|simil[ie]|tal[ie]|del genere)\b"
    r"|\b(?:ess[ea]s?|est[ea]s?|isso|isto|tais)\b[^.!?]{0,25}\b(?:eu )?não (?:faço|escrevo|dou|crio|gero|compartilho|explico|forneço|ofereço|respondo)\b|\bnão (?:faço|escrevo|dou|crio|gero|compartilho|explico|forneço|ofereço)\b[^.!?]{0,15}\b(?:ess[ea]s?|est[ea]s?|isso|isto|tais)\b"
    r"|\b(?:zoiets|zulke \w+|(?:dit|dat) soort \w+|dat|dit) (?:doe|schrijf|maak|geef|deel|lever|verstrek) ik\b(?: \w+){0,2} niet|\b(?:sånt|sådant|sådan \w+|sådana \w+|slikt|slike \w+|det) (?:gör|gjør|gør|skriver|gir|giver|delar|deler|skapar|lager|laver) (?:jag|jeg)\b(?: \w+){0,2} (?:inte|ikke)"
    r"|\b(?:taki\w*|tego (?:typu|rodzaju))\b[^.!?]{0,30}\bnie (?:tworzę|piszę|udzielam|daję|robię|podaję|udostępniam|przygotowuję|wyjaśniam|generuję)\b|\bnie (?:tworzę|piszę|udzielam|daję|podaję|udostępniam|generuję)\b[^.!?]{0,12}\b(?:taki\w*|tego (?:typu|rodzaju))\b"
    r"|\b(?:takov\w+|tohle|to)\b[^.!?]{0,25}\bne(?:píšu|dělám|tvořím|poskytuji|dávám|vytvářím|radím)\b|\b(?:ilyen\w*|ezt)\b[^.!?]{0,25}\bnem (?:írok|csinálok|adok|készítek|teszek|segítek)\b|\b(?:tällais\w*|sellais\w*)\b[^.!?]{0,25}\ben (?:tee|kirjoita|anna|tuota|jaa|luo)\b"
    r"|\bböyle (?:\w+ ){1,4}\w+m(?:am|em|[ıi]yorum)\b|\b(?:такие?|такого|таких|таким|подобн\w+|это)\b[^.!?]{0,30}\bне (?:пишу|делаю|создаю|даю|участвую|обсуждаю|объясняю|помогаю|предоставляю|публикую)\b|\b(?:такі|таких|такого|подібн\w+|це)\b[^.!?]{0,30}(?:\bя )?не (?:пишу|роблю|створюю|даю|обговорюю|надаю|пояснюю|допомагаю)\b"
    r"|\b(?:участвовать|помогать|обсуждать|писать|делать|говорить|отвечать|советовать|брати участь|допомагати|обговорювати|писати|робити)\b[^.!?]{0,20}\bне (?:буду|стану|хочу|собираюсь)\b"
)
_OTHER_SCRIPTS = (
    r"(?:그|이|저|요청|질문|내용|정보|답|도움|부탁|일|것|걸|건|글)[^.!?]{0,20}(?:줄|드릴|할|답할|도울|말할|쓸|만들|밝힐|따를) ?수(?:는|가|도)? ?없(?:어|다|네|습|음|지)|(?:그|이)(?:건|것은|런 건|런 것은)[^.!?]{0,10}(?:못 ?(?:해|합)|안 ?(?:돼|됩|할))|"
    r"\b(?!знать|помнить|забыть|забывать|верить|спорить|скрывать|врать|лгать|жаловаться|знати|пам)[а-яёіїє]{3,}(?:ть|ти|ться|тися)\b[^.!?,]{0,12}\bне (?:буду|стану|собираюсь|намерен\w*|збираюс[ья]|планирую)\b|"
    r"(?:^|[，,。：:\s])(?:[^，,。！？]{0,14}(?:我(?![们們])|本助手|本人))[^，,。！？]{0,8}(?:无法|無法|不能|不会|不會|不便|不太方便|不方便|不想|不愿意?|不願意?|没法|沒法|不可以|不宜)(?!忽视|忽視|否认|否認|忘|保证|保證|相信|想象|想像|确定|確定|同意)[^。！？]{0,12}(?:这|這|此|该|該|话题|話題|类|類|请求|要求|内容|內容|聊|谈|談|帮|幫)"
    r"|(?:这|這|此|该|該)[^，,。！？]{0,10}我(?![们們])[^，,。！？]{0,5}(?:无法|無法|不能|不会|不會|不便|没办法|沒辦法|没法|沒法)(?!忘|理解|确定|確定|相信|同意|忽视|忽視|保证|保證|判断)"
    r"|(?:这|這|此|该|該)(?:种|種|类|類|个|個|样|樣|方面)?[^，,。！？]{0,8}(?:我)(?:可)?(?:不(?:写|寫|做|聊|谈|談|说|說|讲|講|教|提供|回答|碰)|没法|沒法|不行)"
    r"|(?:ฉัน|ผม|ดิฉัน|เรา|หนู)[^\n]{0,20}(?:ช่วย|ตอบ|ทำ|ให้|บอก|เขียน|แนะนำ|สอน)[^\n]{0,30}(?:ไม่ได้|ไม่สะดวก)|(?:ฉัน|ผม|ดิฉัน|เรา)[^\n]{0,10}(?:ไม่(?:ขอ|สะดวก|อยาก|ต้องการ|ยินดี))[^\n]{0,10}(?:ช่วย|ตอบ|ทำ|ให้|บอก|เขียน|พูด)"
    r"|(?:ดัง|สิ่ง|เรื่อง|คำขอ|เนื้อหา)[^\n]{0,12}(?:นี้|นั้น)[^\n]{0,20}(?:ช่วย|ตอบ|ทำ|ให้|เขียน)[^\n]{0,6}ไม่ได้"
    r"|(?:इस|इसमें|ऐसे|ऐसी|ऐसा|यह|आपकी)[^।!?]{0,60}(?:नहीं कर(?:ूँगा|ूंगा|ूँगी|ूंगी| सक)|नहीं द(?:ूँगा|ूंगा|े सक)|नहीं करता|नहीं करती|नहीं दे सक|नहीं लिख(?:ूँगा|ूंगा| सक))"
    r"|(?:내용|요청|질문|주제|부분|정보|작업|콘텐츠)[^.!?]{0,24}(?:제공|답변|작성|대응|처리|도움|지원|안내|공유)[^.!?]{0,14}(?:불가|어렵|없습니다|않습니다|못합니다|않겠|곤란)"
    r"|(?:内容|ご要望|ご依頼|ご質問|お手伝い|情報|作成|回答|話題|件|もの|こと)(?:は|に|を|には|については|に関しては|につきましては)?[^。！？]{0,16}(?:いたしかね|致しかね|しかね|できかね|お受けでき|お引き受けでき|お出しでき|お書きでき|対応していません|お話しでき|扱えません|書けません|教えられません)"
)
_COUNT_ME_OUT = (
    # you will not get it from me
    r"\b(?:bekomm|krieg|erhält|erhalt|gibt|erfähr|erfahr|hör)\w*\b[^.!?]{0,30}\bvon mir\b[^.!?]{0,20}\b(?:nicht|keine?n?|nichts)\b|\bvon mir (?:bekomm|krieg|erhält|erhalt|gibt|erfähr|erfahr|hör)\w*[^.!?]{0,30}\b(?:nicht|keine?n?|nichts)\b|\bde mí no (?:vas|va|obtendr|sacar|esper|lo)|\bn[e' ][^.!?]{2,40}\bde (?:moi|ma part)\W*$|\bda me non (?:avra|avrà|otterr|l[oa]|aspett)|\bde mim não (?:vai|vais|ter|obter|esper)|\b(?:krijg|hoor)\w*\b[^.!?]{0,20}\bvan mij\b[^.!?]{0,15}\b(?:niet|geen)\b|\bvan mij (?:krijg|hoor)\w*[^.!?]{0,20}\b(?:niet|geen)\b"
    r"|\bode mnie\b[^.!?]{0,15}\bnie (?:dostan|usłysz|otrzym)\w+|\bode mě\b[^.!?]{0,20}\bne(?:dostan|uslyš|čekej)\w*|\bот меня\b[^.!?]{0,25}\bне (?:получ|дожд|услыш)|\bвід мене\b[^.!?]{0,25}\bне (?:отрим|почу)|\bfår\b[^.!?]{0,15}\b(?:inte|ikke)\b[^.!?]{0,12}\b(?:från|av|fra) (?:mig|meg)\b|从我这里?[^。！？]{0,6}得不到|"
    r"\b(?:no (?:cuentes|cuente|cuenten|contéis) conmigo|(?:ne )?compte[sz]? pas sur moi|non cont(?:are|ate|i) su di me|não conte[sm]? comigo|(?:zähle?|rechne|rechnen sie) (?:da |dabei |hier )?nicht (?:auf|mit) m(?:ich|ir)"
    r"|da bin ich raus|ohne mich\W*$|reken (?:hier |daar )?niet op mij|zonder mij\W*$|nie licz(?:cie)? na mnie|beze mnie\W*$|nepočítej(?:te)? se mnou|(?:räkna inte med|regn ikke med|regne ikke med) mig|ikke regn med meg"
    r"|jangan (?:andalkan|harapkan) saya|đừng trông (?:chờ|cậy) vào tôi|senza di me\W*$|sin mí\W*$|sans moi\W*$|без меня\W*$|(?:на меня )?не рассчитывай(?:те)?(?: на меня)?|не розраховуй(?:те)? на мене)"
    r"|(?:别|別)(?:指望|找)我|找别人|私に期待しないで|저한테 기대하지"
    # let us talk about something else
    r"|\blass(?:en sie)? uns (?:lieber |besser )?(?:über etwas anderes|das thema wechseln)|\b(?:mejor )?(?:hablemos de otr\w+|cambiemos de tema)|\b(?:parlons d'autre chose|changeons de sujet)|\b(?:parliamo d'altro|cambiamo (?:argomento|discorso))"
    r"|\bvamos (?:falar (?:de|sobre) outr\w+|mudar de assunto)|\blaten we (?:het )?(?:liever )?over iets anders|\b(?:porozmawiajmy o czymś innym|zmieńmy temat)|\b(?:pojďme si|mluvme) (?:povídat )?o něčem jiném|\bдавай(?:те)? (?:лучше )?(?:поговорим о|сменим тему|о ч[её]м-то другом|обсудим что-то другое|поговоримо про)"
    r"|\b(?:başka bir (?:konu|şey)\w* (?:konuşalım|geçelim)|konuyu değiştirelim)|\b(?:mari|ayo) (?:kita )?(?:bicara|bahas|ganti|membahas)\w* (?:topik|hal|yang)? ?(?:lain|topik)|換個話題|换个话题|聊(?:点|點)?(?:别的|別的|其他)|話題を変え|別の話題|다른 (?:주제|이야기|얘기)(?:를|로|로 )"
    # I will have to decline
    r"|\b(?:vou|vamos|terei|tenho|preciso|devo|gostaria de|quero)(?: \w+){0,2} (?:recusar|negar|declinar|dizer (?:que )?não)\b|\b(?:voy a|tendré|tengo|debo|he de|quisiera|prefiero)(?: \w+){0,3} (?:rechazar|negarme|declinar|decir que no|abstenerme)\b"
    r"|\bje (?:vais|dois|préfère|souhaite|suis)(?: \w+){0,3} (?:refuser|décliner|dire non|m'abstenir)\b|\b(?:devo|dovrò|vorrei|preferisco|tocca)(?: \w+){0,3} (?:rifiutar\w*|declinar\w*|dire (?:di )?no|astenermi)\b"
    r"|\b(?:ich (?:muss|werde|möchte)|(?:muss|werde|möchte) ich)(?: \w+){0,6} (?:ablehnen|verweigern|absagen|nein sagen|zurückweisen)\b|\b(?:ik (?:moet|zal|ga|wil)|(?:moet|zal|ga|wil) ik)(?: \w+){0,6} (?:weigeren|afwijzen|afslaan|bedanken|nee zeggen)\b"
    r"|\b(?:muszę|będę musiał\w*|wolę|pozwolę sobie)(?: \w+){0,3} odmówić|\b(?:придётся|придется|вынужден\w*|должн?[а-я]*|хочу|хотел\w* бы|позволю себе)(?: \w+){0,3} (?:отказать\w*|отклонить)|\bоткажусь\b|\breddet(?:meliyim|iyorum|eceğim|mek zorundayım)\b"
    r"|\b(?:saya|kami|aku) (?:\w+ ){0,2}menolak|\b(?:jag|jeg) (?:måste|må|vill|vil|får|skal)(?: \w+){0,2} (?:avböja|avslå|tacka nej|avvise|avslå|takke nei|sige nej|afvise|afslå)|\bmusím (?:\w+ ){0,3}(?:odmítnout|odmietnuť|zamítnout)|\bodmítnu\b"
    # I will not, in the future tense of one verb, with an object that stands for the request
    r"|\bje n(?:e |')(?:(?:le|la|les|vous|te|y|en|lui) |[lt]'){1,2}\w+rai pas\b|\bno (?:(?:te|le|lo|la|os|se) ){1,2}\w+ré\b|\bnon (?:(?:ti|vi|le|lo|la|te|ve|glie) ?){1,2}\w+rò\b|\bnão (?:(?:te|lhe|o|a|vos) ){1,2}\w+rei\b"
    r"|\b(?:tôi|mình|em)(?: \w+){0,2} (?:sẽ )?không (?:viết|giúp|làm|trả lời|cung cấp|hỗ trợ|tạo|chia sẻ|hướng dẫn|bàn|nói về|thảo luận|tham gia|đưa ra)\b"
    r"|\b(?:saya|kami|aku) (?:\w+ ){0,2}(?:tidak|nggak|tak) (?:membantu|menulis|membuat|menjawab|memberikan|menyediakan|membahas)\b"
)
_IN_ENGLISH = re.compile(_ENGLISH, re.IGNORECASE)


@cache
def _builds(*, latin: bool) -> re.Pattern[str]:
    """Compiled when a reply needs it, as the two below: together they take as long as thirty modules."""
    rows = (
        (_NOT_ALLOWED, _NOTHING_FOR_ME, _COUNT_ME_OUT)
        if latin
        else (_NOT_ALLOWED_ELSEWHERE, _NOTHING_FOR_ME, _COUNT_ME_OUT, _OTHER_SCRIPTS)
    )
    return re.compile("|".join(rows), re.IGNORECASE)


@cache
def _will_not() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """("I will not", what points at the request)."""
    return re.compile(_I_CANNOT, re.IGNORECASE), re.compile(_ABOUT_IT, re.IGNORECASE)


_FAILS_AT = re.compile(
    r"\b(?:finden|sehen|erkennen|glauben|erwarten|warten|garantieren|versprechen|verstehen|bestätigen|ausschließen|leiden|lassen|genug|mehr|vergessen|nur|encontrar|ver|creer(?:lo|te)?|esperar|garantizar|prometer|entender|confirmar|dejar|"
    r"más|olvidar|trouver|voir|croire|attendre|garantir|promettre|comprendre|confirmer|que|qu'|m'empêcher|oublier|trovare|vedere|credere\w*|creder\w*|aspettare|garantire|promettere|capire|fare a meno|che|smettere|più|dimenticare|"
    r"achar|acreditar|deixar|mais|esquecer|vinden|zien|geloven|wachten|garanderen|beloven|begrijpen|meer|genoeg|vergeten|znaleźć|uwierzyć|doczekać|zapomnieć|nadziwić|najít|uvěřit|dočkat|hitta|tro|vente|vänta|finne|finde|"
    r"löytää|uskoa|odottaa|hinni|elhinni|várni|crede|aștepta|găsi|"
    r"найти|поверить|дождаться|гарантировать|обещать|понять|забыть|больше|нарадоваться|знайти|повірити|дочекатися|kommen|teilnehmen|asistir|venir|assister|partecipare|venire|comparecer|vir|komen|прийти|"
    r"inan\w+|bekle\w+|bul\w+|percaya|menemukan|menunggu|tin|chờ)\b|πιστέψω|περιμένω|βρω|להאמין|לחכות|أصدق|أنتظر|أجد|باور|صبر|پیدا",
    re.IGNORECASE,
)
"""What somebody cannot do without refusing anything."""


def declines_in_english(sentence: str) -> bool:
    """Whether an English sentence is built as a refusal in one of these ways."""
    return _IN_ENGLISH.search(sentence) is not None


def declines(sentence: str, *, latin: bool) -> bool:
    """Whether a sentence in another language is built as a refusal; conditions and idioms are the caller's matter."""
    if _builds(latin=latin).search(sentence) is not None:
        return True
    will, it = _will_not()
    will_not = will.search(sentence) is not None and it.search(sentence) is not None
    return will_not and _FAILS_AT.search(sentence) is None
