"""The words by which providers and gateways say what went wrong, in the languages in which they say it.

Used where no code tells: `error_kinds` looks at them after the codes and before the status. All are matched against
case-folded text. Each pattern names a thing of one kind only: "add a payment method to raise your rate limit" is a
rate limit, "account suspended for violating our policies" is about the account and not about a prompt.
"""

from __future__ import annotations

import re

from evalkit.late import late


def _any(*patterns: str) -> re.Pattern[str]:
    return late("|".join(patterns), re.DOTALL)


OUT_OF_CREDIT = _any(
    r"insufficient (account )?(balance|credits?|funds|quota)",
    r"(not enough|lack of|lacks?|without enough|inadequate) (account )?(balance|credits?|funds)",
    r"balance .{0,30}(too low|not (enough|sufficient)|insufficient|exhausted|depleted|negative|below|"
    r"used up|run out)",
    r"(out of|no|no more|no remaining|zero) (credits?|funds|balance|money)\b"
    r"(?! (were|was|are|is|have|has|had|will)( not)?( be| been)? (charged|used|deducted|consumed|billed|spent"
    r"|taken|needed))",
    r"(do|does|did|has|have)(n['’]?t| not) (have |got |yet have )?(any|enough|sufficient)( \w+)? (credits?|balance"
    r"|funds)\b",
    r"(used|exhausted|exceeded|depleted|consumed|spent|reached) .{0,30}"
    r"\b(credits?|prepaid|(your|max|monthly|team) budget|"
    r"spend\w* (limit|cap))",
    r"credits? .{0,20}(exhausted|depleted|used up|expired|run out|ran out)",
    r"requires? more credits?|not have enough (tokens|credits?|units|points) left|(buy|purchase) (a|another|more) "
    r"(package|tokens|units|points)",
    r"(purchase|buy|add) more credits?",
    r"spend(ing)? (limit|cap)",
    r"(?<!thinking )(?<!token )(?<!reasoning )budget .{0,20}(exceeded|reached|exhausted)|billing hard limit",
    r"payment (is )?required|past[- ]due|overdue|unpaid|past invoices|in arrears|arrearage|good standing",
    r"specified api usage limits",  # Anthropic: a limit that the account has set for the month
    r"free (allocated )?quota .{0,20}(exceeded|exhausted|used up)|free tier .{0,40}(exhausted|used up)",
    r"\b(trial|free|prepaid|purchased|promotional|signup|bonus) (\w+ )?(tokens|credits?|balance|funds|quota)"
    r"((?! per ).){0,24}(exhausted|used up|expired|run out|ran out|gone|spent|depleted|consumed)",
    r"(balance|credits?|wallet|funds) ?(is|are|of|:|=)? ?(now )?([$€£¥]|usd|eur|cny)? ?-?0(\.0+)?(?!\d|[.,]\d)"
    r"(?! (were|was|are|charged|used|billed|deducted|consumed|spent))",
    r"余额(不足|已用完|已耗尽|为零|过低)|餘額不足|欠费|欠費|额度.{0,6}(不足|用尽|用完|耗尽|超限)|請?充值",
    r"资源包.{0,10}(用尽|不足|耗尽)|预扣费|(額度|点数|點數|积分).{0,6}(不足|用尽|用盡|用完|耗尽|耗盡)",
    r"残高.{0,6}(不足|足り|ありません)|クレジット.{0,6}(不足|足り|ありません|切れ|使い切)|支払.{0,8}(必要|滞納)",
    r"잔액.{0,4}부족|크레딧.{0,6}(부족|소진|없)|결제.{0,6}필요",
    r"guthaben.{0,30}(aufgebraucht|erschöpft|nicht (aus|genügend)|zu (niedrig|gering)|reicht)",
    r"(keine?|ungenügendes|unzureichendes|nicht genügend) (guthaben|credits)",
    r"kontostand.{0,20}(niedrig|gering|negativ|reicht nicht)|konto auf(zu)?laden",
    r"(fonds|crédits?) insuffisants?|rechargez",
    r"solde.{0,20}(insuffisant|épuisé)|crédits?.{0,20}(insuffisant|épuisé)|plus de crédits?",
    r"saldo.{0,20}(insuficiente|insufficiente|agotado|esgotado|esaurito)|sin saldo",
    r"cr[ée]dit[oi]s?.{0,20}(insu?ffi?cient|agotad|esgotad|esaurit|acaba|termina)",
    r"(sin|sem|senza) (cr[ée]dit[oi]s?|fondos)",
    r"(fondos|fundos) insuficientes|credito.{0,20}(insufficiente|esaurito)",
    r"недостаточно (средств|баланса|кредитов|денег)|баланс\w*.{0,20}(исчерпан|недостаточ|отрицател)",
    r"(средства|кредиты) (закончились|исчерпаны)|пополните",
    r"(onvoldoende|geen) (saldo|tegoed)|niewystarczając\w+ (środki|saldo)|brak środków|otillräckligt saldo",
    r"yetersiz bakiye|bakiye(niz)? yetersiz|số dư.{0,20}không đủ|saldo.{0,20}tidak (cukup|mencukupi)",
    r"رصيد.{0,20}(غير )?كاف|अपर्याप्त (शेष|बैलेंस)",
)
BILLING = _any(
    r"billing|invoice|payment|subscription .{0,20}(expired|inactive|required)|wallet|re-?charge\b|top[- ]?up",
    r"账单|abrechnung|facturation",
)
"""Only with 403 and 412, where it is about the account."""
ALLOCATED = _any(r"allocated quota exceeded")
FREE_ALLOWANCE = _any(r"free")
NONE_AT_ALL = _any(r"\blimit(:| of|=)? ?0\b(?![.,]\d)(?! (left|remain))")
"""Gemini ("limit: 0") and others: this project has none of the quota, now or later."""
_LONG = r"((per[- ]?|(a|each|every) |/ ?)(\d+ )?(calendar )?(day|week|month)s?\b)"
_OFTEN = r"(\b(dai|week|month)ly (?!plan|subscri|tier|bill|invoice|active))"
_LIMIT = r"(limit|quota|allowance|allocation|\bcap\b|usage|requests|calls|tokens|messages|spend|budget)"
_HOURS = r"\b([2-9]|\d\d+)[- ]?(hours?|hrs?|h)\b"
SPENT_QUOTA = _any(
    rf"{_LIMIT}.{{0,80}}{_LONG}|{_LONG}.{{0,40}}{_LIMIT}|{_OFTEN}.{{0,24}}{_LIMIT}",
    rf"{_LIMIT}.{{0,40}}(last|past|previous|every|each|per) {_HOURS}",
    rf"{_HOURS}.{{0,12}}(usage|rolling|limit|quota|window|allowance|\bcap\b)",
    r"\b[rt]pd\b|session usage limit",
    rf"{_LIMIT}.{{0,24}}\b(for )?(today(?!['’]s (peak|busy|rush|load))|this (week|month))\b",
    rf"\b(today|this (week|month))['’]s .{{0,24}}{_LIMIT}.{{0,24}}(used|exhaust|reach|exceed|spent|gone|full|hit)",
    r"(täglich|wöchentlich|monatlich)\w*.{0,30}(aufgebraucht|erschöpft|verbraucht)",
    r"(quotidien|journali|hebdomadaire|mensuel)\w*.{0,24}épuisé|(diari|diári|semana|mensu|mensa)\w*.{0,24}(agotad"
    r"|esgotad)|"
    r"(giornalier|settimanal|mensil)\w*.{0,24}esaurit|(дневн|суточн|недельн|месячн)\w*.{0,24}исчерпан",
    r"(limit|quota|allowance|credits).{0,24}(this|your|the|current) (billing|usage|subscription) (cycle|period"
    r"|month)",
    r"(try|retry|come back|resets?|renews?|available).{0,16}(tomorrow|next (week|month)|midnight)",
    r"(morgen|nächste woche|nächsten monat) (wieder|erneut)",
    r"mañana|amanhã|domani|demain|завтра|明日|明天|내일",
    r"(今日|今天|当日|當日|每日|每天|单日|單日|每月|本月|当月|每周|本周|每週).{0,12}(限额|限額|上限|额度|額度|配额|配額|限制|次数)",
    r"(1日|一日|日次|本日|月間|月次|今月|1か月|1ヶ月|週間|今週).{0,16}(上限|制限|枠)",
    r"(일일|하루|오늘|월간|이번 달|월별|주간|이번 주).{0,16}(한도|제한|할당량|사용량)",
    r"(tages|wochen|monats)-?(limit|kontingent|grenze|quote|budget)",
    r"(täglich|wöchentlich|monatlich)\w*.{0,24}(limit|kontingent|grenze|quote)",
    r"(limite|quota|plafond).{0,24}(quotidien|journali|hebdomadaire|mensuel)|(quota|limite) (du|par) (jour|mois)",
    r"(l[íi]mite?|cuota|cota|quota).{0,24}(diári[oa]|diari[oa]|semanal|mensual|mensal|giornalier|settimanal|mensil)",
    r"(dzienn|dobow|tygodniow|miesięczn)\w+.{0,24}(limit|przydział)|limit.{0,16}(dzienn|dobow|tygodniow|miesięczn)",
    r"(denní|týdenní|měsíční).{0,16}(limit|kvót)|(denný|denného|týždenn|mesačn)\w*.{0,16}(limit|kvót)",
    r"(günlük|haftalık|aylık).{0,24}(sınır|limit|kota)",
    r"(dag|week|maand)-?(limiet|quotum|tegoed)|(dagelijkse|wekelijkse|maandelijkse).{0,16}(limiet|quotum)",
    r"(giới hạn|hạn mức|hạn ngạch).{0,24}(hằng|hàng|mỗi|trong|theo) ?(ngày|tuần|tháng)",
    r"(batas|kuota|had).{0,24}(harian|mingguan|bulanan)",
    r"(dag|vecka|uge|uke|månad|måned)(en)?s (gräns|kvot|kvote|grense|grænse)",
    r"(dnevn|tjedn|mjesečn)\w+.{0,16}(limit|kvot|ograničenj)",
    r"(سقف|سهمیه|محدودیت).{0,24}(روزانه|هفتگی|ماهانه)|(یومیہ|روزانہ).{0,16}حد",
    r"(দৈনিক|সাপ্তাহিক|মাসিক).{0,24}(সীমা|কোটা)",
    r"(dags|vecko|veckans|månads|ukes|uge)-?(gräns|kvot|grense|kvote|grænse|limit)|"
    r"(daglig|ugentlig|ukentlig|månedlig|dagliga|veckovis)\w*.{0,16}(gräns|kvot|grense|kvote|grænse|limit)",
    r"(napi|heti|havi).{0,16}(limit|keret|korlát|kvót)|(limit|quot|cot)\w*.{0,16}(zilnic|săptămânal|lunar)",
    r"(päivä|viikko|kuukausi)(raja|kiintiö)|(päivittäi|viikoittai|kuukausittai)\w+.{0,16}(raja|kiintiö)",
    r"(ημερήσι|εβδομαδιαί|μηνιαί)\w+.{0,16}(όρι|ποσόστωσ)|(όρι|ποσόστωσ)\w+.{0,16}(ημερήσι|εβδομαδιαί|μηνιαί)",
    r"(щоденн|добов|тижнев|місячн)\w+.{0,20}(ліміт|квот)|(ліміт|квот)\w*.{0,24}(добу|день|сьогодні|тиждень|місяць)",
    r"(الحد|الحصة).{0,24}(اليومي|الأسبوعي|الشهري)|(दैनिक|साप्ताहिक|मासिक).{0,16}(सीमा|कोटा|लिमिट)",
    r"(ขีดจำกัด|โควตา|โควต้า).{0,16}(รายวัน|ต่อวัน|รายสัปดาห์|รายเดือน)|(מגבל|מכס)\w*.{0,24}(יומי|שבועי|חודשי)",
    r"(дневн|суточн|недельн|месячн)\w+.{0,20}(лимит|квот)|(лимит|квот)\w*.{0,24}(день|сутки|сегодня|недел|месяц)",
)
"""A limit of a day or longer: spent for the length of a run, unless a wait in minutes is said beside it."""
SHORT = _any(
    r"(per|a|each)[- ]?(second|minute|min|hour)\b|/ ?(s|sec|min|minute|hour|h)\b|\b[rt]pm\b",
    r"(retry|try again|wait|resets?|renews?).{0,20}\d[\d.]* ?(ms|m\d|min|s\b|sec)",
)
"""A limit or a wait of minutes, named beside one of a day."""
KEY = _any(
    r"(invalid|incorrect|wrong|bad|missing|expired|revoked|unknown|malformed|inactive|disabled|"
    r"no) (x-)?(api|access|auth\w*|secret|bearer)[-_ ]?(key|token|credential)",
    r"(api|access|auth\w*|secret|bearer)[-_ ]?(key|token)s?.{0,40}(not valid|invalid|incorrect|missing|"
    r"expired|not found|(is|was) required|disabled|revoked|deactivated|does not exist|not recogni[sz]ed|"
    r"malformed)",
    r"authentication.{0,20}(fail|error|required|invalid)|invalid (credential|authentication|authorization)",
    r"\bunauthori[sz]ed\b|not authenticated",
    r"(身份验证|鉴权|认证|身份認證|驗證).{0,4}(失败|失敗|错误)|(无效|無效)的? ?(api ?key|令牌|密钥|token)",
    r"(api ?key|令牌|密钥|金鑰).{0,4}(无效|無效|错误|不正确|过期|不存在)",
    r"api ?キー.{0,6}(無効|正しく|間違|期限|存在しません)|認証.{0,4}(失敗|エラー|でき)",
    r"api ?키.{0,6}(유효하지|올바르지|잘못|만료|없)|인증.{0,4}(실패|오류)|유효하지 않은 api ?키",
    r"(ungültiger|falscher|abgelaufener) (api-?)?(schlüssel|key)",
    r"api-?(schlüssel|key).{0,12}(ungültig|falsch|abgelaufen|fehlt)|nicht autorisiert",
    r"authentifizierung.{0,12}(fehlgeschlagen|fehler)",
    r"clé.{0,12}(api|d'accès).{0,24}(pas valide|a expiré|est expirée|révoquée|inconnue)",
    r"(provide|supply|include|set|need|use) (an?|your|a valid|the) (valid )?(api|access)[-_ ]?(key|token)",
    r"clé.{0,12}(api|d'accès).{0,16}(invalide|incorrecte|expirée|non valide|manquante)|non autorisé",
    r"authentification.{0,12}(échou|erreur)",
    r"(clave|chave|chiave).{0,12}api.{0,16}(válida|inválida|incorrecta|incorreta|caducada|expirada|"
    r"non valida|errata|scaduta)",
    r"no autorizado|não autorizado",
    r"(неверн|недействительн|неправильн|просрочен)\w+.{0,12}(ключ|токен)",
    r"ключ.{0,16}(недействител|невер|просроч)|не авторизован|ошибка (аутентификации|авторизации)",
)
ACCOUNT = _any(
    r"\b(account|organi[sz]ation|api key|(your|this|the) (team|workspace|project|user)).{0,40}"
    r"(suspended|disabled|banned|"
    r"deactivated|locked|terminated|not active|has been blocked)",
    r"(账户|账号|帐户|帳號|用户).{0,20}(锁定|封禁|停用|禁用|冻结|违规)",
    r"(konto|compte|cuenta|аккаунт|アカウント|계정).{0,30}(gesperrt|deaktiviert|suspendu|désactivé|bloqué|"
    r"suspendida|desactivada|bloqueada|заблокирован|停止|정지)",
)

_POLICY = r"(polic(y|ies)|guidelines?|terms|standards|rules)"
DECLINED = _any(
    rf"violat\w*.{{0,60}}(usage|content|safety|use|community|our|moderation|provider).{{0,20}}{_POLICY}",
    rf"(against|breach\w*|contrary to|not allowed (by|under)|goes against).{{0,40}}(usage|content|safety|"
    rf"use|our).{{0,12}}{_POLICY}",
    r"content.{0,6}(management|filter\w*|moderation|safety|usage) polic|content (exists|security) risk",
    r"content[-_ ]filter",
    r"(was|been|is|were) flagged|flagged (as|by|for|because|content)",
    r"moderation (system|filter|endpoint|blocked|failed|check)",
    r"(rejected|blocked|refused) by .{0,20}moderation",
    r"(blocked|filtered|rejected|declined|refused|stopped|removed|withheld).{0,50}(content (filter|polic|"
    r"safety)|safety|moderation|guardrail|responsible ai|harm|unsafe|inappropriate|sensitive|high risk)",
    r"safety (system|filters?|checks?|reasons|polic|guidelines|concerns|violation|classifier)",
    r"unsafe (content|prompt|request|input|output)",
    r"guardrail\w*.{0,20}(interven|block|trigger|violat)",
    r"(inappropriate|prohibited|disallowed|objectionable|harmful|illegal|offensive) (content(?!.?type)|text|"
    r"material|information|words?|prompt)",
    r"(?<!case.)sensitive (content|words?|information|topic|material|text)|new_sensitive",
    r"(contains?|contain) (sensitive|senstive)|content.{0,12}sensitive|considered high risk|responsible ai",
    r"model armor",
    r"jailbreak\w*.{0,24}(detect|attempt|block)|(detect|block)\w*.{0,24}jailbreak",
    r"prompt[-_ ]?(shield|injection).{0,30}(detect|block|trigger)",
    r"\btoxic(ity)?\b.{0,24}(detect|block|filter|threshold|found)",
    r"(input|output|content|text) audit.{0,12}(fail|reject)",
    r"\bnsfw\b|(sexual|violent|explicit|hateful|graphic) content.{0,24}(detected|found|not allowed|prohibited|blocked)",
    r"(système|filtre|règles?|dispositif|politique)s? de (sécurité|modération)|modération (du|des|de)",
    r"(sistema|filtro|norma|directiva|diretriz|política|controllo|regola|regole)\w* (de|di|del) "
    r"(seguridad|segurança|sicurezza|moderación|moderação|moderazione)",
    r"(moderations|sicherheits)(system|filter|richtlinie|prüfung|gründen)|moderation (blockiert|abgelehnt)",
    r"モデレーション|セーフティ|(安全|セキュリティ)(フィルタ|システム|チェック|ガイドライン)|(利用規約|ガイドライン|規約).{0,8}(違反|抵触|反する)",
    r"안전 ?(시스템|필터|장치|검사)|세이프티|모더레이션|(약관|가이드라인|지침).{0,6}(위반|위배)",
    r"(систем|фильтр|политик|правил)\w* безопасности",
    r"敏感(内容|信息|词|資訊|內容)?|涉敏|不安全|违规|違規|违法|违反.{0,12}(政策|规定|规范|准则)",
    r"内容.{0,6}(审核|过滤|拦截|不合规|风险)|(内容|安全)(审查|审核)|不当内容|高风险",
    r"コンテンツ.{0,4}(フィルタ|ポリシー)|不適切な|ポリシー.{0,8}違反|安全(性|上).{0,8}(理由|ため|ポリシー|懸念)|有害な",
    r"콘텐츠.{0,4}(정책|필터)|부적절한|유해(한|성)?|정책.{0,8}위반|안전.{0,4}(정책|필터|상)",
    r"inhalts?(filter|richtlinie)|richtlinien?.{0,40}(verst|verletz)",
    r"verst(oß|ößt|oss|össt).{0,40}(richtlinie|regel|nutzungs)|sicherheits(richtlinie|filter|gründen)",
    r"(unangemessen|schädlich|unzulässig)\w* inhalt",
    r"(politique|filtre|règles?|modération).{0,12}contenus?",
    r"contenu.{0,16}(inapproprié|préjudiciable|sensible|interdit|bloqué|filtré)",
    r"(enfreint|viole|contraire à).{0,30}(règles|conditions|politique)|raisons de sécurité",
    r"(políticas?|filtro|normas).{0,12}(de|del) (contenido|conteúdo|uso)",
    r"(contenido|conteúdo|contenuto).{0,16}(inapropiado|inadecuado|dañino|prohibido|impróprio|inadequado|"
    r"proibido|inappropriato|sensible|sensível)",
    r"(infringe|viola|incumple).{0,30}(políticas?|normas|regras|politiche|linee guida)",
    r"(no permitid[oa]|não permitid[oa]|non consentit[oa]|non autorisé|nicht erlaubt|nicht zulässig).{0,24}"
    r"(normas|políticas|regras|norme|politiche|règles|politique|richtlinie|regeln)",
    r"filtro (dei|de) contenut\w+|(motivos|razones) de (seguridad|segurança)",
    r"наруша\w+.{0,40}(политик|правил|услови)",
    r"(недопустим|неприемлем|запрещ[её]нн|опасн)\w+ (контент|содержани|материал|запрос)",
    r"фильтр\w*.{0,12}(контент|содерж)|модераци|соображени\w+ безопасности",
)

FILTER_IS_DOWN = _any(
    r"(filter|moderation|safety|guardrail)\w*.{0,30}\b(unavailable|timed? ?out|timeout|unreachable|not responding|"
    r"is down|could not be reached|internal error)",
)
"""The filter itself failed, so it said nothing about the prompt."""
QUOTED = late(
    r"""(?:input_value|value|input|got|received|content|prompt|text|arguments)\b[\s:=]{1,3}"""
    r"""(?:("|'|`).{3,}?\1|“[^”]{3,}”|\{.{3,}\})""",
    re.DOTALL,
)
"""What a message repeats of the request: it tells nothing about the error."""

CONTEXT = _any(
    r"context[-_ ]?(length|window|size|limit)|context overflow|token limit|too many (input )?tokens",
    r"(prompt|input|request|messages?|conversation|text|query)( \w+){0,3} (is|are|was|were)? ?(too (long|"
    r"large|big)|longer than)",
    r"exceed\w*.{0,60}(context|maximum.{0,30}(tokens?|length)|max_?(model_len|tokens|seq))",
    r"maximum.{0,30}(tokens?|length|input).{0,40}exceed",
    r"maximum (prompt|input|context|sequence|total) ?(length|size|tokens?|window).{0,40}"
    r"(contains|requested|received|given|got|provided|has)\b.{0,24}\d",
    r"reduce (the length|your (prompt|input|message))",
    r"(number of|input) tokens.{0,40}(greater|larger|more) than|does not fit",
    r"(上下文|窗口|长度|長度|token数?).{0,12}(超出|超过|超過|超长|超限)",
    r"(超出|超过|超過|大于).{0,16}(上下文|长度|長度|最大|token)|最大(上下文|长度|输入)",
    r"(输入|输入内容|prompt|文本|提示词).{0,6}(过长|超长|太长)",
    r"コンテキスト(長|ウィンドウ|サイズ)|トークン数?.{0,12}(超|上限)|(入力|プロンプト).{0,6}長すぎ",
    r"컨텍스트.{0,4}(길이|창|윈도)|토큰.{0,8}(초과|한도)|너무 (깁|길)",
    r"kontext(länge|fenster|größe)|(eingabe|anfrage|prompt).{0,16}zu lang",
    r"(longueur|fenêtre|taille).{0,16}contexte|(invite|requête|entrée|prompt).{0,16}trop long",
    r"(longitud|ventana|tamaño|comprimento|janela|tamanho|lunghezza|finestra).{0,20}(contexto|contesto)",
    r"(demasiado|muito|troppo) (larg|long|lung)\w+",
    r"(длин|окн|размер)\w*.{0,12}контекст|слишком длинн|превыша\w+.{0,40}(контекст|токен|длин)",
)
FIREWALL = _any(
    r"\bwaf\b|firewall|mod_?security|(request|access|traffic) (was |has been )?blocked by (a |the |our )?"
    r"(security|cloudflare|akamai|imperva|edge|gateway|proxy|rule)|security (rule|policy) (violation|triggered|match)",
)
"""Something in front of the provider turned the request away: it says nothing about the key."""
NEVER_FITS = _any(
    r"(request|body|payload) (is )?too large|reduce your message size|must be reduced in order to run",
    r"(larger|bigger|more) than your .{0,30}(limit|quota)",
    r"exceeds? the (maximum|limit).{0,40}per request|single request.{0,40}(exceed|larger|too)",
)
REJECTED = _any(
    r"invalid (request|argument|param|value|schema|json|input|message|model|role|tool|type|field)",
    r"bad request|malformed request|validation error|unprocessable",
    r"(unsupported|unknown|unexpected|unrecogni[sz]ed|extra) (param|value|field|argument|model|role|"
    r"content|keyword)",
    r"does not support|(is|are) not supported|not supported (by|with|for)|missing required",
    r"(model|deployment|endpoint).{0,80}(not found|does ?n[o']t exist|not exist|unavailable for your|"
    r"decommissioned|deprecated|retired|is not available)",
    r"no such model|(model|version|deployment).{0,40}(end[- ]of[- ]life|shut ?down|sunset|discontinued|deprecated)",
    r"did not match schema|tool call validation|failed to (parse|call a function)",
    r"could not (parse|generate) .{0,20}(json|tool|function)",
    r"参数.{0,6}(错误|非法|有误|无效)|模型.{0,10}(不存在|已下线)|不支持|无效的?(参数|请求)",
    r"(model|modell|modèle|modelo|modello|モデル|모델|модел)\w*.{0,40}(n'existe|introuvable|n'est (pas|plus)|inconnu|"
    r"no existe|não existe|non esiste|no (está )?disponible|não (está )?disponível|non (è )?disponibile|no encontrad|"
    r"não encontrad|non trovat|descontinuad|retirad|existiert nicht|nicht (gefunden|verfügbar|mehr)|unbekannt|"
    r"見つかり|存在し|利用できま|終了|찾을 수|존재하지|지원하지|종료|не найден|не существует|недоступн|отключен)",
    r"wird nicht unterstützt|nicht unterstützt|n'est pas pris(e)? en charge|non (pris en charge|supporté)|"
    r"no (es|está) (compatible|soportad|admitid)|no se admite|não (é|está) (compatível|suportad)|não suportad|"
    r"non (è )?support|サポートされて(い)?(ません|ない)|対応して(い)?(ません|ない)|지원되지|지원하지 않|не поддержива",
    r"無効な(リクエスト|パラメータ)|잘못된 (요청|매개변수)",
    r"ungültige (anfrage|parameter)|(requête|paramètre)s? (invalide|non valide)",
    r"(solicitud|parámetro|requisição|parâmetro|richiesta)\w* (no válid|inválid|non valid)",
    r"неверн\w+ (запрос|параметр)",
)
RATE = _any(
    r"rate[-_ ]?limit|too many (concurrent )?requests|requests? (per|a) (second|minute|hour|day)",
    r"tokens per (minute|min|day|hour)|throttl|slow down|\b(rpm|tpm|rpd|tpd|qps)\b",
    r"限流|(请求|调用|访问).{0,8}(频繁|频率|过快|过多)|并发.{0,8}(过高|超|限)|速率限制|レート制限",
    r"リクエスト.{0,8}(多すぎ|上限)|요청.{0,8}(너무 많|한도)",
    r"zu viele anfragen|trop de requêtes|demasiadas (solicitudes|peticiones)",
    r"muitas (solicitações|requisições)|troppe richieste|слишком (много|часто).{0,12}запрос",
    r"превышен лимит запросов",
)
_COUNTED = (
    r" ?(?:tokens?|requests?|credits?|calls?|units?|char\w*|messages?|words?|images?|users?|param\w*|context|model)\b"
)
_WAIT_UNIT = rf"(?![a-z])(?!{_COUNTED})(?:,? and |, ?| )?"
"""Behind a unit of time: no counted thing ("5m tokens"), and what joins the next part ("1 hour and 30 minutes")."""
_AMOUNT = r"\d+(?:\.\d+)?"
ASKED_WAIT = _any(
    r"(?:try|again|retry|wait|resets?|renews?|available)\b[^.!?\d]{0,24}"
    rf"((?:{_AMOUNT} ?d(?:ays?)?{_WAIT_UNIT})?(?:{_AMOUNT} ?h(?:ours?|rs?)?{_WAIT_UNIT})?"
    rf"(?:{_AMOUNT} ?m(?:in(?:ute)?s?)?{_WAIT_UNIT})?"
    rf"(?:\d+(?:\.\d+)? ?(?:ms|s(?:ec(?:ond)?s?)?)(?![a-z])(?!{_COUNTED}))?)",
)
"""A wait that stands in words: "try again in 7h12m0s", "please wait 42318 seconds". Its first group is the wait."""
WAIT = _any(r"(retry|try again|wait).{0,20}\d|please try again later|请稍后")
FOR_NOW = _any(
    r"temporar(y|ily|iamente)|temporairement|temporal?mente|vorübergehend|momentan|tijdelijk|временно|"
    r"一時的|暂时|暫時|일시적|try again (later|soon|in a)",
)
"""Words by which something that is not there will be there again."""
OVERLOADED = _any(
    r"overload|at capacity|capacity (exceeded|limit)|no capacity|temporarily (unavailable|busy)",
    r"server (is )?busy|high (demand|load|traffic)|no healthy upstream",
    r"繁忙|过载|访问量过大|(负载|負載|负荷).{0,4}[过過较較]?[高大]|暂时不可用|暫時無法|負荷|混雑|과부하|혼잡|일시적으로",
    r"überlastet|ausgelastet|surchargé|sobrecargad|sovraccaric|перегружен|временно недоступ",
    r"vorübergehend nicht (verfügbar|erreichbar)|temporairement indisponible|temporal?mente (no disponible|indispon)",
)
